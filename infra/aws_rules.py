"""AWS: a bucket's rules as arguments of its settings. The twin of `infra.gcp_rules`."""

from cmbcluster_storage import rules
from pulumi_aws import s3

# Under names that leave room for what is said with them.
AbortArgs = s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs
DefaultArgs = s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs
EncryptionRuleArgs = s3.BucketServerSideEncryptionConfigurationRuleArgs
ExpirationArgs = s3.BucketLifecycleConfigurationRuleExpirationArgs
FilterArgs = s3.BucketLifecycleConfigurationRuleFilterArgs
LifecycleRuleArgs = s3.BucketLifecycleConfigurationRuleArgs
NoncurrentArgs = s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs


def encryption_rule(key: str | None) -> EncryptionRuleArgs:
    """Return SSE-S3, or SSE-KMS with a bucket key: without one, every object asks KMS."""
    default = DefaultArgs(sse_algorithm="aws:kms" if key else "AES256", kms_master_key_id=key)
    return EncryptionRuleArgs(
        apply_server_side_encryption_by_default=default, bucket_key_enabled=key is not None
    )


def lifecycle_rule(rule: rules.LifecycleRule, *, enabled: bool) -> LifecycleRuleArgs:
    """Return one rule of a bucket's one lifecycle document; two would fight."""
    expiration = ExpirationArgs(days=rule.live_days) if rule.live_days else None
    noncurrent = abort = None
    if rule.noncurrent_days:
        noncurrent = NoncurrentArgs(
            noncurrent_days=rule.noncurrent_days,
            newer_noncurrent_versions=rule.noncurrent_versions_kept,
        )
        if rule.noncurrent_versions_kept is None:  # delete markers with no version left under them
            expiration = ExpirationArgs(expired_object_delete_marker=True)
    if rule.abort_uploads_after_days:
        abort = AbortArgs(days_after_initiation=rule.abort_uploads_after_days)
    return LifecycleRuleArgs(
        id=rule.id,
        status="Enabled" if enabled else "Disabled",
        filter=FilterArgs(prefix=rule.prefix),
        expiration=expiration,
        noncurrent_version_expiration=noncurrent,
        abort_incomplete_multipart_upload=abort,
    )
