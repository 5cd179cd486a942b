"""Commits: what a repository has, whatever the work tree has; for all commands beside the program.

A link is nobody's stack file: it could lead anywhere, so it is passed over and told. On the
base branch it is then as if it were not there, so that a pull request can take it away;
`infra.shards.touched` refuses it where it is the head's.
"""

import io
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra import stack_files

_FILES = ("100644", "100755")
_NOTHING = "000000"


class CommitError(ValueError):
    """A commit cannot be read; the text says why, and the cure."""


class Commits:
    """The repository of a project's folder."""

    def __init__(self, folder: Path) -> None:
        """Take the folder that has Pulumi.yaml.

        Raises:
            CommitError: there is no `git` on PATH, or the folder is in no repository.
        """
        self._folder = folder
        program = shutil.which("git")
        if program is None:
            raise CommitError("there is no `git` on PATH; install it: https://git-scm.com")
        self._program = program
        done = self._run("rev-parse", "--is-inside-work-tree")
        if done.returncode:
            raise CommitError(
                f"{folder} is in no repository; run this in a checkout ({_words(done)})"
            )

    def commit(self, name: str) -> str:
        """Return a commit's own id.

        Args:
            name: whatever git understands: a branch, a tag, HEAD~2.

        Raises:
            CommitError: there is no such commit here.
        """
        options = ("--verify", "--quiet", "--end-of-options")
        done = self._run("rev-parse", *options, f"{name}^{{commit}}")
        if done.returncode:
            raise CommitError(
                f"{name}: is no commit of this repository; check its name, or `git fetch` it (in "
                f"CI, fetch-depth: 0 of actions/checkout fetches all)"
            )
        return done.stdout.decode().strip()

    def changed(self, base: str, head: str) -> list[str]:
        """Return the files of the project that two commits differ in, by their way from it.

        A link or a submodule, which may be a folder with anything in it, ends with a slash.

        Args:
            base: a commit's own id, as all that follow take.
            head: another's.
        """
        told = self._told("diff-tree", "-r", "-z", "--no-renames", "--relative", base, head)
        fields = iter(told.decode(errors="surrogateescape").removesuffix("\0").split("\0"))
        return [
            path if _is_file(about) else f"{path}/"
            for about, path in zip(fields, fields, strict=False)
        ]

    def write_stack_files(self, commit: str, folder: Path) -> list[str]:
        """Write the project's stack files, as a commit has them, into a folder.

        Read as blobs: what a checkout does to files, attributes in the commit decide.

        Returns:
            The names of those that are no files, and were passed over.

        Raises:
            CommitError: the clone is one without all contents.
        """
        entries = dict(self._stack_files(commit))
        blobs = {name: id_ for name, id_ in entries.items() if id_}
        told = self._told(
            "cat-file", "--batch", given="".join(f"{id_}\n" for id_ in blobs.values())
        )
        answers = io.BytesIO(told)
        for name in blobs:
            _, kind, *sizes = answers.readline().decode().split()
            if not sizes:
                raise CommitError(f"{name}: the repository lacks it ({kind}); `git fetch` it")
            size = int(sizes[0])
            (folder / name).write_bytes(answers.read(size))
            answers.readline()
        return sorted(entries.keys() - blobs.keys())

    def _stack_files(self, commit: str) -> Iterator[tuple[str, str]]:
        """Yield the name of each and the id of its contents, "" of what is no file."""
        for entry in self._told("ls-tree", "-z", commit).split(b"\0"):
            about, _, name = entry.decode(errors="surrogateescape").partition("\t")
            if stack_files.stack_of(name) is not None:
                mode, _, id_ = about.split()
                yield name, id_ if mode in _FILES else ""

    @contextmanager
    def work_tree(self, commit: str, folder: Path) -> Iterator[Path]:
        """Have a commit checked out in a folder that does not exist otherwise.

        Yields:
            Where the project is in it.
        """
        below = self._told("rev-parse", "--show-prefix").decode().removesuffix("\n")
        self._told("worktree", "add", "--quiet", "--detach", str(folder), commit)
        try:
            yield folder / below
        finally:
            self._told("worktree", "remove", "--force", str(folder))

    def _told(self, *arguments: str, given: str = "") -> bytes:
        done = self._run(*arguments, given=given)
        if done.returncode:
            raise CommitError(f"`git {arguments[0]}` failed: {_words(done)}")
        return done.stdout

    def _run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self._program, *arguments],
            cwd=self._folder,
            input=given.encode(),
            capture_output=True,
            check=False,
        )


def _is_file(about: str) -> bool:
    """Tell whether git's line on a change is of a file, before and after."""
    before, after, *_ = about.removeprefix(":").split()
    return {before, after} <= {*_FILES, _NOTHING}


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stderr.decode(errors="replace").strip()
