"""Deletes of many objects or versions, as many in one request as the cloud takes."""

from collections.abc import Iterable, Sequence
from copy import copy
from functools import partial

from cmbcluster_storage.calls import Attempt, Call
from cmbcluster_storage.errors import StorageError, StorageTimeoutError, UnavailableError
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.objects import Objects
from cmbcluster_storage.runner import together
from cmbcluster_storage.uploads import Progress

Entry = tuple[str, str | None]


class Deletions(Objects):
    """Deletes many objects."""

    async def delete_objects(
        self,
        bucket_name: str,
        objects: Iterable[str | ObjectInfo],
        *,
        progress: Progress | None = None,
    ) -> list[StorageError | None]:
        """Delete many objects or versions, as many in one request as the cloud takes.

        Args:
            bucket_name: an existing bucket.
            objects: keys; or what a listing with `versions=True` told, to delete these
                versions for good.
            progress: told how many are done, of how many.

        Returns:
            None for what is deleted, or why it is not, in the order of `objects`.

        Raises:
            ValueError: an `ObjectInfo` has no version: its key may be meant, or not.
            TypeError: `objects` is one key, whose letters may be keys as well.
        """
        if isinstance(objects, str | ObjectInfo):
            raise TypeError(f"many keys are deleted; give [{objects!r}], or use delete_object")
        call = self._call("delete_objects", bucket_name)
        given = list(objects)
        entries = await self._in_thread(call, lambda: [_entry(one) for one in given])
        return await self._delete_entries(call, entries, progress)

    async def _delete_entries(
        self, call: Call, entries: Sequence[Entry], tell: Progress | None
    ) -> list[StorageError | None]:
        """Delete keys and versions; what `delete_objects` returns."""
        outcomes: list[StorageError | None] = [None] * len(entries)
        size = self._backend.batch_size
        starts = iter(range(0, len(entries), size))
        done = 0

        async def lane() -> None:
            nonlocal done
            for start in starts:
                batch = entries[start : start + size]
                outcomes[start : start + size] = await self._batch_outcomes(call, batch)
                done += len(batch)
                if tell:
                    tell(done, len(entries))

        await together(lane() for _ in range(self._backend.batch_lanes))
        return outcomes

    async def _batch_outcomes(
        self, call: Call, batch: Sequence[Entry]
    ) -> list[StorageError | None]:
        try:
            return await self._in_thread(call, partial(self._delete_batch, call, batch))
        except StorageTimeoutError as error:
            return [call.about(key).located(copy(error)) for key, _ in batch]

    def _delete_batch(self, call: Call, batch: Sequence[Entry]) -> list[StorageError | None]:
        """Delete one batch, and again what may pass of it; in a thread."""
        left = dict(enumerate(batch))
        outcomes: list[StorageError | None] = [None] * len(batch)
        pinned = all(version is not None for _, version in batch)
        try:
            call.tried(partial(self._delete_left, left, outcomes), repeatable=pinned)
        except StorageError as error:
            for index in left:
                outcomes[index] = copy(error)
        for index, (key, version) in enumerate(batch):
            if (outcome := outcomes[index]) and outcome.uncertain and version is None:
                outcomes[index] = outcome = self._deleted(call, key, outcome)
            if outcome:
                outcome.locate(call.provider, call.operation, call.bucket, key)
        return outcomes

    def _delete_left(
        self, left: dict[int, Entry], outcomes: list[StorageError | None], attempt: Attempt
    ) -> None:
        """Delete what is left of a batch; raises the first error that may pass."""
        answers = self._backend.delete_batch(attempt.call.bucket or "", list(left.values()))
        for (index, (_, version)), answer in zip(list(left.items()), answers, strict=True):
            outcomes[index] = answer
            # Again would delete what somebody else has written since.
            lost = answer and answer.uncertain and version is None
            if lost or not answer or not answer.retryable:
                del left[index]
        for index in left:
            raise outcomes[index] or UnavailableError("not deleted")

    def _deleted(self, call: Call, key: str, lost: StorageError) -> StorageError | None:
        """Return None if an object whose deletion was not answered is gone."""
        try:
            looked = partial(self._gone, call.bucket or "", key, lost)
            call.about(key).tried(looked, uncertain=True)
        except StorageError as error:
            return error
        return None


def _entry(one: str | ObjectInfo) -> Entry:
    if isinstance(one, str):
        return one, None
    if not one.version_id:
        raise ValueError(f"{one.name!r} has no version; give its name to delete the object")
    return one.name, one.version_id
