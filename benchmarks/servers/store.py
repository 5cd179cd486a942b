"""Buckets in memory, their objects in files of memory once they are large."""

import os
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import count, islice
from typing import IO

from benchmarks.servers.http import Span

_LARGE_BYTES = 1024 * 1024


class Content:
    """An object's bytes."""

    def __init__(self, *pieces: bytes) -> None:
        """Keep the pieces, one after the other."""
        self.size_bytes = sum(map(len, pieces))
        self._data = b""
        self._file: IO[bytes] | None = None
        if self.size_bytes < _LARGE_BYTES:
            self._data = b"".join(pieces)
            return
        # On a disk, what one contender has sent would still be written while the next is measured.
        self._file = os.fdopen(os.memfd_create("content"), "w+b")
        for piece in pieces:
            self._file.write(piece)
        self._file.flush()

    def part(self, start: int, stop: int) -> bytes | Span:
        """Return some of it as an answer takes it."""
        return Span(self._file, start, stop - start) if self._file else self._data[start:stop]


@dataclass
class Stored:
    """One version of an object.

    Attributes:
        content: its bytes.
        version: S3's version or Google's generation.
        told: what answers say of it, as headers.
        listed: what listings say of it, by their dialect, once one did.
    """

    content: Content
    version: str
    told: dict[str, str]
    listed: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class Upload:
    """What has come so far of a large object."""

    key: str
    told: dict[str, str]
    parts: dict[int, bytes] = field(default_factory=dict[int, bytes])

    def pieces(self) -> list[bytes]:
        """Return the parts in their order."""
        return [self.parts[number] for number in sorted(self.parts)]


class Bucket:
    """Versions of objects in the order of listings."""

    def __init__(self, *, newest_first: bool) -> None:
        """Begin empty; S3 lists the versions of a key newest first, Google oldest first."""
        self._numbers = count(1)
        self._newest_first = newest_first
        self._versions: dict[tuple[str, str], Stored] = {}
        self._of_key: dict[str, list[str]] = {}
        self._order: list[tuple[str, str]] | None = None
        self.versioned = False
        self.uploads: dict[str, Upload] = {}
        # Pages of listings as they were sent, by what was asked, while nothing changes.
        self.pages: dict[str, bytes] = {}

    def put(self, key: str, content: Content, told: dict[str, str]) -> Stored:
        """Keep a version more, or the only one."""
        self.pages.clear()
        if not self.versioned:
            self.delete(key, None)
        number = next(self._numbers)
        version = str(9 * 10**15 - number if self._newest_first else 10**15 + number)
        stored = Stored(content, version, told)
        self._versions[key, version] = stored
        self._of_key.setdefault(key, []).append(version)
        self._order = None
        return stored

    def get(self, key: str, version: str | None) -> Stored | None:
        """Return a version, or the latest."""
        if version is None:
            version = next(reversed(self._of_key.get(key, [])), None)
        return self._versions.get((key, version or ""))

    def delete(self, key: str, version: str | None) -> bool:
        """Delete a version for good; without one, all of the key."""
        if version is None:
            return any([self.delete(key, one) for one in self._of_key.get(key, [])[:]])
        self.pages.clear()
        if not self._versions.pop((key, version), None):
            return False
        self._of_key[key].remove(version)
        if not self._of_key[key]:
            del self._of_key[key]
        return True

    def latest(self, key: str) -> str:
        """Return the newest version of a key."""
        return self._of_key[key][-1]

    def page(
        self, prefix: str, after: tuple[str, str], size: int, *, versions: bool
    ) -> tuple[list[tuple[str, Stored]], bool]:
        """Return entries after one, and whether there are more."""
        if self._order is None:
            self._order = sorted(self._versions)
        start = bisect_right(self._order, max(after, (prefix, "")))
        found = []
        for entry in islice(self._order, start, None):
            key, version = entry
            if not key.startswith(prefix):
                break
            stored = self._versions.get(entry)  # None once it is deleted
            if stored is None or (not versions and self.latest(key) != version):
                continue
            if len(found) == size:
                return found, True
            found.append((key, stored))
        return found, False


class Store:
    """Buckets by name."""

    def __init__(self, *, newest_first: bool) -> None:
        """Begin empty."""
        self.newest_first = newest_first
        self.buckets: dict[str, Bucket] = {}

    def make(self, name: str) -> Bucket:
        """Make a bucket, or return the one there is."""
        return self.buckets.setdefault(name, Bucket(newest_first=self.newest_first))
