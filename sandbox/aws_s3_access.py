"""S3's settings of a bucket that say who may reach it: access block, ownership, policy.

Source: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service/s3
"""

from typing import Any, ClassVar

from sandbox.aws_s3_setting import BucketSetting, sdk_name, to_sdk, to_wire
from sandbox.aws_sdk import document_failures
from sandbox.properties import Properties
from sandbox.resource import Failures


class PublicAccessBlock(BucketSetting):
    """The four switches that keep a bucket private."""

    what = "S3 Bucket Public Access Block"
    switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    supported = frozenset({"bucket", *switches})

    def put(self, bucket: str, inputs: Properties) -> None:
        """Write all four: an absent one is off."""
        switches: Any = {sdk_name(key): inputs.get(key, False) for key in self.switches}
        self._s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=switches)

    def get(self, bucket: str) -> Properties:
        """Return all four."""
        found = self._s3.get_public_access_block(Bucket=bucket)
        return to_wire(found["PublicAccessBlockConfiguration"])

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
            Bucket=bucket, OwnershipControls={"Rules": [to_sdk(inputs["rule"])]}
        )

    def get(self, bucket: str) -> Properties:
        """Return the one rule."""
        found = self._s3.get_bucket_ownership_controls(Bucket=bucket)
        return {"rule": to_wire(found["OwnershipControls"]["Rules"][0])}

    def remove(self, bucket: str, inputs: Properties) -> None:
        """Take the rule away."""
        self._s3.delete_bucket_ownership_controls(Bucket=bucket)


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
