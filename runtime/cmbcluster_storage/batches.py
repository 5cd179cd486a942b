"""Many objects at once: errors are values, in the order of what was asked.

A small object costs a millisecond of the interpreter's time, so a thread takes a few of
them at a turn; not more, so that other calls get their turn as well.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from threading import Event
from typing import Generic, TypeVar, cast

from cmbcluster_storage.calls import Call
from cmbcluster_storage.deletions import Deletions
from cmbcluster_storage.downloads import Downloads
from cmbcluster_storage.errors import InvalidRequestError, StorageError, StorageTimeoutError
from cmbcluster_storage.messages import Write
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.reads import Opened, Wanted
from cmbcluster_storage.runner import THREADS, together
from cmbcluster_storage.sinks import Memory
from cmbcluster_storage.sources import Content
from cmbcluster_storage.uploads import SMALL_BYTES, Progress, Uploads, guessed_content_type

_T = TypeVar("_T", bound=str | tuple[str, Content])
_R = TypeVar("_R")

_TURN = 8
# More large objects at once would only share the same line, and memory.
_LARGE_LANES = 4


@dataclass(frozen=True)
class _Large(Generic[_R]):
    """Work for the event loop, not begun: nobody may be left to do it."""

    work: Callable[[], Awaitable[_R]]


class Batches(Uploads, Downloads, Deletions):
    """Works with many objects."""

    async def upload_many(
        self,
        bucket_name: str,
        contents: Iterable[tuple[str, Content]],
        *,
        progress: Progress | None = None,
    ) -> list[ObjectInfo | StorageError | OSError]:
        """Write many objects, 32 at once.

        Args:
            bucket_name: an existing bucket.
            contents: keys and contents, each as `upload_object` takes it.
            progress: told how many are done, of how many.

        Returns:
            What was written or why it was not, in the order of `contents`. What `upload_object`
            refuses with TypeError or ValueError is InvalidRequestError here.
        """
        call = self._call("upload_many", bucket_name)
        return await self._many(call, list(contents), partial(self._small_upload, call), progress)

    async def download_many(
        self,
        bucket_name: str,
        object_names: Iterable[str],
        *,
        progress: Progress | None = None,
    ) -> list[bytes | StorageError | OSError]:
        """Return the contents of many objects, held in memory, 32 at once.

        Args:
            bucket_name: an existing bucket.
            object_names: their keys.
            progress: told how many are done, of how many.

        Returns:
            Contents, or why there is none, in the order of the keys.
        """
        call = self._call("download_many", bucket_name)
        return await self._many(
            call, list(object_names), partial(self._small_download, call), progress
        )

    async def _many(
        self,
        call: Call,
        items: Sequence[_T],
        small: Callable[[_T], _R | _Large[_R]],
        tell: Progress | None,
    ) -> list[_R | StorageError | OSError]:
        """Return what each item gives, or its error.

        Args:
            call: what all of it is.
            items: what is done one by one.
            small: does one in a thread, or says how the event loop does it.
            tell: told how many are done, of how many.
        """
        outcomes = cast("list[_R | StorageError | OSError]", [None] * len(items))
        turns = iter(range(0, len(items), _TURN))
        large = asyncio.Semaphore(_LARGE_LANES)
        done = 0

        async def lane() -> None:
            nonlocal done
            for start in turns:
                told = await self._turn(call, items[start : start + _TURN], small)
                for index, one in enumerate(told, start):
                    outcomes[index] = (
                        await _later(call, items[index], cast("_Large[_R]", one), large)
                        if isinstance(one, _Large)
                        else one
                    )
                    done += 1
                if tell:
                    tell(done, len(items))

        await together(lane() for _ in range(min(THREADS, len(items))))
        return outcomes

    async def _turn(
        self, call: Call, items: Sequence[_T], small: Callable[[_T], _R | _Large[_R]]
    ) -> list[_R | _Large[_R] | StorageError | OSError]:
        """Return what each of a few items gives, done one after the other in a thread."""
        told: list[_R | _Large[_R] | StorageError | OSError] = []

        def work() -> None:
            for item in items:
                told.append(_value(call, item, partial(small, item)))

        try:
            await self._in_thread(call, work)
        except StorageTimeoutError as error:  # of one, which holds up those behind it
            done = told[:]
            left = items[len(done) :]
            return [*done, *(call.about(_key(item)).located(copy(error)) for item in left)]
        return told

    def _small_upload(
        self, call: Call, item: tuple[str, Content]
    ) -> ObjectInfo | _Large[ObjectInfo]:
        """Write an object if it is small and at hand; in a thread."""
        key, content = item
        bucket = call.bucket or ""
        if isinstance(content, PathLike) and os.stat(content).st_size <= SMALL_BYTES:  # noqa: PTH116 - any path-like
            content = Path(content).read_bytes()
        if isinstance(content, bytes) and len(content) <= SMALL_BYTES:
            write = Write(bucket=bucket, key=key, content_type=guessed_content_type(key))
            return self._put(call.about(key), write, content)
        return _Large(partial(self.upload_object, bucket, key, content))

    def _small_download(self, call: Call, key: str) -> bytes | _Large[bytes]:
        """Read an object if it is small; in a thread."""
        about, sink = call.about(key), Memory()
        wanted = Wanted(call.bucket or "", key, None, 0, None)
        opened = about.tried(lambda attempt: self._open(attempt, wanted, sink, whole=True))
        if opened.is_whole:
            return sink.content()
        # If a range fails, those beside it are stopped, and nothing else of the batch.
        alone = replace(about, stopped=Event())
        return _Large(partial(self._large_download, alone, wanted, sink, opened))

    async def _large_download(
        self, call: Call, wanted: Wanted, sink: Memory, opened: Opened
    ) -> bytes:
        await self._rest(call, wanted, sink, opened, None)
        return sink.content()


def _key(item: str | tuple[str, Content]) -> str:
    return item if isinstance(item, str) else item[0]


def _value(
    call: Call, item: str | tuple[str, Content], work: Callable[[], _R]
) -> _R | StorageError | OSError:
    try:
        return work()
    except (StorageError, OSError) as error:
        return error
    except (TypeError, ValueError) as error:
        return _unusable(call, item, error)


async def _later(
    call: Call, item: str | tuple[str, Content], large: _Large[_R], turn: asyncio.Semaphore
) -> _R | StorageError | OSError:
    try:
        async with turn:
            return await large.work()
    except (StorageError, OSError) as error:
        return error
    except (TypeError, ValueError) as error:
        return _unusable(call, item, error)


def _unusable(
    call: Call, item: str | tuple[str, Content], error: TypeError | ValueError
) -> StorageError:
    """Return the error of one item for what would end a call about it alone."""
    failed = call.about(_key(item)).located(InvalidRequestError(str(error)))
    failed.__cause__ = error
    return failed
