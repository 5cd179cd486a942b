"""Makes the provider of a cloud and imports that cloud's SDK only then.

The one place that knows which providers there are.
"""

from typing import Any

from cmbcluster_storage.errors import UnsupportedError, missing_extra
from cmbcluster_storage.provider import StorageProvider
from cmbcluster_storage.settings import Settings


class StorageProviderFactory:
    """Make providers; holds no state."""

    @staticmethod
    def create(kind: str, **kwargs: Any) -> StorageProvider:
        """Return a provider; needs no event loop and sends no request.

        Args:
            kind: the cloud, "aws" or "gcp".
            **kwargs: the provider's own; "aws" takes `region`, "gcp" `project`.

        Raises:
            UnsupportedError: there is no provider of this kind.
            MissingExtraError: its SDK is not installed.
            ConfigurationError: something it needs is missing or wrong.
        """
        if kind == "aws":
            with missing_extra(kind, "boto3"):
                from cmbcluster_storage.s3 import S3Provider
            return S3Provider(**kwargs)
        if kind == "gcp":
            with missing_extra(kind, "google.cloud.storage"):
                from cmbcluster_storage.gcs import GCSProvider
            return GCSProvider(**kwargs)
        raise UnsupportedError(f"no storage provider {kind!r}; there are: 'aws', 'gcp'")

    @classmethod
    def create_from_config(cls, settings: Settings) -> StorageProvider:
        """Return the provider that the settings name; raises what `create` raises."""
        if settings.CLOUD_PROVIDER == "aws":
            return cls.create("aws", region=settings.AWS_REGION)
        return cls.create("gcp", project=settings.PROJECT_ID)
