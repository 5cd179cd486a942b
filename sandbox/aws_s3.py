"""S3's buckets; their settings are types of their own, of `aws_s3_setting`.

Source: https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/s3/bucket.go
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError

from sandbox.aws_partitions import dns_suffix, partition
from sandbox.aws_sdk import failing, tag_list, unless_gone
from sandbox.properties import UNKNOWN, Properties, besides
from sandbox.resource import Failures, PartialError, ProviderError, ResourceType
from sandbox.s3_names import is_account_regional

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class Bucket(ResourceType):
    """S3 buckets; their settings are types of their own."""

    defaults: ClassVar = {"bucketNamespace": "global"}
    replaced_by = frozenset({"bucket", "bucketNamespace", "region"})
    supported = frozenset({"bucket", "bucketNamespace", "forceDestroy", "tags"})

    def __init__(self, s3: "S3Client", region: str) -> None:
        """Work in one region."""
        self._s3 = s3
        self._region = region

    def failures(self, inputs: Properties) -> Failures:
        """Yield what the schema cannot say."""
        if inputs.get("bucket") is None:
            yield "bucket", "the sandbox makes up no names: required property 'bucket' is missing"
        namespace = inputs.get("bucketNamespace")
        if namespace not in (None, "account-regional", "global", UNKNOWN):
            yield "bucketNamespace", f"expected account-regional or global, got {namespace!r}"

    def create(self, inputs: Properties) -> str:
        """Make a bucket that does not exist, whoever owns the other one."""
        name = inputs["bucket"]
        regional = inputs.get("bucketNamespace") == "account-regional"
        if regional != is_account_regional(name):
            raise ProviderError(
                f"validating S3 Bucket ({name}) name: {name} is {'not ' if regional else ''}"
                f"an account-regional namespace bucket"
            )
        if self._region == "us-east-1" and self._is_mine(name):  # S3 would make it once more
            raise ProviderError(f"creating S3 Bucket ({name}): BucketAlreadyExists")
        options: dict[str, Any] = {"BucketNamespace": "account-regional"} if regional else {}
        if self._region != "us-east-1":
            options["CreateBucketConfiguration"] = {"LocationConstraint": self._region}
        with failing(f"creating S3 Bucket ({name})"):
            self._s3.create_bucket(Bucket=name, **options)
        try:
            self._tag(name, inputs.get("tags", {}))
        except ClientError as error:
            raise PartialError(name, f"setting S3 Bucket ({name}) tags: {error}") from error
        return name

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return name and tags; of forceDestroy S3 knows nothing."""
        with failing(f"reading S3 Bucket ({resource_id})"):
            if not self._exists(resource_id):
                return None
            tags = self._tags(resource_id)
        found = {
            "bucket": resource_id,
            "bucketNamespace": _namespace(resource_id),
            "forceDestroy": inputs.get("forceDestroy"),
            "tags": tags,
        }
        return besides(found, self.defaults, kept=inputs)

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Change the tags: nothing else of a bucket can change."""
        with failing(f"setting S3 Bucket ({resource_id}) tags"):
            self._tag(resource_id, new.get("tags", {}))

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Delete a bucket; with forceDestroy everything in it first."""
        with failing(f"deleting S3 Bucket ({resource_id})"):
            if not self._exists(resource_id):
                return
            if inputs.get("forceDestroy"):
                self._empty(resource_id)
            # The emulator deletes a bucket with nothing but old versions in it; S3 does not.
            elif self._page(resource_id):
                raise ProviderError(f"deleting S3 Bucket ({resource_id}): BucketNotEmpty")
            self._s3.delete_bucket(Bucket=resource_id)

    def outputs(self, resource_id: str, inputs: Properties) -> Properties:
        """Return what follows from name and region."""
        suffix = dns_suffix(self._region)
        return {
            "arn": f"arn:{partition(self._region)}:s3:::{resource_id}",
            "bucketDomainName": f"{resource_id}.s3.{suffix}",
            "bucketNamespace": _namespace(resource_id),
            "bucketRegion": self._region,
            "bucketRegionalDomainName": f"{resource_id}.s3.{self._region}.{suffix}",
            "region": self._region,
            "tagsAll": inputs.get("tags", {}),
        }

    def _exists(self, name: str) -> bool:
        return unless_gone(lambda: self._s3.head_bucket(Bucket=name)) is not None

    def _is_mine(self, name: str) -> bool:
        try:
            self._s3.head_bucket(Bucket=name)
        except ClientError:  # nobody's or somebody else's: S3 will say
            return False
        return True

    def _tags(self, name: str) -> dict[str, str]:
        found = unless_gone(lambda: self._s3.get_bucket_tagging(Bucket=name))
        return {tag["Key"]: tag["Value"] for tag in found["TagSet"]} if found else {}

    def _tag(self, name: str, tags: Mapping[str, str]) -> None:
        self._s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(tags)})

    def _empty(self, name: str) -> None:
        # The first page again until it is empty: the emulator skips pages that move up.
        while entries := self._page(name):
            keys: Any = [
                {"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries
            ]
            self._s3.delete_objects(Bucket=name, Delete={"Objects": keys, "Quiet": True})
        while uploads := self._uploads(name):
            for upload in uploads:
                self._s3.abort_multipart_upload(
                    Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"]
                )

    def _page(self, name: str) -> list[Any]:
        page = self._s3.list_object_versions(Bucket=name)
        return [*page.get("Versions", []), *page.get("DeleteMarkers", [])]

    def _uploads(self, name: str) -> list[Any]:
        return [*self._s3.list_multipart_uploads(Bucket=name).get("Uploads", [])]


def _namespace(name: str) -> str:
    return "account-regional" if is_account_regional(name) else "global"
