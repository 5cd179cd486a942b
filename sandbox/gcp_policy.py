"""IAM policy documents, which a bucket and a service account have alike.

Source: https://cloud.google.com/iam/docs/reference/rest/v1/Policy
"""

import json
from collections.abc import Mapping
from typing import Any, TypeGuard

from sandbox.properties import UNKNOWN, Properties
from sandbox.resource import Failures

_EXPECTED = 'expected an IAM policy as JSON: {"bindings": [{"role": "…", "members": ["…"]}]}'


def policy_body(text: str) -> Properties:
    """Return a policy document as the APIs take it; before version 3 it has no conditions."""
    return {"version": 3, "bindings": _bindings(json.loads(text))}


def policy_text(policy: Properties, wanted: str | None) -> str:
    """Return a policy as JSON, the way it was wanted where both mean the same."""
    bindings = _bindings(policy)
    if wanted is not None and bindings == _bindings(json.loads(wanted)):
        return wanted
    return json.dumps({"bindings": bindings})


def comparable_policy(inputs: Properties) -> Properties:
    """Return inputs whose policy document is written in the one way that its meaning has."""
    try:
        return inputs | {"policyData": json.dumps(_bindings(json.loads(inputs["policyData"])))}
    except ValueError:  # only the real run will know it
        return inputs


def policy_failures(inputs: Properties) -> Failures:
    """Yield what is wrong with the property that holds a policy document."""
    if inputs["policyData"] == UNKNOWN:
        return
    try:
        policy = json.loads(inputs["policyData"])
    except ValueError:
        policy = None
    if not _is_policy(policy):
        yield "policyData", _EXPECTED
        return
    for key in sorted(policy.keys() - {"bindings"}):
        yield "policyData", f"{key!r} of an IAM policy is not emulated by the sandbox"


def _bindings(policy: Properties) -> list[Properties]:
    """Return a policy's bindings in one order and one for each role and condition.

    Neither roles nor members have an order, and a role's members may be in several bindings.
    """
    members: dict[str, set[str]] = {}
    for binding in policy.get("bindings", []):
        grant = {key: binding[key] for key in ("role", "condition") if binding.get(key)}
        members.setdefault(json.dumps(grant, sort_keys=True), set()).update(binding["members"])
    return [
        json.loads(grant) | {"members": sorted(members[grant])}
        for grant in sorted(members)
        if members[grant]
    ]


def _is_policy(value: Any) -> TypeGuard[Properties]:
    bindings = value.get("bindings", []) if isinstance(value, Mapping) else None
    return isinstance(bindings, list) and all(map(_is_binding, bindings))


def _is_binding(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("role"), str)
        and isinstance(value.get("members"), list)
    )
