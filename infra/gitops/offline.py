"""Offline: a pull request whose code may have no credential, previewed in the sandbox.

The sandbox is brought to where the base branch is, by the base branch's own program; then
the preview of the head shows what the pull request changes.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.commits import Commits
from infra.gitops.engine import Engine, sandbox
from infra.gitops.errors import GitopsError
from infra.stack_files import path_of

# By these an environment is made.
_LOCKED = {
    ".venv": ("requirements-dev.txt", "pyproject.toml"),
    "policy/.venv": ("policy/requirements.txt",),
}


@contextmanager
def world(project: Path, base: str, stacks: Sequence[str]) -> Iterator[Engine]:
    """Give the sandbox in which the stacks are as a commit has them.

    Args:
        project: the checkout of the head.
        base: the commit before it.
        stacks: those that the commit does not have are new, and have nothing there.

    Raises:
        CommitError: there is no such commit.
        GitopsError: it cannot be deployed.
    """
    with tempfile.TemporaryDirectory(prefix="cmbcluster-storage-") as folder:
        commits = Commits(project)
        environment = {"SANDBOX_FOLDER": str(Path(folder, "world"))}
        with commits.work_tree(commits.commit(base), Path(folder, "base")) as before:
            _share_environment(project, before)
            for stack in stacks:
                if path_of(before, stack).exists():
                    _up(before, stack, environment)
            yield sandbox(project, environment)


def _share_environment(project: Path, before: Path) -> None:
    """Spare the base environments of its own, a minute, where the head's are the same."""
    for environment, locks in _LOCKED.items():
        if all(_is_same(project / name, before / name) for name in locks):
            (before / environment).symlink_to(project / environment)


def _is_same(ours: Path, theirs: Path) -> bool:
    # The base may be from before there was such a file.
    return theirs.exists() and ours.read_bytes() == theirs.read_bytes()


def _up(checkout: Path, stack: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "up", "--stack", stack, "--skip-preview"],
        cwd=checkout,
        env=os.environ | environment,
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode:
        raise GitopsError(f"{stack}: the base commit's `up` failed in the sandbox, as told above")
