"""AWS: what a bucket that exists is like, and what the stack will make of it.

The twin of `infra.adopt.gcp`: same functions and order. Only `found` asks the cloud.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cmbcluster_storage import names, rules, s3_client, s3_parts
from cmbcluster_storage.calls import Patience
from cmbcluster_storage.outputs import BucketParts

from infra import policies
from infra.adopt.words import LIFECYCLE, Change, listed, pairs
from infra.settings import AwsCloud, StackConfig

_ALGORITHMS = {"AES256": "SSE-S3", "aws:kms": "SSE-KMS", "aws:kms:dsse": "DSSE-KMS"}
_VERSIONING = {"Enabled": "on", "Suspended": "suspended", "Disabled": "off"}


def found(cloud: AwsCloud, bucket: str) -> BucketParts:
    """Return what the bucket consists of; raises a StorageError if it is not the account's."""
    client = s3_client.s3_client(s3_client.s3_session(cloud.region), Patience())
    return s3_parts.bucket_parts(client, bucket, cloud.account_id)


def obstacles(cloud: AwsCloud, parts: BucketParts) -> Iterator[str]:
    """Yield what would have the bucket replaced, so that it cannot be imported."""
    if parts.location != cloud.place:
        yield f"it is in {parts.location}, the stack's buckets are in {cloud.place}"


def adopted(config: StackConfig, parts: BucketParts) -> list[str]:
    """Return those of its parts that the stack has as well."""
    unmanaged = () if config.buckets.access_logs_to else ("logging",)
    return [part for part in parts.parts if part not in unmanaged]


def changes(
    config: StackConfig, cloud: AwsCloud, user: str, parts: BucketParts
) -> Iterator[Change]:
    """Yield every setting that the stack writes."""
    now, buckets = parts.settings, config.buckets
    slug = names.user_slug(config.scope, user)
    labels = rules.bucket_labels(config.platform, slug, buckets.labels)
    key = buckets.encryption_key
    yield Change("public access", _public_access(now["publicAccessBlock"]), "blocked")
    yield Change("ownership", now["ownership"] or "by object", "BucketOwnerEnforced")
    yield Change(
        "encryption", _encryption(now["encryption"]), f"SSE-KMS {key}" if key else "SSE-S3"
    )
    yield Change(
        "versioning", _VERSIONING[now["versioning"]], "on" if buckets.versioning else "suspended"
    )
    ids = [rule.get("ID", "without a name") for rule in now["lifecycle"] or ()]
    yield Change("lifecycle", listed(ids, "rule"), LIFECYCLE)
    tls_only = policies.tls_only(f"arn:{cloud.partition}:s3:::{parts.bucket_name}")
    yield Change("policy", _policy(now["policy"], tls_only), "refuses requests without TLS")
    yield Change("labels", pairs(now["labels"]), pairs(labels))
    if target := buckets.access_logs_to:
        yield Change("access logs", _logs(now["logging"]), f"{target}/{parts.bucket_name}/")


def notes(config: StackConfig, parts: BucketParts) -> Iterator[str]:
    """Yield what the operator is to know or to do before.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiFactorAuthenticationDelete.html
    """
    now = parts.settings
    if now["grants"] and now["ownership"] != "BucketOwnerEnforced":
        yield (
            "its access list lets others in, and S3 takes no BucketOwnerEnforced then; first "
            f"`aws s3api put-bucket-acl --acl private --bucket {parts.bucket_name}`"
        )
    if now["mfaDelete"]:
        yield "MFA delete is on, and S3 takes no lifecycle rules then; switch it off first"
    if now["objectLock"]:
        yield "Object Lock is on: `state: deleted` waits until every version may go"
    if now["logging"] and not config.buckets.access_logs_to:
        yield f"access logs go on to {_logs(now['logging'])}"


def _public_access(block: Mapping[str, bool] | None) -> str:
    switches = (block or {}).values()
    if not any(switches):
        return "not blocked"
    return "blocked" if all(switches) else "partly blocked"


def _encryption(default: Mapping[str, str] | None) -> str:
    if not default:
        return "none"
    algorithm = default["SSEAlgorithm"]
    return " ".join(
        [_ALGORITHMS.get(algorithm, algorithm), default.get("KMSMasterKeyID", "")]
    ).strip()


def _policy(policy: Mapping[str, Any] | None, wanted: policies.Policy) -> str:
    if policy == wanted:
        return "refuses requests without TLS"
    statements = policy["Statement"] if policy else []
    if isinstance(statements, dict):  # IAM takes a single one without a list
        statements = [statements]
    return listed([each.get("Sid", each["Effect"]) for each in statements], "statement")


def _logs(logging: Mapping[str, str] | None) -> str:
    return f"{logging['TargetBucket']}/{logging.get('TargetPrefix', '')}" if logging else "none"
