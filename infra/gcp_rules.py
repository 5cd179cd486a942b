"""Google Cloud: a bucket's rules as arguments of the bucket. The twin of `infra.aws_rules`."""

from cmbcluster_storage import rules
from pulumi_gcp import storage


def encryption(key: str | None) -> storage.BucketEncryptionArgs | None:
    """Return the key of Cloud KMS; Google's own keys are no setting."""
    return storage.BucketEncryptionArgs(default_kms_key_name=key) if key else None


def logging(bucket: str | None, bucket_name: str) -> storage.BucketLoggingArgs | None:
    """Return where the access logs go, under the name of the bucket that they are of."""
    return (
        storage.BucketLoggingArgs(log_bucket=bucket, log_object_prefix=bucket_name)
        if bucket
        else None
    )


def lifecycle_rule(rule: rules.LifecycleRule) -> storage.BucketLifecycleRuleArgs:
    """Return one rule of a bucket's one lifecycle document; its conditions are ANDed."""
    if rule.abort_uploads_after_days:
        return storage.BucketLifecycleRuleArgs(
            action=storage.BucketLifecycleRuleActionArgs(type="AbortIncompleteMultipartUpload"),
            condition=storage.BucketLifecycleRuleConditionArgs(age=rule.abort_uploads_after_days),
        )
    kept = rule.noncurrent_versions_kept
    return storage.BucketLifecycleRuleArgs(
        action=storage.BucketLifecycleRuleActionArgs(type="Delete"),
        condition=storage.BucketLifecycleRuleConditionArgs(
            with_state="LIVE" if rule.live_days else "ARCHIVED",
            matches_prefixes=[rule.prefix] if rule.prefix else None,
            age=rule.live_days,
            days_since_noncurrent_time=rule.noncurrent_days,
            # The live version counts as a newer one.
            num_newer_versions=kept + 1 if kept else None,
        ),
    )
