"""Single objects: what is told of them, and deletes."""

from functools import partial

from cmbcluster_storage.calls import Attempt, Call
from cmbcluster_storage.errors import ObjectNotFoundError, OutcomeUnknownError, StorageError
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.runner import Runner


class Objects(Runner):
    """Works with objects without reading them."""

    async def get_object_info(
        self, bucket_name: str, object_name: str, *, version_id: str | None = None
    ) -> ObjectInfo:
        """Return what the cloud tells of an object, in one request.

        Args:
            bucket_name: an existing bucket.
            object_name: the object's key.
            version_id: None takes the latest version.

        Raises:
            BucketNotFoundError: the bucket does not exist.
            ObjectNotFoundError: the object or this version does not exist.
        """
        call = self._call("get_object_info", bucket_name, object_name, version_id)
        found = await self._tried(
            call, lambda _: self._backend.stored(bucket_name, object_name, version_id)
        )
        return found.info

    async def delete_object(
        self, bucket_name: str, object_name: str, *, version_id: str | None = None
    ) -> bool:
        """Delete an object; what is not there is deleted already, on both clouds.

        Where the bucket keeps versions the object's stay, and can be restored.

        Args:
            bucket_name: an existing bucket.
            object_name: the object's key.
            version_id: delete this version for good; None deletes the object.

        Returns:
            True, for older callers; a failure is an exception.

        Raises:
            BucketNotFoundError: the bucket does not exist.
            OutcomeUnknownError: the answer was lost and an object is there: the one
                that was to be deleted, or one that was written since.
        """
        call = self._call("delete_object", bucket_name, object_name, version_id)
        await self._in_thread(
            call, lambda: self._delete(call, bucket_name, object_name, version_id)
        )
        return True

    def _delete(self, call: Call, bucket: str, key: str, version_id: str | None) -> None:
        """Delete an object or a version; in a thread."""
        try:
            call.tried(
                lambda _: self._backend.delete(bucket, key, version_id),
                # Again would delete what somebody else has written since.
                repeatable=version_id is not None,
            )
        except StorageError as error:
            if not error.uncertain or version_id is not None:
                raise
            call.tried(partial(self._gone, bucket, key, error), uncertain=True)

    def _gone(self, bucket: str, key: str, lost: StorageError, _: Attempt) -> None:
        """Return if an object whose deletion was not answered is not there."""
        try:
            self._backend.stored(bucket, key, None)
        except ObjectNotFoundError:
            return
        raise OutcomeUnknownError(
            "the answer was lost and an object is there; look at it before deleting again"
        ) from lost
