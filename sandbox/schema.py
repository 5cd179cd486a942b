"""Schemas: what each resource type takes and returns, read off the provider's own SDK.

Pulumi's SDKs are generated from the providers' schemas, so their argument classes tell
every property's name, type and whether it is required. Reading them takes seconds, so
the result is kept as JSON, one file per SDK version.
"""

import collections.abc
import difflib
import enum
import importlib
import importlib.metadata
import inspect
import json
import os
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi

from sandbox.properties import UNKNOWN

# A type is "string", "number", "integer", "boolean", "any", {"array": type}, {"map": type},
# {"object": name of an object} or {"union": [types]}.
Shape = str | dict[str, Any]

_SCALARS: dict[object, Shape] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    Any: "any",
}


class Schema:
    """The resource types of one provider that the sandbox knows.

    Attributes:
        inputs: token to the name of the object that describes its inputs.
        outputs: token to the names of all properties of its state.
        objects: name to {"properties": {name: shape}, "required": [name]}.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        """Take what `derived` returned, or its JSON."""
        self.inputs: dict[str, str] = document["inputs"]
        self.outputs: dict[str, list[str]] = document["outputs"]
        self.objects: dict[str, dict[str, Any]] = document["objects"]

    def failures(self, token: str, inputs: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield (property path, reason) for everything that does not fit, at any depth."""
        return self._object_failures("", self.inputs[token], inputs)

    def _object_failures(self, path: str, name: str, value: Any) -> Iterator[tuple[str, str]]:
        if not isinstance(value, dict):
            yield path, f"expected an object, got {json.dumps(value)}"
            return
        known = self.objects[name]["properties"]
        for key, item in value.items():
            inner = f"{path}.{key}" if path else key
            if key.startswith("__"):
                continue
            if key in known:
                yield from self._failures(inner, known[key], item)
            else:
                close = difflib.get_close_matches(key, known, n=1)
                cure = f"; did you mean {close[0]!r}?" if close else ""
                yield inner, f"unknown property {key!r}{cure}"
        for key in self.objects[name]["required"]:
            if value.get(key) is None:
                yield f"{path}.{key}" if path else key, f"required property {key!r} is missing"

    def _failures(self, path: str, shape: Shape, value: Any) -> Iterator[tuple[str, str]]:
        if value is None or value == UNKNOWN or shape == "any":
            return
        if isinstance(shape, str):
            if not _is_scalar(shape, value):
                yield path, f"expected {shape}, got {json.dumps(value)}"
        elif "union" in shape:
            options = [list(self._failures(path, option, value)) for option in shape["union"]]
            if all(options):
                yield from min(options, key=len)
        elif "object" in shape:
            yield from self._object_failures(path, shape["object"], value)
        else:
            yield from self._collection_failures(path, shape, value)

    def _collection_failures(
        self, path: str, shape: dict[str, Any], value: Any
    ) -> Iterator[tuple[str, str]]:
        if isinstance(value, list) and "array" in shape:
            for index, item in enumerate(value):
                yield from self._failures(f"{path}[{index}]", shape["array"], item)
        elif isinstance(value, dict) and "map" in shape:
            for key, item in value.items():
                yield from self._failures(f"{path}.{key}", shape["map"], item)
        else:
            yield path, f"expected {next(iter(shape))}, got {json.dumps(value)}"


def load(sdk: str, tokens: Mapping[str, str], folder: Path) -> Schema:
    """Return the schema of these types, from `folder` if it was derived before.

    Args:
        sdk: the SDK's package, like "pulumi_aws".
        tokens: type token to "module.Class" inside the SDK.
        folder: where the JSON files are kept.
    """
    version = importlib.metadata.version(sdk)
    path = folder / f"{sdk}-{version}.json"
    if path.exists():
        schema = Schema(json.loads(path.read_text("utf-8")))
        if schema.inputs.keys() == tokens.keys():
            return schema
    document = derived(sdk, tokens)
    folder.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(f".{os.getpid()}")
    written.write_text(json.dumps(document), "utf-8")
    written.replace(path)
    return Schema(document)


def derived(sdk: str, tokens: Mapping[str, str]) -> dict[str, Any]:
    """Return the schema of these types, read off the SDK's classes."""
    reader = _Reader()
    document: dict[str, Any] = {"inputs": {}, "outputs": {}, "objects": reader.objects}
    for token, path in tokens.items():
        module_name, _, name = path.rpartition(".")
        resource = getattr(importlib.import_module(f"{sdk}.{module_name}"), name)
        module = importlib.import_module(resource.__module__)
        arguments = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")
        document["inputs"][token] = reader.read(arguments)
        state = getattr(module, f"_{name}State", arguments)
        document["outputs"][token] = sorted(_wire_names(state).values())
    return document


class _Reader:
    """Reads argument classes into `objects`, each once."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}

    def read(self, arguments: type) -> str:
        """Return the name under which a class' properties now are in `objects`."""
        name = f"{arguments.__module__}.{arguments.__qualname__}"
        if name not in self.objects:
            self.objects[name] = {}  # known before it is read: types may contain themselves
            wire = _wire_names(arguments)
            module = vars(importlib.import_module(arguments.__module__))
            # pulumi.Input[T] still holds the text "Output[T]".
            unresolved = {"Output": pulumi.Output, "T": Any}
            hints = typing.get_type_hints(arguments.__init__, module, unresolved)
            parameters = inspect.signature(arguments).parameters
            self.objects[name] = {
                "properties": {wire[key]: self._shape(hints[key]) for key in wire},
                "required": [
                    wire[key] for key in wire if parameters[key].default is inspect.Parameter.empty
                ],
            }
        return name

    def _shape(self, hint: Any) -> Shape:
        if hint in _SCALARS:
            return _SCALARS[hint]
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return self._union(arguments)
        if origin is collections.abc.Sequence:
            return {"array": self._shape(arguments[0])}
        if origin is collections.abc.Mapping:
            return {"map": self._shape(arguments[1])}
        if origin is typing.Literal or (isinstance(hint, type) and issubclass(hint, enum.Enum)):
            return "string"
        if isinstance(hint, type) and hasattr(hint, "_pulumi_input_type"):
            return {"object": self.read(hint)}
        return "any"

    def _union(self, arguments: tuple[Any, ...]) -> Shape:
        # Input[T] is a union of T, Awaitable[T] and Output[T]: only T has a shape.
        shapes = [
            self._shape(argument)
            for argument in arguments
            if argument is not types.NoneType
            and getattr(typing.get_origin(argument), "__name__", "") not in ("Awaitable", "Output")
            and not typing.is_typeddict(argument)
        ]
        unique = [shape for index, shape in enumerate(shapes) if shape not in shapes[:index]]
        return unique[0] if len(unique) == 1 else {"union": unique}


def _wire_names(arguments: type) -> dict[str, str]:
    """Return Python name to the name on the wire, of every property of a class."""
    return {
        name: getattr(member.fget, "_pulumi_name", None) or name
        for name, member in vars(arguments).items()
        if isinstance(member, property)
    }


def _is_scalar(shape: str, value: Any) -> bool:
    if shape == "boolean":
        return isinstance(value, bool)
    if shape == "string":
        return isinstance(value, str)
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return not isinstance(value, bool) and (whole or (shape == "number" and type(value) is float))
