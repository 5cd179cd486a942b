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
    """Return a policy with a statement in place of the one of its Sid; all others stay."""
    said: Any = policy.get("Statement", [])
    others: list[dict[str, Any]] = [said] if isinstance(said, dict) else said
    if statement in others:
        return policy
    kept = [one for one in others if one.get("Sid") != statement["Sid"]]
    return {**document(), **policy, "Statement": [*kept, statement]}
