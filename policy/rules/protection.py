"""Protection of buckets, the same on both clouds."""

from collections.abc import Iterator

from .model import Resource, Unknown

PROTECTED = "A bucket is protected, and not emptied, until the edit before the one that drops it"


def is_protected(bucket: Resource) -> Iterator[str]:
    """Yield that a bucket would go, or be emptied, in one edit instead of two."""
    emptied = bucket.props.get("forceDestroy")
    if isinstance(emptied, Unknown):
        return
    if bucket.protected and emptied:
        yield "it is protected, and forceDestroy is true: drop forceDestroy"
    if not bucket.protected and not emptied:
        yield (
            "it is not protected: write protect=True; a bucket that shall go has "
            "forceDestroy=True instead for one edit, and is dropped with the next"
        )
