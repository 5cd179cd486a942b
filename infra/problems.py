"""Problems: what an operator wrote wrongly, as one line each: key, value, cure.

`infra.config` finds them; pydantic's own words are for programmers. Pure functions.
"""

import difflib
import json
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

Loc = tuple[int | str, ...]

_KIND = "problem"

# The key that says which model of a union an object is, and what pydantic calls its errors.
_DISCRIMINATOR = "provider"
_UNDECIDED = ("union_tag_invalid", "union_tag_not_found")


def problem(text: str) -> PydanticCustomError:
    """Return what a validator raises: the text follows key and value, and holds the cure."""
    return PydanticCustomError(_KIND, "{text}", {"text": text})


def unknown(key: str, known: Iterable[str], parent: str = "") -> str:
    """Return the problem of a key that does not exist.

    Args:
        key: as it is written.
        known: what could have been meant.
        parent: what stands before each of them.
    """
    known = sorted(known)
    close = difflib.get_close_matches(key, known, n=1)
    names = [f"{parent}{name}" for name in close or known]
    cure = f"did you mean {names[0]}?" if close else f"drop it; known are {', '.join(names)}"
    return f"{parent}{_printable(key)}: is no key of this file; {cure}"


def described(details: ErrorDetails, model: type[BaseModel], project: str) -> str:
    """Return one of pydantic's errors as a problem.

    Args:
        details: what pydantic says.
        model: the outermost model; its fields' descriptions say what to write.
        project: the namespace of the keys.
    """
    loc, owner, field = _place_of(details["loc"], model)
    path = _path(loc, project)
    if details["type"] == "extra_forbidden":
        *parents, key = loc
        known = [to_camel(name) for name in owner.model_fields]
        return unknown(str(key), known, f"{_path(tuple(parents), project)}.")
    value = details["input"]
    shown = _shown(value)
    if field and details["type"] in _UNDECIDED:
        return _undecided(field, value, path)
    if details["type"] == _KIND:
        return f"{path}:{shown} {details['msg']}"
    cure = f"write {field.description}" if field else "drop it"
    example = f", like {json.dumps(field.examples[0])}" if field and field.examples else ""
    if details["type"] == "missing":
        return f"{path}: is missing; {cure}{example}"
    return f"{path}:{shown} is wrong ({details['msg']}); {cure}{example}"


def _undecided(field: FieldInfo, written: dict[str, Any], path: str) -> str:
    """Return the problem of an object whose provider does not say which model it is."""
    models = _models_in(field.annotation)
    choices = " or ".join(json.dumps(tag) for one in models for tag in get_args(_tag(one)))
    cure = f"write {models[0].model_fields[_DISCRIMINATOR].description}: {choices}"
    if _DISCRIMINATOR in written:
        return f"{path}.{_DISCRIMINATOR}:{_shown(written[_DISCRIMINATOR])} is wrong; {cure}"
    if close := difflib.get_close_matches(_DISCRIMINATOR, written, n=1):
        return unknown(close[0], [_DISCRIMINATOR], f"{path}.")
    return f"{path}.{_DISCRIMINATOR}: is missing; {cure}"


def _shown(value: Any) -> str:
    return "" if isinstance(value, dict | list) else f" {json.dumps(value)}"


def _printable(key: str) -> str:
    """Return a key that begins no line of a log: a runner takes some for its own commands."""
    return key if key.isprintable() else json.dumps(key)


def _path(loc: Loc, project: str) -> str:
    dotted = "".join(
        f"[{part}]" if isinstance(part, int) else f".{_printable(part)}" for part in loc
    )
    return f"{project}:{dotted.removeprefix('.')}"


def _place_of(loc: Loc, model: type[BaseModel]) -> tuple[Loc, type[BaseModel], FieldInfo | None]:
    """Return the way as it is written, its innermost model, and the field it leads to."""
    owner = model
    field: FieldInfo | None = None
    inside = [model]
    written: list[int | str] = []
    for part in loc:
        if len(inside) > 1:  # which of several models it is, says a part that nobody wrote
            inside = [one for one in inside if part in get_args(_tag(one))]
            continue
        written.append(part)
        if isinstance(part, str) and inside:
            owner = inside[0]
            fields = {to_camel(name): info for name, info in owner.model_fields.items()}
            field = fields.get(part)
            inside = _models_in(field.annotation) if field else []
    return tuple(written), owner, field


def _tag(model: type[BaseModel]) -> Any:
    return model.model_fields[_DISCRIMINATOR].annotation


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
