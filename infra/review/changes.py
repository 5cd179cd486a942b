"""Changes: a resource's settings before and after, a line each. Pure."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from infra.review.plans import Resource, Step

# What the engine puts in the place of a value that it will know only after `up`, and the
# key by which it marks secrets, files and references.
# Source: https://www.pulumi.com/docs/iac/concepts/resources/ (the protocol's reserved values)
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "[secret]"  # noqa: S105 - what the engine writes in the place of one
_NOTES = "__defaults"  # the official providers' own
_HIDDEN = "(not shown)"
_LONGEST = 400

# What stands before the lines of what comes, goes, or does both.
_SIGNS = {"create": "+", "import": "+", "delete": "-", "replace": "!"}
_OPS = {"import": ": taken over", "replace": ": replaced"}


class Change(NamedTuple):
    """One setting as it was and as it will be; None where it is not set."""

    path: str
    before: str | None
    after: str | None


def lines(steps: Iterable[Step]) -> list[str]:
    """Return steps as the lines of a diff: + comes, - goes, ! is replaced.

    What is done to several resources alike is said once.
    """
    alike: dict[tuple[str, str, tuple[Change, ...]], list[str]] = {}
    for step in steps:
        if step.what:  # a component is nothing in the cloud
            key = _SIGNS.get(step.op, " "), _OPS.get(step.op, ""), tuple(changes(step))
            alike.setdefault(key, []).append(step.what)
    told: list[str] = []
    for (sign, how, changed), whats in alike.items():
        told.append(f"{sign} {', '.join(whats)}{how}")
        for path, before, after in changed:
            told += [f"-   {path}: {before}"] if before is not None else []
            told += [f"+   {path}: {after}"] if after is not None else []
    return told


def changes(step: Step) -> Iterator[Change]:
    """Yield in what a resource differs that was there and stays."""
    if step.op in ("create", "import", "delete") or not (step.before and step.after):
        return
    before, after = _settings(step.before), _settings(step.after)
    keys = {key for key in before | after if before.get(key, ...) != after.get(key, ...)}
    old, new = _shown_of(before, keys), _shown_of(after, keys)
    found = [
        Change(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    ]
    yield from found
    told = {re.split(r"[.[]", change.path)[0] for change in found}
    for reason in step.reasons:
        if reason in step.after.inputs and reason not in told:  # a secret that is another one
            yield Change(reason, _HIDDEN, _HIDDEN)


def _settings(resource: Resource) -> dict[str, Any]:
    flags = {"protect": resource.protect, "retainOnDelete": resource.retain_on_delete}
    inputs = {key: value for key, value in resource.inputs.items() if key != _NOTES}
    return inputs | flags


def _shown_of(settings: Mapping[str, Any], keys: Iterable[str]) -> dict[str, str]:
    """Return every part of some settings, in text."""
    return dict(leaf for key in keys if key in settings for leaf in _leaves(settings[key], key))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield every setting that has no parts."""
    inner = _parts(value)
    if not inner:
        yield path, _shown(value)
    for key, part in inner.items():
        if key != _NOTES:
            yield from _leaves(part, f"{path}{key}" if key.startswith("[") else f"{path}.{key}")


def _parts(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)  # a policy is a document in a text
        except (ValueError, RecursionError):
            return {}
    if isinstance(value, list):
        return {f"[{number}]": part for number, part in enumerate(value)}
    if isinstance(value, dict) and _SIGNATURE not in value:
        return {str(key): part for key, part in value.items()}
    return {}


def _shown(value: Any) -> str:
    if value == _UNKNOWN:
        return "(known after up)"
    if value == _SECRET or (isinstance(value, dict) and _SIGNATURE in value):
        return _SECRET
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
