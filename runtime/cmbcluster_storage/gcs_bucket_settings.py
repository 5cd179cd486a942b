"""What a bucket on Cloud Storage is to be like, as its API takes it.

The twin of `s3_bucket_settings`.
"""

from typing import Any

from cmbcluster_storage.messages import BucketSpec
from cmbcluster_storage.rules import LifecycleRule, lifecycle_rules

_DAY_SECONDS = 24 * 60 * 60


def resource(spec: BucketSpec) -> dict[str, Any]:
    """Return a bucket as the API takes it."""
    optional: dict[str, Any] = {}
    if spec.rules.encryption_key:
        optional["encryption"] = {"defaultKmsKeyName": spec.rules.encryption_key}
    if spec.rules.access_logs_to:
        logs = {"logBucket": spec.rules.access_logs_to, "logObjectPrefix": spec.name}
        optional["logging"] = logs
    return {
        **optional,
        "name": spec.name,
        "location": spec.location.upper(),
        "storageClass": spec.storage_class,
        "labels": dict(spec.labels),
        "iamConfiguration": {
            "publicAccessPrevention": "enforced",
            "uniformBucketLevelAccess": {"enabled": True},
        },
        "versioning": {"enabled": spec.rules.versioning},
        "lifecycle": {"rule": [lifecycle_rule(rule) for rule in lifecycle_rules(spec.rules)]},
        "softDeletePolicy": {
            "retentionDurationSeconds": str(spec.rules.soft_delete_days * _DAY_SECONDS)
        },
    }


def lifecycle_rule(rule: LifecycleRule) -> dict[str, Any]:
    """Return one rule of a bucket's one lifecycle document; its conditions are ANDed."""
    if rule.abort_uploads_after_days:
        return {
            "action": {"type": "AbortIncompleteMultipartUpload"},
            "condition": {"age": rule.abort_uploads_after_days},
        }
    condition: dict[str, Any] = {"isLive": rule.live_days is not None}
    if rule.prefix:
        condition["matchesPrefix"] = [rule.prefix]
    if rule.live_days:
        condition["age"] = rule.live_days
    if rule.noncurrent_days:
        condition["daysSinceNoncurrentTime"] = rule.noncurrent_days
    if rule.noncurrent_versions_kept:  # the live version counts as a newer one
        condition["numNewerVersions"] = rule.noncurrent_versions_kept + 1
    return {"action": {"type": "Delete"}, "condition": condition}
