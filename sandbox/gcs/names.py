"""Names, places and classes of buckets, and which of them the service takes.

Source: https://cloud.google.com/storage/docs/buckets#naming
"""

import hashlib
import re
from collections.abc import Mapping

from sandbox.gcs.errors import GcsError, invalid

STORAGE_CLASSES = (
    "STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL",
    "DURABLE_REDUCED_AVAILABILITY",
)  # fmt: skip
_MULTI_REGIONS = ("ASIA", "EU", "US")
_DUAL_REGIONS = ("ASIA1", "EUR4", "EUR5", "EUR7", "EUR8", "NAM4")
_REGION = re.compile(r"[A-Z]+-[A-Z]+\d+")
_LABEL = re.compile(r"[^\W\d_A-Z][\w-]{0,62}")
_LABEL_VALUE = re.compile(r"[\w-]{0,63}")


def check_bucket_name(name: str) -> None:
    """Refuse a name that no bucket can have."""
    labels = name.split(".")
    legal = (
        3 <= len(name) <= (222 if len(labels) > 1 else 63)
        and re.fullmatch(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", name)
        and all(0 < len(label) <= 63 for label in labels)
        and not re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name)
        and not name.startswith("goog")
        and "google" not in name.replace("0", "o")
    )
    if not legal:
        raise invalid(f"Invalid bucket name: '{name}'")
    if len(labels) > 1:
        message = "The bucket you tried to create is a domain name owned by another user."
        raise GcsError(403, "forbidden", message)


def check_object_name(name: str) -> None:
    """Refuse a name that no object can have."""
    if not name or len(name.encode()) > 1024 or "\r" in name or "\n" in name:
        raise invalid("Invalid object name" if name else "Required", "name")
    if name in (".", "..") or name.startswith(".well-known/acme-challenge/"):
        raise invalid(f"Invalid object name: '{name}'", "name")


def location_type(location: str, data_locations: list[str]) -> str:
    """Return what kind of place a bucket's location is.

    Raises:
        GcsError: there is no such place.
    """
    if data_locations:
        if len(data_locations) != 2 or location not in _MULTI_REGIONS:
            raise invalid("The specified location constraint is not valid.")
        return "dual-region"
    if location in _MULTI_REGIONS:
        return "multi-region"
    if location in _DUAL_REGIONS:
        return "dual-region"
    if not _REGION.fullmatch(location):
        raise invalid("The specified location constraint is not valid.")
    return "region"


def check_storage_class(name: str) -> None:
    """Refuse a storage class that there is not."""
    if name not in STORAGE_CLASSES:
        raise invalid(f'Invalid value for storageClass: "{name}"' if name else "Invalid argument.")


def check_labels(labels: Mapping[str, str]) -> None:
    """Refuse labels that no bucket can have."""
    if len(labels) > 64:
        raise invalid("Labels must not have more than 64 entries.")
    for key, value in labels.items():
        if not _LABEL.fullmatch(key) or key != key.lower():
            raise invalid(f"Invalid label key: '{key}'")
        if not _LABEL_VALUE.fullmatch(value) or value != value.lower():
            raise invalid(f"Invalid label value: '{value}'")


def project_number(project: str, known: Mapping[str, str]) -> str:
    """Return a project's number: the one that is known, or one made from its id."""
    if project.isdecimal():
        return project
    digest = hashlib.sha256(project.encode()).digest()
    return known.get(project) or str(10**11 + int.from_bytes(digest[:5], "big") % (9 * 10**11))
