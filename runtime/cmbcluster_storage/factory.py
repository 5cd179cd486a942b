"""Makes the provider of a cloud and imports that cloud's SDK only then.

The one place that knows which providers there are.
"""

from pathlib import Path

from cmbcluster_storage.calls import Patience
from cmbcluster_storage.errors import UnsupportedError, missing_extra
from cmbcluster_storage.platforms import platform
from cmbcluster_storage.provider import StorageProvider
from cmbcluster_storage.settings import Settings


class StorageProviderFactory:
    """Make providers; holds no state."""

    @staticmethod
    def create(
        kind: str,
        *,
        region: str | None = None,
        project: str | None = None,
        project_id: str | None = None,
        account_id: str | None = None,
        platform_file: Path | None = None,
        patience: Patience | None = None,
        refused_buckets: tuple[str, ...] = (),
    ) -> StorageProvider:
        """Return a provider; needs no event loop and sends no request.

        Args:
            kind: the cloud, "aws" or "gcp", in small letters or capitals.
            region: the buckets' AWS region, required there; or Google Cloud location, which
                only making buckets needs.
            project: Google Cloud project; work with objects needs none.
            project_id: older name of `project`.
            account_id: AWS account; work with objects needs none.
            platform_file: the stack's outputs as JSON; see `platforms`.
            patience: how long one request is tried; None: `Patience`'s defaults.
            refused_buckets: which are not users' and are not touched.

        Raises:
            UnsupportedError: there is no provider of this kind.
            MissingExtraError: its SDK is not installed.
            ConfigurationError: something it needs is missing or wrong.
        """
        patience = patience or Patience()
        cloud = kind.lower()
        if cloud == "aws":
            with missing_extra(cloud):
                from cmbcluster_storage.s3 import S3Backend
            found = platform(cloud, platform_file, account=account_id, region=region)
            backend = S3Backend(
                region=found.region, patience=patience, storage_class=found.rules.storage_class
            )
        elif cloud == "gcp":
            with missing_extra(cloud):
                from cmbcluster_storage.gcs import GcsBackend
            account = project or project_id
            found = platform(cloud, platform_file, account=account, region=region)
            backend = GcsBackend(project=found.account, patience=patience)
        else:
            raise UnsupportedError(f"no storage provider {kind!r}; there are: 'aws', 'gcp'")
        return StorageProvider(backend, found, patience=patience, refused_buckets=refused_buckets)

    @classmethod
    def create_from_config(cls, settings: Settings) -> StorageProvider:
        """Return the provider that the settings name; raises what `create` raises."""
        platform_file = settings.CMBCLUSTER_STORAGE_PLATFORM
        if settings.CLOUD_PROVIDER == "gcp":
            return cls.create(
                "gcp",
                region=settings.REGION,
                project=settings.PROJECT_ID,
                platform_file=platform_file,
            )
        return cls.create(
            "aws",
            region=settings.AWS_REGION,
            account_id=settings.AWS_ACCOUNT_ID,
            platform_file=platform_file,
            refused_buckets=settings.refused_buckets,
        )
