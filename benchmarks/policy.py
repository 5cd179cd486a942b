"""`make bench-policy`: how much longer the policy pack makes a preview.

A shard of which nothing exists is previewed with the pack and without it, turn by turn, in one
workspace per cloud. The ratio of the two is the median of the pairs' own. Ends with exit code 1
where the pack takes a quarter of the time of a preview without it, or more.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks import ending
from benchmarks.contest import (
    PREVIEW,
    Contestant,
    ContestError,
    Measured,
    measured,
    workspace_of,
)
from sandbox.run import Run

_STACKS = ("aws", "gcp")
_USERS = 50
_PAIRS = 9
_BAR = 1.25
_JUDGED = (*PREVIEW, "--policy-pack", "policy")


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.policy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--users", type=int, default=_USERS, help="of the shard")
    users = parser.parse_args().users
    print("| cloud | users | with the pack, s | without, s | ratio |")
    print("| --- | --- | --- | --- | --- |")
    over = False
    for stack in _STACKS:
        with tempfile.TemporaryDirectory(prefix="cmbcluster-storage-") as folder:
            found = _pairs(stack, users, Path(folder))
        seconds = f"{found.ours:.1f} | {found.bare:.1f}"
        print(f"| {stack} | {users} | {seconds} | {found.ratio:.2f} |", flush=True)
        over |= found.ratio >= _BAR
    return 1 if over else 0


def _pairs(stack: str, users: int, folder: Path) -> Measured:
    with Run(workspace_of(stack, users, folder), stack) as run:
        contestant = Contestant(stack, run)
        contestant.measure("warm up", *_JUDGED)
        for pair in range(_PAIRS):
            order = (("with", _JUDGED), ("without", PREVIEW))
            for step, command in order if pair % 2 else reversed(order):
                contestant.measure(step, *command)
    return measured(contestant.seconds["with"], contestant.seconds["without"])


if __name__ == "__main__":
    ending.run(main, ContestError)
