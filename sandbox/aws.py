"""The provider plugin `aws`: the types that the stack uses, made in an emulator.

What replaces, what exists already and what a delete really does follow the official
provider, so that a preview here tells the truth about a preview there. Where the
emulator is comes from the variables that boto3 reads itself.

Source: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service
"""

import json
import re
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.properties import UNKNOWN, Properties
from sandbox.provider import (
    Failures,
    PartialError,
    ProviderError,
    ResourceType,
    serve,
)

if TYPE_CHECKING:  # boto3 itself is imported when the first call needs it: the port comes first
    from types_boto3_iam import IAMClient
    from types_boto3_s3 import S3Client

TYPES = {
    "aws:s3/bucket:Bucket": "s3.Bucket",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "s3.BucketPublicAccessBlock",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "s3.BucketOwnershipControls",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "s3.BucketServerSideEncryptionConfiguration"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "s3.BucketVersioning",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "s3.BucketLifecycleConfiguration"
    ),
    "aws:s3/bucketPolicy:BucketPolicy": "s3.BucketPolicy",
    "aws:iam/role:Role": "iam.Role",
    "aws:iam/rolePolicy:RolePolicy": "iam.RolePolicy",
}

_GONE = frozenset(
    {
        "404",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchTagSet",
        "OwnershipControlsNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)

# Where an SDK name is not the property's name with a capital.
_SDK_NAMES = {
    "id": "ID",
    "sseAlgorithm": "SSEAlgorithm",
    "kmsMasterKeyId": "KMSMasterKeyID",
}
_WIRE_NAMES = {sdk: wire for wire, sdk in _SDK_NAMES.items()}


@contextmanager
def _failing(what: str) -> Iterator[None]:
    """Turn the SDK's error into ours, which begins as the official provider's does."""
    try:
        yield
    except ClientError as error:
        raise ProviderError(f"{what}: {error}") from error


class Bucket(ResourceType):
    """S3 buckets; their settings are types of their own."""

    replaced_by = frozenset({"bucket", "bucketNamespace", "region"})
    supported = frozenset({"bucket", "bucketNamespace", "forceDestroy", "tags"})

    def __init__(self, s3: "S3Client", region: str) -> None:
        """Work in one region."""
        self._s3 = s3
        self._region = region

    def failures(self, inputs: Properties) -> Failures:
        """Yield what the schema cannot say."""
        if "bucket" not in inputs:
            yield "bucket", "the sandbox makes up no names: required property 'bucket' is missing"

    def create(self, inputs: Properties) -> str:
        """Make a bucket that does not exist, whoever owns the other one."""
        name = inputs["bucket"]
        regional = inputs.get("bucketNamespace") == "account-regional"
        if regional and not name.endswith(f"-{self._region}-an"):
            raise ProviderError(
                f"validating S3 Bucket ({name}) name: {name} is not an account-regional "
                f"namespace bucket"
            )
        if self._exists(name):
            raise ProviderError(f"creating S3 Bucket ({name}): BucketAlreadyExists")
        options: dict[str, Any] = {"BucketNamespace": "account-regional"} if regional else {}
        if self._region != "us-east-1":
            options["CreateBucketConfiguration"] = {"LocationConstraint": self._region}
        with _failing(f"creating S3 Bucket ({name})"):
            self._s3.create_bucket(Bucket=name, **options)
        try:
            self._tag(name, inputs.get("tags", {}))
        except ClientError as error:
            raise PartialError(name, f"setting S3 Bucket ({name}) tags: {error}") from error
        return name

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return name and tags; what S3 does not tell stays as last known."""
        if not self._exists(resource_id):
            return None
        found = {"bucket": resource_id, "tags": self._tags(resource_id)}
        return {
            key: inputs[key] for key in ("bucketNamespace", "forceDestroy") if key in inputs
        } | found

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Change the tags: nothing else of a bucket can change."""
        with _failing(f"setting S3 Bucket ({resource_id}) tags"):
            self._tag(resource_id, new.get("tags", {}))

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Delete a bucket; with forceDestroy its objects and versions first."""
        with _failing(f"deleting S3 Bucket ({resource_id})"):
            if not self._exists(resource_id):
                return
            if inputs.get("forceDestroy"):
                self._empty(resource_id)
            # The emulator deletes a bucket with nothing but old versions in it; S3 does not.
            elif self._s3.list_object_versions(Bucket=resource_id, MaxKeys=1).keys() & {
                "Versions",
                "DeleteMarkers",
            }:
                raise ProviderError(f"deleting S3 Bucket ({resource_id}): BucketNotEmpty")
            self._s3.delete_bucket(Bucket=resource_id)

    def outputs(self, resource_id: str, inputs: Properties) -> Properties:
        """Return what follows from name and region."""
        return {
            "arn": f"arn:aws:s3:::{resource_id}",
            "bucketDomainName": f"{resource_id}.s3.amazonaws.com",
            "bucketRegion": self._region,
            "bucketRegionalDomainName": f"{resource_id}.s3.{self._region}.amazonaws.com",
            "region": self._region,
            "tagsAll": inputs.get("tags", {}),
        }

    def _exists(self, name: str) -> bool:
        return _found(lambda: self._s3.head_bucket(Bucket=name)) is not None

    def _tags(self, name: str) -> dict[str, str]:
        found = _found(lambda: self._s3.get_bucket_tagging(Bucket=name))
        return {tag["Key"]: tag["Value"] for tag in found["TagSet"]} if found else {}

    def _tag(self, name: str, tags: Mapping[str, str]) -> None:
        self._s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": _tag_list(tags)})

    def _empty(self, name: str) -> None:
        # The first page again until it is empty: the emulator skips pages that move up.
        while page := self._s3.list_object_versions(Bucket=name):
            entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if not entries:
                return
            keys: Any = [
                {"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries
            ]
            self._s3.delete_objects(Bucket=name, Delete={"Objects": keys, "Quiet": True})


class BucketSetting(ResourceType):
    """One setting of a bucket: a document that is put, got and deleted as a whole.

    Like the official provider's, its create overwrites what is there.

    Attributes:
        what: as the official provider's errors call it.
        choices: pattern of property paths to the values that may stand there.
    """

    what: str
    choices: ClassVar[Mapping[str, Collection[str]]] = {}
    replaced_by = frozenset({"bucket", "expectedBucketOwner", "region"})

    def __init__(self, s3: "S3Client") -> None:
        """Work through one client."""
        self._s3 = s3

    @abstractmethod
    def put(self, bucket: str, inputs: Properties) -> None:
        """Write the setting."""

    @abstractmethod
    def get(self, bucket: str) -> Properties:
        """Return the setting's properties; raises ClientError where there is none."""

    @abstractmethod
    def remove(self, bucket: str, inputs: Properties) -> None:
        """Take the setting away."""

    def failures(self, inputs: Properties) -> Failures:
        """Yield values outside of the choices."""
        for path, value in _leaves(inputs):
            for pattern, choices in self.choices.items():
                if re.fullmatch(pattern, path) and value not in (*choices, UNKNOWN):
                    yield path, f"expected one of {', '.join(choices)}, got {json.dumps(value)}"

    def create(self, inputs: Properties) -> str:
        """Put the setting."""
        with _failing(f"creating {self.what} ({inputs['bucket']})"):
            self.put(inputs["bucket"], inputs)
        return str(inputs["bucket"])

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the setting, None without it or its bucket."""
        with _failing(f"reading {self.what} ({resource_id})"):
            found = _found(lambda: self.get(resource_id))
        return {"bucket": resource_id} | found if found is not None else None

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Put the new setting."""
        with _failing(f"updating {self.what} ({resource_id})"):
            self.put(resource_id, new)

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Take the setting away."""
        with _failing(f"deleting {self.what} ({resource_id})"):
            _found(lambda: self.remove(resource_id, inputs))


class PublicAccessBlock(BucketSetting):
    """The four switches that keep a bucket private."""

    what = "S3 Bucket Public Access Block"
    switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    supported = frozenset({"bucket", *switches})

    def put(self, bucket: str, inputs: Properties) -> None:
        """Write all four: an absent one is off."""
        switches: Any = {_sdk_name(key): inputs.get(key, False) for key in self.switches}
        self._s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=switches)

    def get(self, bucket: str) -> Properties:
        """Return all four."""
        found = self._s3.get_public_access_block(Bucket=bucket)
        return _to_wire(found["PublicAccessBlockConfiguration"])

    def remove(self, bucket: str, inputs: Properties) -> None:
        """Take the block away."""
        self._s3.delete_public_access_block(Bucket=bucket)


class OwnershipControls(BucketSetting):
    """Who owns what others upload."""

    what = "S3 Bucket Ownership Controls"
    supported = frozenset({"bucket", "rule"})
    choices: ClassVar = {
        r"rule\.objectOwnership": ("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced")
    }

    def put(self, bucket: str, inputs: Properties) -> None:
        """Write the one rule."""
        self._s3.put_bucket_ownership_controls(
            Bucket=bucket, OwnershipControls={"Rules": [_to_sdk(inputs["rule"])]}
        )

    def get(self, bucket: str) -> Properties:
        """Return the one rule."""
        found = self._s3.get_bucket_ownership_controls(Bucket=bucket)
        return {"rule": _to_wire(found["OwnershipControls"]["Rules"][0])}

    def remove(self, bucket: str, inputs: Properties) -> None:
        """Take the rule away."""
        self._s3.delete_bucket_ownership_controls(Bucket=bucket)


class Encryption(BucketSetting):
    """How objects are encrypted at rest."""

    what = "S3 Bucket Server-side Encryption Configuration"
    supported = frozenset({"bucket", "rules"})
    choices: ClassVar = {
        r".*\.sseAlgorithm": ("AES256", "aws:kms", "aws:kms:dsse"),
    }

    def put(self, bucket: str, inputs: Properties) -> None:
        """Write the rules."""
        self._s3.put_bucket_encryption(
            Bucket=bucket,
            ServerSideEncryptionConfiguration={"Rules": _to_sdk(inputs["rules"])},
        )

    def get(self, bucket: str) -> Properties:
        """Return the rules."""
        found = self._s3.get_bucket_encryption(Bucket=bucket)
        return {"rules": _to_wire(found["ServerSideEncryptionConfiguration"]["Rules"])}

    def remove(self, bucket: str, inputs: Properties) -> None:
        """Take the rules away."""
        self._s3.delete_bucket_encryption(Bucket=bucket)


class Versioning(BucketSetting):
    """Whether overwritten objects are kept."""

    what = "S3 Bucket Versioning"
    supported = frozenset({"bucket", "versioningConfiguration"})
    choices: ClassVar = {r"versioningConfiguration\.status": ("Enabled", "Suspended", "Disabled")}

    def put(self, bucket: str, inputs: Properties) -> None:
        """Write the status; a bucket that never had any is Disabled without a word."""
        if (status := inputs["versioningConfiguration"]["status"]) != "Disabled":
            self._s3.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": status}
            )

    def get(self, bucket: str) -> Properties:
        """Return the status."""
        found = self._s3.get_bucket_versioning(Bucket=bucket)
        return {"versioningConfiguration": {"status": found.get("Status", "Disabled")}}

    def remove(self, bucket: str, inputs: Properties) -> None:
        """Suspend: nothing undoes versioning."""
        if inputs["versioningConfiguration"]["status"] != "Disabled":
            self._s3.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
            )


class Lifecycle(BucketSetting):
    """What expires when."""

    what = "S3 Bucket Lifecycle Configuration"
    supported = frozenset({"bucket", "rules"})
    choices: ClassVar = {r"rules\[\d+\]\.status": ("Enabled", "Disabled")}

    def put(self, bucket: str, inputs: Properties) -> None:
        """Write all rules; one without a filter holds for the whole bucket."""
        rules = [{"Filter": {}} | _to_sdk(rule) for rule in inputs["rules"]]
        self._s3.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": rules}
        )

    def get(self, bucket: str) -> Properties:
        """Return all rules."""
        found = self._s3.get_bucket_lifecycle_configuration(Bucket=bucket)
        return {"rules": _to_wire(found["Rules"])}

    def remove(self, bucket: str, inputs: Properties) -> None:
        """Take all rules away."""
        self._s3.delete_bucket_lifecycle(Bucket=bucket)

    def failures(self, inputs: Properties) -> Failures:
        """Yield counts of days and versions that S3 does not take."""
        yield from super().failures(inputs)
        for path, value in _leaves(inputs):
            if path.endswith(("Days", "daysAfterInitiation", "newerNoncurrentVersions")) and (
                isinstance(value, int) and value < 1
            ):
                yield path, f"expected at least 1, got {value}"


class BucketPolicy(BucketSetting):
    """The bucket's own IAM policy."""

    what = "S3 Bucket Policy"
    supported = frozenset({"bucket", "policy"})

    def put(self, bucket: str, inputs: Properties) -> None:
        """Write the document."""
        self._s3.put_bucket_policy(Bucket=bucket, Policy=inputs["policy"])

    def get(self, bucket: str) -> Properties:
        """Return the document."""
        return {"policy": self._s3.get_bucket_policy(Bucket=bucket)["Policy"]}

    def remove(self, bucket: str, inputs: Properties) -> None:
        """Take the document away."""
        self._s3.delete_bucket_policy(Bucket=bucket)

    def failures(self, inputs: Properties) -> Failures:
        """Yield what is no document."""
        yield from _document_failures("policy", inputs)


class Role(ResourceType):
    """IAM roles, without policies: those are types of their own."""

    replaced_by = frozenset({"name", "namePrefix", "path"})
    supported = frozenset(
        {"name", "assumeRolePolicy", "description", "maxSessionDuration", "path", "tags"}
    )

    def __init__(self, iam: "IAMClient") -> None:
        """Work through one client."""
        self._iam = iam

    def failures(self, inputs: Properties) -> Failures:
        """Yield names and documents that IAM does not take."""
        yield from _document_failures("assumeRolePolicy", inputs)
        if not re.fullmatch(r"[\w+=,.@-]{1,64}", str(inputs.get("name", ""))):
            yield "name", "expected 1-64 characters of [a-zA-Z0-9_+=,.@-]"

    def create(self, inputs: Properties) -> str:
        """Make a role that does not exist."""
        with _failing(f"creating IAM Role ({inputs['name']})"):
            self._iam.create_role(
                RoleName=inputs["name"],
                AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
                Description=inputs.get("description", ""),
                MaxSessionDuration=inputs.get("maxSessionDuration", 3600),
                Path=inputs.get("path", "/"),
                Tags=_tag_list(inputs.get("tags", {})),
            )
        return str(inputs["name"])

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the role; defaults that were never set are left out."""
        if (role := self._role(resource_id)) is None:
            return None
        found = {
            "name": resource_id,
            "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description", ""),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "path": role["Path"],
            "tags": {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        }
        defaults = {"maxSessionDuration": 3600, "path": "/"}
        return {
            key: value
            for key, value in found.items()
            if key in inputs or value != defaults.get(key, "")
        }

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Change everything but name and path."""
        with _failing(f"updating IAM Role ({resource_id})"):
            self._iam.update_assume_role_policy(
                RoleName=resource_id, PolicyDocument=new["assumeRolePolicy"]
            )
            self._iam.update_role(
                RoleName=resource_id,
                Description=new.get("description", ""),
                MaxSessionDuration=new.get("maxSessionDuration", 3600),
            )
            if gone := list(old.get("tags", {}).keys() - new.get("tags", {}).keys()):
                self._iam.untag_role(RoleName=resource_id, TagKeys=gone)
            self._iam.tag_role(RoleName=resource_id, Tags=_tag_list(new.get("tags", {})))

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Delete the role; with policies left in it IAM refuses."""
        with _failing(f"deleting IAM Role ({resource_id})"):
            _found(lambda: self._iam.delete_role(RoleName=resource_id))

    def outputs(self, resource_id: str, inputs: Properties) -> Properties:
        """Return what IAM adds."""
        role = self._role(resource_id) or {}
        return {
            "arn": role.get("Arn"),
            "createDate": role["CreateDate"].isoformat() if role else None,
            "uniqueId": role.get("RoleId"),
            "tagsAll": inputs.get("tags", {}),
        }

    def _role(self, name: str) -> Any:
        found = _found(lambda: self._iam.get_role(RoleName=name))
        return found["Role"] if found else None


class RolePolicy(ResourceType):
    """Policies inside a role; like the official provider's, create overwrites."""

    replaced_by = frozenset({"name", "namePrefix", "role"})
    supported = frozenset({"name", "role", "policy"})

    def __init__(self, iam: "IAMClient") -> None:
        """Work through one client."""
        self._iam = iam

    def failures(self, inputs: Properties) -> Failures:
        """Yield what is no document."""
        yield from _document_failures("policy", inputs)

    def create(self, inputs: Properties) -> str:
        """Put the policy into its role."""
        self._put(inputs)
        return f"{inputs['role']}:{inputs['name']}"

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the policy, None without it or its role."""
        role, _, name = resource_id.partition(":")
        found = _found(lambda: self._iam.get_role_policy(RoleName=role, PolicyName=name))
        if found is None:
            return None
        return {"role": role, "name": name, "policy": json.dumps(found["PolicyDocument"])}

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Put the new document."""
        self._put(new)

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Take the policy out of its role."""
        role, _, name = resource_id.partition(":")
        with _failing(f"deleting IAM Role ({role}) Policy ({name})"):
            _found(lambda: self._iam.delete_role_policy(RoleName=role, PolicyName=name))

    def _put(self, inputs: Properties) -> None:
        with _failing(f"putting IAM Role ({inputs['role']}) Policy ({inputs['name']})"):
            self._iam.put_role_policy(
                RoleName=inputs["role"],
                PolicyName=inputs["name"],
                PolicyDocument=inputs["policy"],
            )


def configure(config: Properties) -> dict[str, ResourceType]:
    """Return the types for one account and region.

    Raises:
        ProviderError: the credentials belong to an account that is not allowed.
    """
    import boto3

    session = boto3.Session(region_name=config["region"])
    account = session.client("sts").get_caller_identity()["Account"]
    allowed = config.get("allowedAccountIds")
    if allowed and account not in allowed:
        raise ProviderError(
            f"AWS account ID not allowed: {account}; allowedAccountIds has {', '.join(allowed)}"
        )
    # More connections than calls at once, or urllib3 throws the rest away.
    pool = Config(max_pool_connections=64)
    s3, iam = session.client("s3", config=pool), session.client("iam", config=pool)
    types = (
        Bucket(s3, config["region"]),
        PublicAccessBlock(s3),
        OwnershipControls(s3),
        Encryption(s3),
        Versioning(s3),
        Lifecycle(s3),
        BucketPolicy(s3),
        Role(iam),
        RolePolicy(iam),
    )
    return dict(zip(TYPES, types, strict=True))


def _found(call: Callable[[], Any]) -> Any:
    """Return what a call returns, None where it finds nothing."""
    try:
        return call()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _GONE:
            return None
        raise


def _document_failures(key: str, inputs: Properties) -> Failures:
    value = inputs.get(key)
    if value == UNKNOWN:
        return
    try:
        document = json.loads(str(value))
    except ValueError as error:
        yield key, f"{key!r} contains an invalid JSON policy: {error}"
        return
    if not isinstance(document, dict) or "Statement" not in document:
        yield key, f"{key!r} contains an invalid JSON policy: it has no Statement"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def _tag_list(tags: Mapping[str, str]) -> Any:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _sdk_name(name: str) -> str:
    return _SDK_NAMES.get(name, name[:1].upper() + name[1:])


def _to_sdk(value: Any) -> Any:
    if isinstance(value, dict):
        return {_sdk_name(key): _to_sdk(item) for key, item in value.items()}
    return [_to_sdk(item) for item in value] if isinstance(value, list) else value


def _to_wire(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            _WIRE_NAMES.get(key, key[:1].lower() + key[1:]): _to_wire(item)
            for key, item in value.items()
        }
    return [_to_wire(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    serve("pulumi_aws", TYPES, configure)
