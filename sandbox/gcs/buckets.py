"""Buckets: the resource as the service fills it in, and what a patch or an update makes of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.gcs import names
from sandbox.gcs.access import check_acl_allowed, default_acl
from sandbox.gcs.errors import GcsError, invalid
from sandbox.gcs.lifecycle import check_lifecycle
from sandbox.gcs.preconditions import etag_of
from sandbox.gcs.schema import BUCKET_WRITABLE, merged, shown_time, without_empty
from sandbox.gcs.shelf import Shelf

_SOFT_DELETE_SECONDS = 7 * 86_400
_LOCKED_AFTER = timedelta(days=90)


def moment(generation: int) -> str:
    """Return the time that a generation stands for, as resources show it."""
    then = datetime.fromtimestamp(generation // 1000 / 1000, UTC)
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Bucket:
    """A bucket: its resource without links and kind, its IAM policy, its objects."""

    def __init__(self, resource: dict[str, Any], policy: dict[str, Any], project: str) -> None:
        """Start without objects.

        Args:
            resource: with a name, a generation and a projectNumber.
            policy: its IAM policy.
            project: the id of the project that has it.
        """
        self.resource = resource
        self.policy = policy
        self.project = project
        self.live = Shelf()
        self.noncurrent = Shelf()
        self.soft_deleted = Shelf()
        self.managed_folders: list[dict[str, Any]] = []

    @property
    def name(self) -> str:
        """Its name."""
        return self.resource["name"]

    @property
    def generation(self) -> int:
        """Tells buckets of one name apart, of which at most one is not soft-deleted."""
        return int(self.resource["generation"])

    @property
    def versioned(self) -> bool:
        """Whether what is overwritten or deleted becomes noncurrent."""
        return self.resource.get("versioning", {}).get("enabled", False)

    @property
    def uniform(self) -> bool:
        """Whether IAM alone grants access, and access control lists do not exist."""
        return self.resource["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"]

    @property
    def soft_delete_seconds(self) -> int:
        """How long what is deleted can be restored; 0 for not at all."""
        policy = self.resource.get("softDeletePolicy", {})
        return int(policy.get("retentionDurationSeconds", 0))

    def touch(self, now: int) -> None:
        """Note a change of the resource or the policy at a moment."""
        metageneration = int(self.resource["metageneration"]) + 1
        self.resource["metageneration"] = str(metageneration)
        self.resource["etag"] = etag_of(metageneration)
        self.resource["updated"] = moment(now)


def new_resource(
    given: Mapping[str, Any], number: str, now: int, *, object_retention: bool = False
) -> dict[str, Any]:
    """Return the resource of a new bucket from what its creator asked for.

    Args:
        given: the fields that were sent, checked against the schema.
        number: the project's.
        now: the bucket's generation.
        object_retention: its objects may have a retention of their own.
    """
    resource: dict[str, Any] = {
        "name": given["name"],
        "projectNumber": number,
        "generation": str(now),
        "metageneration": "1",
        "etag": etag_of(1),
        "timeCreated": moment(now),
        "updated": moment(now),
        "location": "US",
        "storageClass": "STANDARD",
        "softDeletePolicy": {"retentionDurationSeconds": str(_SOFT_DELETE_SECONDS)},
        "acl": default_acl(number),
        "defaultObjectAcl": default_acl(number),
    }
    if object_retention:
        resource["objectRetention"] = {"mode": "Enabled"}
    return _settled(merged(resource, _writable(given)), {}, now)


def patched(old: Mapping[str, Any], patch: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Return a bucket's resource after a patch: null deletes, objects merge."""
    return _settled(merged(old, _writable(patch)), old, now)


def updated(old: Mapping[str, Any], given: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Return a bucket's resource after an update: what is not given is as if never set."""
    kept = {name: value for name, value in old.items() if name not in BUCKET_WRITABLE}
    for name in ("acl", "defaultObjectAcl", "location", "storageClass", "softDeletePolicy"):
        if name in old:
            kept[name] = old[name]
    return _settled(merged(kept, _writable(given)), old, now)


def _writable(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in BUCKET_WRITABLE}


def _settled(new: dict[str, Any], old: Mapping[str, Any], now: int) -> dict[str, Any]:
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
    if log := new.get("logging"):
        log.setdefault("logObjectPrefix", new["name"])
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
    seconds = int(policy.get("retentionDurationSeconds", _SOFT_DELETE_SECONDS))
    if seconds and not _SOFT_DELETE_SECONDS <= seconds <= 90 * 86_400:
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


def _settle_encryption(new: dict[str, Any], old: Mapping[str, Any], now: int) -> None:
    if not (wanted := new.get("encryption")):
        return
    encryption = dict(wanted)
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
