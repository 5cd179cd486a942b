"""IAM documents: JSON in texts, of which a cloud must read nothing that rules do not."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .model import Resource, Unknown
from .values import listed, shown

_AWS = frozenset({"Id", "Statement", "Version"})
_STATEMENT = frozenset(
    {
        "Action",
        "Condition",
        "Effect",
        "NotAction",
        "NotPrincipal",
        "NotResource",
        "Principal",
        "Resource",
        "Sid",
    }
)


def document(value: Any) -> Any:
    """Return an IAM document, which is JSON in a text; `UNKNOWN` if it is not known yet.

    What cannot be read has nothing in it; `unread` tells of it.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value, object_pairs_hook=_once)
        except ValueError:
            value = {}
    return value if isinstance(value, Mapping | Unknown) else {}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; of a key that comes twice, clouds and rules may take another one."""
    if len({key.lower() for key, _ in pairs}) < len(pairs):
        raise ValueError("a key comes twice")
    return dict(pairs)


def unread(
    value: Any, parts: str, keys: frozenset[str], part_keys: frozenset[str]
) -> Iterator[str]:
    """Yield what a cloud may read in an IAM document, and rules do not.

    Args:
        value: the document.
        parts: the key of the list that rules look into.
        keys: of a document, as they are spelt; a cloud may not care about capitals.
        part_keys: of each of the parts.
    """
    known = document(value)
    if isinstance(known, Unknown):
        return
    if parts not in known:
        yield f"it is no JSON with {parts}, or has a key twice: write one object that has it once"
        return
    strange = set(known) - keys
    for part in listed(known.get(parts)):
        strange |= set(part) - part_keys if isinstance(part, Mapping) else {shown(part)}
    if strange:
        yield f"it has {shown(sorted(strange))}: write {', '.join(sorted(keys | part_keys))}"


def statements(value: Any, effect: str) -> list[Mapping[str, Any]]:
    """Return the statements of an AWS policy that have an effect, `Allow` or `Deny`."""
    known = document(value)
    found = [] if isinstance(known, Unknown) else listed(known.get("Statement"))
    return [one for one in found if isinstance(one, Mapping) and one.get("Effect") == effect]


def is_read(resource: Resource) -> Iterator[str]:
    """Yield what a policy of AWS has that rules do not look at."""
    for key in ("assumeRolePolicy", "policy"):
        if key in resource.props:
            yield from unread(resource.props[key], "Statement", _AWS, _STATEMENT)
