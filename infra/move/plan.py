"""A plan: what two stack files and two states say of the users who move. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cmbcluster_storage import names

from infra.config import PROJECT
from infra.move.errors import RequestError
from infra.move.states import Resource, State
from infra.settings import StackConfig

# What a user's resources are made from; the rest of a stack file may differ.
_SHARED = {"platform", "cloud", "kubernetes", "buckets"}


@dataclass(frozen=True)
class StackFile:
    """What one stack file says.

    Attributes:
        stack: its name.
        config: its settings, those that it extends included.
    """

    stack: str
    config: StackConfig

    @property
    def name(self) -> str:
        """The file's name."""
        return f"Pulumi.{self.stack}.yaml"

    def lists(self, user: str) -> bool:
        """Tell whether the user has an entry."""
        return any(one.id == user for one in self.config.users)


def slugs(users: Iterable[str], source: StackFile, target: StackFile) -> dict[str, str]:
    """Return the slug of each user, if the files want them moved.

    Raises:
        RequestError: an entry is not where it must be, or the files differ in more than
            users; lists all.
    """
    problems = [problem for user in users if (problem := _misplaced(user, source, target))]
    problems += _differences(source, target)
    if problems:
        raise RequestError("\n".join(problems))
    return {user: names.user_slug(target.config.scope, user) for user in users}


def _misplaced(user: str, source: StackFile, target: StackFile) -> str | None:
    match source.lists(user), target.lists(user):
        case False, True:
            return None
        case True, False:
            cure = f"stands in {source.name}; move that entry as it is to {target.name}"
        case True, True:
            cure = f"stands in {source.name} and in {target.name}; drop the entry in {source.name}"
        case _:
            cure = (
                f"stands neither in {source.name} nor in {target.name}; write it in {target.name}"
            )
    return f"{user}: {cure}, then run this again"


def _differences(source: StackFile, target: StackFile) -> Iterator[str]:
    ours, theirs = _leaves(_shared(source.config)), _leaves(_shared(target.config))
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            yield (
                f"{PROJECT}:{key}: {json.dumps(ours.get(key))} in {source.name}, "
                f"{json.dumps(theirs.get(key))} in {target.name}; users move between stacks that "
                f"differ in users only: write the same in both"
            )


def _shared(config: StackConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", by_alias=True, include=_SHARED)


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {path: value}
    prefix = f"{path}." if path else ""
    return {
        key: leaf
        for name, item in value.items()
        for key, leaf in _leaves(item, f"{prefix}{name}").items()
    }


@dataclass(frozen=True)
class Plan:
    """What is left to do.

    Attributes:
        move: the source's URNs of users whom the target does not have yet.
        forget: the source's URNs of users whom the target has as well: a move was killed.
        begun: whether the target has any of the users already.
    """

    move: Sequence[str]
    forget: Sequence[str]
    begun: bool


def plan(users: Mapping[str, str], source: State, target: State) -> Plan:
    """Return what moves the users from where the two states say that they are.

    Args:
        users: id to slug.
        source: of the stack that they leave.
        target: of the stack that they come to.

    Raises:
        RequestError: a user is in neither state, or differs in both; an update was killed.
    """
    for state in (source, target):
        if state.unsettled:
            raise RequestError(
                f"{state.stack}: its last update was killed or failed; with the entries where "
                f"they were before, `pulumi up --stack {state.stack}` settles what it left"
            )
    move: list[str] = []
    forget: list[str] = []
    begun = False
    for user, slug in users.items():
        leaving, arrived = source.of_user(slug), target.of_user(slug)
        if not leaving and not arrived:
            raise RequestError(
                f"{user}: has no resources in {source.stack} or {target.stack}, so there is "
                f"nothing to move; `pulumi up --stack {target.stack}` makes them"
            )
        urns = [resource["urn"] for resource in leaving.values()]
        if not arrived:
            move += urns
            continue
        begun = True
        if unlike := [key for key, one in leaving.items() if _id(one) != _id(arrived.get(key))]:
            raise RequestError(
                f"{user}: both {source.stack} and {target.stack} have resources of this user, "
                f"and they are not the same: {', '.join(unlike)}; look which of them exist, and "
                f"take the others out with `pulumi state delete`"
            )
        forget += urns
    return Plan(move, forget, begun)


def _id(resource: Resource | None) -> object:
    return ... if resource is None else resource.get("id")
