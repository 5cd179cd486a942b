"""Properties: plain dicts of a resource, off and onto the wire, and what differs in them.

Pure functions. Names are those of the wire (camelCase); a whole number is an int.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2

Properties = dict[str, Any]

# Stands for a value that only the real run will know.
# Source: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Return a message's properties; the wire knows floating point numbers only."""
    return _whole(json_format.MessageToDict(struct))


def to_struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return properties as a message."""
    struct = struct_pb2.Struct()
    struct.update(dict(properties))
    return struct


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of everything in a value that has nothing in it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def besides(
    properties: Properties, defaults: Mapping[str, Any], *, kept: Collection[str]
) -> Properties:
    """Return the properties that are not at their default, and those to be kept."""
    return {
        key: item
        for key, item in properties.items()
        if key in kept or key not in defaults or item != defaults[key]
    }


def differences(
    old: Any, new: Any, path: str = "", *, exact: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield (path, "add" | "delete" | "update") for every leaf that differs.

    Absent, None, false and empty mean the same, and so do equal JSON documents.

    Args:
        old: as it was.
        new: as it shall be.
        path: where both stand.
        exact: false and the empty string are values of their own.
    """
    if _same(old, new, exact):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            inner = f"{path}.{key}" if path else key
            yield from differences(old.get(key), new.get(key), inner, exact=exact)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from differences(*pair, f"{path}[{index}]", exact=exact)
    else:
        yield path, "add" if old is None else "delete" if new is None else "update"


def like(found: Any, wanted: Any, *, exact: bool = False) -> Any:
    """Return what was found, written the way it was wanted where both mean the same.

    So that reading back what was just written is no difference, and drift is one.
    """
    if _same(found, wanted, exact):
        return wanted
    if isinstance(found, dict) and isinstance(wanted, dict):
        keys = [*wanted, *(key for key in found if key not in wanted)]
        merged = {key: like(found.get(key), wanted.get(key), exact=exact) for key in keys}
        return {key: item for key, item in merged.items() if item is not None}
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        return [like(*pair, exact=exact) for pair in zip(found, wanted, strict=True)]
    return found


def _same(one: Any, other: Any, exact: bool) -> bool:
    if one == other or (_is_empty(one, exact) and _is_empty(other, exact)):
        return True
    if isinstance(one, str) and isinstance(other, str) and one[:1] == other[:1] == "{":
        try:
            return bool(json.loads(one) == json.loads(other))
        except ValueError:
            return False
    return False


def _is_empty(value: Any, exact: bool) -> bool:
    if exact and isinstance(value, bool | str):
        return False
    return value is None or value is False or (isinstance(value, str | list | dict) and not value)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
