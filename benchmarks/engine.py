"""`make bench-engine`: what our program adds to what Pulumi itself costs.

Ours is the program as it is committed, with so many users in the committed stack file.
The bare program registers the same resources with constant inputs: the same types, names,
inputs, parents, dependencies and options, through the same classes of the same SDKs, in
one loop over a list of what ours recorded (`bare_program`). It reads no config, checks
nothing, makes up no name or policy, and passes no output on. That both stacks hold the
same is compared each time. Python's garbage collector is as each program leaves it: off in
ours (`__main__.py`), on in the bare one.

Both run under the same engine, plugins and emulator, in workspaces of their own in a
temporary folder, turn by turn. `preview` is of a stack of which nothing exists yet,
`first up` makes it, `no-op up` finds everything as it should be. Seconds are medians; a
ratio is the median of the ratios of two runs in a row, so that a machine that slows down
half-way does not decide it. First up is run once. Memory is the peak of the largest
process of its kind, ours and bare.

Ends with exit code 1 where a ratio is over the bar.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import ending
from benchmarks.contest import STEPS, ContestError, Measured, Result, contest

_STACKS = ("aws", "gcp")
_USERS = (10, 50, 100)
# What an operator waits for with every change; a stack is made once.
_BARRED_STEPS = ("preview", "no-op up")
_BARRED_USERS = 50
_BAR = 1.25


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engine",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--users", type=int, nargs="+", default=_USERS, help="sizes of stacks")
    sizes = parser.parse_args().users
    over: list[str] = []
    for stack in _STACKS:
        print(heading(stack), flush=True)
        for users in sizes:
            print(f"{stack}, {users} users", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(prefix="cmbcluster-storage-") as folder:
                result = contest(stack, users, Path(folder))
            print(row(result), flush=True)
            over += missed(stack, result)
    for line in over:
        print(line, file=sys.stderr)
    return 1 if over else 0


def heading(stack: str) -> str:
    """Return the first lines of a cloud's table."""
    columns = ["users", "resources", *(f"{step}, s" for step in STEPS), "engine, MB", "program, MB"]
    return f"\n{stack}: ours / bare = ratio\n{_line(columns)}\n{_line(['---'] * len(columns))}"


def row(result: Result) -> str:
    """Return a contest's line in it."""
    memory = (
        f"{result.ours.get(kind, '-')} / {result.bare.get(kind, '-')}"
        for kind in ("engine", "program")
    )
    steps = (_cell(result.steps[step]) for step in STEPS)
    return _line([str(result.users), str(result.resources), *steps, *memory])


def _cell(step: Measured) -> str:
    return f"{step.ours:.1f} / {step.bare:.1f} = {step.ratio:.2f}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def missed(stack: str, result: Result) -> Iterator[str]:
    """Yield what is over the bar, in words."""
    if result.users != _BARRED_USERS:
        return
    for step in _BARRED_STEPS:
        if (ratio := result.steps[step].ratio) > _BAR:
            yield f"{stack}: {step} at {result.users} users is {ratio:.2f}, more than {_BAR}"


if __name__ == "__main__":
    ending.run(main, ContestError)
