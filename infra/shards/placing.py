"""Placing: new users into shards that have room, and into new ones; nobody else moves."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from infra import stack_files
from infra.shards import editing
from infra.shards.fleet import family, fleet, of_scope, root
from infra.shards.writing import text_of, write


@dataclass(frozen=True)
class Placed:
    """Where users are now.

    Attributes:
        already: who had an entry, by file.
        users: who came to each stack.
        made: those of them that are new.
    """

    already: dict[str, str]
    users: dict[str, list[str]]
    made: Collection[str]


def place(project: Path, users: Sequence[str], stack: str | None, at_most: int) -> Placed:
    """Write an entry for each user who has none.

    Args:
        project: the folder that has Pulumi.yaml.
        users: their ids.
        stack: one whose settings they are to have; None if all stacks have the same.
        at_most: users of a shard.

    Raises:
        RequestError: a file, a user or the result would not be right; nothing was written.
    """
    shards = fleet(project)
    base = root(shards, stack)
    scope = base.config.scope
    listed = {
        user.id: shard.file for shard in of_scope(shards, scope) for user in shard.config.users
    }
    new = [user for user in dict.fromkeys(users) if user not in listed]
    room = {
        shard.stack: at_most - len(shard.config.users)
        for shard in (base, *(one for one in family(shards, base) if one is not base))
    }
    goes = spread(new, room, at_most, new_names(base.stack, [one.stack for one in shards]))
    made = [stack for stack in goes if stack not in room]
    texts = {}
    provider = stack_files.read(project, base.stack).secrets_provider
    for name, theirs in goes.items():
        entries = [editing.entry(user) for user in theirs]
        file = stack_files.path_of(project, name).name
        if name in made:
            texts[file] = editing.new_file(base.stack, provider, entries)
        else:
            texts[file] = editing.with_entries(file, text_of(project, file), entries)
    write(project, texts, scope)
    return Placed({user: listed[user] for user in users if user in listed}, goes, made)


def spread(
    users: Sequence[str], room: Mapping[str, int], at_most: int, names: Iterator[str]
) -> dict[str, list[str]]:
    """Return who goes to which stack: as few stacks change as possible in their order.

    Args:
        users: who is new.
        room: of each stack; below zero if it has grown beyond that.
        at_most: users of a stack that is made.
        names: of such.
    """
    goes: dict[str, list[str]] = {}
    left = list(users)
    for stack, free in chain(room.items(), ((name, at_most) for name in names)):
        if not left:
            break
        if free > 0:
            goes[stack], left = left[:free], left[free:]
    return goes


def new_names(base: str, stacks: Collection[str]) -> Iterator[str]:
    """Yield names of further stacks: behind the highest, so that none comes back.

    A stack whose file is gone may go on to exist.
    """
    pattern = re.compile(rf"{re.escape(base)}-(\d+)", re.ASCII)
    numbers = [int(found[1]) for stack in stacks if (found := pattern.fullmatch(stack))]
    return (f"{base}-{number:03}" for number in count(max([1, *numbers]) + 1))
