"""A user moves from shard to shard: the bucket stays, whatever happens to the command."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import Stack

from infra.move import command
from infra.move.engine import Engine
from infra.move.states import State
from sandbox.engine import path as engine_path

ANN = "ann@example.org"


@dataclass
class Told:
    """What the command returned and printed, without the project's folder."""

    code: int
    out: list[str]
    error: str


class Shards:
    """Two stacks of one workspace: the provisioned one, with ann and bob, and an empty one."""

    def __init__(self, stack: Stack, capfd: pytest.CaptureFixture[str]) -> None:
        self.stack = stack
        self.project = stack.workspace.project
        self.first, self.second = stack.name, f"{stack.name}-002"
        self.state = stack.workspace.folder / "state/.pulumi"
        self.locks = self.state / "locks/organization/cmbcluster-storage"
        self._capfd = capfd
        self.place(**{self.second: []})
        stack.pulumi("stack", "init", self.second, "--no-select")

    def place(self, **users: list[Any]) -> None:
        """Write who is in which stack's file, as an operator would."""
        for stack, entries in users.items():
            self.edit(stack, lambda config, entries=entries: config.update(users=entries))

    def edit(self, stack: str, change: Callable[[dict[str, Any]], object]) -> None:
        path = self.stack.stack_files / f"Pulumi.{stack}.yaml"
        like = path if path.exists() else self.stack.stack_files / f"Pulumi.{self.first}.yaml"
        settings = yaml.safe_load(like.read_text("utf-8"))
        config = {key.partition(":")[2]: value for key, value in settings["config"].items()}
        change(config)
        settings["config"] = {f"cmbcluster-storage:{key}": value for key, value in config.items()}
        path.write_text(yaml.safe_dump(settings), "utf-8")
        self.stack.workspace.prepare()

    def move(self, *users: str, back: bool = False) -> Told:
        """Run the command in this process."""
        self._capfd.readouterr()
        ends = (self.second, self.first) if back else (self.first, self.second)
        code = command.main([*users, "--from", ends[0], "--to", ends[1]])
        out, error = self._capfd.readouterr()
        return Told(code, out.replace(f"{self.project}/", "").splitlines(), error)

    def killed(self, tmp_path: Path, moment: str, *users: str) -> str:
        """Run the command as a process that is killed at a moment; return its last line."""
        (tmp_path / "pulumi").write_text(_KILLER.format(python=sys.executable), "utf-8")
        (tmp_path / "pulumi").chmod(0o755)
        environment = self.stack.run.environment
        done = subprocess.run(
            [sys.executable, "-m", "infra.move", *users, "--from", self.first, "--to", self.second],
            cwd=self.project,
            env=environment
            | {
                "PATH": f"{tmp_path}:{environment['PATH']}",
                "ENGINE": str(engine_path()),
                "MOMENT": moment,
                "SOURCE_LOCKS": str(self.locks / self.first),
                "TARGET_LOCKS": str(self.locks / self.second),
                "TARGET": str(self.state / f"stacks/cmbcluster-storage/{self.second}.json"),
                "SLUG": self.stack.hand.slug(ANN),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
        return done.stdout.splitlines()[-1].replace(f"{self.project}/", "")

    def states(self) -> tuple[State, State]:
        first, second = (
            State(name, self.stack.pulumi("stack", "export", "--stack", name))
            for name in (self.first, self.second)
        )
        return first, second

    def users(self) -> list[set[str]]:
        """Return who is in either state."""
        return [
            {user for user in (ANN, "bob") if state.of_user(self.stack.hand.slug(user))}
            for state in self.states()
        ]

    def exports(self) -> list[str]:
        return sorted(str(path.name) for path in self.project.glob(".pulumi-move/*/*"))


# A `pulumi` that kills the command that runs it, and at one moment itself as well: the lock of
# the source is a pipe that nobody writes to, so the engine waits with the target just saved.
_KILLER = """#!{python}
import os, signal, subprocess, sys, time
from pathlib import Path
told = " ".join(sys.argv)
engine = [os.environ["ENGINE"], *sys.argv[1:]]
moment = os.environ["MOMENT"]
if moment == "between the saves" and "state move" in told:
    lock = Path(os.environ["SOURCE_LOCKS"]) / "lock.json"
    os.mkfifo(lock)
    process = subprocess.Popen(engine)
    target, locks = Path(os.environ["TARGET"]), Path(os.environ["TARGET_LOCKS"])
    while os.environ["SLUG"] not in target.read_text() or list(locks.glob("*.json")):
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    lock.unlink()
elif moment not in told:
    os.execv(engine[0], engine)
os.kill(os.getppid(), signal.SIGKILL)
"""


@pytest.fixture
def shards(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Shards:
    for name, value in stack.run.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(stack.workspace.project)
    return Shards(stack, capfd)


def done(source: str, target: str) -> str:
    return (
        f"Done. `pulumi up --stack {target}`, then `pulumi up --stack {source}` bring their "
        "outputs up to date, which the hub reads; nothing else will change."
    )


def test_users_move_to_an_empty_shard_and_back_with_all_that_is_theirs(shards: Shards):
    stack, first, second = shards.stack, shards.first, shards.second
    hand, bucket = stack.hand, stack.outputs()["users"][ANN]["bucketName"]
    hand.write(bucket, "spectrum.csv", b"l,Cl", b"l,Cl,error")
    settings, state = hand.settings(bucket), shards.states()[0]
    before, size = state.facts(), len(state.of_user(hand.slug(ANN)))
    shards.place(**{first: ["bob"], second: [ANN]})

    told = shards.move(ANN)

    folder = f".pulumi-move/{hand.slug(ANN)}-{first}-{second}"
    assert told == Told(
        0,
        [
            f"Stack files: {ANN} moved to Pulumi.{second}.yaml; nothing else differs.",
            f"Locks: nobody is changing {first} or {second}.",
            f"Exported both states to {folder}.",
            f"Moved {size} resources from {first} to {second}.",
            f"Preview of {first}: no changes.",
            f"Preview of {second}: no changes.",
            "Removed the exported states.",
            done(first, second),
        ],
        "",
    )
    assert not (shards.project / ".pulumi-move").exists()
    assert shards.users() == [{"bob"}, {ANN}]
    moved = shards.states()[1]
    theirs = moved.of_user(hand.slug(ANN))
    assert {key: moved.facts()[key] for key in theirs} == {key: before[key] for key in theirs}
    assert [
        (resource["protect"], resource["retainOnDelete"])
        for resource in theirs.values()
        if resource["type"].endswith(":Bucket")
    ] == [(True, True)]
    assert hand.settings(bucket) == settings
    assert hand.bodies(bucket, "spectrum.csv") == [b"l,Cl,error", b"l,Cl"]

    assert stack.steps("up", "--stack", second) == {}
    outputs = json.loads(stack.pulumi("stack", "output", "users", "--json", "--stack", second))
    assert outputs[ANN]["bucketName"] == bucket

    shards.place(**{first: ["bob", {"id": ANN}], second: []})
    assert shards.move(ANN, back=True).code == 0
    back = shards.states()[0].of_user(hand.slug(ANN))
    assert {key: one.get("id") for key, one in back.items()} == {
        key: before[key].get("id") for key in theirs
    }


def test_killed_at_any_moment_the_command_goes_on(shards: Shards, tmp_path: Path):
    first, second = shards.first, shards.second
    before = shards.states()
    size = len(before[0].of_user(shards.stack.hand.slug(ANN)))
    shards.place(**{first: ["bob"], second: [ANN]})

    shards.killed(tmp_path, "state move", ANN)
    assert shards.users() == [{ANN, "bob"}, set()]
    assert shards.exports() == ["source.json", "target.json"]

    last = shards.killed(tmp_path, "between the saves", ANN)
    assert last.startswith("Exported both states")
    assert shards.users() == [{ANN, "bob"}, {ANN}]

    last = shards.killed(tmp_path, "preview", ANN)
    assert last == f"Took {size} resources out of {first}: {second} had them already."
    assert shards.users() == [{"bob"}, {ANN}]
    assert [
        path.read_text("utf-8") for path in sorted(shards.project.glob(".pulumi-move/*/*"))
    ] == [state.text for state in before]

    told = shards.move(ANN)
    assert (told.code, told.out[2:], told.error) == (
        0,
        [
            f"Nothing to move: {second} has them, {first} has not.",
            f"Preview of {first}: no changes.",
            f"Preview of {second}: no changes.",
            "Removed the exported states.",
            done(first, second),
        ],
        "",
    )
    assert shards.exports() == []


def label(config: dict[str, Any]) -> None:
    config["buckets"]["labels"] = {"team": "cmb"}


ADVICE = (
    "Put the entries back where they were, make the other changes with `pulumi up`, and move the "
    "entries again.\n"
)


def test_previews_with_changes_restore_both_states_also_those_of_a_killed_run(
    shards: Shards, tmp_path: Path
):
    first, second = shards.first, shards.second
    before = shards.states()
    shards.place(**{first: [], second: [ANN, "bob"]})
    shards.edit(first, label)
    shards.edit(second, label)

    shards.killed(tmp_path, "between the saves", "bob", ANN)
    assert shards.users() == [{ANN, "bob"}, {ANN, "bob"}]
    told = shards.move("bob", ANN)

    folder = shards.project / f".pulumi-move/{shards.stack.hand.slug(ANN)}-and-1-{first}-{second}"
    assert told.code == 1
    assert told.out[-1] == f"Preview of {first}: no changes."
    assert told.error.startswith(f"The preview of {second} is not without changes:\n")
    for user in (ANN, "bob"):
        assert f"{shards.stack.hand.slug(user)}-bucket update" in told.error
    assert told.error.endswith(
        f"Both states are as they were before the move; copies are in {folder}.\n{ADVICE}"
    )
    assert [state.facts() for state in shards.states()] == [state.facts() for state in before]


def test_a_state_that_somebody_else_has_changed_is_not_overwritten(
    shards: Shards, monkeypatch: pytest.MonkeyPatch
):
    first, second = shards.first, shards.second
    shards.place(**{first: ["bob"], second: [ANN]})

    def meanwhile(_engine: Engine, stack: str) -> str:
        if stack == first:
            return ""
        key = next(iter(shards.states()[1].of_user(shards.stack.hand.slug(ANN)).values()))["urn"]
        shards.stack.pulumi("state", "protect", "--yes", "--stack", second, key)
        return "~ something"

    monkeypatch.setattr(Engine, "changes", meanwhile)
    told = shards.move(ANN)

    folder = next(shards.project.glob(".pulumi-move/*"))
    changes = f"The preview of {second} is not without changes:\n~ something\n\n"
    assert (told.code, told.error) == (
        1,
        f"{changes}Nothing was undone: the states differ by more than this move from those before "
        f"it, which are in {folder}.\n{ADVICE}",
    )
    assert shards.users() == [{"bob"}, {ANN}]
    assert shards.exports() == ["source.json", "target.json"]

    shutil.rmtree(folder)
    told = shards.move(ANN)
    assert (told.code, told.error) == (
        1,
        f"{changes}Nothing was undone: this command has moved nothing from {first} to {second}.\n"
        f"{ADVICE}",
    )


def test_what_is_locked_or_unknown_is_left_alone(shards: Shards):
    before = shards.states()
    shards.place(**{shards.first: ["bob"], shards.second: [ANN]})

    for name in (shards.first, shards.second):
        lock = shards.locks / name / "somebody.json"
        lock.write_text(
            '{"pid": 1, "username": "eve", "hostname": "hub", "timestamp": "2026-01-02T03:04:05Z"}'
        )
        told = shards.move(ANN)
        lock.unlink()

        assert (told.code, told.out[1:]) == (1, [])
        assert told.error.startswith(
            f"{name} is locked, and nothing was changed; wait, or if its holder is gone, "
            f"`pulumi cancel --stack {name}`\nerror: the stack is currently locked by 1 lock(s)."
        )
        assert "created by eve@hub (pid 1)" in told.error
    assert shards.states() == before

    shards.stack.pulumi("stack", "rm", shards.second, "--yes", "--preserve-config")
    told = shards.move(ANN)

    assert (told.code, told.error) == (
        2,
        f"{shards.second}: this backend has no such stack; `pulumi stack init {shards.second} "
        "--no-select` makes it, `pulumi login` changes the backend\n",
    )
    assert shards.exports() == []
