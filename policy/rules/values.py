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


def sole(value: Any) -> Any:
    """Return what is written as one value or as a list of one; None if it is another list."""
    values = value if isinstance(value, list) else [value]
    return values[0] if len(values) == 1 else None


def fields(value: Any) -> Mapping[str, Any]:
    """Return an object; nothing for what is none, or is not known."""
    return value if isinstance(value, Mapping) else {}
