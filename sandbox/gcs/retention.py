"""How long an object must be kept: by holds, by its bucket's policy, by a retention of its own."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.gcs.buckets import Bucket
from sandbox.gcs.errors import GcsError, invalid
from sandbox.gcs.shelf import StoredObject
from sandbox.gcs.times import shown_seconds


def check_retention(
    bucket: Bucket, new: dict[str, Any], old: Mapping[str, Any], *, override: bool
) -> None:
    """Refuse a retention of an object's own that its bucket does not take, or that loses one.

    Args:
        bucket: where the object is.
        new: its resource to be; what says nothing is taken out.
        old: its resource as it was.
        override: the caller may shorten a retention that is not locked.
    """
    retention, before = new.get("retention") or {}, old.get("retention") or {}
    if not any(retention.values()):
        new.pop("retention", None)
        retention = {}
    if retention == before:
        return
    if "objectRetention" not in bucket.resource:
        raise invalid("Object retention is not enabled on the bucket.")
    if retention and (
        retention.get("mode") not in ("Locked", "Unlocked") or "retainUntilTime" not in retention
    ):
        raise invalid("An object's retention needs a mode and a retainUntilTime.")
    less = retention.get("retainUntilTime", "") < before.get("retainUntilTime", "")
    if before and less and (before["mode"] == "Locked" or not override):
        message = (
            "The retention of the object can only be reduced if it is unlocked and overridden."
        )
        raise GcsError(403, "forbidden", message)


def check_deletable(bucket: Bucket, stored: StoredObject) -> None:
    """Refuse to lose an object that is held or whose retention is not over."""
    resource, at = stored.resource, f"{bucket.name}/{stored.name}"
    for field, what in (("eventBasedHold", "Event-Based"), ("temporaryHold", "Temporary")):
        if resource.get(field):
            message = (
                f"Object '{at}' is under active {what} hold and cannot be deleted, "
                "overwritten or archived until hold is removed."
            )
            raise GcsError(403, "objectUnderActiveHold", message)
    until = retained_until(bucket, resource)
    if until and until > shown_seconds(time.time()):
        message = (
            f"Object '{at}' is subject to bucket's retention policy or object retention and "
            f"cannot be deleted or overwritten until {until}"
        )
        raise GcsError(403, "retentionPolicyNotMet", message)


def retained_until(bucket: Bucket, resource: Mapping[str, Any]) -> str | None:
    """Return until when an object must be kept, None if nothing says so."""
    until = [resource["retention"]["retainUntilTime"]] if resource.get("retention") else []
    if (policy := bucket.resource.get("retentionPolicy")) and not resource.get("eventBasedHold"):
        since = resource.get("eventBasedHoldReleased") or resource["timeCreated"]
        until.append(_later(since, int(policy["retentionPeriod"])))
    return max(until, default=None)


def _later(since: str, seconds: int) -> str:
    return shown_seconds(datetime.fromisoformat(since).timestamp() + seconds)
