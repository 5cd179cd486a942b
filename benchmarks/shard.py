"""One shard of a fleet under measurement: its steps, what they took and did."""

import re
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contest import ContestError
from benchmarks.counted import OpenedFiles, Requests
from benchmarks.memory import Peaks
from infra.shards import editing
from sandbox.run import Run

STEPS = ("no-op up", "preview", "arrival")

_INTERRUPTED = "^C received"  # what the engine says of Ctrl-C
# As Go writes them: without the zeros at their end.
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.]*(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Counted:
    """What one step did.

    Attributes:
        requests: to the emulator.
        files: opened, each once.
        state_bytes: of the backend's files that are new or another at its end, less times.
    """

    requests: int
    files: int
    state_bytes: int


class MeasuredShard:
    """A shard in its fleet's workspace, and what its steps took and did.

    Attributes:
        users: of the fleet.
        seconds: of each step, by turn.
        counted: likewise.
        megabytes: peaks of `engine` and `program`.
    """

    def __init__(self, users: int, run: Run) -> None:
        """Take the fleet's size, and the run of its workspace with the shard as its stack."""
        self.users = users
        self.seconds: dict[str, list[float]] = {step: [] for step in STEPS}
        self.counted: dict[str, list[Counted]] = {step: [] for step in STEPS}
        self.megabytes: dict[str, int] = {}
        self._run = run
        self._requests = Requests(run.emulator.url)
        run.environment = {
            name: value.replace(run.emulator.url, self._requests.url)
            for name, value in run.environment.items()
        }
        self._file = run.workspace.project / f"Pulumi.{run.stack}.yaml"
        self._state = run.workspace.folder / "state"

    def run_turn(self, turn: int) -> None:
        """Run every step once; before turn 0 nothing is kept."""
        self._measure("no-op up", turn, "up", "--skip-preview", "--expect-no-changes")
        one_more = [editing.entry(f"new-{turn:02}@example.org")]
        text = self._file.read_text("utf-8")
        self._file.write_text(editing.with_entries(self._file.name, text, one_more), "utf-8")
        self._measure("preview", turn, "preview")
        self._measure("arrival", turn, "up", "--skip-preview")

    def _measure(self, step: str, turn: int, *command: str) -> None:
        before, requests = self._files(), self._requests.count
        with OpenedFiles(self._folders()) as opened, Peaks() as peaks:
            started = time.perf_counter()
            self._pulumi(*command)
            seconds = time.perf_counter() - started
        print(f"  {self.users}: {step} {seconds:.1f} s", file=sys.stderr, flush=True)
        if turn < 0:
            return
        self.seconds[step].append(seconds)
        written = [path for path, then in self._files().items() if before.get(path) != then]
        self.counted[step].append(
            Counted(
                self._requests.count - requests,
                len(opened.paths),
                sum(len(_TIME.sub(b"", path.read_bytes())) for path in written),
            )
        )
        for kind, peak in peaks.megabytes.items():
            self.megabytes[kind] = max(peak, self.megabytes.get(kind, 0))

    def _folders(self) -> list[Path]:
        """Return what is watched: the project, and all of the state and the clusters."""
        workspace = self._run.workspace
        below = (self._state, workspace.clusters)
        return [workspace.project, *(one for top in below for one in _folders_in(top))]

    def _files(self) -> dict[Path, int]:
        """Return the files of the backend and when each was written."""
        return {path: path.stat().st_mtime_ns for path in self._state.rglob("*") if path.is_file()}

    def _pulumi(self, *arguments: str) -> None:
        done = self._run.pulumi(*arguments, captured=True)
        told = (done.stdout + done.stderr).strip()
        if done.returncode == -signal.SIGINT or _INTERRUPTED in told:
            raise KeyboardInterrupt  # it was the engine's to take
        if done.returncode:
            raise ContestError(f"{self.users}: `pulumi {' '.join(arguments)}` failed:\n{told}")


def _folders_in(top: Path) -> list[Path]:
    return [top, *(path for path in top.rglob("*") if path.is_dir())]
