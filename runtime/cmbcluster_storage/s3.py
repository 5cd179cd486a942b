"""S3 as a backend: one client, and the requests that the modules beside this one know.

`s3_*` and this are the only modules that import boto3 and botocore.
"""

from typing import ClassVar

from cmbcluster_storage.backend import Backend
from cmbcluster_storage.calls import Patience
from cmbcluster_storage.errors import ConfigurationError
from cmbcluster_storage.rules import S3_STORAGE_CLASSES, StorageClass
from cmbcluster_storage.s3_buckets import S3Buckets
from cmbcluster_storage.s3_client import s3_client, s3_session
from cmbcluster_storage.s3_errors import sdk_errors
from cmbcluster_storage.s3_links import S3Links
from cmbcluster_storage.s3_listing import S3Listing
from cmbcluster_storage.s3_uploads import S3Uploads


class S3Backend(S3Uploads, S3Listing, S3Links, S3Buckets, Backend):
    """Amazon S3 and servers that speak its language."""

    provider: ClassVar[str] = "aws"
    scheme: ClassVar[str] = "s3"
    compares_versions: ClassVar[bool] = False
    oldest_first: ClassVar[bool] = False

    def __init__(
        self, *, region: str | None, patience: Patience, storage_class: StorageClass
    ) -> None:
        """Make the client; sends no request.

        Args:
            region: the buckets' region, such as us-east-1; required.
            patience: gives the time-outs of a request.
            storage_class: of every object that is written, since no bucket has one.

        Raises:
            ConfigurationError: no region, no such class on S3, or boto3's configuration is
                wrong.
        """
        if not region:
            raise ConfigurationError("S3 needs a region; set AWS_REGION", provider="aws")
        if storage_class not in S3_STORAGE_CLASSES:
            raise ConfigurationError(
                f"on S3 nothing is written in the class {storage_class}; set storageClass of the "
                f"stack file's buckets to one of: {', '.join(S3_STORAGE_CLASSES)}",
                provider="aws",
            )
        self._region = region
        self._patience = patience
        self._policy_turns = {}
        self._storage_class = storage_class
        spelt = S3_STORAGE_CLASSES[storage_class]
        self._written_in = {} if spelt == "STANDARD" else {"StorageClass": spelt}
        self.write_headers = {} if spelt == "STANDARD" else {"x-amz-storage-class": spelt}
        with sdk_errors(None):
            self._session = s3_session(region)
            self._client = s3_client(self._session, patience)

    def close(self) -> None:
        """Free connections."""
        self._client.close()
