"""Cloud Storage: a bucket, whose settings are its own. Its twin is `s3`."""

from collections.abc import Iterator, Mapping
from typing import Any

from .model import Resource, Rule, Unknown
from .protection import PROTECTED, is_protected
from .values import at, fields, listed, shown, unless

BUCKET = frozenset({"gcp:storage/bucket:Bucket"})
_ACL = frozenset(
    {
        "gcp:storage/bucketACL:BucketACL",
        "gcp:storage/bucketAccessControl:BucketAccessControl",
        "gcp:storage/defaultObjectACL:DefaultObjectACL",
        "gcp:storage/defaultObjectAccessControl:DefaultObjectAccessControl",
        "gcp:storage/objectACL:ObjectACL",
        "gcp:storage/objectAccessControl:ObjectAccessControl",
    }
)
_LEAST_SOFT_DELETE_SECONDS = 7 * 24 * 60 * 60  # less is none: the service takes 0, or 7 to 90 days


def _is_uniform(bucket: Resource) -> Iterator[str]:
    if bucket.type in _ACL:
        yield "an ACL is not how access is given here: drop it; the bucket has one IAM policy"
        return
    yield from unless(bucket.props, "uniformBucketLevelAccess", True)


def _is_private(bucket: Resource) -> Iterator[str]:
    yield from unless(bucket.props, "publicAccessPrevention", "enforced")


def _keeps_deleted(bucket: Resource) -> Iterator[str]:
    path = "softDeletePolicy.retentionDurationSeconds"
    seconds = at(bucket.props, path)
    if isinstance(seconds, Unknown):
        return
    if not isinstance(seconds, int | float) or seconds < _LEAST_SOFT_DELETE_SECONDS:
        yield (
            f"{path} is {shown(seconds)}: write {_LEAST_SOFT_DELETE_SECONDS} or more; "
            "its user may delete versions, and this alone brings them back"
        )


def _says_versioning(bucket: Resource) -> Iterator[str]:
    if at(bucket.props, "versioning.enabled") is None:
        yield "versioning.enabled is missing: write true, or false if that is meant"


def _is_versioned(bucket: Resource) -> Iterator[str]:
    if at(bucket.props, "versioning.enabled") is False:
        yield "versioning.enabled is false: write true"


def _keeps_objects(bucket: Resource) -> Iterator[str]:
    for rule in map(fields, listed(bucket.props.get("lifecycleRules"))):
        condition = fields(rule.get("condition"))
        if any(isinstance(one, Unknown) for one in (rule.get("condition"), *condition.values())):
            continue
        if at(rule, "action.type") == "Delete" and _reaches_current(condition):
            yield (
                "a lifecycle rule deletes objects anywhere that meet "
                f"{shown(rule.get('condition'))}: give it matchesPrefixes, like scratch/, or "
                'withState: "ARCHIVED"'
            )


def _reaches_current(condition: Mapping[str, Any]) -> bool:
    old_alone = ("daysSinceNoncurrentTime", "noncurrentTimeBefore", "numNewerVersions")
    prefixes = condition.get("matchesPrefixes")
    return (
        condition.get("withState") != "ARCHIVED"
        and not any(condition.get(key) for key in old_alone)
        and not (prefixes and all(listed(prefixes)))
    )


def _expires_the_rest(bucket: Resource) -> Iterator[str]:
    rules = bucket.props.get("lifecycleRules")
    if isinstance(rules, Unknown):
        return
    everywhere = [one for one in listed(rules) if not at(one, "condition.matchesPrefixes")]
    wanted = {
        "Delete": "old versions (daysSinceNoncurrentTime)",
        "AbortIncompleteMultipartUpload": "unfinished uploads (age)",
    }
    for action, what in wanted.items():
        if not any(at(one, "action.type") == action for one in everywhere):
            yield f"no lifecycle rule is about {what}: add one, or the bucket grows for ever"


RULES = (
    Rule("gcs-bucket-protected", PROTECTED, BUCKET, is_protected),
    Rule("gcs-public-access-prevented", "No public access, by any way", BUCKET, _is_private),
    Rule(
        "gcs-uniform-access",
        "Access is the bucket's, and there is no ACL",
        BUCKET | _ACL,
        _is_uniform,
    ),
    Rule(
        "gcs-soft-delete",
        "What is deleted for good can be brought back for a week",
        BUCKET,
        _keeps_deleted,
    ),
    Rule(
        "gcs-versioning-stated",
        "Whether old versions are kept is written down",
        BUCKET,
        _says_versioning,
    ),
    Rule("gcs-versioned", "Old versions are kept", BUCKET, _is_versioned, advisory=True),
    Rule(
        "gcs-objects-kept",
        "No rule deletes current objects but below a prefix",
        BUCKET,
        _keeps_objects,
    ),
    Rule(
        "gcs-expiry",
        "Old versions and unfinished uploads expire",
        BUCKET,
        _expires_the_rest,
        advisory=True,
    ),
)
