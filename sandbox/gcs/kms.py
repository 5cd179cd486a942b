"""Keys of Cloud KMS, which is another service: their names, and which a bucket can have.

No key is looked up: a well-formed name in the right place stands for a key that exists and
that Cloud Storage may use. Contents are not encrypted.
Source: https://cloud.google.com/storage/docs/encryption/customer-managed-keys
"""

import re

from sandbox.gcs.errors import invalid, not_implemented

_NAME = re.compile(
    r"projects/[^/\s]+/locations/(?P<place>[^/\s]+)/keyRings/[^/\s]+/cryptoKeys/[^/\s]+"
)
_VERSION = "/cryptoKeyVersions/"
# Where Cloud KMS calls a bucket's place otherwise, or has none of its own for it.
_PLACES = {"EU": "europe", "EUR5": "europe", "EUR7": "europe", "EUR8": "europe"}


def check_default_key(name: str, location: str) -> None:
    """Refuse what is no key's name, and a key of another place than the bucket's.

    Args:
        name: of the key.
        location: the bucket's, in capitals.
    """
    if not (match := _NAME.fullmatch(name)):
        raise invalid(f"Invalid Cloud KMS key name: '{name}'", "encryption.defaultKmsKeyName")
    if match["place"] != _PLACES.get(location, location.lower()):
        raise invalid(
            f"Cloud KMS region '{match['place']}' not available for use with GCS region "
            f"'{location.replace('-', '_')}'."
        )


def version_of(key: str) -> str:
    """Return the name of the version of a key that encrypts now: here each has one."""
    return f"{key}{_VERSION}1"


def check_not_asked(name: str | None) -> None:
    """Refuse a key that a request names for one object."""
    if name:
        raise not_implemented(f"keys of Cloud KMS for single objects ({name})")


def check_not_given(name: str | None) -> None:
    """Refuse a key in the resource of a new object; a version says how another is encrypted."""
    if name and _VERSION not in name:
        check_not_asked(name)
