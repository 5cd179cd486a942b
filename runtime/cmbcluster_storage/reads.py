"""Reads of one answer: the first, which tells what the object is, or a range of that version."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cmbcluster_storage import checksums
from cmbcluster_storage.calls import Attempt, Call
from cmbcluster_storage.errors import (
    ObjectNotFoundError,
    PreconditionFailedError,
    UnavailableError,
)
from cmbcluster_storage.messages import Pin, Reading
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.runner import Runner
from cmbcluster_storage.sinks import Sink
from cmbcluster_storage.uploads import SMALL_BYTES

_PIECE_BYTES = 1024 * 1024


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
            raise call.located(
                UnavailableError("the content is damaged: its CRC32C is another; try again")
            )


class Reads(Runner):
    """Reads what one request brings; in a thread."""

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
            total = reading.info.size_bytes
            _check(reading, wanted.start, min(total, wanted.stop or total))
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
        try:
            with self._backend.get(wanted.bucket, wanted.key, pin, start, stop) as reading:
                _check(reading, start, stop)
                return _drained(
                    attempt,
                    reading,
                    stop - start,
                    lambda at, data: sink.write(start - origin + at, data),
                )
        except ObjectNotFoundError as error:
            if wanted.version_id is not None:
                raise
            raise PreconditionFailedError(
                "the object was overwritten or deleted meanwhile; read it again",
                request_id=error.request_id,
            ) from error


def _check(reading: Reading, start: int, stop: int) -> None:
    """Raise if an answer has other bytes, as where something on the way ignores ranges."""
    if (reading.start, reading.stop) != (start, stop):
        raise UnavailableError("the server sends other bytes than were asked for")


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
