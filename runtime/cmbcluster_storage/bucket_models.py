"""Records of buckets that the runtime returns, as those of objects in `models`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from cmbcluster_storage.models import Record

Access = Literal["read", "write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketUsage(Record):
    """How much a bucket holds.

    Attributes:
        size_bytes: all versions together; as a key also `size`.
        object_count: objects that are there, without older versions; None where the
            metric does not say.
        version_count: all versions; None where the metric does not say.
        measured: when; metrics are up to two days old.
    """

    older: ClassVar[Mapping[str, str]] = {"size": "size_bytes"}

    size_bytes: int
    object_count: int | None
    version_count: int | None
    measured: datetime

    @property
    def size(self) -> int:
        """Older name of `size_bytes`."""
        return self.size_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketInfo(Record):
    """One bucket.

    As a key also `size_bytes` and `object_count`, of its usage.

    Attributes:
        name: its name; as a key also `bucket_name`.
        url: s3://bucket or gs://bucket.
        location: region, in the cloud's spelling.
        created: when; with time zone; as a key also `created_at`.
        updated: when its settings last changed; on S3, which does not say, as `created`; as a
            key also `updated_at`.
        versioned: older versions are kept; None in a listing of S3's buckets; as a key also
            `versioning_enabled`.
        storage_class: what objects get when nothing else is said; on S3, whose buckets have
            none, what is written here: the platform's class, in Google's words.
        labels: labels, on S3 tags.
        lifecycle: the rules, in the cloud's own words.
        usage: None unless it was asked for; what follows from it is None then, too.
    """

    older: ClassVar[Mapping[str, str]] = {
        "bucket_name": "name",
        "size": "size",
        "size_bytes": "size",
        "object_count": "object_count",
        "created_at": "created",
        "updated_at": "updated",
        "versioning_enabled": "versioned",
    }

    name: str
    url: str
    location: str
    created: datetime
    updated: datetime
    versioned: bool | None
    storage_class: str
    labels: Mapping[str, str] = field(hash=False, default_factory=dict[str, str])
    lifecycle: tuple[Mapping[str, object], ...] = field(hash=False, default=())
    usage: BucketUsage | None = None

    @property
    def bucket_name(self) -> str:
        """Older name of `name`."""
        return self.name

    @property
    def size(self) -> int | None:
        """Older name of the usage's `size_bytes`."""
        return self.usage.size_bytes if self.usage else None

    @property
    def object_count(self) -> int | None:
        """Older place of the usage's `object_count`."""
        return self.usage.object_count if self.usage else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketDeletion(Record):
    """What deleting a bucket deletes, or has deleted.

    Attributes:
        bucket_name: the bucket's name.
        deleted: False after a dry run.
        version_count: versions, the latest ones among them.
        marker_count: markers of deletions; S3 only.
        upload_count: unfinished uploads; on Google Cloud 0: they cannot be listed.
        size_bytes: of all versions together.
        restorable_until: until when what was deleted last can be restored (Google Cloud's
            soft delete) and is billed; None: it cannot.
    """

    bucket_name: str
    deleted: bool
    version_count: int
    marker_count: int
    upload_count: int
    size_bytes: int
    restorable_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission(Record):
    """Who may do what with a bucket.

    Attributes:
        bucket_name: the bucket's name.
        member: whose right it is, in the cloud's spelling.
        access: what it allows.
        changed: False: it was there before.
    """

    bucket_name: str
    member: str
    access: Access
    changed: bool
