"""Schemas: what a provider's types and functions take and return, and what does not fit.

Reading them off an SDK takes seconds, so the result is kept as JSON, one file per SDK
version.
"""

import difflib
import importlib.metadata
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sandbox.properties import UNKNOWN

# A type is "string", "number", "integer", "boolean", "any", {"array": type}, {"map": type},
# {"object": name of an object} or {"union": [types]}.
Shape = str | dict[str, Any]


class Schema:
    """The resource types and functions of one provider that the sandbox knows.

    Attributes:
        inputs: token to the name of the object that describes its inputs.
        outputs: token to the names of all properties of its state or result.
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
        tokens: token to "module.Class" or "module.function" inside the SDK.
        folder: where the JSON files are kept.
    """
    version = importlib.metadata.version(sdk)
    path = folder / f"{sdk}-{version}.json"
    if path.exists():
        schema = Schema(json.loads(path.read_text("utf-8")))
        if schema.inputs.keys() == tokens.keys():
            return schema
    from sandbox.sdk_schema import derived  # which needs all of Pulumi: a plugin seldom does

    document = derived(sdk, tokens)
    folder.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(f".{os.getpid()}")
    written.write_text(json.dumps(document), "utf-8")
    written.replace(path)
    return Schema(document)


def _is_scalar(shape: str, value: Any) -> bool:
    if shape == "boolean":
        return isinstance(value, bool)
    if shape == "string":
        return isinstance(value, str)
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return not isinstance(value, bool) and (whole or (shape == "number" and type(value) is float))
