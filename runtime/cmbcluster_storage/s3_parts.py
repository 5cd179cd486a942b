"""What a bucket on S3 consists of: each part a document of its own, or absent.

The twin of `gcs_parts`. Only reads, and only what the account owns.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cmbcluster_storage.errors import AccessDeniedError
from cmbcluster_storage.outputs import BucketParts
from cmbcluster_storage.s3_errors import sdk_errors

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# What S3 answers where a part does not exist.
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_ABSENT = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchTagSet",
        "ObjectLockConfigurationNotFoundError",
        "OwnershipControlsNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
_PARTS = (
    "publicAccessBlock", "ownership", "encryption", "versioning", "lifecycle", "policy", "logging",
)  # fmt: skip
# Where GetBucketLocation answers with the past.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
_REGIONS = {None: "us-east-1", "EU": "eu-west-1"}


def bucket_parts(client: "S3Client", bucket_name: str, account_id: str) -> BucketParts:
    """Return what a bucket consists of; versioning that was never on is a part, too.

    Settings are as S3 writes them, None where there are none: each part's by its name,
    `labels` (without AWS' own), `grants` to others than the owner, `mfaDelete`, `objectLock`.

    Args:
        client: of any region.
        bucket_name: in any region.
        account_id: who must own it.

    Raises:
        BucketNotFoundError: there is none.
        AccessDeniedError: it is another account's, or it may not be read.
    """
    with sdk_errors(None):
        location = _location(client, bucket_name, account_id)
        settings = _settings(client, {"Bucket": bucket_name, "ExpectedBucketOwner": account_id})
    return BucketParts(
        bucket_name=bucket_name,
        location=location,
        parts=("bucket", *(part for part in _PARTS if settings[part] is not None)),
        settings=settings,
    )


def _location(client: "S3Client", bucket_name: str, account_id: str) -> str:
    """Return the region; S3 refuses a wrong owner as it refuses whoever may not read."""
    try:
        answer = client.get_bucket_location(Bucket=bucket_name, ExpectedBucketOwner=account_id)
    except ClientError as error:
        if _code(error) != "AccessDenied":
            raise
        raise AccessDeniedError(
            f"it is of another account than {account_id}, whose stack alone can adopt it, or the "
            f"identity may not read it: permit s3:GetBucketLocation",
            provider="aws",
            operation="bucket_parts",
            bucket=bucket_name,
        ) from error
    location: str | None = answer.get("LocationConstraint")
    return _REGIONS.get(location) or str(location)


def _settings(client: Any, asked: dict[str, str]) -> dict[str, Any]:
    def found(call: Callable[..., dict[str, Any]], *way: str) -> Any:
        """Return what an answer holds at the end of a way, None where there is nothing."""
        try:
            answer: Any = call(**asked)
        except ClientError as error:
            if _code(error) not in _ABSENT:
                raise
            return None
        for key in way:
            answer = answer.get(key)
            if answer is None:
                return None
        return answer

    versioning = found(client.get_bucket_versioning)
    ownership = found(client.get_bucket_ownership_controls, "OwnershipControls", "Rules")
    encryption = found(client.get_bucket_encryption, "ServerSideEncryptionConfiguration", "Rules")
    policy = found(client.get_bucket_policy, "Policy")
    tags: list[dict[str, str]] = found(client.get_bucket_tagging, "TagSet") or []
    acl = found(client.get_bucket_acl)
    return {
        "publicAccessBlock": found(
            client.get_public_access_block, "PublicAccessBlockConfiguration"
        ),
        "ownership": ownership and ownership[0]["ObjectOwnership"],
        "encryption": encryption and encryption[0].get("ApplyServerSideEncryptionByDefault", {}),
        "versioning": versioning.get("Status", "Disabled"),
        "lifecycle": found(client.get_bucket_lifecycle_configuration, "Rules"),
        "policy": policy and json.loads(policy),
        "logging": found(client.get_bucket_logging, "LoggingEnabled"),
        "labels": {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")},
        "grants": [
            grant for grant in acl["Grants"] if grant["Grantee"].get("ID") != acl["Owner"]["ID"]
        ],
        "mfaDelete": versioning.get("MFADelete") == "Enabled",
        "objectLock": found(client.get_object_lock_configuration, "ObjectLockConfiguration")
        is not None,
    }


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
