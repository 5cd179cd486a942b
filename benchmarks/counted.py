"""What a run does, counted from outside: requests to an emulator, files opened, state written.

Both count all processes of a run, the engine's own included, and none of the machine's
other work: requests pass a proxy, and the kernel (inotify) tells of the folders that are
watched. Python's modules and the engine's caches are in none of these.
"""

import asyncio
import contextlib
import ctypes
import os
import re
import select
import struct
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

_REQUEST = re.compile(rb"(?:GET|HEAD|PUT|POST|PATCH|DELETE) \S+ HTTP/1\.1\r\n")
_LONGEST_LINE = 8 * 1024
_CHUNK = 64 * 1024

# Source: https://man7.org/linux/man-pages/man7/inotify.7.html
_OPEN, _ISDIR = 0x20, 0x40000000
_EVENT = struct.Struct("iIII")


class Requests:
    """A proxy in front of a server that counts what passes.

    Attributes:
        url: where it listens.
        count: of requests.
    """

    def __init__(self, server: str) -> None:
        """Start it before a server on loopback."""
        self.count = 0
        self._port = int(server.rpartition(":")[2])
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        listening = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=256), self._loop
        ).result()
        self.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"

    async def _connected(self, near: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        far, sent = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._pass(near, sent, count=True), self._pass(far, answers))

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, count: bool = False
    ) -> None:
        rest = b""
        try:
            while data := await reader.read(_CHUNK):
                if count:
                    rest = self._counted(rest + data)
                writer.write(data)
                await writer.drain()
        except OSError:  # one side has had enough
            pass
        finally:
            writer.close()

    def _counted(self, data: bytes) -> bytes:
        """Count the first lines of requests; return what may be the beginning of another."""
        end = 0
        for found in _REQUEST.finditer(data):
            self.count += 1
            end = found.end()
        return data[max(end, len(data) - _LONGEST_LINE) :]


class OpenedFiles:
    """Watches folders; a context manager.

    Attributes:
        paths: of the files that somebody has opened meanwhile, each once.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        """Take the folders, without those below them."""
        self.paths: set[Path] = set()
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._events = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self._watched = {self._watch(folder): folder for folder in folders}
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._ended, self._end = os.pipe()

    def __enter__(self) -> Self:
        """Look from now on."""
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Look no longer."""
        os.close(self._end)
        self._thread.join()
        os.close(self._ended)
        os.close(self._events)

    def _watch(self, folder: Path) -> int:
        watch = self._libc.inotify_add_watch(self._events, os.fsencode(folder), _OPEN)
        if watch < 0:
            raise OSError(ctypes.get_errno(), f"{folder} cannot be watched")
        return watch

    def _read(self) -> None:
        ended = False
        while not ended:
            ready, _, _ = select.select([self._events, self._ended], [], [])
            ended = self._ended in ready
            with contextlib.suppress(BlockingIOError):
                self._take(os.read(self._events, 1 << 20))

    def _take(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size
            name = os.fsdecode(data[at : at + length].rstrip(b"\0"))
            at += length
            if name and not mask & _ISDIR:
                self.paths.add(self._watched[watch] / name)
