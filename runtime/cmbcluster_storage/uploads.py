"""Uploads: one request for a small object, parts for a large one, never twice by chance.

Whole bodies are held in pieces of `SMALL_BYTES` at most, a few at a time.
"""

import asyncio
import mimetypes
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from cmbcluster_storage import checksums
from cmbcluster_storage.backend import LargeUpload, Part, Pin, Write
from cmbcluster_storage.calls import Attempt, Call
from cmbcluster_storage.errors import (
    ConflictError,
    ObjectNotFoundError,
    OutcomeUnknownError,
)
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.runner import Runner, together
from cmbcluster_storage.sources import Content, Source, opened

# Up to so much is one request; the pieces of what is larger.
SMALL_BYTES = 8 * 1024 * 1024
# S3 takes 10,000 parts: of twice the size after so many, they make 496 GiB.
_DOUBLED_EVERY = 2000

# Called on the event loop with what is done and, if known, the whole.
Progress = Callable[[int, int | None], None]


def guessed_content_type(object_name: str) -> str:
    """Return the MIME type that a name's ending tells; of what is compressed, none."""
    kind, encoding = mimetypes.guess_type(object_name)
    return kind if kind and not encoding else "application/octet-stream"


@dataclass
class _Progress:
    """Counts what is sent and tells whoever wants to know."""

    tell: Progress | None
    total: int | None
    done: int = 0

    def add(self, size_bytes: int) -> None:
        self.done += size_bytes
        if self.tell:
            self.tell(self.done, self.total)


class Uploads(Runner):
    """Writes objects."""

    async def upload_object(
        self,
        bucket_name: str,
        object_name: str,
        file_content: Content,
        content_type: str | None = None,
        *,
        if_absent: bool = False,
        if_version: ObjectInfo | str | None = None,
        progress: Progress | None = None,
    ) -> ObjectInfo:
        """Write a whole object, atomically; replaces what has its name.

        Content of up to 8 MiB takes one request. Cancelling returns at once; a request
        that was sent whole may still take effect: the object is wholly old or wholly new.

        Args:
            bucket_name: an existing bucket.
            object_name: any Unicode, at most 1024 bytes of UTF-8; Google Cloud
                refuses line breaks.
            file_content: bytes, a `pathlib.Path`, a file opened in binary mode (read from
                where it stands) or an async iterator of bytes.
            content_type: MIME type; None guesses it from the name's ending.
            if_absent: only if there is no such object.
            if_version: only if the latest version is this one, as `ObjectInfo` or by
                its `version_id`. S3 compares the content, not the version: after equal
                bytes were written again, the older version still matches.
            progress: told how many bytes are stored, of how many (None: unknown).

        Returns:
            What was written; `version_id` is None if the bucket is not versioned, on
            Google Cloud never.

        Raises:
            BucketNotFoundError: the bucket does not exist.
            InvalidRequestError: the cloud does not accept a name.
            PreconditionFailedError: `if_absent` or `if_version` does not hold.
            OutcomeUnknownError: the answer to a conditional write was lost, and what is
                there now is not provably ours.
            OSError: the local file cannot be read.
        """
        call = self._call("upload_object", bucket_name, object_name)
        source = await opened(file_content, lambda work: self._in_thread(call, work))
        try:
            write = Write(
                bucket=bucket_name,
                key=object_name,
                content_type=content_type or guessed_content_type(object_name),
                absent=if_absent,
                replaces=await self._replaced(call, if_version),
            )
            return await self._upload(call, write, source, progress)
        finally:
            await source.close()

    async def _replaced(self, call: Call, version: ObjectInfo | str | None) -> Pin | None:
        """Return what a write replaces; a bare version's content is looked up on S3."""
        if isinstance(version, ObjectInfo):
            return Pin(version_id=version.version_id, etag=version.etag)
        if version is None:
            return None
        if self._backend.compares_versions:
            return Pin(version_id=version)
        found = await self._tried(
            call, lambda _: self._backend.stored(call.bucket or "", call.key or "", version)
        )
        return Pin(version_id=version, etag=found.info.etag)

    async def _upload(
        self, call: Call, write: Write, source: Source, tell: Progress | None
    ) -> ObjectInfo:
        progress = _Progress(tell, source.size_bytes)
        first = await source.read(SMALL_BYTES)
        more = b"" if len(first) < SMALL_BYTES else await source.read(SMALL_BYTES)
        if more:
            return await self._upload_parts(call, write, source, [first, more], progress)
        info = await self._in_thread(call, lambda: self._put(call, write, first))
        progress.add(len(first))
        return info

    def _put(self, call: Call, write: Write, data: bytes) -> ObjectInfo:
        """Write a small object; in a thread."""
        if not write.absent and not write.replaces:
            # Again is harmless: one identical version more.
            return call.tried(lambda attempt: self._backend.put(write, data, attempt.go_on))
        marked = replace(write, mark=secrets.token_hex(16))
        crc = checksums.extended(0, data)
        return call.tried(
            lambda attempt: self._proven(
                attempt, marked, crc, lambda: self._backend.put(marked, data, attempt.go_on)
            )
        )

    def _proven(
        self, attempt: Attempt, write: Write, crc: int, request: Callable[[], ObjectInfo]
    ) -> ObjectInfo:
        """Return what a write made, which an attempt with a lost answer may have been."""
        try:
            return request()
        except ConflictError as error:
            if not attempt.uncertain:
                raise
            if ours := self._ours(write, crc):
                return ours
            raise OutcomeUnknownError(
                "the answer was lost and the object is not provably ours; look at it before "
                "writing again"
            ) from error

    def _ours(self, write: Write, crc: int) -> ObjectInfo | None:
        """Return what is there if this very write made it."""
        try:
            there = self._backend.stored(write.bucket, write.key, None)
        except ObjectNotFoundError:
            return None
        same = there.info.crc32c in (None, checksums.encoded(crc))
        return there.info if same and there.mark == write.mark else None

    async def _upload_parts(
        self, call: Call, write: Write, source: Source, read: list[bytes], progress: _Progress
    ) -> ObjectInfo:
        """Write a large object; `read` are the pieces that are taken from the source."""
        write = replace(write, mark=secrets.token_hex(16))
        upload = await self._begun(call, write, source.size_bytes)
        sending: list[asyncio.Future[None]] = []
        try:
            return await self._send_parts(call, upload, _Pieces(source, read), progress, sending)
        except BaseException:
            call.stopped.set()
            self._leave(self._abort(call, upload, sending))
            raise

    async def _begun(self, call: Call, write: Write, size_bytes: int | None) -> LargeUpload:
        """Begin an upload; one that begins when its caller has gone is thrown away."""

        def begin() -> LargeUpload:
            return call.tried(lambda _: self._backend.begin_upload(write, size_bytes))

        beginning = asyncio.get_running_loop().run_in_executor(self._threads, begin)
        try:
            return await asyncio.shield(beginning)
        except asyncio.CancelledError:
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
        progress: _Progress,
        sending: list[asyncio.Future[None]],
    ) -> ObjectInfo:
        async def lane() -> None:
            while part := await pieces.next(call, self._in_thread):
                await self._send(call, upload, part, sending)
                progress.add(len(part.data))

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

        running = asyncio.get_running_loop().run_in_executor(self._threads, send)
        sending.append(running)
        await asyncio.shield(running)
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

    def __init__(self, source: Source, read: list[bytes]) -> None:
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
            size = SMALL_BYTES << self._number // _DOUBLED_EVERY
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
