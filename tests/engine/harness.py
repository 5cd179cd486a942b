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

    def shard(self, users: list[Any], **repeated: Any) -> str:
        """Make a further stack that extends this one; return its name."""
        name = f"{self.name}-002"
        config = {"extends": self.name, "users": users, **repeated}
        settings = {f"cmbcluster-storage:{key}": value for key, value in config.items()}
        path = self.stack_files / f"Pulumi.{name}.yaml"
        path.write_text(yaml.safe_dump({"config": settings}), "utf-8")
        self.workspace.prepare()
        self.pulumi("stack", "init", name, "--no-select")
        return name

    @property
    def hand(self) -> Hand:
        return HANDS[self.name](self.run.environment)

    @property
    def cluster(self) -> Path:
        return self.workspace.clusters / f"cmbcluster-{self.name}"

    def pulumi(self, *arguments: str) -> str:
        done = self.run.pulumi(*arguments, captured=True)
        assert done.returncode == 0, _told(done.stdout) + done.stderr
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

    def user(self, user: str, **entry: Any) -> None:
        """Write a user's line anew, as the last one."""
        self._edit_users(user, {"id": user, **entry})

    def drop(self, user: str) -> None:
        """Take a user's line out."""
        self._edit_users(user)

    def _edit_users(self, user: str, *entries: dict[str, Any]) -> None:
        def change(settings: dict[str, Any]) -> None:
            users = settings["config"]["cmbcluster-storage:users"]
            others = [one for one in users if _id(one) != user]
            users[:] = [*others, *entries]

        self.edit(change)

    def held(self, user: str) -> dict[str, tuple[bool, bool]]:
        """Return which resources of a user are protected, and kept when they are dropped."""
        resources = json.loads(self.pulumi("stack", "export"))["deployment"]["resources"]
        slug = self.hand.slug(user)
        return {
            resource["urn"].rpartition(f"{slug}-")[2]: (
                resource.get("protect", False),
                resource.get("retainOnDelete", False),
            )
            for resource in resources
            if f"::{slug}-" in resource["urn"]
        }

    def outputs(self, *arguments: str) -> dict[str, Any]:
        return json.loads(self.pulumi("stack", "output", "--json", *arguments))


def _changed(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def _id(entry: str | dict[str, str]) -> str:
    return entry if isinstance(entry, str) else entry["id"]


def _told(output: str) -> str:
    """Return what a failed command said; of its events only the errors."""
    if not output.startswith('{"sequence":'):
        return output
    events = map(json.loads, output.splitlines())
    diagnostics = [event["diagnosticEvent"] for event in events if "diagnosticEvent" in event]
    return "".join(one["message"] for one in diagnostics if one["severity"] == "error")
