"""Runs one task as one contender does it, in a process of its own, and prints its figures.

`python benchmarks/contender.py MODULE FOLDER TASK BUCKET`: MODULE is a file of
`benchmarks/contenders`, which imports nothing of ours but itself, so that a peer's
environment needs nothing else.
"""

import importlib.util
import json
import resource
import sys
import threading
import time
from pathlib import Path

PAGE = 4096


class Peak(threading.Thread):
    """Watches how much memory the process has beyond what it had."""

    def __init__(self) -> None:
        """Start from now."""
        super().__init__(daemon=True)
        self.base = self.now()
        self.most = self.base
        self.ended = threading.Event()

    @staticmethod
    def now() -> int:
        """Return the resident bytes."""
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE

    def run(self) -> None:
        """Look every few milliseconds."""
        while not self.ended.wait(0.005):
            self.most = max(self.most, self.now())


def main() -> None:
    """Prepare, run and print."""
    path, folder, task, bucket = sys.argv[1:]
    spec = importlib.util.spec_from_file_location("contender", path)
    assert spec  # noqa: S101 - the file is ours
    assert spec.loader  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    run = module.TASKS[task](bucket, Path(folder))
    peak = Peak()
    peak.start()
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    told = run()
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    peak.ended.set()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    figures = {"seconds": seconds, "cpu": cpu, "growth": peak.most - peak.base}
    print(json.dumps(figures | (told if isinstance(told, dict) else {})))


if __name__ == "__main__":
    main()
