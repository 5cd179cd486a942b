"""Runs requests in threads and lets a caller go at once.

The clouds' SDKs block, so a request runs in one of a provider's own threads: the event
loop's default ones are few and shared. What cannot be interrupted there ends at its next
checkpoint, and `aclose` waits for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from cmbcluster_storage.backend import Backend
from cmbcluster_storage.calls import Attempt, Call, Patience
from cmbcluster_storage.errors import InvalidRequestError
from cmbcluster_storage.platforms import Platform
from cmbcluster_storage.watches import Watch

_T = TypeVar("_T")

# More threads than these lose to the interpreter's lock.
THREADS = 32


class Runner:
    """A backend and the threads that call it."""

    def __init__(
        self,
        backend: Backend,
        platform: Platform,
        *,
        patience: Patience | None = None,
        refused_buckets: Iterable[str] = (),
    ) -> None:
        """Start no thread and send no request yet.

        Args:
            backend: of one cloud; closed by `aclose`.
            platform: whose users' buckets they are.
            patience: how long one request is tried; None: `Patience`'s defaults.
            refused_buckets: which are not users' and are not touched.
        """
        self._backend = backend
        self._platform = platform
        self._patience = patience or Patience()
        self._refused_buckets = frozenset(refused_buckets)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=backend.provider)
        self._large: set[asyncio.Task[Any]] = set()
        self._leftovers: set[asyncio.Future[None]] = set()
        self._closed = False

    async def aclose(self) -> None:
        """Wait for what was sent, throw unfinished uploads away, free threads; idempotent.

        Every later call raises InvalidRequestError, and so do those that are under way with
        their next request.
        """
        self._closed = True
        while underway := self._large | self._leftovers:
            for task in self._large:
                task.cancel()
            await asyncio.wait(underway)
        await asyncio.to_thread(self._threads.shutdown)
        self._backend.close()

    def _call(
        self,
        operation: str,
        bucket: str | None,
        key: str | None = None,
        version_id: str | None = None,
    ) -> Call:
        """Return a new call; refuses buckets that are not users' and empty versions."""
        call = Call(self._backend.provider, operation, bucket, key, self._patience)
        if self._closed:
            raise _closed(call)
        if bucket in self._refused_buckets:
            raise call.located(InvalidRequestError("the bucket is not a user's; name another"))
        if version_id == "":  # S3 would take it for the latest
            raise call.located(
                InvalidRequestError("the version_id is empty; give None for the latest version")
            )
        return call

    async def _tried(
        self, call: Call, request: Callable[[Attempt], _T], *, repeatable: bool = True
    ) -> _T:
        """Return what a request returns, in a thread; see `Call.tried`."""
        return await self._in_thread(call, lambda: call.tried(request, repeatable=repeatable))

    async def _in_thread(self, call: Call, work: Callable[[], _T]) -> _T:
        """Return what blocking work returns; a caller that is cancelled leaves at once."""
        watch, running = self._started(call, work)
        try:
            return await self._finished(call, watch, running)
        except asyncio.CancelledError:
            call.stopped.set()
            raise
        finally:
            running.cancel()  # nobody asks for it any more

    def _started(self, call: Call, work: Callable[[], _T]) -> tuple[Watch, asyncio.Future[_T]]:
        """Have a thread work."""
        watch = Watch()
        try:
            running = asyncio.get_running_loop().run_in_executor(self._threads, watch.run, work)
        except RuntimeError as error:
            if not self._closed:
                raise
            raise _closed(call) from error
        running.add_done_callback(_seen)
        return watch, running

    async def _finished(self, call: Call, watch: Watch, running: asyncio.Future[_T]) -> _T:
        """Return what a thread's work returns, which goes on if the caller is cancelled.

        Raises:
            StorageTimeoutError: a request is not done by its deadline. An answer that comes
                drop by drop hangs in the SDK, whose time-outs are of the single drop.
        """
        left = call.patience.deadline_seconds
        while not (await asyncio.wait((running,), timeout=left))[0]:
            left = call.patience.deadline_seconds
            if (attempt := watch.attempt) and (left := attempt.seconds_left) <= 0:
                watch.left = True
                raise attempt.overdue()
        return running.result()

    async def _ended_with_us(self, call: Call, work: Coroutine[Any, Any, _T]) -> _T:
        """Return what work of many requests returns; `aclose` ends it, and waits for that."""
        if self._closed:
            work.close()
            raise _closed(call)
        task = asyncio.get_running_loop().create_task(work)
        self._large.add(task)
        task.add_done_callback(self._large.discard)
        try:
            return await task
        except asyncio.CancelledError:
            asked = asyncio.current_task()
            if not self._closed or (asked and asked.cancelling()):
                raise
            raise _closed(call) from None

    def _leave(self, work: Coroutine[Any, Any, None] | asyncio.Future[None]) -> None:
        """Let work go on after its caller has gone; `aclose` waits for it."""
        leftover = asyncio.ensure_future(work)
        self._leftovers.add(leftover)
        leftover.add_done_callback(self._leftovers.discard)


def _closed(call: Call) -> InvalidRequestError:
    return call.located(InvalidRequestError("the provider is closed; make a new one"))


def _seen(running: asyncio.Future[Any]) -> None:
    """Take note of an error that a caller who has gone does not ask for."""
    if not running.cancelled():
        running.exception()


async def together(awaitables: Iterable[Awaitable[None]]) -> None:
    """Wait for all; the first that fails ends the others, and its error is raised."""

    async def wait(awaitable: Awaitable[None]) -> None:
        await awaitable

    try:
        async with asyncio.TaskGroup() as group:
            for awaitable in awaitables:
                group.create_task(wait(awaitable))
    except ExceptionGroup as failures:
        raise failures.exceptions[0]  # noqa: B904 - a group of one says no more
