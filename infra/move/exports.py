"""Exports: both states as they were before a move, in files beside the stack files."""

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from infra.move.states import State

_FOLDER = ".pulumi-move"


class Exports:
    """The two states of one move, kept until it is known to be good.

    Attributes:
        folder: where they are.
        source: the file with the state of the stack that users leave.
        target: the file with the state of the stack that they come to.
    """

    def __init__(self, project: Path, slugs: Iterable[str], source: str, target: str) -> None:
        """Take the project's folder, the users' slugs and both stacks' names."""
        self._stacks = (source, target)
        first, *others = sorted(slugs)
        name = f"{first}{f'-and-{len(others)}' if others else ''}-{source}-{target}"
        self.folder = project / _FOLDER / name
        self.source = self.folder / "source.json"
        self.target = self.folder / "target.json"

    def exist(self) -> bool:
        """Tell whether an earlier run has left its own."""
        return self.target.exists()  # the last to be written

    def write(self, source: State, target: State) -> None:
        """Write both; who is killed meanwhile has moved nothing yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.target.unlink(missing_ok=True)
        self.source.write_text(source.text, "utf-8")
        unfinished = self.target.with_suffix(".unfinished")
        unfinished.write_text(target.text, "utf-8")
        unfinished.replace(self.target)

    def read(self) -> tuple[State, State]:
        """Return both."""
        source, target = self._stacks
        return (
            State(source, self.source.read_text("utf-8")),
            State(target, self.target.read_text("utf-8")),
        )

    def remove(self) -> None:
        """Forget them."""
        shutil.rmtree(self.folder)
        with contextlib.suppress(OSError):  # those of another move are there as well
            self.folder.parent.rmdir()
