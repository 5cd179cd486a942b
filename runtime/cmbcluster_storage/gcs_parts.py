"""What a bucket on Cloud Storage consists of: the bucket with its settings, and its policy.

The twin of `s3_parts`. Only reads, and only what the project owns.
"""

from typing import Any

from cmbcluster_storage.errors import AccessDeniedError
from cmbcluster_storage.gcs_errors import sdk_errors
from cmbcluster_storage.outputs import BucketParts

_DAY_SECONDS = 24 * 60 * 60
_TIMEOUT = (10, 60)  # seconds to connect, to read


def bucket_parts(client: Any, bucket_name: str, project_number: str) -> BucketParts:
    """Return what a bucket consists of: on Cloud Storage, always both parts.

    Settings are as Cloud Storage writes them, durations in days, None where there are none.

    Args:
        client: of any project.
        bucket_name: in any location.
        project_number: who must own it.

    Raises:
        BucketNotFoundError: there is none.
        AccessDeniedError: it is another project's, or it may not be read.
    """
    with sdk_errors(None):
        bucket = client.get_bucket(bucket_name, timeout=_TIMEOUT)
    if str(bucket.project_number) != project_number:
        raise AccessDeniedError(
            f"it is of another project than {project_number}, whose stack alone can adopt it",
            provider="gcp",
            operation="bucket_parts",
            bucket=bucket_name,
        )
    with sdk_errors(None):
        # Version 3 tells of conditions as well, which lower ones refuse.
        policy = bucket.get_iam_policy(requested_policy_version=3, timeout=_TIMEOUT)
    return BucketParts(
        bucket_name=bucket_name,
        location="+".join(sorted(bucket.data_locations or [bucket.location])),
        parts=("bucket", "policy"),
        settings=_settings(bucket, policy),
    )


def _settings(bucket: Any, policy: Any) -> dict[str, Any]:
    access = bucket.iam_configuration
    return {
        "publicAccessPrevention": access.public_access_prevention,
        "uniformAccess": access.uniform_bucket_level_access_enabled,
        "versioning": bucket.versioning_enabled,
        "lifecycle": [dict(rule) for rule in bucket.lifecycle_rules],
        "softDeleteDays": (bucket.soft_delete_policy.retention_duration_seconds or 0)
        // _DAY_SECONDS,
        "storageClass": bucket.storage_class,
        "encryptionKey": bucket.default_kms_key_name,
        "logging": bucket.get_logging(),
        "labels": bucket.labels,
        "policy": [
            {**binding, "members": sorted(binding["members"])} for binding in policy.bindings
        ],
        "autoclass": bucket.autoclass_enabled,
        "cors": bucket.cors,
        "eventBasedHold": bool(bucket.default_event_based_hold),
        "requesterPays": bucket.requester_pays,
        "retentionSeconds": bucket.retention_period,
        "retentionLocked": bool(bucket.retention_policy_locked),
        "objectRetention": bucket.object_retention_mode == "Enabled",
        "hierarchical": bool(bucket.hierarchical_namespace_enabled),
    }
