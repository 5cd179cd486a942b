"""What the service checks in a bucket's resource, and what it fills in by itself."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.gcs import kms, names
from sandbox.gcs.access import check_acl_allowed
from sandbox.gcs.errors import GcsError, invalid
from sandbox.gcs.lifecycle import check_lifecycle
from sandbox.gcs.schema import without_empty
from sandbox.gcs.times import moment, shown_time

SOFT_DELETE_SECONDS = 7 * 86_400
_LOCKED_AFTER = timedelta(days=90)


def settled(new: dict[str, Any], old: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Return a resource with all that the service checks and fills in by itself."""
    _settle_place(new, old)
    _settle_access(new, old, now)
    _settle_soft_delete(new, old, now)
    _settle_retention(new, old, now)
    _settle_autoclass(new, old, now)
    _settle_encryption(new, old, now)
    names.check_labels(new.get("labels", {}))
    check_lifecycle(new.get("lifecycle", {}))
    if not new.get("lifecycle", {}).get("rule"):
        new.pop("lifecycle", None)
    _settle_logging(new)
    return without_empty(new)


def _settle_place(new: dict[str, Any], old: Mapping[str, Any]) -> None:
    places = [
        place.upper() for place in new.get("customPlacementConfig", {}).get("dataLocations", [])
    ]
    if places:
        new["customPlacementConfig"] = {"dataLocations": places}
    new["location"] = (new.get("location") or "US").upper()
    new["locationType"] = names.location_type(new["location"], places)
    for field in ("location", "customPlacementConfig", "hierarchicalNamespace"):
        if old and new.get(field) != old.get(field):
            raise invalid(f"The bucket's {field} cannot be changed.", field)
    names.check_storage_class(new.setdefault("storageClass", "STANDARD"))
    if new["locationType"] != "region":
        new.setdefault("rpo", "DEFAULT")
    elif new.get("rpo", "DEFAULT") != "DEFAULT":
        raise invalid("The rpo of a bucket in one region is DEFAULT.", "rpo")


def _settle_access(new: dict[str, Any], old: Mapping[str, Any], now: int) -> None:
    configuration = dict(new.get("iamConfiguration", {}))
    before = old.get("iamConfiguration", {}).get("uniformBucketLevelAccess", {})
    uniform = _wanted_uniform(configuration, before)
    locked = None
    if uniform:
        locked = before.get("lockedTime") or shown_time(
            datetime.fromtimestamp(now // 1000 / 1000, UTC) + _LOCKED_AFTER
        )
    access = {"enabled": uniform} | ({"lockedTime": locked} if locked else {})
    prevention = configuration.get("publicAccessPrevention") or "inherited"
    if prevention not in ("enforced", "inherited", "unspecified"):
        raise invalid(f"Invalid value for publicAccessPrevention: {prevention}")
    new["iamConfiguration"] = {
        "bucketPolicyOnly": access,
        "publicAccessPrevention": "enforced" if prevention == "enforced" else "inherited",
        "uniformBucketLevelAccess": dict(access),
    }
    for acl in (new.get("acl"), new.get("defaultObjectAcl")):
        check_acl_allowed(acl or [], new)
    if new.get("hierarchicalNamespace", {}).get("enabled") and not uniform:
        message = "Hierarchical namespace requires uniform bucket-level access to be enabled."
        raise invalid(message)


def _wanted_uniform(configuration: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Return what was asked for under either of the setting's two names."""
    was = before.get("enabled", False)
    asked = [
        configuration.get(name, {}).get("enabled", was)
        for name in ("uniformBucketLevelAccess", "bucketPolicyOnly")
    ]
    return not was if (not was) in asked else was


def _settle_soft_delete(new: dict[str, Any], old: Mapping[str, Any], now: int) -> None:
    policy = dict(new.get("softDeletePolicy") or {})
    seconds = int(policy.get("retentionDurationSeconds", SOFT_DELETE_SECONDS))
    if seconds and not SOFT_DELETE_SECONDS <= seconds <= 90 * 86_400:
        raise invalid("Soft delete policy retention duration must be 0 or between 7 and 90 days.")
    before = old.get("softDeletePolicy", {})
    same = before.get("retentionDurationSeconds") == str(seconds)
    effective = before["effectiveTime"] if same and "effectiveTime" in before else moment(now)
    new["softDeletePolicy"] = {
        "effectiveTime": effective,
        "retentionDurationSeconds": str(seconds),
    }


def _settle_retention(new: dict[str, Any], old: Mapping[str, Any], now: int) -> None:
    before, policy = old.get("retentionPolicy", {}), dict(new.get("retentionPolicy") or {})
    period, was = (int(each.get("retentionPeriod", 0)) for each in (policy, before))
    if before.get("isLocked") and period < was:
        message = (
            "Cannot reduce retention duration of a locked Retention Policy for bucket "
            f"'{new['name']}'."
        )
        raise GcsError(403, "forbidden", message)
    if not period:
        new.pop("retentionPolicy", None)
        return
    if period < 0 or period > 3_155_760_000:
        raise invalid("Invalid retention period")
    new["retentionPolicy"] = {
        "effectiveTime": before["effectiveTime"] if was == period else moment(now),
        "retentionPeriod": str(period),
    } | ({"isLocked": True} if before.get("isLocked") else {})


def _settle_autoclass(new: dict[str, Any], old: Mapping[str, Any], now: int) -> None:
    if not (wanted := new.get("autoclass")):
        return
    before = old.get("autoclass", {})
    enabled = wanted.get("enabled", False)
    autoclass: dict[str, Any] = {"enabled": enabled}
    changed = enabled != before.get("enabled")
    autoclass["toggleTime"] = moment(now) if changed else before["toggleTime"]
    if enabled:
        terminal = wanted.get("terminalStorageClass") or "NEARLINE"
        if terminal not in ("ARCHIVE", "NEARLINE"):
            raise invalid(f"Invalid terminal storage class: {terminal}")
        same = terminal == before.get("terminalStorageClass") and not changed
        autoclass["terminalStorageClass"] = terminal
        autoclass["terminalStorageClassUpdateTime"] = (
            before["terminalStorageClassUpdateTime"] if same else moment(now)
        )
    new["autoclass"] = autoclass


def _settle_logging(new: dict[str, Any]) -> None:
    """Complete where access logs go; nobody looks whether that bucket exists.

    Source: https://github.com/GoogleCloudPlatform/gsutil/issues/1295
    """
    if not (wanted := new.get("logging")):
        return
    if not wanted.get("logBucket"):
        raise invalid("Access logs need a bucket to go to.", "logging.logBucket")
    new["logging"] = {"logObjectPrefix": new["name"]} | wanted


def _settle_encryption(new: dict[str, Any], old: Mapping[str, Any], now: int) -> None:
    if not (wanted := new.get("encryption")):
        return
    encryption = dict(wanted)
    if key := encryption.get("defaultKmsKeyName"):
        kms.check_default_key(key, new["location"])
    for name in [name for name in encryption if name.endswith("EnforcementConfig")]:
        mode = encryption[name].get("restrictionMode")
        before = old.get("encryption", {}).get(name, {})
        if mode not in ("FullyRestricted", "NotRestricted"):
            raise invalid(f"Invalid value for {name}.restrictionMode: {mode}")
        effective = before.get("effectiveTime") if before.get("restrictionMode") == mode else None
        encryption[name] = {"restrictionMode": mode, "effectiveTime": effective or moment(now)}
        if mode == "NotRestricted":
            del encryption[name]["effectiveTime"]
    new["encryption"] = encryption
