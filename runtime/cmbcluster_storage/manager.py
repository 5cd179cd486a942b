"""The one object that a hub talks to: a provider's operations, volumes, words for people.

Delegates to the settings' provider and to the pure modules; decides nothing.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import cached_property, wraps
from threading import Lock
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from cmbcluster_storage import names, volumes
from cmbcluster_storage.errors import InvalidRequestError
from cmbcluster_storage.factory import StorageProviderFactory
from cmbcluster_storage.provider import StorageProvider
from cmbcluster_storage.settings import Settings

_P = ParamSpec("_P")
_T = TypeVar("_T")


def _delegated(
    method: Callable[Concatenate[StorageProvider, _P], Awaitable[_T]],
) -> Callable[Concatenate["StorageManager", _P], Awaitable[_T]]:
    """Return a method of the manager that is the provider's, documentation and all."""

    @wraps(method)
    async def delegate(self: "StorageManager", /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await method(await self.opened(), *args, **kwargs)

    return delegate


def _iterated(
    method: Callable[Concatenate[StorageProvider, _P], AsyncGenerator[_T]],
) -> Callable[Concatenate["StorageManager", _P], AsyncGenerator[_T]]:
    """Return the same of a method that yields."""

    @wraps(method)
    async def delegate(
        self: "StorageManager", /, *args: _P.args, **kwargs: _P.kwargs
    ) -> AsyncGenerator[_T]:
        items = method(await self.opened(), *args, **kwargs)
        try:
            async for item in items:
                yield item
        finally:
            await items.aclose()

    return delegate


class StorageManager:
    """Bucket and object operations on the cloud that the settings name.

    `async with StorageManager() as storage:` opens the provider, so that a wrong
    setting fails there, and closes it. Without it, the first operation opens it.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        """Keep the settings; None reads them from the environment now."""
        self.settings = Settings() if settings is None else settings
        self._opening = Lock()

    @cached_property
    def provider(self) -> StorageProvider:
        """The provider, made on first use: only this imports the SDK."""
        return StorageProviderFactory.create_from_config(self.settings)

    async def opened(self) -> StorageProvider:
        """Return the provider, made off the event loop: importing an SDK takes long."""
        if "provider" not in self.__dict__:
            await asyncio.to_thread(self._open)
        return self.provider

    def _open(self) -> None:
        """Make the provider, for whoever comes first: since Python 3.12 nothing else waits."""
        with self._opening:
            _ = self.provider

    async def __aenter__(self) -> Self:
        """Open the provider, off the event loop."""
        await self.opened()
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
        """Close the provider if it was opened; as `StorageProvider.aclose`.

        The next operation, or `async with`, opens a new one.
        """
        if "provider" in self.__dict__:
            await self.provider.aclose()
            self.__dict__.pop("provider", None)

    upload_object = _delegated(StorageProvider.upload_object)
    download_object = _delegated(StorageProvider.download_object)
    download_file = _delegated(StorageProvider.download_file)
    stream_object = _iterated(StorageProvider.stream_object)
    get_object_info = _delegated(StorageProvider.get_object_info)
    delete_object = _delegated(StorageProvider.delete_object)
    copy_object = _delegated(StorageProvider.copy_object)
    restore_object = _delegated(StorageProvider.restore_object)
    list_objects = _delegated(StorageProvider.list_objects)
    iter_objects = _iterated(StorageProvider.iter_objects)
    upload_many = _delegated(StorageProvider.upload_many)
    download_many = _delegated(StorageProvider.download_many)
    delete_objects = _delegated(StorageProvider.delete_objects)
    upload_directory = _delegated(StorageProvider.upload_directory)
    download_directory = _delegated(StorageProvider.download_directory)
    create_user_bucket = _delegated(StorageProvider.create_user_bucket)
    delete_user_bucket = _delegated(StorageProvider.delete_bucket)
    list_user_buckets = _delegated(StorageProvider.list_user_buckets)
    get_bucket_metadata = _delegated(StorageProvider.get_bucket_metadata)
    volume_manifests = _delegated(StorageProvider.volume_manifests)
    ensure_bucket_permissions = _delegated(StorageProvider.ensure_bucket_permissions)
    presigned_url = _delegated(StorageProvider.presigned_url)

    def get_fuse_volume_spec(
        self, bucket_name: str, mount_path: str = "/workspace"
    ) -> dict[str, Any]:
        """Return the entry of a pod's `spec.volumes` that mounts a bucket.

        Args:
            bucket_name: the user's bucket.
            mount_path: taken for older callers; only the mount has a path.

        Raises:
            InvalidRequestError: the bucket is `S3_DATABASE_BUCKET`.
        """
        if bucket_name in self.settings.refused_buckets:
            raise InvalidRequestError(
                "the bucket is not a user's; name another",
                provider=self.settings.CLOUD_PROVIDER,
                operation="get_fuse_volume_spec",
                bucket=bucket_name,
            )
        return volumes.pod_volume(self.settings.CLOUD_PROVIDER, bucket_name)

    def get_fuse_volume_mount(self, bucket_name: str, mount_path: str) -> dict[str, Any]:
        """Return the container's `volumeMounts` entry for `get_fuse_volume_spec`."""
        return volumes.volume_mount(bucket_name, mount_path)

    def pod_annotations(self) -> dict[str, str]:
        """Return what a pod with `get_fuse_volume_spec` must be annotated with."""
        return volumes.pod_annotations(self.settings.CLOUD_PROVIDER)

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
