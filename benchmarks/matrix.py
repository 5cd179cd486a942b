"""From a commit that changes one line to the matrix of CI's jobs, as CI does it: a process."""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contest import ContestError
from infra import stack_files
from infra.shards import editing
from sandbox.workspace import CHECKOUT

_GIT = ("git", "-c", "user.name=ann", "-c", "user.email=ann@example.org")


@dataclass(frozen=True)
class Matrix:
    """What it took.

    Attributes:
        seconds: the median.
        megabytes: the peak of the process.
    """

    seconds: float
    megabytes: int


def matrix(folder: Path, turns: int) -> Matrix:
    """Make a folder of stack files a repository, commit a user's line and measure.

    Raises:
        ContestError: the change is not of that one stack.
    """
    _git(folder, "init", "--quiet")
    _commit(folder)
    stack = stack_files.stacks(folder)[-1]
    path = stack_files.path_of(folder, stack)
    one_more = [editing.entry("new@example.org")]
    path.write_text(editing.with_entries(path.name, path.read_text("utf-8"), one_more), "utf-8")
    _commit(folder)
    seconds, kilobytes = zip(*(_run(folder, stack) for _ in range(turns)), strict=True)
    return Matrix(statistics.median(seconds), max(kilobytes) // 1024)


def _run(folder: Path, stack: str) -> tuple[float, int]:
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "infra.shards", "touched", "HEAD~1"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        told = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if told.strip() != f'["{stack}"]':
        raise ContestError(f"one line of {stack} has changed, and the matrix is {told}")
    return seconds, usage.ru_maxrss


def _commit(folder: Path) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "a change")


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run([*_GIT, *arguments], cwd=folder, check=True)
