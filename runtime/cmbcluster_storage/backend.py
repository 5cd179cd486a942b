"""What a cloud must offer: one method for each request, and the records that they take.

A backend knows one cloud's SDK and holds its client. Its methods block, send one
request each, never try again, and raise a StorageError and nothing else of the SDK's.
What is built from them (retries, large transfers, many objects at once) is the same for
every cloud and lives in `uploads`, `downloads`, `listings`, `batches` and `buckets`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal, Protocol

from cmbcluster_storage.errors import StorageError
from cmbcluster_storage.models import Access, BucketInfo, BucketUsage, ObjectInfo
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
        markers: key and version of every marker of a deletion; S3 only.
        token: where it goes on; None: that was all.
    """

    objects: Sequence[ObjectInfo]
    prefixes: Sequence[str]
    markers: Sequence[tuple[str, str]]
    token: str | None


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

    url: str
    fields: Mapping[str, str]
    expires: datetime


class ObjectBackend(ABC):
    """Requests about objects."""

    provider: ClassVar[str]
    scheme: ClassVar[str]
    # What whoever writes by a signed link must send, besides their own.
    write_headers: Mapping[str, str]
    # A write can name the version that it replaces, not only its content.
    compares_versions: ClassVar[bool]
    # A listing of versions has the oldest of a key first.
    oldest_first: ClassVar[bool]
    # How many versions or objects `delete_batch` takes, and how many of those at once.
    batch_size: ClassVar[int]
    batch_lanes: ClassVar[int]

    @abstractmethod
    def put(self, write: Write, data: bytes, go_on: Checkpoint) -> ObjectInfo:
        """Write a whole object; `go_on` is asked before each piece of the body."""

    @abstractmethod
    def get(
        self, bucket: str, key: str, pin: Pin, start: int, stop: int | None
    ) -> AbstractContextManager[Reading]:
        """Open an object's content as it is stored; from 0 to None the whole of it."""

    @abstractmethod
    def stored(self, bucket: str, key: str, version_id: str | None) -> Stored:
        """Return what there is."""

    @abstractmethod
    def delete(self, bucket: str, key: str, version_id: str | None) -> None:
        """Delete an object or one version; of what is not there, too."""

    @abstractmethod
    def copy(self, source: ObjectInfo, bucket: str, key: str, go_on: Checkpoint) -> ObjectInfo:
        """Copy a version within the cloud, with its content type and metadata."""

    @abstractmethod
    def page(self, request: PageRequest) -> Page:
        """Return a part of a listing."""

    @abstractmethod
    def delete_batch(
        self, bucket: str, entries: Sequence[tuple[str, str | None]]
    ) -> list[StorageError | None]:
        """Delete keys and versions; return what went wrong with each."""

    @abstractmethod
    def begin_upload(self, write: Write, size_bytes: int | None) -> LargeUpload:
        """Begin an object of many parts; `size_bytes` is None while nobody knows."""

    @abstractmethod
    def put_part(self, upload: LargeUpload, part: Part, go_on: Checkpoint) -> None:
        """Send one part; again if need be."""

    @abstractmethod
    def finish_upload(self, upload: LargeUpload, size_bytes: int, crc: int) -> ObjectInfo:
        """Make the parts an object; the cloud compares the checksum of the whole."""

    @abstractmethod
    def abort_upload(self, upload: LargeUpload) -> None:
        """Throw the parts away."""

    @abstractmethod
    def sign(self, request: LinkRequest) -> Signed:
        """Return a signed address; may ask the cloud to sign."""

    @abstractmethod
    def close(self) -> None:
        """Free connections."""


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


class BucketBackend(ABC):
    """Requests about buckets; some of these send more than one."""

    @abstractmethod
    def create_bucket(self, spec: BucketSpec) -> None:
        """Make a bucket; raises ConflictError if its name is taken, by whomever."""

    @abstractmethod
    def secure_bucket(self, spec: BucketSpec) -> None:
        """Do what of a bucket's making was not done; of one that is whole, nothing."""

    @abstractmethod
    def is_own_bucket(self, spec: BucketSpec) -> bool:
        """Return whether a bucket that exists belongs to the account."""

    @abstractmethod
    def bucket(self, name: str) -> BucketInfo:
        """Return what there is to know, without usage."""

    @abstractmethod
    def buckets(self, prefix: str) -> list[BucketInfo]:
        """Return what a listing of buckets tells."""

    @abstractmethod
    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket; raises ConflictError if it is not."""

    @abstractmethod
    def unfinished_uploads(self, name: str) -> list[Upload]:
        """Return some of the unfinished uploads; none if there is none."""

    @abstractmethod
    def abort_unfinished(self, name: str, upload: Upload) -> None:
        """Throw one away."""

    @abstractmethod
    def soft_delete_seconds(self, name: str) -> int:
        """Return how long what is deleted can be restored; 0: it cannot."""

    @abstractmethod
    def metrics(self, name: str) -> BucketUsage:
        """Return the usage as the cloud's metrics have it."""

    @abstractmethod
    def permit(self, name: str, member: str, access: Access) -> bool:
        """Give somebody access; return False if it was there, raise ConflictError if lost."""


class Backend(ObjectBackend, BucketBackend):
    """All that a cloud offers."""
