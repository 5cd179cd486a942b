"""A contest: our program and the bare one on the same users, turn by turn."""

import json
import shutil
import signal
import statistics
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks import bare
from benchmarks.memory import Peaks
from sandbox.run import Run
from sandbox.workspace import CHECKOUT, Workspace

STEPS = ("preview", "first up", "no-op up")
_ROUNDS = 3
# A stack of which nothing exists, so that each preview of it is one of everything.
_NEW = "new"
PREVIEW = ("preview", "--stack", _NEW)
_INTERRUPTED = "^C received"  # what the engine says of Ctrl-C


class ContestError(Exception):
    """A command failed, or the two programs did not declare the same."""


@dataclass(frozen=True)
class Measured:
    """What one step took.

    Attributes:
        ours: seconds, the median of all turns.
        bare: the same of the bare program.
        ratio: the median of the turns' own ratios, each of two runs in a row.
    """

    ours: float
    bare: float
    ratio: float


@dataclass(frozen=True)
class Result:
    """What a contest found.

    Attributes:
        users: how many.
        resources: in the stack, itself included.
        steps: by name, as in STEPS.
        ours: peak memory in megabytes of "engine" and "program".
        bare: the same of the bare program.
    """

    users: int
    resources: int
    steps: dict[str, Measured]
    ours: dict[str, int]
    bare: dict[str, int]


def contest(stack: str, users: int, folder: Path) -> Result:
    """Run both programs.

    Args:
        stack: whose committed stack file both have, with other users.
        users: how many.
        folder: where their workspaces are made.

    Raises:
        ContestError: a command failed, or what was declared is not the same.
    """
    workspaces = [workspace_of(stack, users, folder / name) for name in ("ours", "bare")]
    with Run(workspaces[0], stack) as run, Run(workspaces[1], stack) as bare_run:
        ours, peer = Contestant("ours", run), Contestant("bare", bare_run)
        ours.warm_up()
        state = ours.made()
        bare.install(bare.constants(state), workspaces[1])
        if bare.declared(peer.made()) != bare.declared(state):
            raise ContestError("the bare program does not declare what ours does")
        for turn in range(_ROUNDS):
            order = (ours, peer) if turn % 2 else (peer, ours)
            for contestant in order:
                contestant.measure("preview", *PREVIEW)
            for contestant in order:
                contestant.measure("no-op up", "up", "--skip-preview", "--expect-no-changes")
    return Result(
        users,
        len(state["deployment"]["resources"]),
        {step: measured(ours.seconds[step], peer.seconds[step]) for step in STEPS},
        ours.megabytes,
        peer.megabytes,
    )


def measured(ours: list[float], bares: list[float]) -> Measured:
    """Return the medians of what both took, in the order of the turns."""
    ratios = [one / other for one, other in zip(ours, bares, strict=True)]
    return Measured(*(statistics.median(values) for values in (ours, bares, ratios)))


def workspace_of(stack: str, users: int, folder: Path) -> Workspace:
    """Return a workspace whose stack file, and that of the new stack, have these users."""
    stack_files = folder / "stack-files"
    stack_files.mkdir(parents=True)
    shutil.copy(CHECKOUT / "Pulumi.yaml", stack_files)
    settings = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text("utf-8"))
    settings["config"]["cmbcluster-storage:users"] = [
        f"user-{number:03}@example.org" for number in range(users)
    ]
    for name in (stack, _NEW):
        (stack_files / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    return Workspace(folder / "workspace", stack_files)


class Contestant:
    """One program in its workspace, and what its commands took."""

    def __init__(self, name: str, run: Run) -> None:
        """Take what it is called, and the run of its workspace."""
        self._name, self._run = name, run
        self._pulumi("stack", "init", _NEW)
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.megabytes: dict[str, int] = {}

    def warm_up(self) -> None:
        """Fill the caches of whatever a checkout has not run yet."""
        self._pulumi(*PREVIEW)

    def made(self) -> dict[str, Any]:
        """Make the stack; return its state."""
        self.measure("first up", "up", "--skip-preview")
        return json.loads(self._pulumi("stack", "export"))

    def measure(self, step: str, *command: str) -> None:
        """Run a command and keep what it took."""
        with Peaks() as peaks:
            started = time.perf_counter()
            self._pulumi(*command)
            seconds = time.perf_counter() - started
        print(f"  {self._name}: {step} {seconds:.1f} s", file=sys.stderr, flush=True)
        self.seconds[step].append(seconds)
        for kind, peak in peaks.megabytes.items():
            self.megabytes[kind] = max(peak, self.megabytes.get(kind, 0))

    def _pulumi(self, *arguments: str) -> str:
        done = self._run.pulumi(*arguments, captured=True)
        told = (done.stdout + done.stderr).strip()
        if done.returncode == -signal.SIGINT or _INTERRUPTED in told:
            raise KeyboardInterrupt  # it was the engine's to take
        if done.returncode:
            raise ContestError(f"{self._name}: `pulumi {' '.join(arguments)}` failed:\n{told}")
        return done.stdout
