"""A repository of stack files as people work in it, with the cloud behind its workflows."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml
from cmbcluster_storage import names
from hands import HANDS, Hand
from workflows import Event, Github

from benchmarks import fleets
from sandbox import clouds
from sandbox.workspace import CHECKOUT, Workspace

PULL_REQUEST = 7

# What a commit of a fleet has not: what runs leave, other stack files, and what it does not run.
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "Pulumi.*.yaml", "benchmarks", "tests")


class FleetRepository:
    """The program and so many shards, all of one hub; nothing is deployed.

    Attributes:
        environment: of an operator and of the workflows' jobs.
        workspace: has the cloud, the cluster and the backend.
        hand: in the cloud.
        github: where it is pushed to.
    """

    def __init__(self, folder: Path, stack: str, shards: int) -> None:
        """Make it in a folder that exists, with an emulator that runs until `close`."""
        self._stack = stack
        self._folder = folder / "checkout"
        shutil.copytree(CHECKOUT, self._folder, ignore=_LEFT_OUT)
        fleets.write_stack_files(self._folder, stack, shards * fleets.PER_SHARD)
        self.workspace = Workspace(folder / "workspace", self._folder)
        self.workspace.prepare()
        cloud = self.workspace.cloud(stack)
        self._emulator = clouds.emulator(cloud, self.workspace.emulators)
        self.environment = self.workspace.environment(stack, self._emulator.url)
        del self.environment["PULUMI_STACK"]  # a runner has none of its own
        self.hand: Hand = HANDS[stack](self.environment)
        (folder / "github").mkdir()
        self.github = Github(folder / "github")
        self._git("init", "--quiet", "--initial-branch", "main")
        self._git("init", "--quiet", "--bare", str(self.github.repository))

    def close(self) -> None:
        self._emulator.close()

    def shard(self, number: int) -> str:
        return fleets.shard_of(self._stack, number)

    def name(self, user: str) -> str:
        return names.user_name(self.hand.scope, user)

    def bucket(self, user: str) -> str:
        name = self.name(user)
        return name if self._stack == "gcp" else f"{name}-123456789012-us-east-1-an"

    def volumes(self) -> list[str]:
        """Return what the volumes in the cluster are called."""
        found = self.workspace.clusters.rglob("persistentvolume-*")
        return [path.stem.partition("-")[2] for path in found]

    def edit(self, stack: str, **values: Any) -> None:
        """Write keys of a stack file anew, or a file that is."""
        path = self._folder / f"Pulumi.{stack}.yaml"
        document = yaml.safe_load(path.read_text("utf-8")) if path.exists() else {"config": {}}
        document["config"] |= {f"cmbcluster-storage:{key}": value for key, value in values.items()}
        path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")

    def rewrite(self, name: str, old: str, new: str) -> None:
        """Write a part of the program anew."""
        path = self._folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def commit(self, branch: str = "main") -> str:
        """Commit what was edited, on a branch that is or gets there, and push it."""
        if branch != "main":
            self._git("checkout", "--quiet", "-B", branch)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", "a change")
        self._push(f"HEAD:refs/heads/{branch}")
        return self._git("rev-parse", "HEAD")

    def merge(self, branch: str) -> str:
        """Merge a branch into main."""
        self._git("checkout", "--quiet", "main")
        self._git("merge", "--quiet", "--no-ff", "--message", "Merge", branch)
        self._push("HEAD:refs/heads/main")
        return self._git("rev-parse", "HEAD")

    def pull_request(self, branch: str) -> Event:
        """Return the event of a branch that is to be merged into main, or has new commits."""
        self._git("checkout", "--quiet", "--detach", "main")
        self._git("merge", "--quiet", "--no-ff", "--message", "Merge", branch)
        commit = self._git("rev-parse", "HEAD")
        self._push(f"+HEAD:refs/pull/{PULL_REQUEST}/merge")
        self._git("checkout", "--quiet", branch)
        known = {"github.event.pull_request.number": str(PULL_REQUEST)}
        return self._event("preview", commit, known)

    def push(self, before: str, after: str) -> Event:
        """Return the event of new commits on main."""
        return self._event("up", after, {"github.event.before": before})

    def up_of(self, commit: str, *matrix: str) -> Event:
        """Return the event of main's last commit, with a matrix for jobs without `shards`."""
        return self._event("up", commit, {"needs.shards.outputs.stacks": json.dumps(matrix)})

    def night(self, commit: str, *matrix: str) -> Event:
        """Return the event of the schedule, likewise."""
        return self._event("drift", commit, {"needs.shards.outputs.stacks": json.dumps(matrix)})

    def _event(self, workflow: str, commit: str, known: dict[str, str]) -> Event:
        variables = {
            "github.ref": "refs/heads/main",
            "github.token": "x",
            "vars.PULUMI_BACKEND_URL": self.environment["PULUMI_BACKEND_URL"],
            "vars.SECRETS_PROVIDER": "",
        }
        return Event(workflow, commit, variables | known, self.environment)

    def _push(self, what: str) -> None:
        self._git("push", "--quiet", str(self.github.repository), what)

    def _git(self, *arguments: str) -> str:
        settings = ("user.name=x", "user.email=x@example.org", "commit.gpgsign=false")
        options = [word for one in settings for word in ("-c", one)]
        return subprocess.run(
            ["git", *options, *arguments],
            cwd=self._folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
