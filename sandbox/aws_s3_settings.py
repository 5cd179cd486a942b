"""S3's settings of a bucket: each a document that is put, got and deleted as a whole.

Source: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service/s3
"""

import json
import re
from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.aws_sdk import document_failures, failing, unless_gone
from sandbox.properties import UNKNOWN, Properties, leaves
from sandbox.resource import Failures, ProviderError, ResourceType

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Where an SDK name is not the property's name with a capital.
_SDK_NAMES = {
    "id": "ID",
    "sseAlgorithm": "SSEAlgorithm",
    "kmsMasterKeyId": "KMSMasterKeyID",
}
_WIRE_NAMES = {sdk: wire for wire, sdk in _SDK_NAMES.items()}


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
        for path, value in leaves(inputs):
            for pattern, choices in self.choices.items():
                if re.fullmatch(pattern, path) and value not in (*choices, UNKNOWN):
                    yield path, f"expected one of {', '.join(choices)}, got {json.dumps(value)}"

    def create(self, inputs: Properties) -> str:
        """Put the setting."""
        with failing(f"creating {self.what} ({inputs['bucket']})"):
            self.put(inputs["bucket"], inputs)
        return str(inputs["bucket"])

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the setting, None without it or its bucket."""
        with failing(f"reading {self.what} ({resource_id})"):
            found = unless_gone(lambda: self.get(resource_id))
        return {"bucket": resource_id} | found if found is not None else None

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Put the new setting."""
        with failing(f"updating {self.what} ({resource_id})"):
            self.put(resource_id, new)

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Take the setting away."""
        with failing(f"deleting {self.what} ({resource_id})"):
            unless_gone(lambda: self.remove(resource_id, inputs))


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

    def failures(self, inputs: Properties) -> Failures:
        """Yield what the status does not say, too: only it is written."""
        yield from super().failures(inputs)
        status = inputs["versioningConfiguration"]
        if isinstance(status, dict) and "mfaDelete" in status:
            yield (
                "versioningConfiguration.mfaDelete",
                "property 'mfaDelete' is not emulated by the sandbox",
            )

    def put(self, bucket: str, inputs: Properties) -> None:
        """Write the status; a bucket that never had any is Disabled without a word."""
        if (status := inputs["versioningConfiguration"]["status"]) != "Disabled":
            self._s3.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": status}
            )

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Put the new status; there is no way back to Disabled."""
        was, status = (each["versioningConfiguration"]["status"] for each in (old, new))
        if status == "Disabled" != was:
            raise ProviderError(
                f"versioning_configuration.status cannot be updated from {was!r} to {status!r}"
            )
        super().update(resource_id, old, new)

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
    _counts = ("Days", ".daysAfterInitiation", ".newerNoncurrentVersions", ".expiration.days")
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
        for path, value in leaves(inputs):
            if path.endswith(self._counts) and isinstance(value, int) and value < 1:
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
        yield from document_failures("policy", inputs)


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
