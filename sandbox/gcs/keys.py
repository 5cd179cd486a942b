"""The keys that customers supply for their objects, of which only the SHA-256 is kept.

Contents are not encrypted: it is only looked at whether the right key is there.
Source: https://cloud.google.com/storage/docs/encryption/customer-supplied-keys
"""

import base64
import hashlib

from sandbox.gcs.errors import GcsError
from sandbox.gcs.shelf import StoredObject
from sandbox.gcs.web import Request


def customer_key(request: Request, prefix: str = "x-goog-") -> str | None:
    """Return the SHA-256 of the key that a request carries, None if it carries none.

    Args:
        request: in whose headers it is.
        prefix: `x-goog-copy-source-` for the key of a copy's source.
    """
    if not (key := request.headers.get(f"{prefix}encryption-key")):
        return None
    try:
        raw = base64.b64decode(key, validate=True)
    except ValueError:
        raw = b""
    digest = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    said = request.headers.get(f"{prefix}encryption-key-sha256", digest)
    if len(raw) != 32 or said != digest:
        message = "The provided encryption key is invalid."
        raise GcsError(400, "customerEncryptionKeyFormatIsInvalid", message)
    return digest


def check_key(stored: StoredObject, key: str | None) -> None:
    """Refuse to read bytes with another key than they were written with."""
    kept = stored.resource.get("customerEncryption", {}).get("keySha256")
    if kept == key:
        return
    if not kept:
        reason = "resourceNotEncryptedWithCustomerEncryptionKey"
        message = "The target object is not encrypted by a customer-supplied encryption key."
    elif not key:
        reason = "resourceIsEncryptedWithCustomerEncryptionKey"
        message = "The target object is encrypted by a customer-supplied encryption key."
    else:
        reason = "customerEncryptionKeyIsIncorrect"
        message = "The provided encryption key is incorrect."
    raise GcsError(400, reason, message)
