"""Runs one task as one contender does it, in a process of its own, and prints its figures.

`python -m benchmarks.contender MODULE [TASK WORK [beside-loop]]`, from the checkout and with
the contender's own Python. MODULE is one of `benchmarks.contenders`; what of ours runs in a
peer's process is this and three modules of the standard library alone.

With `beside-loop` the task runs in a thread of a program that has an event loop, which is
what a hub does with an SDK that blocks; the loop's lag is told, the seconds are not for use.
"""

import asyncio
import importlib
import json
import os
import sys
import time
from pathlib import Path

from benchmarks.lag import watched
from benchmarks.work import LARGE, Task, Work
from sandbox.processes import exit_with_parent

_HELD_MIB = 512


def main(module: str, task: str = "", work: str = "", *beside_loop: str) -> None:
    """Prepare, run and print; without a task, print those that it has a way to do."""
    exit_with_parent()
    tasks: dict[str, Task] = importlib.import_module(f"benchmarks.contenders.{module}").TASKS
    if not task:
        print(json.dumps(list(tasks)))
        return
    given = Work.read(work)
    if task in LARGE:
        _hold_memory(given.path)
    run = tasks[task](given)
    if beside_loop:
        work_on, run = run, lambda: asyncio.run(watched(asyncio.to_thread(work_on)))
    given.path.unlink(missing_ok=True)  # to replace a large file takes the disk's time
    # The kernel begins anew to note the most that this process has held.
    Path("/proc/self/clear_refs").write_text("5")
    base = _resident("VmRSS")
    started = time.perf_counter()
    told = run()
    seconds = time.perf_counter() - started
    figures = {
        "seconds": seconds,
        "growth": _resident("VmHWM") - base,
        "lag": told if isinstance(told, float) else None,
    }
    print(json.dumps(figures), flush=True)
    # Threads of a peer's that still run cannot spoil the end.
    os._exit(0)


def _hold_memory(path: Path) -> None:
    """Make a file, whose memory is free as soon as it is removed.

    What a virtual machine leaves unused for two seconds goes back to its host, and whoever
    asks for it next waits for the host at each page: half a second, for what a large object
    takes, or nothing.
    """
    with path.open("wb", buffering=0) as file:
        for _ in range(_HELD_MIB):
            file.write(bytes(1024 * 1024))


def _resident(name: str) -> int:
    """Return bytes of this process' memory: `VmRSS` now, `VmHWM` at most."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


if __name__ == "__main__":
    main(*sys.argv[1:])
