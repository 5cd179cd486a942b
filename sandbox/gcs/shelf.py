"""Objects of a bucket in the order of their names, and pages of them."""

import base64
import json
from bisect import bisect_left, insort
from collections.abc import Iterator
from heapq import merge
from typing import Any

from sandbox.gcs.contents import Content
from sandbox.gcs.errors import invalid

_Key = tuple[str, int]
_LAST = "\U0010ffff"


class StoredObject:
    """One generation of an object: its resource, without links and kind, and its bytes."""

    __slots__ = ("content", "generation", "name", "resource")

    def __init__(self, resource: dict[str, Any], content: Content) -> None:
        """Keep both; `resource` has a name and a generation."""
        self.resource = resource
        self.content = content
        self.name: str = resource["name"]
        self.generation = int(resource["generation"])


class Shelf:
    """Objects by name and generation, sorted."""

    def __init__(self) -> None:
        """Start empty."""
        self._objects: dict[_Key, StoredObject] = {}
        self._keys: list[_Key] = []

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._objects)

    def put(self, stored: StoredObject) -> None:
        """Add an object, which must not be there."""
        key = (stored.name, stored.generation)
        self._objects[key] = stored
        if self._keys and key < self._keys[-1]:
            insort(self._keys, key)
        else:
            self._keys.append(key)

    def take(self, stored: StoredObject) -> None:
        """Remove an object, which must be there."""
        key = (stored.name, stored.generation)
        del self._objects[key]
        del self._keys[bisect_left(self._keys, key)]

    def get(self, name: str, generation: int) -> StoredObject | None:
        """Return one generation of an object."""
        return self._objects.get((name, generation))

    def newest(self, name: str) -> StoredObject | None:
        """Return the newest generation of an object."""
        index = bisect_left(self._keys, (name + "\0", 0)) - 1
        if index >= 0 and self._keys[index][0] == name:
            return self._objects[self._keys[index]]
        return None

    def since(self, start: _Key) -> Iterator[tuple[_Key, StoredObject]]:
        """Yield the objects from `start` on; changes meanwhile are not allowed."""
        for index in range(bisect_left(self._keys, start), len(self._keys)):
            yield self._keys[index], self._objects[self._keys[index]]


class Page:
    """One page of a listing: objects, prefixes, and the token of the page after it."""

    def __init__(self) -> None:
        """Start empty."""
        self.objects: list[StoredObject] = []
        self.prefixes: list[str] = []
        self.token = ""

    def __len__(self) -> int:
        """Return how much of the page is taken."""
        return len(self.objects) + len(self.prefixes)


class Listing:
    """What a caller wants listed, by name."""

    def __init__(
        self, prefix: str = "", delimiter: str = "", start: str = "", end: str = "", *,
        trailing: bool = False, glob: "Any" = None,
    ) -> None:  # fmt: skip
        """Keep the choice.

        Args:
            prefix: with which names begin.
            delimiter: where names beyond the prefix are cut and shown as one.
            start: the first name, inclusive.
            end: the last name, exclusive; empty for all.
            trailing: objects that end in the delimiter are shown beside their prefix.
            glob: a compiled pattern that names match, or None.
        """
        self._prefix = prefix
        self._delimiter = delimiter
        self._start = max(start, prefix)
        self._end = end
        self._trailing = trailing
        self._glob = glob

    def page(self, shelves: list[Shelf], size: int, token: str) -> Page:
        """Return up to `size` objects and prefixes of these shelves, after a token."""
        page = Page()
        start = _key_of(token) if token else (self._start, 0)
        while start is not None:
            start = self._fill(page, shelves, start, size)
        return page

    def _fill(self, page: Page, shelves: list[Shelf], start: _Key, size: int) -> _Key | None:
        """Take what comes from `start` on; return where to go on after a prefix, if there."""
        entries = merge(*(shelf.since(start) for shelf in shelves), key=lambda entry: entry[0])
        for key, stored in entries:
            name = key[0]
            if not name.startswith(self._prefix) or (self._end and name >= self._end):
                return None
            if self._glob and not self._glob.fullmatch(name):
                continue
            if len(page) >= size:
                page.token = _token_of(key)
                return None
            if prefix := self._prefix_of(name):
                if prefix not in page.prefixes[-1:]:
                    page.prefixes.append(prefix)
                if self._trailing and name == prefix:
                    page.objects.append(stored)
                    continue
                return (prefix + _LAST, 0)
            page.objects.append(stored)
        return None

    def _prefix_of(self, name: str) -> str:
        if not self._delimiter:
            return ""
        cut = name.find(self._delimiter, len(self._prefix))
        return name[: cut + len(self._delimiter)] if cut >= 0 else ""


def _token_of(key: _Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _key_of(token: str) -> _Key:
    try:
        name, generation = json.loads(base64.urlsafe_b64decode(token))
        return str(name), int(generation)
    except (ValueError, TypeError):
        raise invalid("Invalid argument.", "pageToken") from None
