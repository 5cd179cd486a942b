"""What is said to a backend and what it answers: plain records of either cloud.

Callers see `models`; these stay between the subjects' modules and the backends.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.rules import BucketRules

Checkpoint = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """Which version is meant; both None: the latest.

    Attributes:
        version_id: the version's.
        etag: the content's, where there is no version.
    """

    version_id: str | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """An object that is to be written.

    Attributes:
        bucket: name of the bucket.
        key: name of the object.
        content_type: MIME type.
        absent: only if there is no such object.
        replaces: only if this is what is there; None: whatever is there.
        mark: a random word stored with the object, by which its writer knows it again;
            None: nothing asks for that.
    """

    bucket: str
    key: str
    content_type: str
    absent: bool = False
    replaces: Pin | None = None
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What there is, and the mark of who wrote it."""

    info: ObjectInfo
    mark: str | None


class Reading(Protocol):
    """An answer whose content is being read.

    Attributes:
        info: the object; its size is the whole object's.
        start: where the content begins in the object.
        stop: where it ends, exclusive.
    """

    info: ObjectInfo
    start: int
    stop: int

    def read(self, size_bytes: int) -> bytes:
        """Return the next bytes, none at the end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a large upload.

    Attributes:
        number: 1 for the first.
        offset: where it begins in the object.
        data: its bytes.
        crc: their checksum.
        crc_so_far: the checksum of the object up to its end.
        last: the object ends with it.
    """

    number: int
    offset: int
    data: bytes
    crc: int
    crc_so_far: int
    last: bool


@dataclass
class LargeUpload:
    """An upload under way.

    Attributes:
        write: what it becomes.
        lanes: how many parts may be sent at once.
    """

    write: Write
    lanes: int

    def part_bytes(self, number: int) -> int:
        """Return how large to make a part when so many are cut off."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which part of a listing is wanted.

    Attributes:
        bucket: name of the bucket.
        prefix: start of the keys.
        delimiter: keys are folded up to it after the prefix; None: not folded.
        versions: every version.
        size: at most so many entries; at most 1,000.
        token: where it goes on; None: at the beginning.
    """

    bucket: str
    prefix: str
    delimiter: str | None
    versions: bool
    size: int
    token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a listing.

    Attributes:
        objects: objects or versions, in the order of the cloud.
        prefixes: what keys were folded to.
        token: where it goes on; None: that was all.
    """

    objects: Sequence[ObjectInfo]
    prefixes: Sequence[str]
    token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """A part of all that a bucket holds, with no more said of it than a deletion needs.

    Attributes:
        entries: key and version, first of versions, then of markers of a deletion (S3 only).
        sizes_bytes: of the versions, in that order.
        token: where it goes on; None: that was all.
    """

    entries: Sequence[tuple[str, str]]
    sizes_bytes: Sequence[int]
    token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Copying:
    """A copy that is not whole yet: how it goes on, and how much is there."""

    token: str | None
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRequest:
    """What a link is to allow; see `links.Links.presigned_url`."""

    bucket: str
    key: str
    method: Literal["GET", "PUT", "POST"]
    expires_in_seconds: int
    headers: Mapping[str, str]
    version_id: str | None
    max_size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signed address, the fields of its form, and when it ends."""

    url: str = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketSpec:
    """A bucket that is to be.

    Attributes:
        name: its name.
        account: AWS account or Google Cloud project that it must belong to.
        location: region or location.
        rules: how it keeps and forgets data.
        storage_class: in Google's words; of the objects that are written in it.
        labels: labels, on S3 tags.
    """

    name: str
    account: str
    location: str
    rules: BucketRules
    storage_class: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An unfinished upload."""

    key: str
    identity: str
