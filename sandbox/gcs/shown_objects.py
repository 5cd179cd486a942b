"""Objects as answers show them."""

from typing import Any
from urllib.parse import quote

from sandbox.gcs.access import CALLER, shown_acl
from sandbox.gcs.buckets import Bucket
from sandbox.gcs.retention import retained_until
from sandbox.gcs.shelf import StoredObject

_LINKS = "https://www.googleapis.com/storage/v1/b"


def media_link(base_url: str, bucket: str, stored: StoredObject) -> str:
    """Return where an object's bytes are."""
    name = quote(stored.name, safe="")
    return (
        f"{base_url}/download/storage/v1/b/{bucket}/o/{name}"
        f"?generation={stored.generation}&alt=media"
    )


def shown(
    bucket: Bucket,
    stored: StoredObject,
    base_url: str,
    *,
    full: bool = False,
    key: str | None = None,
    listed: bool = False,
) -> dict[str, Any]:
    """Return an object's resource as an answer shows it.

    Args:
        bucket: where it is.
        stored: the object.
        base_url: how the client reached us.
        full: with its access control list and owner.
        key: the SHA-256 of the key that came with the request, without which the
            checksums of an encrypted object stay untold.
        listed: among others: a listing does not decrypt the checksums of objects with a
            key of Cloud KMS either.
    """
    resource = dict(stored.resource)
    resource.pop("eventBasedHoldReleased", None)
    acl = resource.pop("acl", [])
    link = f"{_LINKS}/{bucket.name}/o/{quote(stored.name, safe='')}"
    resource |= {
        "kind": "storage#object",
        "id": f"{bucket.name}/{stored.name}/{stored.generation}",
        "selfLink": link,
        "mediaLink": media_link(base_url, bucket.name, stored),
    }
    if until := retained_until(bucket, resource):
        resource["retentionExpirationTime"] = until
    if full and not bucket.uniform:
        resource["owner"] = {"entity": CALLER}
        resource["acl"] = shown_object_acl(bucket, stored, acl)
    encrypted = resource.get("customerEncryption")
    if (encrypted and encrypted["keySha256"] != key) or (listed and "kmsKeyName" in resource):
        for checksum in ("md5Hash", "crc32c"):
            resource.pop(checksum, None)
    return resource


def shown_object_acl(
    bucket: Bucket, stored: StoredObject, entries: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return an object's access control entries as an answer shows them."""
    parent = {"bucket": bucket.name, "object": stored.name, "generation": str(stored.generation)}
    link = f"{_LINKS}/{bucket.name}/o/{quote(stored.name, safe='')}/acl"
    return shown_acl(entries, "object", parent, link)
