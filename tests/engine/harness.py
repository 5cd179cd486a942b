"""A stack of a test's own: real engine, emulated clouds, a folder that is thrown away."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from hands import HANDS, Hand

from sandbox.run import Run
from sandbox.workspace import CHECKOUT, Workspace


class Stack:
    """One running workspace, and what tests do with it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.stack_files = folder / "stack-files"
        if not self.stack_files.exists():
            self.stack_files.mkdir(parents=True)
            for source in CHECKOUT.glob("Pulumi*.yaml"):
                shutil.copy(source, self.stack_files)
        self.workspace = Workspace(folder / "workspace", self.stack_files)
        self.run = Run(self.workspace, name)

    @property
    def hand(self) -> Hand:
        return HANDS[self.name](self.run.environment)

    @property
    def cluster(self) -> Path:
        return self.workspace.clusters / f"cmbcluster-{self.name}"

    def pulumi(self, *arguments: str) -> str:
        done = self.run.pulumi(*arguments, captured=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def failing(self, *arguments: str) -> str:
        done = self.run.pulumi(*arguments, captured=True)
        assert done.returncode != 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Edit the stack file as an operator would."""
        path = self.stack_files / f"Pulumi.{self.name}.yaml"
        settings = yaml.safe_load(path.read_text("utf-8"))
        change(settings)
        path.write_text(yaml.safe_dump(settings), "utf-8")
        self.workspace.prepare()

    def restore(self) -> None:
        shutil.copy(CHECKOUT / f"Pulumi.{self.name}.yaml", self.stack_files)
        self.workspace.prepare()

    def steps(self, *arguments: str) -> dict[str, str]:
        """Return resource name to step of an update, without those that stay."""
        return {name: step["op"] for name, step in self._changes(*arguments).items()}

    def drift(self) -> dict[str, set[str] | None]:
        """Refresh; return resource name to the inputs that changed, None where it is gone."""
        return {
            name: _changed(step["old"]["inputs"], step["new"]["inputs"])
            if step.get("new")
            else None
            for name, step in self._changes("refresh").items()
        }

    def _changes(self, *arguments: str) -> dict[str, Any]:
        events = map(json.loads, self.pulumi(*arguments, "--json", "--skip-preview").splitlines())
        steps = [
            event["resOutputsEvent"]["metadata"] for event in events if "resOutputsEvent" in event
        ]
        return {step["urn"].rpartition("::")[2]: step for step in steps if step["op"] != "same"}

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.pulumi("stack", "output", "--json"))


def _changed(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
