"""Records that the runtime returns: plain data, no client behind them.

Each is a frozen dataclass and a Mapping as well, because callers pass them on as
dictionaries. Adding a field is compatible; renaming one is not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo(Mapping[str, object]):
    """One version of one object.

    Attributes:
        bucket_name: the bucket's name.
        name: the object's key.
        size_bytes: length of the content; as a key also `size`.
        content_type: MIME type; None where the cloud does not say (S3's listings).
        updated: when this version was written, by the cloud's clock; with time zone.
        etag: tag of the content without quotes; not always an MD5; on Google Cloud it
            changes with the metadata as well.
        version_id: None where the cloud does not say; as a key also `generation`.
        is_latest: no newer version exists.
        url: s3://bucket/key or gs://bucket/key.
    """

    bucket_name: str
    name: str
    size_bytes: int
    content_type: str | None
    updated: datetime
    etag: str
    version_id: str | None
    is_latest: bool
    url: str

    @property
    def size(self) -> int:
        """Older name of `size_bytes`."""
        return self.size_bytes

    @property
    def generation(self) -> str | None:
        """Older name of `version_id`."""
        return self.version_id

    def __getitem__(self, key: str) -> object:
        """Return a field by its name or its older name."""
        if key not in _KEYS:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the fields' names, then the older ones."""
        return iter(_KEYS)

    def __len__(self) -> int:
        """Count what `__iter__` yields."""
        return len(_KEYS)


_KEYS = (*(field.name for field in fields(ObjectInfo)), "size", "generation")
