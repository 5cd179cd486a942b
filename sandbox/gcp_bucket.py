"""A bucket's properties as the API's fields, and back.

Pure functions. What is set, cleared and left alone follows the official provider.
Source: https://github.com/hashicorp/terraform-provider-google/tree/main/google/services/storage
"""

from typing import Any

from sandbox.gcp_checks import STATES
from sandbox.properties import Properties

# What holds where the program sets nothing.
DEFAULTS = {"forceDestroy": False, "storageClass": "STANDARD"}
# What stays as it is when the program no longer sets it.
KEPT = ("publicAccessPrevention", "softDeletePolicy", "uniformBucketLevelAccess", "versioning")
_SOFT_DELETE_SECONDS = 604_800

# What goes when the program no longer sets it, or never did and found it in a bucket that it
# imported: property to the API's field, and what clears that.
_CLEARED: dict[str, tuple[str, Any]] = {
    "autoclass": ("autoclass", {"enabled": False}),
    "cors": ("cors", None),
    "defaultEventBasedHold": ("defaultEventBasedHold", False),
    "encryption": ("encryption", None),
    "logging": ("logging", None),
    "requesterPays": ("billing", {"requesterPays": False}),
    "retentionPolicy": ("retentionPolicy", None),
}

# Where the API's name is another than the property's.
_CONDITIONS = {
    "matchesPrefixes": "matchesPrefix",
    "matchesStorageClasses": "matchesStorageClass",
    "matchesSuffixes": "matchesSuffix",
}
_CORS = {"methods": "method", "origins": "origin", "responseHeaders": "responseHeader"}


def settings(inputs: Properties) -> Properties:
    """Return the fields that can be changed, as far as the program sets them."""
    access: Properties = {}
    fields: Properties = {
        "iamConfiguration": access,
        "labels": dict(inputs.get("labels", {})),
        "lifecycle": {"rule": [_rule(rule) for rule in inputs.get("lifecycleRules", [])]},
        "storageClass": inputs.get("storageClass", DEFAULTS["storageClass"]),
    }
    fields |= {key: inputs[key] for key in ("encryption", "logging", "versioning") if key in inputs}
    if "publicAccessPrevention" in inputs:
        access["publicAccessPrevention"] = inputs["publicAccessPrevention"]
    if "uniformBucketLevelAccess" in inputs:
        access["uniformBucketLevelAccess"] = {"enabled": inputs["uniformBucketLevelAccess"]}
    if "softDeletePolicy" in inputs:
        seconds = inputs["softDeletePolicy"].get("retentionDurationSeconds", _SOFT_DELETE_SECONDS)
        fields["softDeletePolicy"] = {"retentionDurationSeconds": str(seconds)}
    return fields


def changes(old: Properties, new: Properties) -> Properties:
    """Return the patch that makes one program's settings of another's."""
    before, after = settings(old), settings(new)
    patch = {field: value for field, value in after.items() if before.get(field) != value}
    if gone := old.get("labels", {}).keys() - new.get("labels", {}).keys():
        patch["labels"] = after["labels"] | dict.fromkeys(gone)
    return patch | dict(_CLEARED[key] for key in old if key in _CLEARED and key not in new)


def complete(inputs: Properties, known: Properties) -> Properties:
    """Return inputs with what holds, or stays, where the program sets nothing.

    Args:
        inputs: of a program.
        known: the inputs before those.
    """
    kept = {key: known[key] for key in KEPT if key in known}
    completed = DEFAULTS | kept | inputs
    if isinstance(location := inputs.get("location"), str):
        completed["location"] = location.upper()
    logging = inputs.get("logging")
    if isinstance(logging, dict):  # a preview may not know it yet
        prefix = (known.get("logging") or {}).get("logObjectPrefix")
        completed["logging"] = {"logObjectPrefix": prefix} | logging
    return completed


