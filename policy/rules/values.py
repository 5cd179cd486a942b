"""Values: how rules read properties, of which a preview may not know some yet."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .model import UNKNOWN, Unknown

_SHOWN = 100


def at(props: Mapping[str, Any], path: str) -> Any:
    """Return a property.

    Args:
        props: of a resource.
        path: keys with dots between them.

    Returns:
        None where there is nothing; `UNKNOWN` where a part of the way is not known.
    """
    value: Any = props
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return UNKNOWN if isinstance(value, Unknown) else None
        value = value.get(key)
    return value


def unless(props: Mapping[str, Any], path: str, wanted: Any) -> Iterator[str]:
    """Yield that a property is known and not what it must be."""
    value = at(props, path)
    if not isinstance(value, Unknown) and value != wanted:
        yield f"{path} is {shown(value)}: write {shown(wanted)}"


def shown(value: Any) -> str:
    """Return a value for a message: on one line, and no longer than one is read."""
    text = "missing" if value is None else json.dumps(value, default=repr)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def listed(value: Any) -> list[Any]:
    """Return what may be written as one value or as a list of them, without what is not known."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [one for one in values if not isinstance(one, Unknown)]


def document(value: Any) -> Any:
    """Return an IAM document, which is JSON in a text; `UNKNOWN` if it is not known yet.

    What cannot be read has nothing in it, so that whatever must be in it is missed.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = {}
    return value if isinstance(value, Mapping | Unknown) else {}


def statements(value: Any, effect: str) -> list[Mapping[str, Any]]:
    """Return the statements of an AWS policy that have an effect, `Allow` or `Deny`."""
    known = document(value)
    found = [] if isinstance(known, Unknown) else listed(known.get("Statement"))
    return [one for one in found if isinstance(one, Mapping) and one.get("Effect") == effect]
