"""What a cloud must offer: one method for each request.

A backend knows one cloud's SDK and holds its client. Its methods block, send one
request each, never try again, and raise a StorageError and nothing else of the SDK's.
What is built from them (retries, large transfers, many objects at once) is the same for
every cloud and lives in `uploads`, `downloads`, `listings`, `batches` and `buckets`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from threading import Event
from typing import ClassVar

from cmbcluster_storage.bucket_models import Access, BucketInfo, BucketUsage
from cmbcluster_storage.errors import StorageError
from cmbcluster_storage.messages import (
    BucketSpec,
    Checkpoint,
    Copying,
    LargeUpload,
    LinkRequest,
    Page,
    PageRequest,
    Part,
    Pin,
    Reading,
    Signed,
    Stored,
    Upload,
    Versions,
    Write,
)
from cmbcluster_storage.models import ObjectInfo


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
    def copy(
        self, source: ObjectInfo, bucket: str, key: str, token: str | None
    ) -> ObjectInfo | Copying:
        """Copy a version within the cloud, or more of it, with its content type and metadata."""

    def copied_parts(self, source: ObjectInfo) -> Sequence[tuple[int, int]]:
        """Return the ranges in which a version must be copied; none: `copy` does it."""
        return ()

    def begin_copy(self, source: ObjectInfo, write: Write) -> LargeUpload:
        """Begin an upload whose parts are copied, with what is stored beside the content."""
        raise NotImplementedError

    def copy_part(
        self, upload: LargeUpload, source: ObjectInfo, number: int, span: tuple[int, int]
    ) -> None:
        """Copy one part; again if need be."""
        raise NotImplementedError

    @abstractmethod
    def page(self, request: PageRequest) -> Page:
        """Return a part of a listing."""

    @abstractmethod
    def versions(self, bucket: str, token: str | None) -> Versions:
        """Return up to 1,000 of all versions and markers."""

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
    def finish_upload(self, upload: LargeUpload, size_bytes: int, crc: int | None) -> ObjectInfo:
        """Make the parts an object; the cloud compares the checksum of the whole, if known."""

    @abstractmethod
    def abort_upload(self, upload: LargeUpload) -> None:
        """Throw the parts away."""

    @abstractmethod
    def sign(self, request: LinkRequest) -> Signed:
        """Return a signed address; may ask the cloud to sign."""

    @abstractmethod
    def close(self) -> None:
        """Free connections."""


class BucketBackend(ABC):
    """Requests about buckets; some of these send more than one."""

    # A bucket is there before it has labels.
    labels_later: ClassVar[bool]

    @abstractmethod
    def create_bucket(self, spec: BucketSpec) -> None:
        """Make a bucket; raises ConflictError if its name is taken, by whomever."""

    @abstractmethod
    def secure_bucket(self, spec: BucketSpec) -> None:
        """Do what of a bucket's making was not done; of one that is whole, nothing."""

    @abstractmethod
    def is_own_bucket(self, name: str, account: str) -> bool:
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
    def unfinished_uploads(self, name: str, after: Upload | None = None) -> list[Upload]:
        """Return some of the unfinished uploads, of those after one; none if there is none."""

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
    def permit(self, name: str, member: str, access: Access, written: Event) -> None:
        """Give somebody access, and set `written` if it was not there and may be now."""


class Backend(ObjectBackend, BucketBackend):
    """All that a cloud offers."""