def properties(bucket: Properties) -> Properties:
    """Return all that a program could have set, in a bucket of the API's.

    But for its labels: the official provider reads only those that a program sets.
    """
    access = bucket["iamConfiguration"]
    rules = bucket.get("lifecycle", {}).get("rule", [])
    soft = int(bucket.get("softDeletePolicy", {}).get("retentionDurationSeconds", 0))
    found = {
        "name": bucket["name"],
        "location": bucket["location"],
        "lifecycleRules": [_found_rule(rule) for rule in rules],
        "publicAccessPrevention": access["publicAccessPrevention"],
        "softDeletePolicy": {"retentionDurationSeconds": soft},
        "storageClass": bucket["storageClass"],
        "uniformBucketLevelAccess": access["uniformBucketLevelAccess"]["enabled"],
        "versioning": {"enabled": bucket.get("versioning", {}).get("enabled", False)},
    }
    return found | _seldom_set(bucket)


def refreshed(bucket: Properties, inputs: Properties) -> Properties:
    """Return what a bucket has of what the program sets, and what else it would take away."""
    found = properties(bucket)
    labels = bucket.get("labels", {})
    found["labels"] = {key: labels[key] for key in inputs.get("labels", {}) if key in labels}
    rules = found["lifecycleRules"]
    for index, wanted in enumerate(inputs.get("lifecycleRules", [])[: len(rules)]):
        if _rule(wanted) == bucket["lifecycle"]["rule"][index]:
            rules[index] = wanted
    if str(inputs.get("location")).upper() == bucket["location"]:
        found["location"] = inputs["location"]
    if "logging" in found and "logObjectPrefix" not in inputs.get("logging", found["logging"]):
        found["logging"] = {"logBucket": found["logging"]["logBucket"]}
    unset = {key for key in KEPT if key not in inputs}
    unset |= {key for key in DEFAULTS if key not in inputs and found.get(key) == DEFAULTS[key]}
    return {key: value for key, value in found.items() if key not in unset}


def _seldom_set(bucket: Properties) -> Properties:
    """Return what a bucket of the API's has only if somebody has set it."""
    found: Properties = {key: bucket[key] for key in ("encryption", "logging") if key in bucket}
    if bucket.get("autoclass", {}).get("enabled"):
        shown = ("enabled", "terminalStorageClass")
        found["autoclass"] = {key: bucket["autoclass"][key] for key in shown}
    if "cors" in bucket:
        found["cors"] = [_renamed(rule, _CORS) for rule in bucket["cors"]]
    if "customPlacementConfig" in bucket:
        found["customPlacementConfig"] = bucket["customPlacementConfig"]
    if bucket.get("hierarchicalNamespace", {}).get("enabled"):
        found["hierarchicalNamespace"] = {"enabled": True}
    if policy := bucket.get("retentionPolicy"):
        found["retentionPolicy"] = {
            "isLocked": policy.get("isLocked", False),
            "retentionPeriod": policy["retentionPeriod"],
        }
    claims = {
        "defaultEventBasedHold": bucket.get("defaultEventBasedHold", False),
        "enableObjectRetention": "objectRetention" in bucket,
        "requesterPays": bucket.get("billing", {}).get("requesterPays", False),
    }
    return found | {key: True for key, claim in claims.items() if claim}


def _rule(rule: Properties) -> Properties:
    condition = {
        _CONDITIONS.get(key, key): value
        for key, value in rule["condition"].items()
        if key != "withState"
    }
    live = STATES[rule["condition"].get("withState", "ANY")]
    return {
        "action": dict(rule["action"]),
        "condition": condition | ({} if live is None else {"isLive": live}),
    }


def _found_rule(rule: Properties) -> Properties:
    condition = _renamed(rule["condition"], _CONDITIONS)
    if (live := condition.pop("isLive", None)) is not None:
        condition["withState"] = "LIVE" if live else "ARCHIVED"
    return {"action": rule["action"], "condition": condition}


def _renamed(fields: Properties, names: dict[str, str]) -> Properties:
    """Return an object of the API's under the names of the properties."""
    back = {api: name for name, api in names.items()}
    return {back.get(key, key): value for key, value in fields.items()}
