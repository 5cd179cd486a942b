"""What the server holds: buckets with their objects, service accounts, HMAC keys.

No HTTP here. Every operation runs to its end without yielding to another, so that what it
checks still holds when it writes. Changes are collected for `state` to save.
"""

import time
from collections.abc import Mapping
from typing import Any

from sandbox.gcs import names
from sandbox.gcs.buckets import Bucket, new_resource
from sandbox.gcs.contents import Folder
from sandbox.gcs.errors import GcsError, invalid, no_such_bucket, no_such_object
from sandbox.gcs.policies import default_policy
from sandbox.gcs.preconditions import NONE, Preconditions
from sandbox.gcs.retention import check_deletable
from sandbox.gcs.shelf import StoredObject
from sandbox.gcs.times import shown_seconds

# What was changed since it was last saved: the kind and key of a record, and the record,
# None where it is gone.
_Changes = dict[tuple[str, tuple[Any, ...]], Any]


class Store:
    """Everything that a server holds."""

    def __init__(self, folder: Folder, project_numbers: Mapping[str, str]) -> None:
        """Start empty.

        Args:
            folder: where the contents of objects are that are not small.
            project_numbers: of the projects whose number matters, by id.
        """
        self.folder = folder
        self.changes: _Changes = {}
        self.buckets: dict[str, Bucket] = {}
        self.deleted_buckets: dict[tuple[str, int], Bucket] = {}
        self.accounts: dict[str, dict[str, Any]] = {}
        self.hmac_keys: dict[str, dict[str, Any]] = {}
        self._project_numbers = project_numbers
        self._last = 0

    def now(self) -> int:
        """Return the time in microseconds, later than ever before: a generation."""
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return self._last

    def advance(self, generation: int) -> None:
        """Make later generations greater than this one."""
        self._last = max(self._last, generation)

    def number_of(self, project: str) -> str:
        """Return a project's number."""
        return names.project_number(project, self._project_numbers)

    # Buckets

    def bucket(
        self, name: str, conditions: Preconditions = NONE, *, reading: bool = False
    ) -> Bucket:
        """Return a bucket for which these preconditions hold."""
        if not (bucket := self.buckets.get(name)):
            raise no_such_bucket()
        if conditions is not NONE:
            conditions.check(bucket.resource, reading=reading)
        return bucket

    def deleted_bucket(self, name: str, generation: int | None) -> Bucket:
        """Return a soft-deleted bucket."""
        if generation is None:
            raise invalid("A soft-deleted bucket needs its generation.", "generation")
        if not (bucket := self.deleted_buckets.get((name, generation))):
            raise no_such_bucket()
        return bucket

    def create_bucket(
        self, project: str, given: Mapping[str, Any], *, object_retention: bool = False
    ) -> Bucket:
        """Make a bucket of the fields that its creator sent."""
        name = given.get("name") or ""
        names.check_bucket_name(name)
        number = self.number_of(project)
        if old := self.buckets.get(name):
            mine = old.resource["projectNumber"] == number
            raise GcsError(409, "conflict", _TAKEN_BY_YOU if mine else _TAKEN)
        resource = new_resource(given, number, self.now(), object_retention=object_retention)
        uniform = resource["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"]
        bucket = Bucket(resource, default_policy(project, uniform=uniform), project)
        self.buckets[name] = bucket
        self.bucket_changed(bucket)
        return bucket

    def change_bucket(self, bucket: Bucket, resource: dict[str, Any], now: int) -> None:
        """Give a bucket another resource."""
        bucket.resource = resource
        bucket.touch(now)
        self.bucket_changed(bucket)

    def delete_bucket(self, bucket: Bucket) -> None:
        """Delete a bucket that has no objects, soft-deleted ones aside."""
        if len(bucket.live) or len(bucket.noncurrent):
            message = "The bucket you tried to delete is not empty."
            raise GcsError(409, "conflict", message)
        del self.buckets[bucket.name]
        if bucket.soft_delete_seconds:
            bucket.resource |= self._deleted_times(bucket)
            self.deleted_buckets[bucket.name, bucket.generation] = bucket
            self.bucket_changed(bucket)
            return
        self.changes["bucket", (bucket.name, bucket.generation)] = None
        for _, stored in list(bucket.soft_deleted.since(("", 0))):
            self.changes["object", _object_key(bucket, stored)] = None

    def restore_bucket(self, bucket: Bucket) -> None:
        """Bring a soft-deleted bucket back, its name being free."""
        if bucket.name in self.buckets:
            raise GcsError(409, "conflict", _TAKEN_BY_YOU)
        del self.deleted_buckets[bucket.name, bucket.generation]
        for field in ("softDeleteTime", "hardDeleteTime"):
            del bucket.resource[field]
        self.buckets[bucket.name] = bucket
        bucket.touch(self.now())
        self.bucket_changed(bucket)

    def bucket_changed(self, bucket: Bucket) -> None:
        """Have a bucket saved."""
        self.changes["bucket", (bucket.name, bucket.generation)] = bucket

    # Objects

    def find(
        self, bucket: Bucket, name: str, generation: int | None = None, *, deleted: bool = False
    ) -> StoredObject | None:
        """Return an object, the live one unless a generation is given; None if there is none.

        Args:
            bucket: where.
            name: of the object.
            generation: which.
            deleted: among the soft-deleted.
        """
        if deleted:
            if generation is None:
                raise invalid("A soft-deleted object needs its generation.", "generation")
            return bucket.soft_deleted.get(name, generation)
        if generation is None:
            return bucket.live.newest(name)
        return bucket.live.get(name, generation) or bucket.noncurrent.get(name, generation)

    def object(
        self, bucket: Bucket, name: str, generation: int | None = None,
        conditions: Preconditions = NONE, *, reading: bool = False, deleted: bool = False,
    ) -> StoredObject:  # fmt: skip
        """Return an object for which these preconditions hold; see `find`."""
        if not (stored := self.find(bucket, name, generation, deleted=deleted)):
            raise no_such_object(bucket.name, name)
        if conditions is not NONE:
            conditions.check(stored.resource, reading=reading)
        return stored

    def put(self, bucket: Bucket, stored: StoredObject) -> None:
        """Make an object the live one of its name; the one before is kept as the bucket says."""
        if old := bucket.live.newest(stored.name):
            if not bucket.versioned:
                check_deletable(bucket, old)
            self._retire(bucket, old, versioned=bucket.versioned)
        bucket.live.put(stored)
        self.object_changed(bucket, stored)

    def delete(self, bucket: Bucket, stored: StoredObject, *, permanently: bool) -> None:
        """Delete an object, which becomes noncurrent, soft-deleted or nothing.

        Args:
            bucket: where it is.
            stored: what is deleted.
            permanently: its generation was named, so that versioning does not keep it.
        """
        if permanently or not bucket.versioned:
            check_deletable(bucket, stored)
        self._retire(bucket, stored, versioned=bucket.versioned and not permanently)

    def object_changed(self, bucket: Bucket, stored: StoredObject) -> None:
        """Have an object saved."""
        self.changes["object", _object_key(bucket, stored)] = stored

    def _retire(self, bucket: Bucket, stored: StoredObject, *, versioned: bool) -> None:
        live = bucket.live.get(stored.name, stored.generation)
        (bucket.live if live else bucket.noncurrent).take(stored)
        if versioned:
            stored.resource["timeDeleted"] = self._time()
            bucket.noncurrent.put(stored)
        elif bucket.soft_delete_seconds:
            stored.resource |= self._deleted_times(bucket)
            bucket.soft_deleted.put(stored)
        else:
            self.changes["object", _object_key(bucket, stored)] = None
            return
        self.object_changed(bucket, stored)

    def _time(self) -> str:
        return shown_seconds(time.time())

    def _deleted_times(self, bucket: Bucket) -> dict[str, str]:
        now = time.time()
        until = now + bucket.soft_delete_seconds
        return {"softDeleteTime": shown_seconds(now), "hardDeleteTime": shown_seconds(until)}


def _object_key(bucket: Bucket, stored: StoredObject) -> tuple[Any, ...]:
    return bucket.name, bucket.generation, stored.name, stored.generation


_TAKEN_BY_YOU = "Your previous request to create the named bucket succeeded and you already own it."
_TAKEN = (
    "The requested bucket name is not available. The bucket namespace is shared by all users of "
    "the system. Please select a different name and try again."
)
