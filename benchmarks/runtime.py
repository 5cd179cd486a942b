"""`make bench-runtime`: the runtime beside its peers, one table per cloud, from one run.

A server of ours on loopback (`benchmarks.servers`, for S3 and for Cloud Storage), at once and
20 ms later; a contender runs in a process of its own. Ours and the SDK, as its documentation
shows it, run turn by turn; the ratio is the median of the turns' own, so that a machine that
slows down half-way does not decide it. The other peers run once. Memory is the most that the
process held beyond what it had before. Where the CPU of the server comes near the seconds, it
is what was measured. The loop's lag is how late, at most, an event loop woke who slept in it:
ours in its own turns, the SDK's in a run of its own, in threads beside a loop. "-": this peer
has no way to do it; its module says why. One that fails is told of, and the others go on.

Peers are installed into `.sandbox/bench` on the first run: one or two minutes.

Ends with exit code 1 where a bar is missed or a peer fails.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import ending
from benchmarks.field import FIELD, Contender
from benchmarks.figures import BARS, Row, Turn, heading, line
from benchmarks.rig import LATENCIES, Rig, RunError, Scale
from sandbox.engine import SetupError

# Names and what they are, for people.
TASKS = {
    "up": "1,000 x 4 KiB up",
    "down": "1,000 x 4 KiB down",
    "large up": "256 MiB up",
    "large down": "256 MiB down",
    "list": "list 10,000",
    "empty": "empty of 10,000 versions",
    "copy": "256 MiB to the other cloud",
}
# Turns of ours and of the SDK: where a bar judges their ratio, and elsewhere.
_JUDGED, _SHOWN = 5, 3

# Runs a task as a contender; in a thread beside an event loop, if it is told so.
Runs = Callable[[Contender, bool], Turn | None]


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.runtime",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("clouds", nargs="*", help="aws, gcp; both without it")
    parser.add_argument(
        "--only",
        choices=TASKS,
        action="append",
        metavar="TASK",
        help=f"these tasks, ours and the SDK alone: {', '.join(TASKS)}",
    )
    given = parser.parse_args()
    clouds = given.clouds or list(FIELD)
    if unknown := set(clouds) - set(FIELD):
        parser.error(f"no such cloud: {', '.join(unknown)}")
    field = {cloud: FIELD[cloud][: 2 if given.only else None] for cloud in clouds}
    for contender in sorted({each for all_of in field.values() for each in all_of}, key=str):
        contender.ensure()
    missed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="cmbcluster-storage-") as folder:
        print("filling the servers", file=sys.stderr, flush=True)
        with Rig(Path(folder), Scale()) as rig:
            for cloud in clouds:
                missed += _table(rig, cloud, field[cloud], given.only or list(TASKS))
    for words in missed:
        print(words, file=sys.stderr)
    return 1 if missed else 0


def _table(
    rig: Rig, cloud: str, contenders: Sequence[Contender], tasks: Sequence[str]
) -> list[str]:
    """Print a cloud's table; return what missed its bar."""
    print(heading(cloud, [contender.name for contender in contenders]), flush=True)
    missed: list[str] = []
    for task in tasks:
        for latency in LATENCIES:
            print(f"{cloud}, {TASKS[task]}, {latency} ms", file=sys.stderr, flush=True)

            def run(
                contender: Contender, beside_loop: bool, task: str = task, latency: int = latency
            ) -> Turn | None:
                turn = rig.run(cloud, contender, task, latency, beside_loop=beside_loop)
                told = f"{turn.seconds:.2f} s" if turn else "-"
                print(f"  {contender.name}: {told}", file=sys.stderr, flush=True)
                return turn

            row = measured(cloud, task, latency, contenders, run)
            print(line(row, TASKS[task]), flush=True)
            missed += row.missed()
            missed += [f"{cloud}: {name} failed at {task}" for name in row.failed]
    return missed


def measured(
    cloud: str, task: str, latency: int, contenders: Sequence[Contender], run: Runs
) -> Row:
    """Return what all took: ours and the SDK turn by turn, the others once."""
    ours, sdk, *peers = contenders
    turns: dict[str, list[Turn]] = {contender.name: [] for contender in contenders}
    for number in range(_JUDGED if (cloud, task, latency) in BARS else _SHOWN):
        for contender in (ours, sdk) if number % 2 else (sdk, ours):
            turns[contender.name] += filter(None, [run(contender, False)])
    failed: set[str] = set()
    for peer in peers:
        try:
            turns[peer.name] += filter(None, [run(peer, False)])
        except RunError as error:
            print(error, file=sys.stderr, flush=True)
            failed.add(peer.name)
    beside = run(sdk, True)
    return Row(cloud, task, latency, turns, (beside and beside.lag) or 0, failed)


if __name__ == "__main__":
    ending.run(main, RunError, SetupError)
