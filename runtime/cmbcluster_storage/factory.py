"""Makes the provider of a cloud and imports that cloud's SDK only then.

The one place that knows which providers there are.
"""

from typing import Any

from cmbcluster_storage.errors import MissingExtraError, UnsupportedError
from cmbcluster_storage.provider import StorageProvider
from cmbcluster_storage.settings import Settings


class StorageProviderFactory:
    """Make providers; holds no state."""

    @staticmethod
    def create(kind: str, **kwargs: Any) -> StorageProvider:
        """Return a provider; needs no event loop and sends no request.

        Args:
            kind: the cloud; so far "aws".
            **kwargs: the provider's own; "aws" takes `region`.

        Raises:
            UnsupportedError: there is no provider of this kind.
            MissingExtraError: its SDK is not installed.
            ConfigurationError: something it needs is missing or wrong.
        """
        if kind != "aws":
            raise UnsupportedError(f"no storage provider {kind!r}; there is: 'aws'")
        try:
            from cmbcluster_storage.s3 import S3Provider
        except ModuleNotFoundError as error:
            if error.name != "boto3":
                raise
            raise MissingExtraError(
                "boto3 is not installed; pip install 'cmbcluster-storage[aws]'", provider=kind
            ) from error
        return S3Provider(**kwargs)

    @classmethod
    def create_from_config(cls, settings: Settings) -> StorageProvider:
        """Return the provider that the settings name; raises what `create` raises."""
        return cls.create(settings.CLOUD_PROVIDER, region=settings.AWS_REGION)
