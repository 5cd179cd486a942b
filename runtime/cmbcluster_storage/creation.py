"""Making a user's bucket, once: the one that the stack would have made, or the one there is."""

from collections.abc import Mapping

from cmbcluster_storage.bucket_models import BucketInfo
from cmbcluster_storage.calls import Attempt, Call
from cmbcluster_storage.errors import (
    AccessDeniedError,
    BucketExistsError,
    BucketNotFoundError,
    ConflictError,
)
from cmbcluster_storage.messages import BucketSpec
from cmbcluster_storage.rules import StorageClass
from cmbcluster_storage.runner import Runner


class Creation(Runner):
    """Makes buckets."""

    async def create_user_bucket(
        self,
        user_id: str,
        bucket_name: str | None = None,
        storage_class: StorageClass | None = None,
    ) -> BucketInfo:
        """Make a user's bucket, or return the one there is.

        Args:
            user_id: the user's id, as the hub and the stack file have it.
            bucket_name: None takes the user's one name.
            storage_class: of what is written in it; None: as the platform's rules have it.
                On S3, whose buckets have no class, that one alone.

        Raises:
            BucketExistsError: the name is somebody else's, or of another user's bucket.
            ConfigurationError: account, project or region is not set.
            UnsupportedError: on S3, the class is not the platform's.
        """
        name = bucket_name or self._platform.bucket_name(user_id)
        return await self._created("create_user_bucket", name, user_id, storage_class)

    async def create_bucket(
        self, bucket_name: str, *, user_id: str, storage_class: StorageClass | None = None
    ) -> BucketInfo:
        """Make a bucket of a user's; as `create_user_bucket`, under another name."""
        return await self._created("create_bucket", bucket_name, user_id, storage_class)

    async def _created(
        self, operation: str, bucket_name: str, user_id: str, storage_class: StorageClass | None
    ) -> BucketInfo:
        call = self._call(operation, bucket_name)
        spec = BucketSpec(
            name=bucket_name,
            account=self._platform.required_account,
            location=self._platform.required_region,
            rules=self._platform.rules,
            storage_class=storage_class or self._platform.rules.storage_class,
            labels=self._platform.bucket_labels(user_id),
        )
        return await self._in_thread(call, lambda: self._made(call, spec, user_id))

    def _made(self, call: Call, spec: BucketSpec, user_id: str) -> BucketInfo:
        """Make a bucket, or find it and finish its making; in a thread."""
        named = spec.name == self._platform.bucket_name(user_id)
        ours = self._backend.labels_later and named

        def make(attempt: Attempt) -> None:
            nonlocal ours
            try:
                self._backend.create_bucket(spec)
            except ConflictError:
                # It finds what an attempt before it, whose answer was lost, has made.
                ours = ours or (self._backend.labels_later and attempt.uncertain)
                raise

        try:
            call.tried(make)
        except ConflictError as error:
            if isinstance(error, BucketExistsError) or not self._is_users(
                call, spec, unlabelled=ours
            ):
                taken = BucketExistsError(
                    "the name is somebody else's, or another user's bucket has it"
                )
                taken.attempts, taken.seconds = error.attempts, error.seconds
                raise call.located(taken) from error
        call.tried(lambda _: self._backend.secure_bucket(spec))
        return call.tried(lambda _: self._backend.bucket(spec.name))

    def _is_users(self, call: Call, spec: BucketSpec, *, unlabelled: bool) -> bool:
        """Return whether a bucket that exists is the account's and this user's."""
        if not self._is_own(call, spec.name):
            return False
        info = call.tried(lambda _: self._backend.bucket(spec.name))
        return self._is_labelled(info, spec.labels, unlabelled=unlabelled)

    def _found(self, call: Call, user_id: str) -> BucketInfo | None:
        """Return a user's bucket, if there is one; in a thread."""
        name = call.bucket or ""
        try:
            info = call.tried(lambda _: self._backend.bucket(name))
        except BucketNotFoundError:
            return None
        except AccessDeniedError:  # names are the whole world's: it may be somebody else's
            if self._is_own(call, name):
                raise
            return None
        if user_id in self._platform.buckets:  # as the stack says, whatever its labels are
            return info
        labels = self._platform.bucket_labels(user_id)
        is_users = self._is_labelled(info, labels, unlabelled=self._backend.labels_later) and (
            self._is_own(call, name)
        )
        return info if is_users else None

    def _is_own(self, call: Call, name: str) -> bool:
        account = self._platform.required_account
        return call.tried(lambda _: self._backend.is_own_bucket(name, account))

    @staticmethod
    def _is_labelled(info: BucketInfo, labels: Mapping[str, str], *, unlabelled: bool) -> bool:
        """Tell whether a bucket has a user's labels.

        Args:
            info: of the bucket.
            labels: the user's.
            unlabelled: one without labels has them as well: its making was broken off.
        """
        found = {name: info.labels.get(name) for name in ("platform", "user")}
        if unlabelled and set(found.values()) == {None}:
            return True
        return found == {name: labels[name] for name in found}
