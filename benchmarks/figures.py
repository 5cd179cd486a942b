"""What the benchmark of the runtime makes of its measurements: ratios, places, a table.

Pure: seconds and bytes in, text out.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from benchmarks.work import LARGE

MIB = 1024 * 1024
# How much faster than the SDK, as its documentation shows it, ours must be: by cloud, task
# and milliseconds of latency.
BARS = {
    ("aws", "up", 20): 1.4,
    ("gcp", "up", 20): 1.15,
    ("aws", "list", 0): 2.0,
    ("aws", "list", 20): 1.6,
    ("aws", "empty", 0): 2.0,
    ("aws", "empty", 20): 2.0,
    ("gcp", "empty", 0): 5.0,
    ("gcp", "empty", 20): 5.0,
    ("aws", "large down", 0): 1.6,
    ("aws", "large down", 20): 1.6,
    ("gcp", "large down", 20): 1.6,
}
# How much memory a large download may take at most.
GROWTH_BAR = 64 * MIB


@dataclass(frozen=True)
class Turn:
    """What one run of one contender took.

    Attributes:
        seconds: from the first request to the last answer, on connections that stood.
        growth: bytes of memory, the most beyond what the process had before.
        server: seconds of CPU of the servers meanwhile.
        lag: seconds that the event loop was late, at most; None where there is no loop.
    """

    seconds: float
    growth: int
    server: float
    lag: float | None = None


@dataclass(frozen=True)
class Row:
    """One task at one latency.

    Attributes:
        cloud: `aws` or `gcp`.
        task: by name.
        latency: milliseconds there and back.
        turns: by contender, ours first and the SDK second; none of who has no way to do it.
        sdk_lag: of an event loop beside the SDK in threads, in seconds.
        failed: the peers that have a way to do it and could not.
    """

    cloud: str
    task: str
    latency: int
    turns: Mapping[str, Sequence[Turn]]
    sdk_lag: float
    failed: Set[str] = frozenset()

    @property
    def ours(self) -> Sequence[Turn]:
        """Our turns."""
        return next(iter(self.turns.values()))

    @property
    def sdk(self) -> Sequence[Turn]:
        """Those of the SDK as its documentation shows it, each beside one of ours."""
        return list(self.turns.values())[1]

    @property
    def ratio(self) -> float:
        """How many times as long the SDK took: the median of the turns' own ratios."""
        return statistics.median(
            sdk.seconds / ours.seconds for ours, sdk in zip(self.ours, self.sdk, strict=True)
        )

    @property
    def place(self) -> tuple[int, int]:
        """Ours among how many, by median seconds."""
        all_seconds = [seconds(turns) for turns in self.turns.values() if turns]
        return 1 + sum(each < seconds(self.ours) for each in all_seconds), len(all_seconds)

    @property
    def bar(self) -> float | None:
        """What the ratio must be at least."""
        return BARS.get((self.cloud, self.task, self.latency))

    def missed(self) -> Iterator[str]:
        """Yield what does not reach its bar, in words."""
        where = f"{self.cloud}: {self.task} at {self.latency} ms"
        if self.bar is None:
            return
        if self.ratio < self.bar:
            yield f"{where} is {self.ratio:.2f} times as fast, less than {self.bar}"
        if self.task == "large down" and (growth := growth_bytes(self.ours)) > GROWTH_BAR:
            yield f"{where} takes {growth / MIB:.0f} MiB, more than {GROWTH_BAR // MIB}"


def seconds(turns: Sequence[Turn]) -> float:
    """Return the median."""
    return statistics.median(turn.seconds for turn in turns)


def growth_bytes(turns: Sequence[Turn]) -> int:
    """Return the most."""
    return max(turn.growth for turn in turns)


def heading(cloud: str, contenders: Sequence[str]) -> str:
    """Return the first lines of a cloud's table.

    Args:
        cloud: its name.
        contenders: ours first and the SDK second.
    """
    ours, sdk, *peers = contenders
    columns = [
        *("task", "ms", ours, sdk, "ratio", "bar", "place", *peers),
        *("server CPU", "loop's lag, ms"),
    ]
    legend = (
        f"\n{cloud}: seconds (MiB of memory); ratio = {sdk} / {ours}; CPU (seconds) and lag: "
        f"{ours} / {sdk}\n"
    )
    return f"{legend}{_line(columns)}\n{_line(['---'] * len(columns))}"


def line(row: Row, name: str) -> str:
    """Return a row's line in it.

    Args:
        row: measured.
        name: of the task, for people.
    """
    ours, sdk, *peers = (_cell(row, name, turns) for name, turns in row.turns.items())
    verdict = "MISSED" if any(row.missed()) else "met"
    bar = "" if row.bar is None else f"{row.bar:g} {verdict}"
    place, among = row.place
    cells = [
        *(name, str(row.latency), ours, sdk, f"{row.ratio:.2f}", bar, f"{place} of {among}"),
        *peers,
        *(_server(row), _lags(row)),
    ]
    return _line(cells)


def _cell(row: Row, name: str, turns: Sequence[Turn]) -> str:
    if not turns:
        return "failed" if name in row.failed else "-"
    memory = f" ({growth_bytes(turns) / MIB:.0f})" if row.task in LARGE else ""
    return f"{seconds(turns):.2f}{memory}"


def _server(row: Row) -> str:
    ours, sdk = (statistics.median(turn.server for turn in turns) for turns in (row.ours, row.sdk))
    return f"{ours:.2f} / {sdk:.2f}"


def _lags(row: Row) -> str:
    ours = statistics.median(turn.lag or 0 for turn in row.ours)
    return f"{ours * 1000:.0f} / {row.sdk_lag * 1000:.0f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
