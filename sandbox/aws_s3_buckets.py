"""What a program asks S3: which buckets the account has.

Source: https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/s3/buckets_data_source.go
"""

from typing import TYPE_CHECKING, Any

from sandbox.aws_sdk import failing, utc_text
from sandbox.properties import Properties
from sandbox.resource import ProviderError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class Buckets:
    """The function `getBuckets`; it sees nobody else's buckets."""

    def __init__(self, s3: "S3Client", region: str) -> None:
        """Ask in one region."""
        self._s3 = s3
        self._region = region

    def __call__(self, arguments: Properties) -> Properties:
        """Return the account's buckets in the order of their names.

        Raises:
            ProviderError: another region is asked for, which S3 answers there only.
        """
        for key in ("region", "bucketRegion"):
            if (asked := arguments.get(key) or self._region) != self._region:
                raise ProviderError(
                    f"reading S3 Buckets: {key} {asked!r} is not the provider's region, "
                    f"{self._region!r}: the sandbox asks there only"
                )
        with failing("reading S3 Buckets"):
            listed: Any = self._s3.list_buckets()["Buckets"]
        # The emulator lists all that there are, whatever it is asked for.
        buckets = [
            {
                "bucketArn": bucket["BucketArn"],
                "bucketRegion": bucket["BucketRegion"],
                "creationDate": utc_text(bucket["CreationDate"]),
                "name": bucket["Name"],
            }
            for bucket in listed
            if bucket["Name"].startswith(arguments.get("prefix") or "")
            and arguments.get("bucketRegion") in (None, bucket["BucketRegion"])
        ]
        found = buckets[: arguments.get("maxBuckets")]
        return arguments | {"region": self._region, "buckets": found}
