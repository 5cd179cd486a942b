"""The bytes of objects: small ones in memory, others in files, all of them immutable.

A content is a row of segments, so that composing objects and completing multipart uploads
copies nothing. A segment's file goes when the last content that has it goes, also the one
that a download still reads.
"""

import base64
import hashlib
import uuid
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import google_crc32c

# Up to so many bytes, a content lives in memory and in the state file.
INLINE_BYTES = 32 * 1024
_READ_BYTES = 256 * 1024
_CRC32C_POLYNOMIAL = 0x82F63B78


class Folder:
    """Where the files of contents are, each as long as something needs it."""

    def __init__(self, path: Path) -> None:
        """Make the folder if need be."""
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._closed = False

    def close(self) -> None:
        """Keep from now on what is there: the next process reads it."""
        self._closed = True

    def remove(self, path: Path) -> None:
        """Remove a file that nothing needs any more."""
        if not self._closed:
            path.unlink(missing_ok=True)


class Segment:
    """Some bytes that never change: `data`, or else the file at `path`."""

    __slots__ = ("__weakref__", "data", "path", "size")

    def __init__(
        self, size: int, data: bytes = b"", path: Path | None = None, folder: Folder | None = None
    ) -> None:
        """Keep the data, or the path of a file that is this segment's from now on.

        Args:
            size: of the data or the file.
            data: empty for a file.
            path: of the file.
            folder: where it is.
        """
        self.size = size
        self.data = data
        self.path = path
        if path and folder:
            weakref.finalize(self, folder.remove, path).atexit = False

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to `stop` (exclusive), piece by piece."""
        if not self.path:
            yield self.data[start:stop]
            return
        with self.path.open("rb", buffering=0) as file:
            file.seek(start)
            while start < stop and (piece := file.read(min(_READ_BYTES, stop - start))):
                start += len(piece)
                yield piece


class Content:
    """The bytes of an object, with their checksums."""

    __slots__ = ("crc32c", "md5", "segments", "size")

    def __init__(self, segments: tuple[Segment, ...], crc32c: int, md5: bytes | None) -> None:
        """Keep what `Writer`, `concatenated` or the state file made.

        Args:
            segments: the bytes in order.
            crc32c: of all of them.
            md5: of all of them, or None: the service has none for what was composed.
        """
        self.segments = segments
        self.size = sum(segment.size for segment in segments)
        self.crc32c = crc32c
        self.md5 = md5

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to `stop` (exclusive), piece by piece."""
        position = 0
        for segment in self.segments:
            first, last = max(start - position, 0), min(stop - position, segment.size)
            if first < last:
                yield from segment.read(first, last)
            position += segment.size

    def hashes(self) -> dict[str, str]:
        """Return the checksums as the object resource and the headers show them."""
        shown = {"crc32c": base64.b64encode(self.crc32c.to_bytes(4, "big")).decode()}
        if self.md5 is not None:
            shown["md5"] = base64.b64encode(self.md5).decode()
        return shown


class Writer:
    """Takes bytes as they arrive and becomes a content."""

    def __init__(self, folder: Folder) -> None:
        """Start empty; a file is made in `folder` only for more than a few bytes."""
        self.size = 0
        self._folder = folder
        self._crc32c = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._data = bytearray()
        self._path: Path | None = None
        self._file: IO[bytes] | None = None

    def write(self, data: bytes) -> None:
        """Append some bytes; a caller with many hands them over piece by piece."""
        self.size += len(data)
        self._crc32c = google_crc32c.extend(self._crc32c, data)
        self._md5.update(data)
        if self._file:
            self._file.write(data)
            return
        self._data += data
        if self.size > INLINE_BYTES:
            self._path = self._folder.path / uuid.uuid4().hex
            self._file = self._path.open("wb", buffering=0)
            self._file.write(self._data)
            self._data.clear()

    def finish(self) -> Content:
        """Return the content; nothing can be appended any more."""
        if self._file:
            self._file.close()
        segment = Segment(self.size, bytes(self._data), self._path, self._folder)
        return Content((segment,), self._crc32c, self._md5.digest())

    def discard(self) -> None:
        """Forget everything that was written, at once."""
        if self._file and self._path:
            self._file.close()
            self._folder.remove(self._path)


def content_of(folder: Folder, data: bytes) -> Content:
    """Return a content of a few bytes."""
    writer = Writer(folder)
    writer.write(data)
    return writer.finish()


def concatenated(contents: Iterable[Content]) -> Content:
    """Return the contents one after the other, without reading any; it has no MD5."""
    segments: list[Segment] = []
    crc32c = 0
    for content in contents:
        segments += content.segments
        crc32c = _combined_crc32c(crc32c, content.crc32c, content.size)
    return Content(tuple(segments), crc32c, None)


def _combined_crc32c(first: int, second: int, second_size: int) -> int:
    """Return the CRC32C of two runs of bytes, from theirs.

    The first one's register is moved over as many zero bytes as the second has: a linear
    map, squared again and again (the method of zlib's crc32_combine).
    """
    if not second_size:
        return first
    one_bit = [_CRC32C_POLYNOMIAL, *(1 << bit for bit in range(31))]
    operator = _squared(_squared(_squared(one_bit)))
    while second_size:
        if second_size & 1:
            first = _applied(operator, first)
        operator = _squared(operator)
        second_size >>= 1
    return first ^ second


def _applied(matrix: list[int], vector: int) -> int:
    total = 0
    for row in matrix:
        if vector & 1:
            total ^= row
        vector >>= 1
    return total


def _squared(matrix: list[int]) -> list[int]:
    return [_applied(matrix, row) for row in matrix]
