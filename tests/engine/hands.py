"""Hands: what a person could do to a bucket behind the stack's back, on either cloud."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import boto3
import requests
from botocore.exceptions import ClientError
from cmbcluster_storage import names
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

EVERYBODY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*"}]}


class Hand(ABC):
    """One cloud, as an operator's own tools see it.

    Attributes:
        scope: of the committed stack file.
        resources_per_user: components included.
        held: the resources that hold or guard the data, without the user's slug.
        identity: the resources of the identity.
        old_settings: values that `make_old_bucket` sets and the stack would not.
        drift: resource (without the user's slug) to the properties that `disturb` changes;
            None for one that it deletes.
    """

    scope: ClassVar[str]
    resources_per_user: ClassVar[int]
    held: ClassVar[tuple[str, ...]]
    identity: ClassVar[tuple[str, ...]]
    old_settings: ClassVar[tuple[str, ...]]
    drift: ClassVar[Mapping[str, set[str] | None]]

    def slug(self, user: str) -> str:
        return names.user_slug(self.scope, user)

    @abstractmethod
    def buckets(self) -> list[str]: ...

    @abstractmethod
    def identities(self) -> list[str]: ...

    @abstractmethod
    def members(self, bucket: str) -> list[str]:
        """Return whom the bucket's own policy lets in."""

    @abstractmethod
    def settings(self, bucket: str) -> dict[str, Any]:
        """Return everything that is set on a bucket, without what changes by itself."""

    @abstractmethod
    def make_bucket(self, bucket: str) -> None: ...

    @abstractmethod
    def make_old_bucket(self, bucket: str) -> None:
        """Make a bucket with settings of its own."""

    @abstractmethod
    def make_foreign_bucket(self, bucket: str) -> None:
        """Make a bucket that somebody else has."""

    @abstractmethod
    def keep_everything(self, settings: dict[str, Any]) -> None:
        """Change a bucket's settings to those with which nothing in it expires."""

    @abstractmethod
    def delete_bucket(self, bucket: str) -> None: ...

    @abstractmethod
    def write(self, bucket: str, key: str, *bodies: bytes) -> None:
        """Write an object as often as there are bodies."""

    @abstractmethod
    def bodies(self, bucket: str, key: str) -> list[bytes]:
        """Return all versions of an object, the newest first."""

    @abstractmethod
    def disturb(self, bucket: str, name: str) -> None:
        """Change every setting of a user's bucket, and the identity."""


class AwsHand(Hand):
    scope = names.aws_scope("cmbcluster", "123456789012", "us-east-1")
    resources_per_user = 14
    held = (
        "bucket",
        "public-access-block",
        "ownership",
        "encryption",
        "versioning",
        "lifecycle",
        "policy",
    )
    identity = ("role", "access")
    old_settings = ("planck", "old")
    drift: ClassVar = {
        "bucket": {"tags"},
        "public-access-block": {
            "blockPublicPolicy",
            "ignorePublicAcls",
            "restrictPublicBuckets",
        },
        "ownership": {"rule"},
        "encryption": {"rules"},
        "versioning": {"versioningConfiguration"},
        "lifecycle": {"rules"},
        "policy": None,
        "role": {"assumeRolePolicy", "description", "tags"},
        "access": {"policy"},
    }

    _SETTINGS = (
        "get_bucket_encryption",
        "get_bucket_lifecycle_configuration",
        "get_bucket_logging",
        "get_bucket_ownership_controls",
        "get_bucket_policy",
        "get_bucket_tagging",
        "get_bucket_versioning",
        "get_public_access_block",
    )

    def __init__(self, environment: Mapping[str, str]) -> None:
        keys = self._keys = {
            "endpoint_url": environment["AWS_ENDPOINT_URL"],
            "region_name": "us-east-1",
            "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        }
        self.s3 = boto3.client("s3", **keys)
        self.iam = boto3.client("iam", **keys)
        self.eks = boto3.client("eks", **keys)

    def buckets(self) -> list[str]:
        return [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]]

    def identities(self) -> list[str]:
        return [role["RoleName"] for role in self.iam.list_roles()["Roles"]]

    def members(self, bucket: str) -> list[str]:
        policy = json.loads(self.s3.get_bucket_policy(Bucket=bucket)["Policy"])
        return [one["Principal"] for one in policy["Statement"] if one["Effect"] == "Allow"]

    def associations(self, cluster: str) -> dict[str, str]:
        """Return the Pod Identity associations, service account to role."""
        found: dict[str, str] = {}
        for one in self.eks.list_pod_identity_associations(clusterName=cluster)["associations"]:
            described = self.eks.describe_pod_identity_association(
                clusterName=cluster, associationId=one["associationId"]
            )["association"]
            account = f"{described['namespace']}/{described['serviceAccount']}"
            found[account] = described["roleArn"].rpartition(":")[2]
        return found

    def settings(self, bucket: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in self._SETTINGS:
            try:
                found[name] = getattr(self.s3, name)(Bucket=bucket)
            except ClientError as error:
                found[name] = {"none": error.response["Error"]["Code"]}
            found[name].pop("ResponseMetadata", None)
        return found

    def make_bucket(self, bucket: str) -> None:
        self.s3.create_bucket(Bucket=bucket)

    def make_old_bucket(self, bucket: str) -> None:
        self.make_bucket(bucket)
        self.s3.put_bucket_tagging(
            Bucket=bucket, Tagging={"TagSet": [{"Key": "group", "Value": "planck"}]}
        )
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        rule = {"ID": "old", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}
        self.s3.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}
        )

    def make_foreign_bucket(self, bucket: str) -> None:
        keys = self._keys | {"aws_access_key_id": "999999999999"}
        boto3.client("s3", **keys).create_bucket(Bucket=bucket)

    def keep_everything(self, settings: dict[str, Any]) -> None:
        for rule in settings["get_bucket_lifecycle_configuration"]["Rules"]:
            rule["Status"] = "Disabled"

    def delete_bucket(self, bucket: str) -> None:
        self.s3.delete_bucket(Bucket=bucket)

    def write(self, bucket: str, key: str, *bodies: bytes) -> None:
        for body in bodies:
            self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    def bodies(self, bucket: str, key: str) -> list[bytes]:
        versions = self.s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
        return [
            self.s3.get_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])[
                "Body"
            ].read()
            for version in versions
        ]

    def disturb(self, bucket: str, name: str) -> None:
        s3, iam = self.s3, self.iam
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "user", "Value": "eve"}]})
        s3.put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True}
        )
        s3.put_bucket_ownership_controls(
            Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        )
        kms = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [kms]})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
        rule = {"ID": "x", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}
        )
        s3.delete_bucket_policy(Bucket=bucket)
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(EVERYBODY))
        iam.update_role(RoleName=name, Description="somebody else's")
        iam.untag_role(RoleName=name, TagKeys=["platform"])
        iam.put_role_policy(
            RoleName=name, PolicyName="storage", PolicyDocument=json.dumps(EVERYBODY)
        )


