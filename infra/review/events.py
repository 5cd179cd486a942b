"""Events: what a policy pack says of a plan. Pure.

The plan itself does not have it: that a policy forbids something is there as `preview failed`
and no more. The engine's log of events has all of it.
"""

import json
from collections.abc import Iterator, Mapping
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
    for forbids, text, name in _violations(log):
        about.setdefault((forbids, text), []).append(name)
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


def _violations(log: str) -> Iterator[tuple[bool, str, str]]:
    """Yield whether it forbids, what it says, and of which resource."""
    for line in log.split(
        "\n"
    ):  # and at nothing else: a message may have what ends lines elsewhere
        if '"policyEvent"' in line:
            try:
                yield _violation(json.loads(line)["policyEvent"])
            except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
                continue  # the last line of a run that was killed; the plan says that it failed


def _violation(event: Mapping[str, Any]) -> tuple[bool, str, str]:
    told = " ".join(event["message"].split())
    text = f"policy {event['policyName']} of {event['policyPackName']}: {told}"
    name = event.get("resourceUrn", "").rpartition("::")[2] or "the stack"
    return event["enforcementLevel"] != "advisory", text, name


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(sorted(names)[:_NAMED])}{more}"
