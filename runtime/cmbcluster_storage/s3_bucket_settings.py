"""What a bucket on S3 is to be like, as its API takes it; the twin of `gcs_bucket_settings`."""

import json
from typing import Any

from cmbcluster_storage.messages import BucketSpec
from cmbcluster_storage.rules import LifecycleRule, lifecycle_rules, tls_only
from cmbcluster_storage.s3_policies import has_statement, with_statement


def is_whole(policy: dict[str, Any], bucket_arn: str) -> bool:
    """Tell whether all of `settings` was written, of which the statement is the last."""
    return has_statement(policy, tls_only(bucket_arn)["Sid"])


def settings(
    spec: BucketSpec, bucket_arn: str, policy: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the client's methods, in the order of their calls, with their arguments.

    First it says whose the bucket is, last that it is whole.

    Args:
        spec: what it is to be like.
        bucket_arn: of the bucket.
        policy: what its policy says already.
    """
    tags = [{"Key": key, "Value": value} for key, value in spec.labels.items()]
    said: dict[str, dict[str, Any]] = {
        "put_bucket_tagging": {"Tagging": {"TagSet": tags}},
        "put_public_access_block": {
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            }
        },
        "put_bucket_ownership_controls": {
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        },
        "put_bucket_encryption": {
            "ServerSideEncryptionConfiguration": {
                "Rules": [encryption_rule(spec.rules.encryption_key)]
            }
        },
        "put_bucket_versioning": {
            "VersioningConfiguration": {
                "Status": "Enabled" if spec.rules.versioning else "Suspended"
            }
        },
        "put_bucket_lifecycle_configuration": {
            "LifecycleConfiguration": {
                "Rules": [lifecycle_rule(rule) for rule in lifecycle_rules(spec.rules)]
            }
        },
    }
    if target := spec.rules.access_logs_to:
        logs = {"TargetBucket": target, "TargetPrefix": f"{spec.name}/"}
        said["put_bucket_logging"] = {"BucketLoggingStatus": {"LoggingEnabled": logs}}
    whole = with_statement(policy, tls_only(bucket_arn))
    said["put_bucket_policy"] = {"Policy": json.dumps(whole, sort_keys=True)}
    return said


def encryption_rule(key: str | None) -> Any:
    """Return SSE-S3, or SSE-KMS with a bucket key."""
    default = (
        {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} if key else {"SSEAlgorithm": "AES256"}
    )
    return {
        "ApplyServerSideEncryptionByDefault": default,
        "BucketKeyEnabled": key is not None,
    }


def lifecycle_rule(rule: LifecycleRule) -> Any:
    """Return one rule of a bucket's one lifecycle document, as the stack's."""
    said: dict[str, Any] = {
        "ID": rule.id,
        "Status": "Enabled",
        "Filter": {"Prefix": rule.prefix},
    }
    if rule.live_days:
        said["Expiration"] = {"Days": rule.live_days}
    if rule.noncurrent_days:
        said["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule.noncurrent_days}
        if rule.noncurrent_versions_kept is None:  # markers with no version left under them
            said["Expiration"] = {"ExpiredObjectDeleteMarker": True}
        else:
            kept = rule.noncurrent_versions_kept
            said["NoncurrentVersionExpiration"]["NewerNoncurrentVersions"] = kept
    if rule.abort_uploads_after_days:
        days = rule.abort_uploads_after_days
        said["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    return said
