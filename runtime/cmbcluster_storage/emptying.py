"""Emptying a bucket: every version, marker and unfinished upload, many at once.

Pages are deleted while the next is listed. Some servers then skip pages, and others write
meanwhile, so it starts again at the first page until the cloud takes the bucket for empty.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from cmbcluster_storage.batches import Batches
from cmbcluster_storage.bucket_models import BucketDeletion
from cmbcluster_storage.calls import Attempt, Call
from cmbcluster_storage.deletions import Entry
from cmbcluster_storage.errors import (
    BucketNotFoundError,
    ConflictError,
    PartialFailureError,
    StorageError,
)
from cmbcluster_storage.messages import Upload, Versions
from cmbcluster_storage.runner import together
from cmbcluster_storage.uploads import Progress

_MOST_NAMED = 1000
# So many pages wait to be deleted while the next is listed.
_PAGES_AHEAD = 4
_UPLOAD_LANES = 8


@dataclass
class _Count:
    """What was found and what became of it."""

    call: Call
    restorable_seconds: int
    tell: Progress | None
    versions: int = 0
    markers: int = 0
    uploads: int = 0
    size_bytes: int = 0
    failed: dict[Entry, StorageError] = field(default_factory=dict[Entry, StorageError])

    def add(self, page: Versions, outcomes: list[StorageError | None]) -> None:
        """Count what is deleted of a page."""
        for size_bytes, outcome in zip(page.sizes_bytes, outcomes, strict=False):
            if outcome is None:
                self.versions += 1
                self.size_bytes += size_bytes
        self.markers += outcomes[len(page.sizes_bytes) :].count(None)
        for entry, outcome in zip(page.entries, outcomes, strict=True):
            if outcome:
                self.failed[entry] = outcome
        if self.tell:
            self.tell(self.versions + self.markers, None)

    def result(self, *, deleted: bool) -> BucketDeletion:
        """Return it as callers see it."""
        return BucketDeletion(
            bucket_name=self.call.bucket or "",
            deleted=deleted,
            version_count=self.versions,
            marker_count=self.markers,
            upload_count=self.uploads,
            size_bytes=self.size_bytes,
            restorable_until=restorable_until(self.restorable_seconds),
        )

    def failure(self) -> PartialFailureError:
        """Return what to raise if nothing more can be deleted."""
        left = [f"{key} ({version})" for key, version in list(self.failed)[:_MOST_NAMED]]
        why = next(iter(self.failed.values()))
        error = PartialFailureError(
            f"{len(self.failed)} versions or uploads could not be deleted, the first because: "
            f"{why.message}; then call it again"
        )
        error.locate(self.call.provider, self.call.operation, self.call.bucket, None)
        error.left, error.attempts, error.seconds = tuple(left), why.attempts, why.seconds
        error.__cause__ = why
        return error


def restorable_until(seconds: int) -> datetime | None:
    """Return how long what was deleted just now can be restored; None: it cannot."""
    return datetime.now(UTC) + timedelta(seconds=seconds) if seconds else None


class Emptying(Batches):
    """Empties buckets."""

    async def _looked(self, call: Call, tell: Progress | None) -> tuple[_Count, Versions]:
        """Return a count of nothing yet, and the first page, asked for at once."""
        seconds, page = await asyncio.gather(
            self._tried(call, self._soft_delete_seconds),
            self._tried(call, partial(self._versions, None)),
        )
        return _Count(call, seconds, tell), page

    async def _counted(self, call: Call, tell: Progress | None) -> BucketDeletion:
        """Return what emptying a bucket would delete."""
        count, page = await self._looked(call, tell)
        count.add(page, [None] * len(page.entries))
        while page.token is not None:
            page = await self._tried(call, partial(self._versions, page.token))
            count.add(page, [None] * len(page.entries))
        uploads: set[Upload] = set()
        last: Upload | None = None
        while more := await self._tried(call, partial(self._uploads, last)):
            if uploads.issuperset(more):
                break  # a server that does not go on where it is told to
            uploads.update(more)
            last = more[-1]
        count.uploads = len(uploads)
        return count.result(deleted=False)

    async def _emptied(self, call: Call, tell: Progress | None) -> BucketDeletion:
        """Empty a bucket and delete it."""
        page: Versions | None
        count, page = await self._looked(call, tell)
        while True:
            progress = await self._pass(call, count, page)
            page = None
            if count.failed:
                if not progress:
                    raise count.failure()
                count.failed.clear()
                continue
            await self._abort_all(call, count)
            try:
                await self._tried(call, self._delete_bucket)
            except ConflictError:
                # Pages were skipped, or somebody has written meanwhile; not for ever.
                if not progress:
                    raise
                continue
            return count.result(deleted=True)

    async def _pass(self, call: Call, count: _Count, page: Versions | None) -> bool:
        """Delete every page once; return whether it is worth another time.

        Args:
            call: what all of it is.
            count: takes what is deleted.
            page: the first; None: it must be asked for.
        """
        before = count.versions + count.markers
        deleting: set[asyncio.Task[None]] = set()
        token: str | None = None
        try:
            while True:
                page = page or await self._tried(call, partial(self._versions, token))
                deleting.add(asyncio.create_task(self._delete_page(call, page, count)))
                if len(deleting) >= _PAGES_AHEAD:
                    done, deleting = await asyncio.wait(
                        deleting, return_when=asyncio.FIRST_COMPLETED
                    )
                    for task in done:
                        task.result()
                token, page = page.token, None
                if token is None:
                    break
            for task in tuple(deleting):
                await task
        finally:
            for task in deleting:
                task.cancel()
        return count.versions + count.markers > before

    async def _delete_page(self, call: Call, page: Versions, count: _Count) -> None:
        count.add(page, await self._delete_entries(call, page.entries, None))

    async def _abort_all(self, call: Call, count: _Count) -> None:
        """Throw every unfinished upload away, each once, whatever a listing says then."""
        ended: set[Upload] = set()
        while uploads := set(await self._tried(call, partial(self._uploads, None))) - ended:
            waiting = iter(uploads)

            async def lane(waiting: Iterator[Upload] = waiting) -> None:
                for upload in waiting:
                    try:
                        await self._tried(call, partial(self._abort_one, upload))
                    except StorageError as error:
                        count.failed[upload.key, upload.identity] = error

            await together(lane() for _ in range(_UPLOAD_LANES))
            if count.failed:
                raise count.failure()
            count.uploads += len(uploads)
            ended |= uploads

    def _delete_bucket(self, attempt: Attempt) -> None:
        """Delete an empty bucket; one that is gone after a lost answer was deleted by it."""
        try:
            self._backend.delete_bucket(attempt.call.bucket or "")
        except BucketNotFoundError:
            if not attempt.uncertain:
                raise

    def _abort_one(self, upload: Upload, attempt: Attempt) -> None:
        self._backend.abort_unfinished(attempt.call.bucket or "", upload)

    def _soft_delete_seconds(self, attempt: Attempt) -> int:
        return self._backend.soft_delete_seconds(attempt.call.bucket or "")

    def _uploads(self, after: Upload | None, attempt: Attempt) -> list[Upload]:
        return self._backend.unfinished_uploads(attempt.call.bucket or "", after)

    def _versions(self, token: str | None, attempt: Attempt) -> Versions:
        return self._backend.versions(attempt.call.bucket or "", token)
