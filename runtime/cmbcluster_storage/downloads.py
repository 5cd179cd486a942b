"""Downloads: one request for a small object, ranges of one version for a large one.

The first answer says how large the object is and which version it is; the rest is fetched
a range at a time, a few at once. The checksum of the whole follows from those of its ranges.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from os import PathLike
from pathlib import Path

from cmbcluster_storage import checksums
from cmbcluster_storage.calls import Call
from cmbcluster_storage.errors import BEYOND, InvalidRequestError
from cmbcluster_storage.messages import Pin
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.reads import Opened, Reads, Wanted
from cmbcluster_storage.runner import together
from cmbcluster_storage.sinks import File, Memory, Sink
from cmbcluster_storage.uploads import Progress

_LANES = 4
_RANGE_BYTES = 32 * 1024 * 1024
# A stream holds so much in each lane.
_STREAM_BYTES = 4 * 1024 * 1024


class Downloads(Reads):
    """Reads objects."""

    async def download_object(
        self,
        bucket_name: str,
        object_name: str,
        *,
        version_id: str | None = None,
        start: int = 0,
        stop: int | None = None,
        progress: Progress | None = None,
    ) -> bytes:
        """Return an object's content as it is stored, held in memory.

        Up to 8 MiB take one request. A whole object is compared with its CRC32C where
        the cloud has one; a part of it cannot be.

        Args:
            bucket_name: an existing bucket.
            object_name: the object's key.
            version_id: None takes the latest version.
            start: first byte.
            stop: end of the bytes, exclusive; None: the object's end. What lies beyond
                that is left out.
            progress: told how many bytes are there, of how many.

        Raises:
            BucketNotFoundError: the bucket does not exist.
            ObjectNotFoundError: the object or this version does not exist.
            InvalidRequestError: the object ends before `start`.
            PreconditionFailedError: a large object without versions was overwritten or
                deleted meanwhile.
        """
        call = self._call("download_object", bucket_name, object_name, version_id)
        sink = Memory()
        wanted = Wanted(bucket_name, object_name, version_id, start, stop)
        try:
            await self._download(call, wanted, sink, progress)
        except InvalidRequestError as error:
            if not _is_of_nothing(wanted, error):
                raise
            if progress:
                progress(0, 0)
            return b""
        return sink.content()

    async def download_file(
        self,
        bucket_name: str,
        object_name: str,
        path: str | PathLike[str],
        *,
        version_id: str | None = None,
        progress: Progress | None = None,
    ) -> ObjectInfo:
        """Write an object's content to a file, which is wholly old or wholly new.

        It is written beside the path and takes its name when it is whole and compared.

        Args:
            bucket_name: an existing bucket.
            object_name: the object's key.
            path: the file; its folder must exist.
            version_id: None takes the latest version.
            progress: told how many bytes are there, of how many.

        Returns:
            The version that was written.

        Raises:
            OSError: the file cannot be written.
            StorageError: as `download_object`.
        """
        call = self._call("download_file", bucket_name, object_name, version_id)
        sink = File(Path(path))
        try:
            await self._in_thread(call, sink.open)
            wanted = Wanted(bucket_name, object_name, version_id, 0, None)
            opened = await self._download(call, wanted, sink, progress)
            await self._in_thread(call, sink.keep)
        except BaseException as error:
            call.stopped.set()
            discarding = asyncio.get_running_loop().run_in_executor(None, sink.discard)
            self._leave(discarding)
            if not isinstance(error, asyncio.CancelledError):
                await asyncio.shield(discarding)
            raise
        return opened.info

    async def stream_object(
        self,
        bucket_name: str,
        object_name: str,
        *,
        version_id: str | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> AsyncGenerator[bytes]:
        """Yield an object's content in order, at most 8 MiB at a time.

        Holds at most 32 MiB, and asks for more only as pieces are taken.

        Args:
            bucket_name: an existing bucket.
            object_name: the object's key.
            version_id: None takes the latest version.
            start: first byte.
            stop: end of the bytes, exclusive; None: the object's end.

        Raises:
            StorageError: as `download_object`; also after pieces were yielded, the last of
                them if the CRC32C of the whole is another.
        """
        call = self._call("stream_object", bucket_name, object_name, version_id)
        wanted = Wanted(bucket_name, object_name, version_id, start, stop)
        first = Memory()
        try:
            opened = await self._tried(call, lambda attempt: self._open(attempt, wanted, first))
        except InvalidRequestError as error:
            if not _is_of_nothing(wanted, error):
                raise
            yield b""
            return
        yield first.content()
        crc = opened.crc
        ahead: deque[asyncio.Task[tuple[int, bytes]]] = deque()
        ranges = opened.ranges(_STREAM_BYTES)
        try:
            while True:
                while len(ahead) < _LANES and (span := next(ranges, None)):
                    ahead.append(asyncio.create_task(self._piece(call, wanted, opened.pin, span)))
                if not ahead:
                    break
                piece_crc, piece = await ahead.popleft()
                crc = checksums.combined(crc, piece_crc, len(piece))
                yield piece
        finally:
            for task in ahead:
                task.cancel()
        opened.compare(call, crc)

    async def _piece(
        self, call: Call, wanted: Wanted, pin: Pin, span: tuple[int, int]
    ) -> tuple[int, bytes]:
        sink = Memory()
        sink.allocate(span[1] - span[0])
        crc = await self._tried(
            call, lambda attempt: self._range(attempt, wanted, pin, span, sink, span[0])
        )
        return crc, sink.content()

    async def _download(
        self, call: Call, wanted: Wanted, sink: Sink, tell: Progress | None
    ) -> Opened:
        """Fill a sink."""
        opened = await self._tried(
            call, lambda attempt: self._open(attempt, wanted, sink, whole=True)
        )
        await self._rest(call, wanted, sink, opened, tell)
        return opened

    async def _rest(
        self, call: Call, wanted: Wanted, sink: Sink, opened: Opened, tell: Progress | None
    ) -> None:
        """Read what the first answer was not read for, a few ranges at once."""
        total = opened.stop - opened.start
        done = opened.read
        ranges = list(opened.ranges(_RANGE_BYTES))
        crcs = [0] * len(ranges)
        waiting = iter(enumerate(ranges))
        if tell:
            tell(done, total)

        async def lane() -> None:
            nonlocal done
            for number, span in waiting:
                crcs[number] = await self._tried(
                    call,
                    lambda attempt, span=span: self._range(
                        attempt, wanted, opened.pin, span, sink, opened.start
                    ),
                )
                done += span[1] - span[0]
                if tell:
                    tell(done, total)

        await together(lane() for _ in range(min(_LANES, len(ranges))))
        crc = opened.crc
        for (start, stop), piece in zip(ranges, crcs, strict=True):
            crc = checksums.combined(crc, piece, stop - start)
        opened.compare(call, crc)


def _is_of_nothing(wanted: Wanted, error: InvalidRequestError) -> bool:
    """Return whether what is refused is the beginning of an empty object."""
    return wanted.start == 0 and error.message.startswith(BEYOND)
