"""Rules: what every user's bucket must be like, whoever makes it.

Pure, standard library only. The stack turns these into resources and the runtime
into SDK calls; neither has a default of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass


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

    Source: https://cloud.google.com/storage/docs/soft-delete
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
    """

    versioning: bool = True
    noncurrent_versions_kept: int = 30
    noncurrent_days: int = 30
    abort_uploads_after_days: int = 7
    soft_delete_days: int = 7


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
