"""What can be uploaded, as pieces: bytes, a file's path, an open file, an async iterator.

A source is read once, from start to end, a bounded piece at a time. Files are read in
threads; errors of the local file system pass as they are.
"""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from io import IOBase
from pathlib import Path
from typing import IO, Any, cast

# Content of an object, however the caller holds it.
Content = bytes | bytearray | memoryview | os.PathLike[str] | IO[bytes] | AsyncIterable[bytes]

_SMALL_BYTES = 256 * 1024
_TURN_SECONDS = 0.001

InThread = Callable[[Callable[[], Any]], Awaitable[Any]]


class Source:
    """Content that is read piece by piece.

    Attributes:
        size_bytes: of the whole; None while nobody knows.
    """

    size_bytes: int | None = None

    async def read(self, size_bytes: int) -> bytes:
        """Return the next `size_bytes`; fewer only at the end."""
        raise NotImplementedError

    async def close(self) -> None:
        """Free what was opened here."""


class _Bytes(Source):
    def __init__(self, content: bytes | bytearray | memoryview, in_thread: InThread) -> None:
        self._in_thread = in_thread
        self._content = content if isinstance(content, bytes) else memoryview(content).cast("B")
        self.size_bytes = len(self._content)
        self._read = 0

    async def read(self, size_bytes: int) -> bytes:
        start = self._read
        self._read += size_bytes
        piece = memoryview(self._content)[start : self._read]
        return await _bytes([piece], self._in_thread)


class _File(Source):
    """An open file: read from where it stands to where it ends then, left open."""

    def __init__(self, file: IO[bytes], in_thread: InThread) -> None:
        self._file = file
        self._in_thread = in_thread
        self._ended = False
        self._in_use = False

    async def read(self, size_bytes: int) -> bytes:
        if self._ended:  # what it has grown by since would be a piece after the last
            return b""
        self._in_use = True
        piece = await self._in_thread(lambda: whole(self._file, size_bytes))
        self._in_use = False
        self._ended = len(piece) < size_bytes
        return piece


class _Path(_File):
    """A file that is opened and closed here."""

    def __init__(self, file: IO[bytes], in_thread: InThread) -> None:
        super().__init__(file, in_thread)
        self.size_bytes = os.fstat(file.fileno()).st_size

    async def close(self) -> None:
        if self._in_use:  # by a thread whose caller has gone, which closing waits for
            asyncio.get_running_loop().run_in_executor(None, self._file.close)
        else:
            self._file.close()


class _Iterator(Source):
    def __init__(self, pieces: AsyncIterator[bytes], in_thread: InThread) -> None:
        self._in_thread = in_thread
        self._pieces = pieces
        self._rest = memoryview(b"")

    async def read(self, size_bytes: int) -> bytes:
        taken: list[memoryview] = []
        turn_ends = time.monotonic() + _TURN_SECONDS
        while size_bytes > 0:
            if time.monotonic() > turn_ends:
                # An iterator that never waits would keep the event loop until all is taken.
                await asyncio.sleep(0)
                turn_ends = time.monotonic() + _TURN_SECONDS
            if not self._rest:
                try:
                    piece: Any = await anext(self._pieces)
                except StopAsyncIteration:
                    break
                self._rest = memoryview(piece).cast("B")
                if not isinstance(piece, bytes):  # an iterator may fill the same buffer again
                    self._rest = memoryview(await _bytes([self._rest], self._in_thread))
            taken.append(self._rest[:size_bytes])
            self._rest = self._rest[size_bytes:]
            size_bytes -= len(taken[-1])
        return await _bytes(taken, self._in_thread)


async def opened(content: Content, in_thread: InThread) -> Source:
    """Return content as a source.

    Raises:
        TypeError: it is text, which is neither bytes nor surely a path, or something else.
        OSError: the file cannot be opened.
    """
    if isinstance(content, bytes | bytearray | memoryview):
        return _Bytes(content, in_thread)
    if isinstance(content, os.PathLike):
        path = Path(content)
        return _Path(await in_thread(lambda: path.open("rb")), in_thread)
    if isinstance(content, AsyncIterable):
        return _Iterator(aiter(content), in_thread)
    if isinstance(content, IOBase) or hasattr(content, "read"):
        return _File(cast("IO[bytes]", content), in_thread)
    raise TypeError(
        f"content is {type(content).__name__}; give bytes, a pathlib.Path, a file opened in "
        "binary mode or an async iterator of bytes"
    )


async def _bytes(pieces: list[memoryview], in_thread: InThread) -> bytes:
    """Return pieces as one; what is not small in a thread, for copying and freeing take time."""

    def joined() -> bytes:
        whole = b"".join(pieces)
        pieces.clear()
        return whole

    if sum(map(len, pieces)) < _SMALL_BYTES:
        return joined()
    return await in_thread(joined)


def whole(file: IO[bytes], size_bytes: int) -> bytes:
    """Return the next `size_bytes` of a file, which may give fewer at a time than asked."""
    pieces: list[bytes] = []
    while size_bytes > 0:
        piece = cast("bytes | None", file.read(size_bytes))
        if piece is None:
            raise BlockingIOError(errno.EAGAIN, "the file has no data yet; open it to wait for it")
        if not piece:
            break
        pieces.append(piece)
        size_bytes -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
