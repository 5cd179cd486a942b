"""Records that the runtime returns: frozen, plain data, no client behind them.

Each is a Mapping as well, because callers pass them on as dictionaries. Adding a field is
compatible; renaming one is not. Those of buckets are in
`bucket_models`; what a stack says of itself is in `outputs`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import ClassVar, Literal, cast
from urllib.parse import urlsplit


class Record(Mapping[str, object]):
    """A dataclass that answers as a Mapping, to its fields' names and their older ones."""

    __slots__ = ()
    older: ClassVar[Mapping[str, str]] = {}

    def __getitem__(self, key: str) -> object:
        """Return a field by its name or its older name."""
        if key not in _keys(type(self)):
            raise KeyError(key)
        return getattr(self, self.older.get(key, key))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the fields' names, then the older ones."""
        return iter(_keys(type(self)))

    def __len__(self) -> int:
        """Count what `__iter__` yields."""
        return len(_keys(type(self)))


@cache
def _keys(record: type[Record]) -> dict[str, None]:
    """Return the keys in their order, as a dictionary because that is quick to ask."""
    names = [one.name for one in fields(cast("type[ObjectInfo]", record))]
    return dict.fromkeys((*names, *record.older))


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo(Record):
    """One version of one object.

    Attributes:
        bucket_name: the bucket's name.
        name: the object's key.
        size_bytes: length of the content; as a key also `size`.
        content_type: MIME type; None where the cloud does not say (S3's listings).
        updated: when this version was written, by the cloud's clock; with time zone; as a
            key also `created`: a version is written once.
        etag: tag of the content without quotes; not always an MD5; on Google Cloud it
            changes with the metadata as well.
        version_id: None where the cloud does not say; as a key also `generation`.
        is_latest: no newer version exists; None where the cloud does not say (S3, of a
            version that was asked for by its id).
        url: s3://bucket/key or gs://bucket/key.
        crc32c: checksum of the content, big-endian in base64; None where the cloud does
            not say.
    """

    older: ClassVar[Mapping[str, str]] = {
        "size": "size_bytes",
        "generation": "version_id",
        "created": "updated",
    }

    bucket_name: str
    name: str
    size_bytes: int
    content_type: str | None
    updated: datetime
    etag: str
    version_id: str | None
    is_latest: bool | None
    url: str
    crc32c: str | None = None

    @property
    def size(self) -> int:
        """Older name of `size_bytes`."""
        return self.size_bytes

    @property
    def generation(self) -> str | None:
        """Older name of `version_id`."""
        return self.version_id

    @property
    def created(self) -> datetime:
        """Older name of `updated`."""
        return self.updated


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectPage(Record):
    """A part of a listing.

    Attributes:
        objects: objects or versions, ordered by the UTF-8 bytes of their keys.
        prefixes: what keys with the delimiter after the prefix were folded to.
    """

    objects: tuple[ObjectInfo, ...]
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PresignedRequest(Record):
    """A request that anybody may send who holds it.

    Attributes:
        url: where to.
        method: how.
        headers: must be sent with exactly these values.
        fields: of a form (method POST), before the field `file`; else empty.
        expires: when it ends at the latest, with time zone: never later than the
            credentials that signed it, as far as those are known.
    """

    url: str
    method: Literal["GET", "PUT", "POST"]
    headers: Mapping[str, str] = field(hash=False)
    fields: Mapping[str, str] = field(hash=False)
    expires: datetime

    def __repr__(self) -> str:
        """Return it without its signature: whoever reads that in a log may send it."""
        url = urlsplit(self.url)._replace(query="", fragment="").geturl()
        return (
            f"PresignedRequest(method={self.method!r}, url={url!r}, expires={self.expires!r}, ...)"
        )
