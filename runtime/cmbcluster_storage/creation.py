"""Making a user's bucket, once: the one that the stack would have made, or the one there is."""

from cmbcluster_storage.bucket_models import BucketInfo
from cmbcluster_storage.calls import Call
from cmbcluster_storage.errors import BucketExistsError, ConflictError
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
        return await self.create_bucket(name, user_id=user_id, storage_class=storage_class)

    async def create_bucket(
        self, bucket_name: str, *, user_id: str, storage_class: StorageClass | None = None
    ) -> BucketInfo:
        """Make a bucket of a user's; as `create_user_bucket`, under another name."""
        call = self._call("create_bucket", bucket_name)
        spec = BucketSpec(
            name=bucket_name,
            account=self._platform.required_account,
            location=self._platform.required_region,
            rules=self._platform.rules,
            storage_class=storage_class or self._platform.rules.storage_class,
            labels=self._platform.bucket_labels(user_id),
        )
        computed = bucket_name == self._platform.bucket_name(user_id)
        return await self._in_thread(call, lambda: self._made(call, spec, computed=computed))

    def _made(self, call: Call, spec: BucketSpec, *, computed: bool) -> BucketInfo:
        """Make a bucket, or find it and finish its making; in a thread."""
        try:
            # A second attempt finds what a first one, whose answer was lost, has made.
            call.tried(lambda _: self._backend.create_bucket(spec))
        except ConflictError as error:
            if isinstance(error, BucketExistsError) or not self._is_users(
                call, spec, computed=computed
            ):
                taken = BucketExistsError(
                    "the name is somebody else's, or another user's bucket has it"
                )
                raise call.located(taken) from error
        call.tried(lambda _: self._backend.secure_bucket(spec))
        return call.tried(lambda _: self._backend.bucket(spec.name))

    def _is_users(self, call: Call, spec: BucketSpec, *, computed: bool) -> bool:
        """Return whether a bucket that exists is the account's and this user's."""
        if not call.tried(lambda _: self._backend.is_own_bucket(spec)):
            return False
        labels = call.tried(lambda _: self._backend.bucket(spec.name)).labels
        ours = {name: labels.get(name) for name in ("platform", "user")}
        if computed and set(ours.values()) == {None}:
            return True  # its making was broken off before it was labelled
        return ours == {name: spec.labels[name] for name in ours}
