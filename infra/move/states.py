"""States: what the exported state of a stack says of a user. Pure.

A state names every resource by a URN, which begins with the stack's name. Here the part
behind it, the key, stands for the resource: it is the same in every stack.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from infra.config import PROJECT

Resource = Mapping[str, Any]

# The components of infra.aws, infra.gcp and infra.volumes: all else of a user is below them.
_COMPONENTS = ("cmbcluster-storage:index:UserStorage", "cmbcluster-storage:index:UserVolume")

# What `pulumi state move` rewrites, in resources that stay as well: who hangs on whom.
_WIRING = {"urn", "parent", "provider", "dependencies", "propertyDependencies", "deletedWith"}


@dataclass(frozen=True)
class State:
    """One stack's state.

    Attributes:
        stack: its name.
        text: as `pulumi stack export` prints it.
    """

    stack: str
    text: str

    @cached_property
    def _deployment(self) -> Mapping[str, Any]:
        return json.loads(self.text)["deployment"]

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """Every resource by its key; a parent stands before what is below it."""
        return {_key(one["urn"]): one for one in self._deployment.get("resources", ())}

    @property
    def unsettled(self) -> bool:
        """Whether an update was killed, or failed before it had deleted what it replaced."""
        pending = self._deployment.get("pending_operations")
        resources = self._deployment.get("resources", ())
        return bool(pending) or any(one.get("delete") for one in resources)

    def of_user(self, slug: str) -> dict[str, Resource]:
        """Return all that belongs to a user, by key."""
        components = {f"{PROJECT}::{kind}::{slug}" for kind in _COMPONENTS}
        found: dict[str, Resource] = {}
        for key, resource in self.resources.items():
            if key in components or _key(resource.get("parent", "")) in found:
                found[key] = resource
        return found

    def facts(self) -> dict[str, Resource]:
        """Return what is known of every resource, whoever has written the state last."""
        return {
            key: {name: _plain(value) for name, value in resource.items() if name not in _WIRING}
            for key, resource in self.resources.items()
        }


def is_moved(before: tuple[State, State], now: tuple[State, State], slugs: Iterable[str]) -> bool:
    """Tell whether `now` is `before` with these users moved, and nothing else.

    Only then may `before` be written again: nobody else has changed either stack.

    Args:
        before: the states of the source and of the target.
        now: likewise.
        slugs: of the users.
    """
    source, target = (state.facts() for state in before)
    source_now, target_now = (state.facts() for state in now)
    theirs = {key: source[key] for slug in slugs for key in before[0].of_user(slug)}
    if target.keys() & theirs.keys():
        return False
    # A stack that was empty gets its root and its providers with the first user.
    new = {
        key for key in target_now.keys() - target.keys() - theirs.keys() if not _is_engines_own(key)
    }
    return (
        not new
        and source_now == {key: source[key] for key in source.keys() - theirs.keys()}
        and {key: target_now.get(key) for key in target.keys() | theirs.keys()} == target | theirs
    )


def _plain(value: Any) -> Any:
    """Return a value without what encrypts its secrets: each write encrypts them anew."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if key != "ciphertext"}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _key(urn: str) -> str:
    return urn.partition("::")[2]


def _is_engines_own(key: str) -> bool:
    return key.startswith(f"{PROJECT}::pulumi:")
