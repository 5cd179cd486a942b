"""Documents that a caller sends: their fields, of which kind each is, and patches.

`checked` refuses what Google's own parser refuses, at any depth and in its words, and
returns values as the service shows them: 64-bit numbers as strings, times without
needless digits.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.gcs.errors import GcsError, invalid, unknown_name
from sandbox.gcs.times import shown_time

# A field's kind: one of these words, a dict of fields, or a list of one of those.
BOOL, STRING, INT32, INT64, TIME, DATE, LABELS = (
    "TYPE_BOOL", "TYPE_STRING", "TYPE_INT32", "TYPE_INT64", "TYPE_TIMESTAMP", "TYPE_DATE", "map",
)  # fmt: skip


def checked(document: Mapping[str, Any], fields: Mapping[str, Any], at: str) -> dict[str, Any]:
    """Return a document with its values as the service shows them.

    Args:
        document: as it came; None as a value stays.
        fields: the fields there are.
        at: what the document is called in an error.

    Raises:
        GcsError: a field is unknown, or its value is of another kind.
    """
    return {name: _value(value, fields, name, at) for name, value in document.items()}


def _value(value: Any, fields: Mapping[str, Any], name: str, at: str) -> Any:
    if name not in fields:
        raise unknown_name(name, at)
    return None if value is None else _of_kind(value, fields[name], f"{at}.{name}")


def _of_kind(value: Any, kind: Any, at: str) -> Any:
    if isinstance(kind, dict):
        return checked(_expect(value, dict, at), kind, at)
    if isinstance(kind, list):
        items = enumerate(_expect(value, list, at))
        return [_of_kind(item, kind[0], f"{at}[{index}]") for index, item in items]
    if kind == LABELS:
        pairs = _expect(value, dict, at).items()
        return {key: None if text is None else _plain(text, at) for key, text in pairs}
    return _SCALARS[kind](value, at)


def _expect(value: Any, kind: type, at: str) -> Any:
    if not isinstance(value, kind):
        raise _wrong(value, "struct" if kind is dict else "list", at)
    return value


def _wrong(value: Any, kind: str, at: str) -> GcsError:
    return invalid(f"Invalid value at '{at}' ({kind}), {value!r}")


def _bool(value: Any, at: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(value, BOOL, at)
    return value


def _plain(value: Any, at: str) -> str:
    if not isinstance(value, str):
        raise _wrong(value, STRING, at)
    return value


def _number(value: Any, at: str) -> int:
    try:
        if isinstance(value, bool) or int(value) != float(value):
            raise ValueError
        return int(value)
    except (TypeError, ValueError):
        raise _wrong(value, INT32, at) from None


def _date(value: Any, at: str) -> str:
    try:
        return (
            datetime.strptime(_plain(value, at), "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
        )
    except ValueError:
        raise _wrong(value, DATE, at) from None


def _time(value: Any, at: str) -> str:
    try:
        return shown_time(datetime.fromisoformat(_plain(value, at)))
    except ValueError:
        raise _wrong(value, TIME, at) from None


_SCALARS = {
    BOOL: _bool,
    STRING: _plain,
    INT32: _number,
    INT64: lambda value, at: str(_number(value, at)),
    TIME: _time,
    DATE: _date,
}


def merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document after a patch: None deletes, objects merge, all else replaces."""
    new = dict(old)
    for name, value in patch.items():
        if value is None:
            new.pop(name, None)
        elif isinstance(value, Mapping):
            before = old.get(name)
            new[name] = merged(before if isinstance(before, Mapping) else {}, value)
        else:
            new[name] = value
    return new


def without_empty(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource without the fields that are set to nothing."""
    return {name: value for name, value in document.items() if value not in ({}, [], None)}
