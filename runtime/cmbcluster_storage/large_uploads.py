"""Uploads of what is large: parts, a few under way at once, and nothing left of a broken one.

What is under way is held in memory, and the next part.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from typing import Any

from cmbcluster_storage import checksums
from cmbcluster_storage.calls import Attempt, Call
from cmbcluster_storage.errors import StorageTimeoutError
from cmbcluster_storage.messages import LargeUpload, Part, Write
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.runner import together
from cmbcluster_storage.sources import Source
from cmbcluster_storage.writes import Writes

# Up to so much is one request; of what is larger, the first two parts.
SMALL_BYTES = 8 * 1024 * 1024

# Called on the event loop with what is done and, if known, the whole.
Progress = Callable[[int, int | None], None]


@dataclass
class Sent:
    """Counts what is sent and tells whoever wants to know."""

    tell: Progress | None
    total: int | None
    done: int = 0

    def add(self, size_bytes: int) -> None:
        """Count more."""
        self.done += size_bytes
        if self.tell:
            self.tell(self.done, self.total)


# Sends all parts of an upload, notes which threads are at it, and returns the whole's size and
# checksum; None: nobody knows it.
_Parts = Callable[[LargeUpload, list[asyncio.Future[None]]], Awaitable[tuple[int, int | None]]]


class LargeUploads(Writes):
    """Writes objects in parts."""

    async def _upload_parts(
        self, call: Call, write: Write, source: Source, read: list[bytes], progress: Sent
    ) -> ObjectInfo:
        """Write a large object; `read` are the pieces that are taken from the source."""
        write = replace(write, mark=secrets.token_hex(16))
        size = source.size_bytes
        return await self._in_parts(
            call,
            lambda _: self._backend.begin_upload(write, size),
            partial(self._send_parts, call, source, read, progress),
        )

    async def _in_parts(
        self, call: Call, begin: Callable[[Attempt], LargeUpload], parts: _Parts
    ) -> ObjectInfo:
        """Write an object in parts, of which nothing is left if one fails."""
        return await self._ended_with_us(call, self._whole(call, begin, parts))

    async def _whole(
        self, call: Call, begin: Callable[[Attempt], LargeUpload], parts: _Parts
    ) -> ObjectInfo:
        upload = await self._begun(call, begin)
        sending: list[asyncio.Future[None]] = []
        try:
            size_bytes, crc = await parts(upload, sending)
            return await self._tried(
                call,
                lambda attempt: self._proven(
                    attempt,
                    upload.write,
                    crc,
                    lambda: self._backend.finish_upload(upload, size_bytes, crc),
                ),
            )
        except BaseException:
            call.stopped.set()
            self._leave(self._abort(call, upload, sending))
            raise

    async def _begun(self, call: Call, begin: Callable[[Attempt], LargeUpload]) -> LargeUpload:
        """Begin an upload; one that begins when its caller has gone is thrown away."""
        watch, beginning = self._started(call, lambda: call.tried(begin))
        try:
            return await self._finished(call, watch, beginning)
        except (asyncio.CancelledError, StorageTimeoutError):
            call.stopped.set()
            self._leave(self._abort_begun(call, beginning))
            raise

    async def _abort_begun(self, call: Call, beginning: asyncio.Future[LargeUpload]) -> None:
        (upload,) = await asyncio.gather(beginning, return_exceptions=True)
        if isinstance(upload, LargeUpload):
            await self._abort(call, upload, [])

    async def _send_parts(
        self,
        call: Call,
        source: Source,
        read: list[bytes],
        progress: Sent,
        upload: LargeUpload,
        sending: list[asyncio.Future[None]],
    ) -> tuple[int, int]:
        pieces, turn = _Pieces(upload, source, read), asyncio.Semaphore(upload.lanes)

        async def lane() -> None:
            while part := await pieces.next(call, self._in_thread):
                async with turn:  # in the order of the parts, as who waits for it comes
                    await self._send(call, partial(self._put_part, upload, part), sending)
                progress.add(len(part.data))
                del part  # or its bytes would stay while the next are read

        # Where parts follow each other, the next is read while one is sent.
        await together(lane() for _ in range(max(upload.lanes, 2)))
        return pieces.offset, pieces.crc

    def _put_part(self, upload: LargeUpload, part: Part, attempt: Attempt) -> None:
        self._backend.put_part(upload, part, attempt.go_on)

    async def _send(
        self,
        call: Call,
        request: Callable[[Attempt], None],
        sending: list[asyncio.Future[None]],
    ) -> None:
        """Send one part; known to be under way until its thread has ended."""
        watch, running = self._started(call, lambda: call.tried(request))
        sending.append(running)
        await self._finished(call, watch, running)
        sending.remove(running)

    async def _abort(
        self, call: Call, upload: LargeUpload, sending: list[asyncio.Future[None]]
    ) -> None:
        """Throw an upload away once no part of it is under way."""
        await asyncio.gather(*sending, return_exceptions=True)
        last = replace(call, stopped=Event())
        abort = self._tried(last, lambda _: self._backend.abort_upload(upload))
        await asyncio.gather(abort, return_exceptions=True)  # the bucket's rules do it later


class _Pieces:
    """The parts of a source, one at a time, whoever asks."""

    def __init__(self, upload: LargeUpload, source: Source, read: list[bytes]) -> None:
        self._upload = upload
        self._source = source
        self._read = read
        self._turn = asyncio.Lock()
        self._number = 0
        self.offset = 0
        self.crc = 0

    async def next(
        self, call: Call, in_thread: Callable[[Call, Callable[[], int]], Coroutine[Any, Any, int]]
    ) -> Part | None:
        """Return the next part; None after the last."""
        async with self._turn:
            if not self._read:
                return None
            data = self._read.pop(0)
            size = self._upload.part_bytes(self._number)
            if not self._read and (more := await self._source.read(size)):
                self._read.append(more)
            crc = await in_thread(call, lambda: checksums.extended(0, data))
            self.crc = checksums.combined(self.crc, crc, len(data))
            self._number += 1
            part = Part(
                number=self._number,
                offset=self.offset,
                data=data,
                crc=crc,
                crc_so_far=self.crc,
                last=not self._read,
            )
            self.offset += len(data)
            return part
