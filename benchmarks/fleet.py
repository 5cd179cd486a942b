"""`make bench-fleet`: what one shard's change costs in a fleet of 100, 1,000 and 10,000 users.

Each fleet has a workspace and an emulator of its own, filled with all that its users have
(`fleets`): 50 in each stack file. The same shard is measured in all of them, turn by turn:

- `no-op up`: the shard is as its file says;
- `preview`: its file has one user more;
- `arrival`: the `up` that makes that user.

Requests to the emulator, files opened in the folders of the project, the state and the
cluster (by any process; Python's modules and the engine's home are not watched), and bytes
of state written (all files of the backend that a run makes or changes, as they are at its
end; times have another length each time and count as none) are to be equal in all
fleets. Seconds are medians; a ratio is the median of the ratios of two runs of one turn. The
emulators save at their end only: how long that takes is theirs, not the stack's. Memory is
the peak of the largest process of its kind. `matrix` is `python -m infra.shards touched` as
a process: from a commit that changes one line to the JSON of CI's matrix.

Ends with exit code 1 where something is not equal, or over the bar.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import ending, fleets
from benchmarks.contest import ContestError
from benchmarks.matrix import Matrix, matrix
from benchmarks.shard import STEPS, Counted, MeasuredShard
from sandbox.run import Run
from sandbox.servers import SAVE_AFTER
from sandbox.workspace import Workspace

_STACKS = ("aws", "gcp")
_USERS = (100, 1_000, 10_000)
_TURNS = 5
_BAR = 1.15
_NEVER_SECONDS = "86400"


@dataclass(frozen=True)
class Result:
    """What one fleet cost.

    Attributes:
        users: in it.
        seconds: of each step, by turn.
        counted: of each step, by turn.
        megabytes: peaks of `engine` and `program`.
        matrix: from a diff to the matrix.
    """

    users: int
    seconds: Mapping[str, Sequence[float]]
    counted: Mapping[str, Sequence[Counted]]
    megabytes: Mapping[str, int]
    matrix: Matrix


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fleet",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--users", type=int, nargs="+", default=_USERS, help="sizes of fleets")
    parser.add_argument("--turns", type=int, default=_TURNS, help="runs of each step")
    parser.add_argument("--stacks", nargs="+", default=_STACKS, choices=_STACKS)
    args = parser.parse_args()
    os.environ[SAVE_AFTER] = _NEVER_SECONDS
    wrong: list[str] = []
    for stack in args.stacks:
        with tempfile.TemporaryDirectory(prefix="cmbcluster-storage-") as folder:
            results = measure(stack, args.users, args.turns, Path(folder))
        print("\n".join(table(stack, results)), flush=True)
        wrong += missed(stack, results)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def measure(stack: str, sizes: Sequence[int], turns: int, folder: Path) -> list[Result]:
    """Make the fleets and run every step in each, so many times.

    Raises:
        ContestError: a command failed.
    """
    seed = _seed(stack, folder / "seed")
    with ExitStack() as running:
        shards: list[MeasuredShard] = []
        for users in sizes:
            print(f"{stack}: filling {users} users", file=sys.stderr, flush=True)
            workspace = fleets.fleet(seed, folder / str(users), stack, users)
            run = running.enter_context(Run(workspace, fleets.measured(stack)))
            shards.append(MeasuredShard(users, run))
        for turn in range(-1, turns):  # the first fills caches and is not counted
            for shard in shards if turn % 2 else reversed(shards):
                shard.run_turn(turn)
    return [
        Result(
            shard.users,
            shard.seconds,
            shard.counted,
            shard.megabytes,
            matrix(folder / str(shard.users) / "stack-files", turns),
        )
        for shard in shards
    ]


def _seed(stack: str, folder: Path) -> Path:
    """Make the shard that is measured; return the folder of its workspace."""
    fleets.write_stack_files(folder / "stack-files", stack, 2 * fleets.PER_SHARD)
    workspace = Workspace(folder / "workspace", folder / "stack-files")
    with Run(workspace, fleets.measured(stack)) as run:
        print(f"{stack}: making one shard", file=sys.stderr, flush=True)
        done = run.pulumi("up", "--skip-preview", captured=True)
        if done.returncode:
            raise ContestError(f"`pulumi up` failed:\n{done.stdout}{done.stderr}")
    shutil.rmtree(folder / "stack-files")
    return folder


def table(stack: str, results: Sequence[Result]) -> Iterator[str]:
    """Yield the lines of a cloud's table, the smallest fleet first."""
    first = results[0]
    columns = [
        *("users", "step", "seconds", "ratio"),
        *("requests", "files", "state, kB", "engine, MB", "program, MB"),
    ]
    yield ""
    yield f"{stack}: ratio to {first.users} users, both of one turn"
    yield _line(columns)
    yield _line(["---"] * len(columns))
    for result in results:
        for step in STEPS:
            counted = result.counted[step][-1]
            yield _line(
                [
                    f"{result.users:,}",
                    step,
                    f"{statistics.median(result.seconds[step]):.2f}",
                    f"{ratio(result, first, step):.3f}",
                    str(counted.requests),
                    str(counted.files),
                    f"{counted.state_bytes / 1000:.1f}",
                    *(str(result.megabytes.get(kind, "-")) for kind in ("engine", "program")),
                ]
            )
    for result in results:
        found = result.matrix
        yield (
            f"{result.users:,} users, diff to matrix: {found.seconds:.2f} s, {found.megabytes} MB"
        )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def ratio(result: Result, first: Result, step: str) -> float:
    """Return how much longer a step takes than in the first fleet."""
    pairs = zip(result.seconds[step], first.seconds[step], strict=True)
    return statistics.median(one / other for one, other in pairs)


def missed(stack: str, results: Sequence[Result]) -> Iterator[str]:
    """Yield what is not equal in all fleets, or over the bar, in words."""
    first, last = results[0], results[-1]
    for step in STEPS:
        for result in results[1:]:
            for turn, (ours, theirs) in enumerate(
                zip(result.counted[step], first.counted[step], strict=True)
            ):
                if ours != theirs:
                    yield (
                        f"{stack}: {step}, turn {turn}: {ours} with {result.users:,} users, "
                        f"{theirs} with {first.users:,}"
                    )
        if (longer := ratio(last, first, step)) > _BAR:
            yield f"{stack}: {step} takes {longer:.3f} times as long, more than {_BAR}"


if __name__ == "__main__":
    ending.run(main, ContestError)
