"""Editing: entries into and out of a stack file's text, all else left as it is. Pure.

A reviewer sees one line more or less: lines are put in and taken out where the parser says
that entries are, and nothing is written anew. What follows an entry on its line belongs to
it; a comment above it stays.
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from infra.shards.errors import RequestError
from infra.stack_files import EXTENDS, PROJECT
from infra.yaml_text import parsed

_USERS = f"{PROJECT}:users"

# What every version of YAML reads as a text, but for a few words.
_PLAIN = re.compile(r"[^\W\d_][\w.@+-]*")


@dataclass(frozen=True)
class Entry:
    """One entry as it stands in a file.

    Attributes:
        user: whose it is.
        lines: of it, without line ends; the first begins with its dash.
    """

    user: str
    lines: tuple[str, ...]


def entry(user: str) -> Entry:
    """Return the entry of an active user; quoted where YAML would read something else.

    Raises:
        RequestError: the id cannot be written, or would be read as another.
    """
    if not user.isprintable():
        raise RequestError(
            f"{json.dumps(user)}: has characters that do not print; write the user's id as the "
            f"hub knows it"
        )
    return Entry(user, (f"- {_scalar(user)}",))


def _scalar(text: str) -> str:
    is_plain = _PLAIN.fullmatch(text) and yaml.safe_load(text) == text
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def new_file(extends: str, secrets_provider: str, entries: Sequence[Entry]) -> str:
    """Return the text of a further shard."""
    head = f"config:\n  {EXTENDS}: {_scalar(extends)}\n  {_USERS}: []\n"
    if secrets_provider:
        head = f"secretsprovider: {json.dumps(secrets_provider)}\n{head}"
    return with_entries("the new file", head, entries)


def with_entries(name: str, text: str, entries: Sequence[Entry]) -> str:
    """Return a stack file's text with further entries behind those that it has.

    Args:
        name: of the file.
        text: of it.
        entries: to add.

    Raises:
        RequestError: entries do not stand on lines of their own.
    """
    lines, end = _lines(text)
    key, users = _found(name, text)
    if isinstance(users, yaml.SequenceNode) and users.value:
        column, at = users.start_mark.column, _end(users)
    else:  # the key alone, or with an empty list behind it
        column, at = key.start_mark.column + 2, key.end_mark.line + 1
        lines[at - 1] = lines[at - 1].replace(": []", ":", 1)
    new = [f"{' ' * column}{line}{end}" for one in entries for line in one.lines]
    if at and lines[at - 1] == lines[at - 1].rstrip("\r\n"):
        lines[at - 1] += end
    return _checked(name, text, "".join([*lines[:at], *new, *lines[at:]]), add=entries)


def without_entries(name: str, text: str, users: Collection[str]) -> tuple[str, list[Entry]]:
    """Return a stack file's text without the entries of these users, and those entries.

    Args:
        name: of the file.
        text: of it.
        users: whose entries go; some may have none.

    Raises:
        RequestError: entries do not stand on lines of their own.
    """
    lines, _ = _lines(text)
    _, node = _found(name, text)
    taken: list[Entry] = []
    gone: set[int] = set()
    for item in node.value if isinstance(node, yaml.SequenceNode) else ():
        if (user := _id(item)) in users:
            place = range(item.start_mark.line, _end(item))
            column = node.start_mark.column
            own = tuple(lines[number][column:].rstrip("\r\n") for number in place)
            taken.append(Entry(user, own))
            gone |= set(place)
    left = "".join(line for number, line in enumerate(lines) if number not in gone)
    return _checked(name, text, left, drop=users), taken


def _lines(text: str) -> tuple[list[str], str]:
    """Return the lines with their ends, and what ends a line."""
    return text.splitlines(keepends=True), "\r\n" if "\r\n" in text else "\n"


def _found(name: str, text: str) -> tuple[yaml.Node, yaml.Node]:
    """Return the nodes of the key `users` and of its value."""
    root = yaml.compose(text, yaml.SafeLoader)
    config = dict(_pairs(root)).get("config")
    for key, value in _pairs(config[1]) if config else ():
        if key == _USERS:
            node = value[1]
            one_line = isinstance(node, yaml.SequenceNode) and node.flow_style and node.value
            if one_line or isinstance(node, yaml.MappingNode):
                raise _unreadable(name)
            return value
    raise RequestError(f"{name}: has no {_USERS}; write `{_USERS}: []` below `config:`")


def _pairs(node: yaml.Node | None) -> Iterator[tuple[str, tuple[yaml.Node, yaml.Node]]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key.value, (key, value)


def _id(item: yaml.Node) -> str:
    """Return whose entry it is, "" for nobody's."""
    node = item
    for key, (_, value) in _pairs(item):
        if key == "id":
            node = value
    return node.value if isinstance(node, yaml.ScalarNode) else ""


def _end(node: yaml.Node) -> int:
    """Return the number of the line behind a node, and before what is not its own."""
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return node.end_mark.line + 1


def _checked(
    name: str, before: str, after: str, add: Sequence[Entry] = (), drop: Collection[str] = ()
) -> str:
    """Return the text, if it says what it is to say and nothing else is another."""
    try:
        (users, others), (users_now, others_now) = _said(before), _said(after)
        added = [parsed("\n".join(one.lines))[0] for one in add]
        wanted = [user for user in users if _id_of(user) not in drop] + added
    except (yaml.YAMLError, TypeError) as error:
        raise _unreadable(name) from error
    if users_now != wanted or others_now != others:
        raise _unreadable(name)
    return after


def _said(text: str) -> tuple[list[Any], dict[str, Any]]:
    document = dict(parsed(text))
    config = dict(document.pop("config"))
    return config.pop(_USERS, None) or [], {**document, "config": config}


def _id_of(user: Any) -> Any:
    return user.get("id") if isinstance(user, dict) else user


def _unreadable(name: str) -> RequestError:
    return RequestError(
        f"{name}: its users do not stand on lines of their own; write each as `- id` or "
        f"`- {{id: …}}` on a line below {_USERS}"
    )
