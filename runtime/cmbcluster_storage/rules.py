"""Rules: what every user's bucket must be like, whoever makes it.

Pure, standard library only. The stack turns these into resources and the runtime
into SDK calls; neither has a default of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

SCRATCH_PREFIX = "scratch/"

# The neutral classes are Google's. S3's counterpart of ARCHIVE is left out: what is in it cannot
# be read, by a mount least of all, before somebody has restored it.
# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
StorageClass = Literal["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"]
S3_STORAGE_CLASSES: Mapping[StorageClass, str] = {
    "STANDARD": "STANDARD",
    "NEARLINE": "STANDARD_IA",
    "COLDLINE": "GLACIER_IR",
}

# The way back, of everything that may be met in a bucket that exists already.
NEUTRAL_STORAGE_CLASSES: Mapping[str, StorageClass] = {
    "STANDARD": "STANDARD",
    "EXPRESS_ONEZONE": "STANDARD",
    "INTELLIGENT_TIERING": "STANDARD",
    "REDUCED_REDUNDANCY": "STANDARD",
    "STANDARD_IA": "NEARLINE",
    "ONEZONE_IA": "NEARLINE",
    "GLACIER_IR": "COLDLINE",
    "GLACIER": "ARCHIVE",
    "DEEP_ARCHIVE": "ARCHIVE",
}


@dataclass(frozen=True)
class BucketRules:
    """How a bucket keeps and forgets data; the defaults are the safe ones.

    Attributes:
        versioning: overwritten and deleted objects stay as noncurrent versions.
        noncurrent_versions_kept: so many noncurrent versions of an object are kept
            for ever; 1-100.
        noncurrent_days: a noncurrent version beyond those is deleted after so many
            days; at least 1.
        abort_uploads_after_days: an unfinished upload is thrown away after so many
            days; at least 1.
        soft_delete_days: what is deleted for good can be restored for so many days;
            7-90. Google Cloud only: on S3 no user can delete a version.
        scratch_days: an object under `scratch/` is deleted after so many days; None: never.
        storage_class: of new objects, in the neutral words.
        encryption_key: ARN of a KMS key, or name of a Cloud KMS key; None: the cloud's own.
        access_logs_to: name of the bucket that takes the access logs; None: there are none.

    Source: https://cloud.google.com/storage/docs/soft-delete
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
    """

    versioning: bool = True
    noncurrent_versions_kept: int = 30
    noncurrent_days: int = 30
    abort_uploads_after_days: int = 7
    soft_delete_days: int = 7
    scratch_days: int | None = None
    storage_class: StorageClass = "STANDARD"
    encryption_key: str | None = None
    access_logs_to: str | None = None


@dataclass(frozen=True)
class LifecycleRule:
    """One rule of a bucket's lifecycle, as both clouds can say it.

    Attributes:
        id: what S3 calls it; Cloud Storage's rules have no names.
        prefix: of the keys that it is about; empty means all.
        live_days: a live object is deleted (it stays as a noncurrent version) at this age.
        noncurrent_days: a version is deleted so many days after it became noncurrent,
        noncurrent_versions_kept: unless it is one of the newest so many.
        abort_uploads_after_days: an unfinished upload is thrown away at this age.
    """

    id: str
    prefix: str = ""
    live_days: int | None = None
    noncurrent_days: int | None = None
    noncurrent_versions_kept: int | None = None
    abort_uploads_after_days: int | None = None


def lifecycle_rules(rules: BucketRules) -> tuple[LifecycleRule, ...]:
    """Return the whole lifecycle of a bucket: on both clouds it is one document.

    What is deleted under `scratch/` can be brought back for `noncurrent_days` as well, but
    no version there is kept for ever.
    """
    everywhere = (
        LifecycleRule(
            "expire-noncurrent-versions",
            noncurrent_days=rules.noncurrent_days,
            noncurrent_versions_kept=rules.noncurrent_versions_kept,
        ),
        LifecycleRule(
            "abort-unfinished-uploads", abort_uploads_after_days=rules.abort_uploads_after_days
        ),
    )
    if rules.scratch_days is None:
        return everywhere
    return (
        *everywhere,
        LifecycleRule("expire-scratch", prefix=SCRATCH_PREFIX, live_days=rules.scratch_days),
        LifecycleRule(
            "expire-scratch-versions",
            prefix=SCRATCH_PREFIX,
            noncurrent_days=rules.noncurrent_days,
        ),
    )


OWN_LABELS = frozenset({"managed-by", "platform", "user"})


def bucket_labels(platform: str, user_slug: str, labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels (tags on AWS) of one user's bucket and identity.

    Args:
        platform: the hub's name.
        user_slug: what `names.user_slug` returns; it tells an operator whose data it is.
        labels: the operator's own; none of `OWN_LABELS`.

    Returns:
        Keys and values of 1-63 characters of [a-z0-9_-], which fit both clouds.
    """
    return {
        **labels,
        "managed-by": "cmbcluster-storage",
        "platform": platform,
        "user": user_slug,
    }


def tls_only(bucket_arn: str) -> dict[str, Any]:
    """Return the statement of an S3 bucket's policy that refuses every request without TLS.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    """
    return {
        "Sid": "DenyInsecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
