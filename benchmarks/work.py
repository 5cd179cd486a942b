"""What a contender is given: where its objects are and how many. Standard library only."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

# How many small objects are under way at once, whoever moves them.
AT_ONCE = 32
_SMALL_BYTES = 4096
# Tasks of a large object, whose memory is shown.
LARGE = ("large up", "large down", "copy")


@dataclass(frozen=True)
class Work:
    """One task's place.

    Attributes:
        cloud: `aws` or `gcp`.
        bucket: on it; what is uploaded goes there, what is downloaded is there.
        target: on the other cloud, where copies go.
        folder: holds the file `large`; `path` may be made in it.
        keys: how many small objects.
        listed: how many objects `list` finds.
    """

    cloud: str
    bucket: str
    target: str
    folder: str
    keys: int
    listed: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Return what `written` wrote."""
        return cls(**json.loads(text))

    def written(self) -> str:
        """Return it as a process' argument."""
        return json.dumps(asdict(self))

    @property
    def small(self) -> list[tuple[str, bytes]]:
        """The small objects: keys and contents, no two alike."""
        return [
            (f"small/{number:04}", f"{number:04}".encode() * (_SMALL_BYTES // 4))
            for number in range(self.keys)
        ]

    @property
    def names(self) -> list[str]:
        """Their keys."""
        return [key for key, _ in self.small]

    @property
    def large(self) -> Path:
        """The file that is uploaded as the object `large`."""
        return Path(self.folder) / "large"

    @property
    def path(self) -> Path:
        """Where a file may be made."""
        return Path(self.folder) / "made"

    def checked(self, listed: int) -> None:
        """Raise if a listing was not whole."""
        if listed != self.listed:
            raise ValueError(f"{listed} objects listed, not {self.listed}")


# Prepared with its work (clients, connections), which is not measured, and then run.
Task = Callable[[Work], Callable[[], object]]
