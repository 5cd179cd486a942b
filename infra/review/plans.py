"""Plans: what `pulumi preview --json` prints, as far as a review needs it. Pure.

With `--ignore-protect`, what is protected and would go is a step like any other. With
`--show-sames` there is a step for what stays the same as well, whose `retainOnDelete` alone may
change. The engine writes `[secret]` for secrets by itself. A preview that fails has no steps but
the stack's own, and says why in its diagnostics.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_STORAGE = "cmbcluster-storage:index:UserStorage"
VOLUME = "cmbcluster-storage:index:UserVolume"
_COMPONENTS = (_STORAGE, VOLUME)
_STACK = "pulumi:pulumi:Stack"

# What is added to the words of whoever failed: by the language host, and by the engine.
_NOISE = ("error: an unhandled error occurred: the program exited", "error: preview failed")


@dataclass(frozen=True)
class Resource:
    """One resource, before or after.

    Attributes:
        protect: whether the engine refuses to delete it.
        retain_on_delete: whether it goes on to exist when the stack forgets it.
        inputs: what the program says of it.
    """

    protect: bool = False
    retain_on_delete: bool = False
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """What the engine would do to one resource.

    Attributes:
        op: in its words: create, update, replace, delete, import, same, …
        type: the type token.
        name: the logical name.
        slug: of the user whom it belongs to; empty for what belongs to nobody.
        before: None for what does not exist yet.
        after: None for what will not exist any more.
        reasons: the inputs in which the provider sees a difference.
    """

    op: str
    type: str
    name: str
    slug: str
    before: Resource | None
    after: Resource | None
    reasons: tuple[str, ...] = ()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is done: to what stays the same, only these two can be."""
        return self.op == "same" and _held(self.before) == _held(self.after)

    @property
    def what(self) -> str:
        """What it is of the user's: bucket, role, claim, …; of a component, nothing."""
        return self.name.removeprefix(self.slug).removeprefix("-") if self.slug else self.name


def _held(state: Resource | None) -> tuple[bool, bool] | None:
    return state and (state.protect, state.retain_on_delete)


@dataclass(frozen=True)
class Plan:
    """One stack's preview.

    Attributes:
        stack: its name.
        steps: all that is not the stack itself.
        users: the ids of those whom the last update left, with their buckets' names.
        errors: why there is no whole plan; empty if there is one.
        warnings: what else the program says.
    """

    stack: str
    steps: tuple[Step, ...] = ()
    users: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class PlanError(ValueError):
    """What is given is the plan of another stack."""


def read(stack: str, text: str) -> Plan:
    """Return a stack's plan; one that cannot be read, or is not whole, is one that failed.

    Raises:
        PlanError: it is another stack's.
    """
    try:
        document = json.loads(text)
        steps = document.get("steps") or ()
        others = {one["urn"].split(":")[2] for one in steps} - {stack}
        plan = _plan(stack, document)
        is_whole = plan.errors or any(_is_stack(one) for one in steps)
    except (ValueError, AttributeError, LookupError, TypeError, RecursionError):
        others, plan, is_whole = set(), Plan(stack), False
    if others:
        other = min(others)
        raise PlanError(f"{stack}: this is a plan of the stack {other!r}; name it {other}.json")
    if not is_whole:
        return Plan(stack, errors=("the preview left no plan; what it printed says why",))
    return plan


def _plan(stack: str, document: Mapping[str, Any]) -> Plan:
    steps = [_step(one) for one in document.get("steps") or ()]
    told = document.get("diagnostics") or ()
    return Plan(
        stack,
        steps=tuple(step for step in steps if step.type != _STACK and not step.is_idle),
        users=_users(document),
        errors=_errors(told),
        warnings=tuple(_message(one) for one in told if one["severity"] == "warning"),
    )


def _is_stack(step: Mapping[str, Any]) -> bool:
    """Tell whether a step is the stack's own, which every plan has, also where nothing changes."""
    return f"::{_STACK}::" in step["urn"]


def at(value: Any, *keys: str | int) -> Any:
    """Return a part of a value; None if it has no such part: what is unknown yet is a text."""
    for key in keys:
        if isinstance(value, list):
            value = dict(enumerate(value))
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _step(step: Mapping[str, Any]) -> Step:
    *_, types, name = step["urn"].split("::")
    kind = types.rpartition("$")[2]
    states = [step.get(key) for key in ("oldState", "newState")]
    before, after = (_resource(state) if state else None for state in states)
    parent = next((state["parent"] for state in states if state and "parent" in state), "")
    return Step(
        op=str(step["op"]),
        type=kind,
        name=name,
        slug=name if kind in _COMPONENTS else _slug(parent),
        before=before,
        after=after,
        reasons=tuple(map(str, step.get("diffReasons") or ())),
    )


def _slug(parent: str) -> str:
    *_, types, name = ["", *parent.split("::")]
    return name if types.rpartition("$")[2] in _COMPONENTS else ""


def _resource(state: Mapping[str, Any]) -> Resource:
    return Resource(
        protect=bool(state.get("protect")),
        retain_on_delete=bool(state.get("retainOnDelete")),
        inputs=dict(state.get("inputs") or {}),
    )


def _users(document: Mapping[str, Any]) -> dict[str, str]:
    for step in document.get("steps") or ():
        if _is_stack(step):
            users = at(step, "oldState", "outputs", "users")
            # Outputs of a version that is not ours, or secret ones, tell nothing.
            found = users.items() if isinstance(users, dict) else ()
            return {user: str(at(one, "bucketName") or "") for user, one in found}
    return {}


def _errors(told: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    errors = [_message(one) for one in told if one["severity"] == "error"]
    return tuple([one for one in errors if not one.startswith(_NOISE)] or errors)


def _message(diagnostic: Mapping[str, Any]) -> str:
    """Return what is said, after what it is said of."""
    text = diagnostic["message"].strip()
    urn = diagnostic.get("urn", "")
    return text if not urn or _STACK in urn else f"{urn.rpartition('::')[2]}: {text}"
