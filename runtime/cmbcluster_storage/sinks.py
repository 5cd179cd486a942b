"""Where downloads go, piece by piece and out of order: memory or a file.

Threads write into different places at once. A file is written beside its path and takes
its name when it is whole.
"""

import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO, FileIO
from pathlib import Path
from threading import Lock


class Sink(ABC):
    """Takes the pieces of one object."""

    @abstractmethod
    def allocate(self, size_bytes: int) -> None:
        """Make room; again if a download starts again."""

    @abstractmethod
    def write(self, offset: int, data: bytes) -> None:
        """Put a piece in its place."""


class Memory(Sink):
    """Takes an object into memory, once."""

    def allocate(self, size_bytes: int) -> None:
        """Make room."""
        # Its zeros come from the system; to write them would hold the interpreter's lock.
        self._file = BytesIO(bytes(size_bytes))
        self._view = self._file.getbuffer()

    def write(self, offset: int, data: bytes) -> None:
        """Put a piece in its place."""
        self._view[offset : offset + len(data)] = data

    def content(self) -> bytes:
        """Return the whole, which costs no copy: nobody else has the buffer any more."""
        self._view.release()
        return self._file.getvalue()


class File(Sink):
    """Takes an object into a file beside its path."""

    def __init__(self, path: Path) -> None:
        """Choose a name beside the path."""
        self._path = path
        self._part = path.with_name(f".{secrets.token_hex(8)}.part")
        self._file: FileIO | None = None
        # A thread whose caller has gone must not write to a descriptor that is closed: its
        # number may be another file's by then. So whoever writes last closes it.
        self._counting = Lock()
        self._writers = 0
        self._discarded = False

    def open(self) -> None:
        """Make the file, empty; its folder must exist. Nothing once it is discarded."""
        with self._counting:
            if not self._discarded:
                self._file = self._part.open("xb", buffering=0)

    def allocate(self, size_bytes: int) -> None:
        """Make room; none once the file is discarded."""
        with self._writing() as file:
            if file:
                file.truncate(size_bytes)

    def write(self, offset: int, data: bytes) -> None:
        """Put a piece in its place; nowhere once the file is discarded."""
        with self._writing() as file:
            while file and data:
                written = os.pwrite(file.fileno(), data, offset)
                offset, data = offset + written, data[written:]

    def keep(self) -> None:
        """Give the file its name, in place of what has it."""
        self._opened.close()
        self._part.replace(self._path)

    def discard(self) -> None:
        """Remove what is not whole; nothing if it was kept."""
        with self._counting:
            self._discarded = True
            self._close_unused()
        self._part.unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Generator[FileIO | None, None, None]:
        """Have the file stay open meanwhile; None once it is discarded."""
        with self._counting:
            file = None if self._discarded else self._opened
            self._writers += 1
        try:
            yield file
        finally:
            with self._counting:
                self._writers -= 1
                self._close_unused()

    def _close_unused(self) -> None:
        if self._file and self._discarded and not self._writers:
            self._file.close()

    @property
    def _opened(self) -> FileIO:
        assert self._file  # noqa: S101 - `open` is called first
        return self._file
