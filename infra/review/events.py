"""Events: what a policy pack says of a plan. Pure.

The plan itself does not have it: that a policy forbids something is there as `preview failed`
and no more. The engine's log of events has all of it.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from infra.review.plans import Plan

_UNEXPLAINED = "error: preview failed"
_NAMED = 3


def with_policies(plan: Plan, log: str) -> Plan:
    """Return a plan with what policies say: those that forbid as errors, others as warnings.

    Args:
        plan: of a stack.
        log: what the same preview's `--event-log` wrote; empty if it wrote none.
    """
    about: dict[tuple[bool, str], list[str]] = {}
    for event in _violations(log):
        told = " ".join(event["message"].split())
        text = f"policy {event['policyName']} of {event['policyPackName']}: {told}"
        forbids = event["enforcementLevel"] != "advisory"
        about.setdefault((forbids, text), []).append(_name(event))
    errors, warnings = (
        [
            f"{text} ({_listed(names)})"
            for (forbids, text), names in about.items()
            if forbids is kind
        ]
        for kind in (True, False)
    )
    known = [error for error in plan.errors if not (errors and error == _UNEXPLAINED)]
    return replace(
        plan, errors=(*known, *sorted(errors)), warnings=(*plan.warnings, *sorted(warnings))
    )


def _violations(log: str) -> Iterator[dict[str, Any]]:
    for line in log.splitlines():
        if '"policyEvent"' in line:
            try:
                yield json.loads(line)["policyEvent"]
            except (ValueError, KeyError, TypeError):
                continue  # the last line of a run that was killed


def _name(event: dict[str, Any]) -> str:
    return event.get("resourceUrn", "").rpartition("::")[2] or "the stack"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(sorted(names)[:_NAMED])}{more}"
