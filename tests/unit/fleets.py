"""Folders of stack files, and repositories of them: what the tests of the shards share."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from stack_trees import LEAST, LEAST_ON, Tree, changed

from infra.shards import command

GCP = LEAST_ON["gcp"]
OTHER_HUB = changed(LEAST, ("platform",), "other")


def hub(*users: Any, of: Tree = LEAST, **more: Any) -> Tree:
    return {**of, "users": list(users), **more}


def shard(extends: str, *users: Any) -> Tree:
    return {"extends": extends, "users": list(users)}


def write(folder: Path, stacks: dict[str, Tree]) -> None:
    (folder / "Pulumi.yaml").write_text("name: cmbcluster-storage\n", "utf-8")
    for stack, tree in stacks.items():
        config = {f"cmbcluster-storage:{key}": value for key, value in tree.items()}
        text = yaml.safe_dump({"config": config}, allow_unicode=True)
        (folder / f"Pulumi.{stack}.yaml").write_text(text, "utf-8")


class Told:
    """What the command returned and printed."""

    def __init__(self, code: int, out: str, error: str) -> None:
        self.code, self.out, self.error = code, out.splitlines(), error.splitlines()


def run(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> Told:
    """Run the command in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        code = command.main(arguments)
    return Told(code, *capsys.readouterr())


class Repository:
    """A repository of git."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet")

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", "-c", "user.name=ann", "-c", "user.email=ann@example.org", *arguments],
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def commit(self, **files: str) -> str:
        """Commit the work tree, with some files whose names have __ for / written anew."""
        for name, text in files.items():
            path = self.folder / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")
        return self.git("rev-parse", "HEAD")
