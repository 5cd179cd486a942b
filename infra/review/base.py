"""The base branch: the limits that a stack had before the pull request."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

from infra import stack_files
from infra.config import ConfigError, read
from infra.settings import Review
from infra.stack_files import EXTENDS, StackFileError

_FILES = ":(glob)Pulumi.*.yaml"


class BaseError(ValueError):
    """The base commit cannot be read; the text says why, and the cure."""


def write_stack_files(project: Path, ref: str, folder: Path) -> None:
    """Write a project's stack files, as a commit has them, into a folder.

    Args:
        project: the folder that has Pulumi.yaml, in a repository.
        ref: a branch, a tag or a commit.
        folder: exists, and is empty.

    Raises:
        BaseError: there is no `git`, no repository or no such commit.
    """
    found = _git(project, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    if found.returncode:
        raise BaseError(
            f"{ref}: git knows no such commit here; fetch it, in CI with fetch-depth: 0\n"
            f"{found.stderr.decode(errors='replace').strip()}"
        )
    commit = found.stdout.decode().strip()
    names = _git(project, "ls-tree", "-z", "--name-only", commit, "./").stdout.decode().split("\0")
    if not any(name.startswith("Pulumi.") and name != "Pulumi.yaml" for name in names):
        return  # git takes a pattern that matches nothing for a mistake
    archive = _git(project, "archive", "--format=tar", commit, "--", _FILES)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        for member in files:
            content = files.extractfile(member) if member.isreg() else None
            if content:  # and no link: it could lead anywhere
                (folder / Path(member.name).name).write_bytes(content.read())


def limits(base: Path, head: Path, stack: str) -> Review:
    """Return a stack's limits on the base branch.

    A stack that is new has those of what it extends; without any, or if the base branch's
    file cannot be used, the defaults hold, which are strict.

    Args:
        base: the folder with the stack files of the base branch.
        head: the one with those of the pull request.
        stack: which.
    """
    seen: set[str] = set()
    while not stack_files.path_of(base, stack).exists():
        seen.add(stack)
        stack = _extended(head, stack)
        if not stack or stack in seen:
            return Review.model_validate({})
    try:
        return read(base, stack).review
    except ConfigError:
        return Review.model_validate({})


def _extended(head: Path, stack: str) -> str:
    try:
        return stack_files.read(head, stack).values.get(EXTENDS, "")
    except StackFileError:
        return ""


def _git(project: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("git")
    if program is None:
        raise BaseError("there is no `git` on PATH; install it: https://git-scm.com")
    return subprocess.run([program, *arguments], cwd=project, capture_output=True, check=False)
