"""The contract between the stack and whoever reads its outputs, said once by dataclasses.

`read` makes such a dataclass of plain JSON; `json_schema` says the same to other
languages. Both walk the annotations: text, whole numbers, booleans, Literals, None as a
choice, mappings, dataclasses, and several dataclasses told apart by their `provider`.
A key is its field's name in camelCase; a field with a default may be absent.

Keys that no field has are ignored: a newer stack may say more. Pure, standard library only.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from cmbcluster_storage.errors import ConfigurationError

_T = TypeVar("_T")

_TELLS_APART = "provider"
_KINDS: dict[Any, tuple[str, str]] = {
    str: ("string", "text"),
    int: ("integer", "a whole number"),
    bool: ("boolean", "true or false"),
    NoneType: ("null", "null"),
}
_CURE = "run `pulumi up` with the program of this version, or install the runtime of that one"


def read(kind: type[_T], value: object) -> _T:
    """Return a dataclass of what `json.loads` returns.

    Raises:
        ConfigurationError: a key is missing or holds something else; the text names its
            path, the value and the cure.
    """
    return _read(kind, value, "")


def json_schema(kind: type) -> dict[str, Any]:
    """Return the JSON Schema that holds for what `read` takes, and for nothing else."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_schema(kind)}


def _read(kind: Any, value: Any, path: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _read(arguments[0], value, path)
    if origin is UnionType:
        return _read(_chosen(arguments, value, path), value, path)
    if is_dataclass(kind):
        return _read_fields(kind, _object(value, path), path)
    if origin is Mapping:
        return {
            key: _read(arguments[1], item, _below(path, key))
            for key, item in _object(value, path).items()
        }
    choices = arguments if origin is Literal else ()
    if value in choices if choices else type(value) is kind:
        return value
    wanted = " or ".join(map(json.dumps, choices)) if choices else _KINDS[kind][1]
    raise _wrong(path, value, wanted)


def _read_fields(kind: Any, found: Mapping[str, Any], path: str) -> Any:
    """Return the dataclass of an object; what is absent has a default or is missing."""
    hints = get_type_hints(kind, include_extras=True)
    values: dict[str, Any] = {}
    for field in fields(kind):
        key = _key(field)
        if key in found:
            values[field.name] = _read(hints[field.name], found[key], _below(path, key))
        elif field.default is MISSING:
            raise ConfigurationError(f"{_below(path, key)}: is missing; {_CURE}")
    return kind(**values)


def _chosen(kinds: tuple[Any, ...], value: Any, path: str) -> Any:
    """Return the one of several annotations that a value is to be read by."""
    if NoneType in kinds:
        return next(kind for kind in kinds if (kind is NoneType) == (value is None))
    found = _object(value, path)
    tags = [get_args(get_type_hints(kind)[_TELLS_APART]) for kind in kinds]
    every = Literal[tuple(tag for of_kind in tags for tag in of_kind)]
    if _TELLS_APART not in found:
        raise ConfigurationError(f"{_below(path, _TELLS_APART)}: is missing; {_CURE}")
    tag = _read(every, found[_TELLS_APART], _below(path, _TELLS_APART))
    return next(kind for kind, of_kind in zip(kinds, tags, strict=True) if tag in of_kind)


def _object(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(path, value, "an object")
    return value  # pyright: ignore[reportUnknownVariableType] - JSON has no other keys


def _wrong(path: str, value: Any, wanted: str) -> ConfigurationError:
    shown = "an object" if isinstance(value, Mapping) else json.dumps(value, ensure_ascii=False)
    return ConfigurationError(
        f"{path or 'the outputs'}: {shown} is wrong, it must be {wanted}; {_CURE}"
    )


def _below(path: str, key: str) -> str:
    return f"{path}.{key}".removeprefix(".")


def _key(field: Field[Any]) -> str:
    return re.sub(r"_(.)", lambda letter: letter[1].upper(), field.name)


def _schema(kind: Any) -> dict[str, Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return {"description": arguments[1], **_schema(arguments[0])}
    if origin is UnionType:
        return {"anyOf": [_schema(each) for each in arguments]}
    if is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        return {
            "type": "object",
            "properties": {_key(field): _schema(hints[field.name]) for field in fields(kind)},
            "required": [_key(field) for field in fields(kind) if field.default is MISSING],
        }
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    if origin is Literal:
        return {"enum": list(arguments)}
    return {"type": _KINDS[kind][0]}
