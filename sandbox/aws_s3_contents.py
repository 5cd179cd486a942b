"""S3's settings of a bucket for what is in it: encryption, versioning, access logs.

Source: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service/s3
"""

from typing import ClassVar

from botocore.exceptions import ClientError

from sandbox.aws_s3_setting import BucketSetting, known_rules, to_sdk, to_wire
from sandbox.properties import Properties
from sandbox.resource import Failures, ProviderError


class Encryption(BucketSetting):
    """How objects are encrypted at rest."""

    what = "S3 Bucket Server-side Encryption Configuration"
    supported = frozenset({"bucket", "rules"})
    choices: ClassVar = {
        r".*\.sseAlgorithm": ("AES256", "aws:kms", "aws:kms:dsse"),
    }

    def failures(self, inputs: Properties) -> Failures:
        """Yield keys that S3 would not use, too, and what is not written."""
        yield from super().failures(inputs)
        for index, rule in known_rules(inputs):
            if "blockedEncryptionTypes" in rule:
                path = f"rules[{index}].blockedEncryptionTypes"
                yield path, "property 'blockedEncryptionTypes' is not emulated by the sandbox"
            match rule.get("applyServerSideEncryptionByDefault"):
                case {"sseAlgorithm": "AES256", "kmsMasterKeyId": str(key)} if key:
                    path = f"rules[{index}].applyServerSideEncryptionByDefault.kmsMasterKeyId"
                    yield path, "a key is not applicable if sseAlgorithm is not aws:kms"

    def put(self, bucket: str, inputs: Properties) -> None:
        """Write the rules."""
        self._s3.put_bucket_encryption(
            Bucket=bucket,
            ServerSideEncryptionConfiguration={"Rules": to_sdk(inputs["rules"])},
        )

    def get(self, bucket: str) -> Properties:
        """Return the rules."""
        found = self._s3.get_bucket_encryption(Bucket=bucket)
        return {"rules": to_wire(found["ServerSideEncryptionConfiguration"]["Rules"])}

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


class Logging(BucketSetting):
    """Where S3 writes down who did what with a bucket's objects."""

    what = "S3 Bucket Logging"
    supported = frozenset({"bucket", "targetBucket", "targetPrefix"})

    def put(self, bucket: str, inputs: Properties) -> None:
        """Write the target, which S3 looks at first and the emulator does not."""
        self._check_target(inputs["targetBucket"])
        enabled = {key: inputs[key] for key in ("targetBucket", "targetPrefix")}
        self._s3.put_bucket_logging(
            Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": to_sdk(enabled)}
        )

    def get(self, bucket: str) -> Properties | None:
        """Return the target, None while nothing is logged."""
        found = self._s3.get_bucket_logging(Bucket=bucket)
        return to_wire(found["LoggingEnabled"]) if "LoggingEnabled" in found else None

    def remove(self, bucket: str, inputs: Properties) -> None:
        """Log nothing: there is no call that deletes."""
        self._s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})

    def _check_target(self, target: str) -> None:
        code = "InvalidTargetBucketForLogging"
        try:
            region = self._s3.head_bucket(Bucket=target)["BucketRegion"]
        except ClientError as error:
            gone = error.response.get("Error", {}).get("Code") == "404"
            message = (
                "The target bucket for logging does not exist"
                if gone
                else "The owner for the bucket to be logged and the target bucket must be the same."
            )
        else:
            if region == self._s3.meta.region_name:
                return
            code = "CrossLocationLoggingProhibitted"  # S3's own spelling
            message = "Cross S3 location logging not allowed."
        raise ClientError({"Error": {"Code": code, "Message": message}}, "PutBucketLogging")
