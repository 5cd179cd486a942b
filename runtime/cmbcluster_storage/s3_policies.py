"""Policies of buckets on S3, as the runtime writes them: pure, no client."""

import hashlib
from typing import Any

from cmbcluster_storage.bucket_models import Access

_READ = ("s3:GetObject", "s3:GetObjectVersion")
_WRITE = ("s3:AbortMultipartUpload", "s3:DeleteObject", *_READ, "s3:PutObject")


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """Return a policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def access_statement(bucket_arn: str, member: str, access: Access) -> dict[str, Any]:
    """Return the one statement about a member; its Sid follows from the member alone."""
    digest = hashlib.sha256(member.encode()).hexdigest()[:16]
    return {
        "Sid": f"CmbclusterStorage{digest}",
        "Effect": "Allow",
        "Principal": {"AWS": member},
        "Action": [
            *(_WRITE if access == "write" else _READ),
            "s3:ListBucket",
            "s3:ListBucketVersions",
        ],
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
    }


def with_statement(policy: dict[str, Any], statement: dict[str, Any]) -> dict[str, Any]:
    """Return a policy with a statement in place of the one of its Sid; all others stay.

    The policy itself where that one says as much, or allows more.
    """
    others = _statements(policy)
    if any(_allows(one, statement) for one in others):
        return policy
    kept = [one for one in others if one.get("Sid") != statement["Sid"]]
    return {**document(), **policy, "Statement": [*kept, statement]}


def has_statement(policy: dict[str, Any], sid: str) -> bool:
    """Tell whether a policy has a statement of ours."""
    return any(one.get("Sid") == sid for one in _statements(policy))


def _allows(one: dict[str, Any], statement: dict[str, Any]) -> bool:
    """Tell whether a statement is another, but for actions that it has besides."""
    actions, wanted = one.get("Action"), statement["Action"]
    more = isinstance(actions, list) and isinstance(wanted, list) and {*actions} >= {*wanted}
    return one == (statement | {"Action": actions} if more else statement)


def _statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    said: Any = policy.get("Statement", [])
    return [said] if isinstance(said, dict) else said
