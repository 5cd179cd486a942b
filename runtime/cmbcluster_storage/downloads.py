"""Downloads: one request for a small object, ranges of one version for a large one.

The first answer says how large the object is and which version it is; the rest is fetched
a range at a time, a few at once. The checksum of the whole follows from those of its ranges.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from cmbcluster_storage import checksums
from cmbcluster_storage.backend import Pin, Reading
from cmbcluster_storage.calls import Attempt, Call
from cmbcluster_storage.errors import UnavailableError
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.runner import Runner, together
from cmbcluster_storage.sinks import File, Memory, Sink
from cmbcluster_storage.uploads import SMALL_BYTES, Progress

_LANES = 4
_RANGE_BYTES = 32 * 1024 * 1024
# A stream holds so much in each lane.
_STREAM_BYTES = 4 * 1024 * 1024
_PIECE_BYTES = 512 * 1024


@dataclass(frozen=True)
class Wanted:
    """Which bytes of which version, from `start` up to but not including `stop`."""

    bucket: str
    key: str
    version_id: str | None
    start: int
    stop: int | None

    def __post_init__(self) -> None:
        """Refuse what is no range."""
        if self.start < 0 or (self.stop is not None and self.stop <= self.start):
            raise ValueError(f"no bytes from {self.start} up to {self.stop}")


@dataclass(frozen=True)
class Opened:
    """What the first answer told, and the checksum of what was read of it."""

    info: ObjectInfo
    pin: Pin
    start: int
    read: int
    stop: int
    crc: int

    @property
    def is_whole(self) -> bool:
        """Nothing is left to read."""
        return self.start + self.read == self.stop

    def ranges(self, size_bytes: int) -> Iterator[tuple[int, int]]:
        """Return the ranges of the rest."""
        for start in range(self.start + self.read, self.stop, size_bytes):
            yield start, min(start + size_bytes, self.stop)

    def compare(self, call: Call, crc: int) -> None:
        """Raise if the whole object was read and is not what the cloud has."""
        whole = self.stop - self.start == self.info.size_bytes
        if whole and self.info.crc32c not in (None, checksums.encoded(crc)):
            error = UnavailableError("the content is damaged: its CRC32C is another; try again")
            error.locate(call.provider, call.operation, call.bucket, call.key)
            raise error


class Downloads(Runner):
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
            PreconditionFailedError: a large object without versions was overwritten
                meanwhile.
        """
        call = self._call("download_object", bucket_name, object_name)
        sink = Memory()
        wanted = Wanted(bucket_name, object_name, version_id, start, stop)
        await self._download(call, wanted, sink, progress)
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
        call = self._call("download_file", bucket_name, object_name)
        sink = await self._in_thread(call, lambda: File(Path(path)))
        try:
            wanted = Wanted(bucket_name, object_name, version_id, 0, None)
            opened = await self._download(call, wanted, sink, progress)
            await self._in_thread(call, sink.keep)
        finally:
            call.stopped.set()
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, sink.discard))
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
        call = self._call("stream_object", bucket_name, object_name)
        wanted = Wanted(bucket_name, object_name, version_id, start, stop)
        first = Memory()
        opened = await self._tried(call, lambda attempt: self._open(attempt, wanted, first))
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

    def _open(self, attempt: Attempt, wanted: Wanted, sink: Sink, *, whole: bool = False) -> Opened:
        """Read the first piece of an object, which is all of a small one; in a thread.

        Args:
            attempt: this one.
            wanted: what is to be read.
            sink: takes the piece.
            whole: make room for all that is wanted, not only for the piece.
        """
        pin = Pin(version_id=wanted.version_id)
        with self._backend.get(
            wanted.bucket, wanted.key, pin, wanted.start, wanted.stop
        ) as reading:
            size = min(reading.stop - reading.start, SMALL_BYTES)
            sink.allocate(reading.stop - reading.start if whole else size)
            crc = _drained(attempt, reading, size, lambda at, data: sink.write(at, data))
            opened = Opened(
                info=reading.info,
                pin=Pin(version_id=reading.info.version_id, etag=reading.info.etag),
                start=reading.start,
                read=size,
                stop=reading.stop,
                crc=crc,
            )
        if size == reading.stop - reading.start:
            opened.compare(attempt.call, crc)
        return opened

    def _range(
        self,
        attempt: Attempt,
        wanted: Wanted,
        pin: Pin,
        span: tuple[int, int],
        sink: Sink,
        origin: int,
    ) -> int:
        """Read one range into its place and return its checksum; in a thread."""
        start, stop = span
        with self._backend.get(wanted.bucket, wanted.key, pin, start, stop) as reading:
            if (reading.start, reading.stop) != span:
                raise UnavailableError("the server sends other bytes than were asked for")
            return _drained(
                attempt,
                reading,
                stop - start,
                lambda at, data: sink.write(start - origin + at, data),
            )


def _drained(
    attempt: Attempt, reading: Reading, size_bytes: int, write: Callable[[int, bytes], None]
) -> int:
    """Hand on the next bytes of an answer and return their checksum."""
    crc = done = 0
    while done < size_bytes:
        attempt.go_on()
        piece = reading.read(min(_PIECE_BYTES, size_bytes - done))
        if not piece:
            raise UnavailableError("the answer broke off; try again")
        write(done, piece)
        crc = checksums.extended(crc, piece)
        done += len(piece)
    return crc