class GcpHand(Hand):
    scope = names.gcp_scope("cmbcluster", "cmbcluster-research")
    resources_per_user = 7
    held = ("bucket", "policy")
    identity = ()
    old_settings = ("NEARLINE", "inherited")
    drift: ClassVar = {
        "bucket": {
            "labels",
            "lifecycleRules",
            "publicAccessPrevention",
            "softDeletePolicy",
            "uniformBucketLevelAccess",
            "versioning",
        },
        "policy": {"policyData"},
    }

    _VOLATILE = ("etag", "metageneration", "updated", "timeCreated", "generation")

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._url = environment["STORAGE_EMULATOR_HOST"]
        self._client = storage.Client(
            project="cmbcluster-research",
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": self._url},
        )

    def buckets(self) -> list[str]:
        return [bucket.name for bucket in self._client.list_buckets()]

    def identities(self) -> list[str]:
        answer = self._call("GET", "/v1/projects/cmbcluster-research/serviceAccounts")
        return [account["email"] for account in answer.get("accounts", [])]

    def members(self, bucket: str) -> list[str]:
        policy = self._call("GET", f"/storage/v1/b/{bucket}/iam")
        return [member for one in policy.get("bindings", []) for member in one["members"]]

    def delete_identity(self, name: str) -> None:
        email = f"{name}@cmbcluster-research.iam.gserviceaccount.com"
        self._call("DELETE", f"/v1/projects/cmbcluster-research/serviceAccounts/{email}")

    def settings(self, bucket: str) -> dict[str, Any]:
        resource = self._call("GET", f"/storage/v1/b/{bucket}")
        for key in self._VOLATILE:
            resource.pop(key, None)
        resource.get("softDeletePolicy", {}).pop("effectiveTime", None)
        resource["iamConfiguration"]["uniformBucketLevelAccess"].pop("lockedTime", None)
        resource["iamConfiguration"].pop("bucketPolicyOnly", None)
        policy = self._call("GET", f"/storage/v1/b/{bucket}/iam")
        return resource | {"iam": policy.get("bindings", [])}

    def make_bucket(self, bucket: str) -> None:
        self._client.create_bucket(bucket)

    def make_old_bucket(self, bucket: str) -> None:
        old = self._client.bucket(bucket)
        old.labels = {"group": "planck"}
        old.storage_class = "NEARLINE"
        old.versioning_enabled = True
        old.add_lifecycle_delete_rule(age=1)
        self._client.create_bucket(old, location="europe-west4")

    def make_foreign_bucket(self, bucket: str) -> None:
        self._client.create_bucket(bucket, project="cosmology", location="europe-west4")

    def keep_everything(self, settings: dict[str, Any]) -> None:
        del settings["lifecycle"]

    def delete_bucket(self, bucket: str) -> None:
        self._client.bucket(bucket).delete()

    def write(self, bucket: str, key: str, *bodies: bytes) -> None:
        for body in bodies:
            self._client.bucket(bucket).blob(key).upload_from_string(body)

    def bodies(self, bucket: str, key: str) -> list[bytes]:
        blobs = list(self._client.list_blobs(bucket, prefix=key, versions=True))
        return [
            self._client.bucket(bucket)
            .blob(blob.name, generation=blob.generation)
            .download_as_bytes()
            for blob in sorted(blobs, key=lambda blob: -blob.generation)
        ]

    def disturb(self, bucket: str, name: str) -> None:
        self._call(
            "PATCH",
            f"/storage/v1/b/{bucket}",
            {
                "labels": {"user": "eve"},
                "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 1}}]},
                "iamConfiguration": {
                    "publicAccessPrevention": "inherited",
                    "uniformBucketLevelAccess": {"enabled": False},
                },
                "softDeletePolicy": {"retentionDurationSeconds": "0"},
                "versioning": {"enabled": False},
            },
        )
        self.let_in("allUsers", bucket)

    def let_in(self, member: str, bucket: str) -> None:
        binding = {"role": "roles/storage.admin", "members": [member]}
        self._call("PUT", f"/storage/v1/b/{bucket}/iam", {"bindings": [binding]})

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self._url}{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else {}


HANDS = {"aws": AwsHand, "gcp": GcpHand}
