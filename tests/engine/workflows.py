"""The workflows of `.github/workflows/`, run on this machine: their own commands, job for job.

What GitHub does around them is done here: a checkout for each job, the matrix, variables and
expressions, outputs, artifacts, steps that run after a failure. What differs:

- Cloud, cluster and backend are the sandbox's, by environment variables, as a runner has them;
  no identity is asked for, nor a cluster's plugin installed, and the key of the states is a
  passphrase.
- What `pulumi install` and `make setup` install is there: `.venv`, `policy/.venv` and `.sandbox`
  are links to those of the tests, and the plugins are the sandbox's.
- `gh` is `gh.py`.
- Which jobs run, the test says: their conditions are not read.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.workspace import CHECKOUT

NAME = "lab/storage"

_INSTALLED = ("pulumi install", "pulumi install --no-plugins", "make setup")
_EXPRESSION = re.compile(r"\$\{\{ (.*?) \}\}")
_STACKS = "needs.shards.outputs.stacks"


@dataclass
class Job:
    """One job, on a machine of its own.

    Attributes:
        folder: its checkout.
        code: 0, or that of the first step that failed.
        printed: by its steps, on both streams.
    """

    folder: Path
    code: int = 0
    printed: str = ""

    @property
    def output(self) -> Path:
        """What GITHUB_OUTPUT names."""
        return self.folder.with_suffix(".output")

    @property
    def summary(self) -> Path:
        """What GITHUB_STEP_SUMMARY names."""
        return self.folder.with_suffix(".summary")


@dataclass(frozen=True)
class Event:
    """What starts a workflow.

    Attributes:
        workflow: the name of its file.
        commit: the event's, which is checked out where a job does not say it.
        known: what expressions stand for, beside what jobs tell each other.
        environment: of every step.
    """

    workflow: str
    commit: str
    known: Mapping[str, str]
    environment: Mapping[str, str]


class Github:
    """A repository with its comments and issues, and what runs its workflows.

    Attributes:
        repository: a bare one.
    """

    def __init__(self, folder: Path) -> None:
        """Take an empty folder."""
        self.repository = folder / "storage.git"
        self._folder = folder
        self._held = folder / "held.json"
        self._held.write_text("{}", "utf-8")
        self._programs = folder / "bin"
        self._programs.mkdir()
        gh = self._programs / "gh"
        gh.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).parent}/gh.py" "$@"\n')
        gh.chmod(0o755)
        self._jobs = 0

    def held(self, path: str) -> list[dict[str, Any]]:
        """Return the comments or issues at a path below the repository."""
        return json.loads(self._held.read_text("utf-8")).get(f"repos/{NAME}/{path}", [])

    def run(self, event: Event, *jobs: str) -> dict[str, list[Job]]:
        """Run jobs one after the other; of a matrix, one for each element."""
        text = (CHECKOUT / f".github/workflows/{event.workflow}.yml").read_text("utf-8")
        document = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - a safe one
        artifacts = self._folder / f"artifacts-{self._jobs}"
        artifacts.mkdir()
        known, found = dict(event.known), {}
        for name in jobs:
            content = document["jobs"][name]
            found[name] = []
            for element in _elements(known) if "strategy" in content else [{}]:
                self._jobs += 1
                job = Job(self._folder / f"{self._jobs:02}-{name}")
                runner = _Runner(self, job, event, known | element, artifacts)
                for step in content["steps"]:
                    runner.take(step, document.get("env", {}))
                found[name].append(job)
            if name == "shards":
                known |= _told(found[name][0])
        return found

    def environment(self, event: Event, job: Job) -> dict[str, str]:
        """Return what every step of a job has."""
        return {
            **event.environment,
            "PATH": os.pathsep.join([str(self._programs), event.environment["PATH"]]),
            "GH_STORE": str(self._held),
            "GITHUB_OUTPUT": str(job.output),
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_SHA": event.commit,
            "GITHUB_STEP_SUMMARY": str(job.summary),
        }


@dataclass(frozen=True)
class _Runner:
    github: Github
    job: Job
    event: Event
    known: Mapping[str, str]
    artifacts: Path

    def take(self, step: dict[str, Any], environment: Mapping[str, str]) -> None:
        if self.job.code and step.get("if") != "!cancelled()":
            return
        options = step.get("with", {})
        match step.get("uses", "").partition("@")[0]:
            case "actions/checkout":
                self._check_out(self._filled(options.get("ref", self.event.commit)))
            case "actions/upload-artifact":
                target = self.artifacts / self._filled(options["name"])
                shutil.copytree(self.job.folder / options["path"], target)
            case "actions/download-artifact":
                for source in self.artifacts.glob(options["pattern"]):
                    target = self.job.folder / options["path"]
                    shutil.copytree(source, target, dirs_exist_ok=True)
            case "" if step["run"] not in _INSTALLED:
                self._run(step["run"], {**environment, **step.get("env", {})})

    def _filled(self, text: str) -> str:
        known = {"github.workspace": str(self.job.folder), **self.known}
        return _EXPRESSION.sub(lambda found: known[found[1]], text)

    def _check_out(self, name: str) -> None:
        self.job.folder.mkdir()
        name = name.replace("refs/", "refs/remotes/")
        self._git("init", "--quiet")
        self._git("fetch", "--quiet", str(self.github.repository), "+refs/*:refs/remotes/*")
        self._git("checkout", "--quiet", "--detach", name)
        (self.job.folder / ".venv").symlink_to(sys.prefix)
        for installed in (".sandbox", "policy/.venv"):
            (self.job.folder / installed).symlink_to(CHECKOUT / installed)

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.job.folder, check=True)

    def _run(self, command: str, variables: Mapping[str, str]) -> None:
        own = {name: self._filled(text) for name, text in variables.items()}
        done = subprocess.run(
            ["bash", "-e", "-c", command],
            cwd=self.job.folder,
            env=self.github.environment(self.event, self.job) | own,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.job.printed += done.stdout
        self.job.code = self.job.code or done.returncode


def _told(shards: Job) -> dict[str, str]:
    """Return what the other jobs know from the first."""
    stacks = shards.output.read_text("utf-8").removeprefix("stacks=").strip()
    joined = " ".join(json.loads(stacks))
    return {_STACKS: stacks, f"join(fromJSON({_STACKS}), ' ')": joined}


def _elements(known: Mapping[str, str]) -> Iterable[dict[str, str]]:
    matrix = json.loads(known[_STACKS])
    assert len(matrix) <= 5, matrix  # no test means more of them
    for index, stacks in enumerate(matrix):
        yield {"matrix.stacks": stacks, "strategy.job-index": str(index)}
