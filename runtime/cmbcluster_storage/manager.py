"""The one object that a hub talks to: objects, volumes and words for people.

Delegates to the settings' provider and to the pure modules; decides nothing.
"""

import asyncio
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from cmbcluster_storage import names, volumes
from cmbcluster_storage.factory import StorageProviderFactory
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.provider import StorageProvider
from cmbcluster_storage.settings import Settings


class StorageManager:
    """Bucket and object operations on the cloud that the settings name.

    `async with StorageManager() as storage:` opens the provider, so that a wrong
    setting fails there, and closes it. Without it, the first operation opens it.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        """Keep the settings; None reads them from the environment now."""
        self.settings = Settings() if settings is None else settings

    @cached_property
    def provider(self) -> StorageProvider:
        """The provider, made on first use: only this imports the SDK."""
        return StorageProviderFactory.create_from_config(self.settings)

    async def __aenter__(self) -> Self:
        """Open the provider, off the event loop."""
        await asyncio.to_thread(lambda: self.provider)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the provider."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the provider if it was opened; as `StorageProvider.aclose`."""
        if "provider" in self.__dict__:
            await self.provider.aclose()

    async def upload_object(
        self,
        bucket_name: str,
        object_name: str,
        file_content: bytes,
        content_type: str | None = None,
    ) -> ObjectInfo:
        """Write a whole object; see `StorageProvider.upload_object`."""
        return await self.provider.upload_object(
            bucket_name, object_name, file_content, content_type
        )

    async def download_object(
        self, bucket_name: str, object_name: str, *, version_id: str | None = None
    ) -> bytes:
        """Return a whole object's content; see `StorageProvider.download_object`."""
        return await self.provider.download_object(bucket_name, object_name, version_id=version_id)

    async def list_objects(
        self, bucket_name: str, prefix: str = "", *, versions: bool = False
    ) -> list[ObjectInfo]:
        """Return objects or their versions; see `StorageProvider.list_objects`."""
        return await self.provider.list_objects(bucket_name, prefix, versions=versions)

    def get_fuse_volume_spec(
        self, bucket_name: str, mount_path: str = "/workspace"
    ) -> dict[str, Any]:
        """Return the entry of a pod's `spec.volumes` that mounts a bucket.

        Args:
            bucket_name: the user's bucket.
            mount_path: taken for older callers; only the mount has a path.
        """
        return volumes.pod_volume(self.settings.CLOUD_PROVIDER, bucket_name)

    def get_fuse_volume_mount(self, bucket_name: str, mount_path: str) -> dict[str, Any]:
        """Return the container's `volumeMounts` entry for `get_fuse_volume_spec`."""
        return volumes.volume_mount(bucket_name, mount_path)

    def get_friendly_display_name(self, bucket_name: str) -> str:
        """Return what to call a bucket in front of people."""
        return names.display_name(bucket_name)

    def format_bucket_size(self, size_bytes: float) -> str:
        """Return a size with one decimal and a unit of 1024: 1536 is "1.5 KB"."""
        for unit in ("B", "KB", "MB", "GB", "TB"):
            if round(size_bytes, 1) < 1024:
                return f"{size_bytes:.1f} {unit}"
            size_bytes /= 1024
        return f"{size_bytes:.1f} PB"
