"""Uploads of what is large: parts, a few under way at once, and nothing left of a broken one.

What is under way is held in memory, and the next part.
"""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from cmbcluster_storage import checksums
from cmbcluster_storage.calls import Call
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


class LargeUploads(Writes):
    """Writes objects in parts."""

    async def _upload_parts(
        self, call: Call, write: Write, source: Source, read: list[bytes], progress: Sent
    ) -> ObjectInfo:
        """Write a large object; `read` are the pieces that are taken from the source."""
        write = replace(write, mark=secrets.token_hex(16))
        upload = await self._begun(call, write, source.size_bytes)
        sending: list[asyncio.Future[None]] = []
        try:
            return await self._send_parts(
                call, upload, _Pieces(upload, source, read), progress, sending
            )
        except BaseException:
            call.stopped.set()
            self._leave(self._abort(call, upload, sending))
            raise

    async def _begun(self, call: Call, write: Write, size_bytes: int | None) -> LargeUpload:
        """Begin an upload; one that begins when its caller has gone is thrown away."""

        def begin() -> LargeUpload:
            return call.tried(lambda _: self._backend.begin_upload(write, size_bytes))

        watch, beginning = self._started(begin)
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
        upload: LargeUpload,
        pieces: "_Pieces",
        progress: Sent,
        sending: list[asyncio.Future[None]],
    ) -> ObjectInfo:
        async def lane() -> None:
            while part := await pieces.next(call, self._in_thread):
                await self._send(call, upload, part, sending)
                progress.add(len(part.data))
                del part  # or its bytes would stay while the next are read

        await together(lane() for _ in range(upload.lanes))
        return await self._tried(
            call,
            lambda attempt: self._proven(
                attempt,
                upload.write,
                pieces.crc,
                lambda: self._backend.finish_upload(upload, pieces.offset, pieces.crc),
            ),
        )

    async def _send(
        self, call: Call, upload: LargeUpload, part: Part, sending: list[asyncio.Future[None]]
    ) -> None:
        """Send one part; known to be under way until its thread has ended."""

        def send() -> None:
            call.tried(lambda attempt: self._backend.put_part(upload, part, attempt.go_on))

        watch, running = self._started(send)
        sending.append(running)
        await self._finished(call, watch, running)
        sending.remove(running)

    async def _abort(
        self, call: Call, upload: LargeUpload, sending: list[asyncio.Future[None]]
    ) -> None:
        """Throw an upload away once no part of it is under way."""
        await asyncio.gather(*sending, return_exceptions=True)
        last = Call(call.provider, call.operation, call.bucket, call.key, call.patience)
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
