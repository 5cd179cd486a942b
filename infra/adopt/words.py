"""What the adoption command prints: the entry of the stack file, and the report. Pure."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import yaml

# What every bucket's rules become, whatever they were.
LIFECYCLE = "nothing expires while `adopt` stands, then by the stack's rules"


class Change(NamedTuple):
    """A setting as it is and as the stack will have it, in words; equal where nothing changes."""

    what: str
    now: str
    then: str


def entry(user: str, bucket: str, parts: Iterable[str]) -> str:
    """Return the line for `users` of the stack file, indented as the examples are."""
    adopt = ", ".join(parts)
    return f"    - {{id: {_scalar(user)}, bucket: {_scalar(bucket)}, adopt: [{adopt}]}}"


def report(place: str, changes: Iterable[Change], notes: Iterable[str]) -> str:
    """Return what was found and what the stack will change, a line each.

    Args:
        place: the bucket's name and where it is.
        changes: all settings; those that stay are left out.
        notes: what else to know.
    """
    changed = [f"  {what}: {now} -> {then}" for what, now, then in changes if now != then]
    heading = "the stack will change:" if changed else "the stack will change nothing"
    return "\n".join([place, heading, *changed, *(f"note: {note}" for note in notes)])


def on_off(value: Any) -> str:
    """Return a switch in words."""
    return "on" if value else "off"


def pairs(labels: dict[str, str]) -> str:
    """Return labels in words, the same for equal ones."""
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items())) or "none"


def listed(names: Sequence[str], what: str) -> str:
    """Return what several things are called, after how many of `what` they are."""
    plural = "" if len(names) == 1 else "s"
    return f"{len(names)} {what}{plural}: {', '.join(names)}" if names else "none"


def _scalar(text: str) -> str:
    """Return text as YAML that every reader takes for text, quoted where one might not."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_.@-]*", text) and yaml.safe_load(text) == text
    return text if plain else json.dumps(text, ensure_ascii=False)
