"""What an SDK says of its provider's types and functions, as plain JSON.

Pulumi's SDKs are generated from the providers' schemas, so their argument classes tell
every property's name, type and whether it is required; a function's signature does not
tell what is required. `schema` keeps the result and checks by it.
"""

import collections.abc
import enum
import importlib
import inspect
import types
import typing
from collections.abc import Mapping
from typing import Any

import pulumi

from sandbox.schema import Shape

_SCALARS: dict[object, Shape] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    Any: "any",
}


def derived(sdk: str, tokens: Mapping[str, str]) -> dict[str, Any]:
    """Return the schema of these types and functions, read off the SDK's own."""
    reader = _Reader()
    document: dict[str, Any] = {"inputs": {}, "outputs": {}, "objects": reader.objects}
    for token, path in tokens.items():
        module_name, _, name = path.rpartition(".")
        offered = getattr(importlib.import_module(f"{sdk}.{module_name}"), name)
        module = importlib.import_module(offered.__module__)
        if inspect.isfunction(offered):
            # The class that its return annotation names adds nothing but `__await__`.
            result = typing.get_type_hints(offered)["return"].__base__
            document["inputs"][token] = reader.read_function(offered, _wire_names(result))
        else:
            arguments = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")
            document["inputs"][token] = reader.read(arguments)
            result = getattr(module, f"_{name}State", arguments)
        document["outputs"][token] = sorted(_wire_names(result).values())
    return document


class _Reader:
    """Reads arguments into `objects`, each class once."""

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

    def read_function(
        self, function: collections.abc.Callable[..., Any], wire: Mapping[str, str]
    ) -> str:
        """Return the name under which a function's arguments now are in `objects`.

        Args:
            function: all its arguments but `opts` go over the wire.
            wire: Python name to the name there; a result repeats the arguments.
        """
        name = f"{function.__module__}.{function.__qualname__}"
        hints = typing.get_type_hints(function)
        keys = inspect.signature(function).parameters.keys() - {"opts"}
        self.objects[name] = {
            "properties": {wire[key]: self._shape(hints[key]) for key in sorted(keys)},
            "required": [],  # every argument is optional to the SDK
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
