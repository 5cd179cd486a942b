"""Partial answers: the `fields` parameter, as in `items(name,size),nextPageToken`."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sandbox.gcs.errors import invalid

# A field's own selection; an empty one takes all of it.
_Selection = dict[str, Any]


def partial(document: Mapping[str, Any], fields: str) -> dict[str, Any]:
    """Return the parts of an answer that a caller selected."""
    return _selected(document, selection(fields))


@lru_cache(maxsize=256)
def selection(fields: str) -> _Selection:
    """Return a selection as a tree.

    Raises:
        GcsError: it cannot be read.
    """
    rest = fields.replace(" ", "")
    parsed, rest = _list(rest)
    if rest:
        raise invalid(f"Invalid field selection {fields}", "fields")
    return parsed


def _list(text: str) -> tuple[_Selection, str]:
    parsed: _Selection = {}
    while True:
        text = _item(text, parsed)
        if not text.startswith(","):
            return parsed, text
        text = text[1:]


def _item(text: str, into: _Selection) -> str:
    """Read one path, which may end in a list of its own."""
    end = next((index for index, letter in enumerate(text) if letter in ",/()"), len(text))
    name, text = text[:end], text[end:]
    if not name:
        raise invalid(f"Invalid field selection {text}", "fields")
    own: _Selection = into.setdefault(name, {})
    if text.startswith("/"):
        return _item(text[1:], own)
    if text.startswith("("):
        inner, text = _list(text[1:])
        own |= inner
        if not text.startswith(")"):
            raise invalid(f"Invalid field selection {text}", "fields")
        return text[1:]
    return text


def _selected(value: Any, chosen: _Selection) -> Any:
    if not chosen or "*" in chosen:
        return value
    if isinstance(value, list):
        return [_selected(item, chosen) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {name: _selected(value[name], own) for name, own in chosen.items() if name in value}
