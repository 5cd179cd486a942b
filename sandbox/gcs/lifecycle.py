"""The lifecycle document of a bucket: what of it the service refuses. Nothing acts on it here.

Source: https://cloud.google.com/storage/docs/lifecycle
"""

from collections.abc import Mapping
from typing import Any

from sandbox.gcs.errors import invalid
from sandbox.gcs.names import STORAGE_CLASSES

_ACTIONS = ("AbortIncompleteMultipartUpload", "Delete", "SetStorageClass")
_COUNTS = ("age", "daysSinceCustomTime", "daysSinceNoncurrentTime", "numNewerVersions")
# The conditions that unfinished uploads have.
_OF_UPLOADS = {"age", "matchesPrefix", "matchesSuffix"}


def check_lifecycle(document: Mapping[str, Any]) -> None:
    """Refuse rules that the service refuses; fields and kinds have been checked."""
    rules = document.get("rule") or []
    if len(rules) > 100:
        raise invalid("A lifecycle configuration can have at most 100 rules.")
    for index, rule in enumerate(rules):
        at = f"lifecycle.rule[{index}]"
        condition = rule.get("condition") or {}
        _check_action(rule.get("action") or {}, condition, at)
        _check_condition(condition, at)


def _check_action(action: Mapping[str, Any], condition: Mapping[str, Any], at: str) -> None:
    kind = action.get("type")
    if kind not in _ACTIONS:
        raise invalid(f"Invalid argument: {at}.action.type must be one of {', '.join(_ACTIONS)}.")
    if (kind == "SetStorageClass") != ("storageClass" in action):
        raise invalid(f"Invalid argument: {at}.action.storageClass goes with SetStorageClass.")
    if action.get("storageClass", "STANDARD") not in STORAGE_CLASSES:
        raise invalid(f"Invalid argument: {at}.action.storageClass is no storage class.")
    if kind == _ACTIONS[0] and (others := condition.keys() - _OF_UPLOADS):
        raise invalid(f"Invalid argument: {at}.condition.{min(others)} does not go with {kind}.")


def _check_condition(condition: Mapping[str, Any], at: str) -> None:
    if not any(value not in ([], None) for value in condition.values()):
        raise invalid(f"Invalid argument: {at} must have at least one condition.")
    for name in _COUNTS:
        if condition.get(name, 0) < 0:
            raise invalid(f"Invalid argument: {at}.condition.{name} must not be negative.")
    for name in condition.get("matchesStorageClass", []):
        if name not in STORAGE_CLASSES:
            raise invalid(f"Invalid argument: {at}.condition.matchesStorageClass: {name}.")
