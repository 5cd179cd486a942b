"""Buckets: made for a user, described, emptied and deleted, opened to somebody.

A user's bucket has one name, whoever makes it, and what it is like follows from the
platform's rules: a bucket that is made here is the one that the stack would have made.
"""

from dataclasses import replace
from threading import Event
from typing import Any, Literal, get_args

from cmbcluster_storage.bucket_models import (
    Access,
    BucketDeletion,
    BucketInfo,
    BucketUsage,
    Permission,
)
from cmbcluster_storage.creation import Creation
from cmbcluster_storage.emptying import Emptying, restorable_until
from cmbcluster_storage.uploads import Progress
from cmbcluster_storage.usage import Usage

UsageSource = Literal["none", "listing", "metrics"]


class Buckets(Creation, Emptying, Usage):
    """Works with buckets."""

    async def list_user_buckets(self, user_id: str) -> list[BucketInfo]:
        """Return a user's bucket, if there is one.

        Looks the one name up, or the one that the stack's outputs have for the user, and
        nothing else: buckets are never searched by what their names contain. A bucket that
        somebody else has under the user's name is not the user's.

        Raises:
            ConfigurationError: account, project or region is not set.
        """
        call = self._call("list_user_buckets", self._platform.bucket_name(user_id))
        found = await self._in_thread(call, lambda: self._found(call, user_id))
        return [found] if found else []

    async def list_buckets(self, prefix: str = "") -> list[BucketInfo]:
        """Return every bucket of the account or project: for an operator.

        Args:
            prefix: start of the names.
        """
        call = self._call("list_buckets", None)
        return await self._tried(call, lambda _: self._backend.buckets(prefix))

    async def get_bucket_metadata(
        self,
        bucket_name: str,
        *,
        usage: UsageSource = "none",
        progress: Progress | None = None,
    ) -> BucketInfo:
        """Return what there is to know of a bucket.

        Args:
            bucket_name: the bucket.
            usage: how its size is found: not at all; by listing every version, exact and
                as slow as the bucket is large; by the cloud's metrics, a day or two old.
            progress: of a listing: told how many versions are counted.

        Raises:
            BucketNotFoundError: the bucket does not exist.
            ConflictError: there are no metrics yet, as of a bucket that was made today.
            ValueError: there is no such usage.
        """
        if usage not in get_args(UsageSource):
            raise ValueError(f"usage is none, listing or metrics, not {usage!r}")
        call = self._call("get_bucket_metadata", bucket_name)
        info = await self._tried(call, lambda _: self._backend.bucket(bucket_name))
        if usage == "none":
            return info
        found: BucketUsage
        if usage == "listing":
            found = await self._listed_usage(call, progress)
        else:
            found = await self._tried(call, lambda _: self._backend.metrics(bucket_name))
        return replace(info, usage=found)

    async def volume_manifests(
        self, bucket_name: str, namespace: str
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the PersistentVolume and the claim that mount a bucket; nothing is asked.

        They are those that the stack would make. On S3 `get_fuse_volume_spec` mounts the
        claim, so a hub that made the bucket applies both first; the pod's service account
        needs an identity that may use the bucket.

        Args:
            bucket_name: a user's bucket.
            namespace: of the user's server.

        Raises:
            ConfigurationError: on AWS, account or region is not set.
        """
        self._call("volume_manifests", bucket_name)
        return self._platform.volume_manifests(bucket_name, namespace)

    async def delete_bucket(
        self,
        bucket_name: str,
        force: bool = False,
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> BucketDeletion:
        """Delete a bucket; for good, with all versions, if forced.

        May be called again after it was interrupted: it goes on with what is left.

        Args:
            bucket_name: the bucket.
            force: delete what is in it first: versions, markers, unfinished uploads.
            dry_run: only count what would be deleted.
            progress: told how many versions and markers are deleted, or counted.

        Returns:
            What was deleted, or would be.

        Raises:
            BucketNotFoundError: the bucket does not exist.
            ConflictError: the bucket is not empty, and nothing forces it.
            PartialFailureError: some of it could not be deleted; it lists what is left.
        """
        call = self._call("delete_bucket", bucket_name)
        if dry_run:
            return await self._counted(call, progress)
        if force:
            return await self._emptied(call, progress)
        seconds = await self._tried(call, self._soft_delete_seconds)
        await self._tried(call, self._delete_bucket)
        return BucketDeletion(
            bucket_name=bucket_name,
            deleted=True,
            version_count=0,
            marker_count=0,
            upload_count=0,
            size_bytes=0,
            restorable_until=restorable_until(seconds),
        )

    async def delete_user_bucket(self, bucket_name: str, force: bool = False) -> BucketDeletion:
        """Delete a bucket; see `delete_bucket`."""
        return await self.delete_bucket(bucket_name, force)

    async def ensure_bucket_permissions(
        self, bucket_name: str, member: str, access: Access = "write"
    ) -> Permission:
        """Let somebody use a bucket's objects; what others may do stays as it is.

        Args:
            bucket_name: the bucket.
            member: on AWS an ARN; on Google Cloud a member such as `principal://...` or
                `serviceAccount:...`.
            access: read; or write, which is read, write and delete. Who has more keeps it.

        Returns:
            The permission; its `changed` is False if it was there.

        Raises:
            UnavailableError: others keep changing the policy at the same time.
            ValueError: there is no such access.
        """
        if access not in get_args(Access):
            raise ValueError(f"access is read or write, not {access!r}")
        call = self._call("ensure_bucket_permissions", bucket_name)
        written = Event()  # in any attempt: what a later one finds is its
        await self._tried(
            call, lambda _: self._backend.permit(bucket_name, member, access, written)
        )
        return Permission(
            bucket_name=bucket_name, member=member, access=access, changed=written.is_set()
        )
