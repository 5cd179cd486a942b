"""Commits: the stack files as they are in a repository, whatever the work tree has."""

import io
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from infra.shards.errors import RequestError

_FILES = ("100644", "100755")  # and no link: it could lead anywhere


class Commits:
    """The repository of a project's folder."""

    def __init__(self, folder: Path) -> None:
        """Take the folder that has Pulumi.yaml.

        Raises:
            RequestError: there is no `git` on PATH, or the folder is in no repository.
        """
        self._folder = folder
        program = shutil.which("git")
        if program is None:
            raise RequestError("there is no `git` on PATH; install it: https://git-scm.com")
        self._program = program
        done = self._run("rev-parse", "--is-inside-work-tree")
        if done.returncode:
            told = done.stderr.decode(errors="replace").strip()
            raise RequestError(f"{folder} is in no repository; run this in a checkout ({told})")

    def commit(self, name: str) -> str:
        """Return a commit's own id.

        Args:
            name: whatever git understands: a branch, a tag, HEAD~2.

        Raises:
            RequestError: there is no such commit here.
        """
        done = self._run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if done.returncode:
            raise RequestError(
                f"{name}: is no commit of this repository; check its name, or `git fetch` it (in "
                f"CI, fetch-depth: 0 of actions/checkout fetches all)"
            )
        return done.stdout.decode().strip()

    def changed(self, base: str, head: str) -> list[str]:
        """Return the files of the project that two commits differ in, by their way from it."""
        told = self._told(
            "diff-tree", "-r", "-z", "--name-only", "--no-renames", "--relative", base, head
        )
        return [path.decode(errors="surrogateescape") for path in told.split(b"\0") if path]

    def write_stack_files(self, commit: str, folder: Path) -> None:
        """Write the project's stack files, as a commit has them, into a folder.

        Read as blobs: what a checkout does to files, attributes in the commit decide.
        """
        blobs = dict(self._stack_files(commit))
        told = self._told(
            "cat-file", "--batch", given="".join(f"{id_}\n" for id_ in blobs.values())
        )
        answers = io.BytesIO(told)
        for name in blobs:
            size = int(answers.readline().split()[2])
            (folder / name).write_bytes(answers.read(size))
            answers.readline()

    def _stack_files(self, commit: str) -> Iterator[tuple[str, str]]:
        """Yield the name of each and the id of its contents."""
        for entry in self._told("ls-tree", "-z", commit).split(b"\0"):
            about, _, name = entry.decode(errors="surrogateescape").partition("\t")
            if name.startswith("Pulumi.") and name.endswith(".yaml") and name != "Pulumi.yaml":
                mode, _, id_ = about.split()
                if mode not in _FILES:
                    raise RequestError(f"{name}: is no file in {commit}; commit it as one")
                yield name, id_

    def _told(self, *arguments: str, given: str = "") -> bytes:
        done = self._run(*arguments, given=given)
        if done.returncode:
            told = done.stderr.decode(errors="replace").strip()
            raise RequestError(f"`git {arguments[0]}` failed: {told}")
        return done.stdout

    def _run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self._program, *arguments],
            cwd=self._folder,
            input=given.encode(),
            capture_output=True,
            check=False,
        )
