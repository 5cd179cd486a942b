"""From a commit that changes one line to the matrix of CI's jobs, as CI does it: a process."""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contest import ContestError
from benchmarks.memory import peak_megabytes
from infra import stack_files
from infra.shards import editing
from sandbox.workspace import CHECKOUT

# `python -m infra.shards`, which tells its peak at its end: what a parent is told of a child
# (ru_maxrss) begins with what the parent has.
_TOUCHED = """
import atexit, runpy, sys
from pathlib import Path
atexit.register(lambda: print(Path("/proc/self/status").read_text(), file=sys.stderr))
runpy.run_module("infra.shards", run_name="__main__", alter_sys=True)
"""
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
    seconds, megabytes = zip(*(_run(folder, stack) for _ in range(turns)), strict=True)
    return Matrix(statistics.median(seconds), max(megabytes))


def _run(folder: Path, stack: str) -> tuple[float, int]:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _TOUCHED, "touched", "HEAD~1"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.stdout.strip() != f'["{stack}"]':
        raise ContestError(
            f"one line of {stack} has changed, and the matrix is {done.stdout}{done.stderr}"
        )
    return seconds, peak_megabytes(done.stderr)


def _commit(folder: Path) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "a change")


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run([*_GIT, *arguments], cwd=folder, check=True)
