"""Peak memory of what a run starts: the kernel's own high-water marks, read off /proc."""

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_POLL_SECONDS = 0.25
_PROC = Path("/proc")
# What is looked for in a process' command line.
_KINDS = {"engine": "/pulumi\0", "program": "\0sandbox.program\0"}


class Peaks:
    """Watches this process' descendants; a context manager.

    The kernel keeps each process' peak (VmHWM), so that nothing is missed between two
    looks but what is added after the last of them.

    Attributes:
        megabytes: of `engine` and of `program`, the most that one of them held; empty
            where there is no /proc.
    """

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.megabytes: dict[str, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Look on, several times a second."""
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Look no longer."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_POLL_SECONDS):
            for pid in _descendants(os.getpid()):
                command = _read(pid, "cmdline")
                for kind, part in _KINDS.items():
                    if part in command:
                        peak = peak_megabytes(_read(pid, "status"))
                        self.megabytes[kind] = max(self.megabytes.get(kind, 0), peak)


def _descendants(pid: int) -> set[int]:
    parents = {
        int(path.name): int(stat.rpartition(")")[2].split()[1])
        for path in _PROC.glob("[0-9]*")
        if (stat := _read(int(path.name), "stat"))
    }
    found: set[int] = set()
    while more := {
        child
        for child, parent in parents.items()
        if (parent == pid or parent in found) and child not in found
    }:
        found |= more
    return found


def peak_megabytes(status: str) -> int:
    """Return the peak that a process' /proc/<pid>/status tells; 0 if it tells none."""
    return sum(
        int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM:")
    )


def _read(pid: int, name: str) -> str:
    try:
        return (_PROC / str(pid) / name).read_text("utf-8", "replace")
    except OSError:  # it has ended meanwhile
        return ""
