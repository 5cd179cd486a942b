"""Processes: whatever a run starts ends with it, also when it is killed.

Plugins, language host and emulators watch their parent (`exit_with_parent`). The
engine is not ours to change, so a guard beside the run ends it (`Guard`).
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

# By it a program tells the language host that the user has been told already what is wrong.
TOLD_EXIT_CODE = 32

_POLL_SECONDS = 0.2

# A line toggles whether that process is running. The pipe ends with the run: what is still
# running then was left behind. The engine asks its plugins to leave on SIGHUP's default action
# no more than on SIGKILL: they watch it.
_GUARD = """
import os, signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
running = set()
for line in sys.stdin:
    running ^= {int(line)}
for number in (signal.SIGHUP, signal.SIGKILL):
    for pid in running:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
    time.sleep(0.5 if running else 0)
"""


def exit_with_parent(
    parent: int | None = None, leave: Callable[[], None] = lambda: os._exit(0)
) -> None:
    """Leave within a second after the process that started this one is gone.

    Args:
        parent: its id, where it can tell it; else whoever is our parent now, who may
            already be another if it died in this very moment.
        leave: ends this process; called in a thread of its own.
    """
    parent = os.getppid() if parent is None else parent

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_POLL_SECONDS)
        leave()

    threading.Thread(target=watch, daemon=True).start()


def exit_on_signals() -> None:
    """Leave at once on SIGINT and SIGTERM: the engine waits 15 s for who does not."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))


class Guard:
    """Ends the commands that it runs should this process die before they do."""

    def __init__(self) -> None:
        """Start the guard's process; it ends with this one."""
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _GUARD], stdin=subprocess.PIPE, text=True
        )

    def close(self) -> None:
        """End the guard's process, and what it still guards."""
        self._process.communicate()

    def run(
        self, command: list[str], *, cwd: Path, env: Mapping[str, str], captured: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever its exit code.

        Ctrl-C reaches the command through the terminal; we only wait for what it makes
        of it. Signals that reach us alone are passed on.

        Args:
            command: the program and its arguments.
            cwd: where it runs.
            env: its whole environment.
            captured: its output is returned; else it goes where ours goes.
        """
        pipe = subprocess.PIPE if captured else None
        with subprocess.Popen(
            command, cwd=cwd, env=env, stdout=pipe, stderr=pipe, text=True
        ) as process:
            self._toggle(process.pid)
            with _signals_passed_to(process):
                stdout, stderr = process.communicate()
            self._toggle(process.pid)
        return subprocess.CompletedProcess(command, process.returncode, stdout or "", stderr or "")

    def _toggle(self, pid: int) -> None:
        if self._process.stdin:
            self._process.stdin.write(f"{pid}\n")
            self._process.stdin.flush()


@contextmanager
def _signals_passed_to(process: "subprocess.Popen[str]") -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals; it does
        return

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if not (number == signal.SIGINT and sys.stdin.isatty()):
            process.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
