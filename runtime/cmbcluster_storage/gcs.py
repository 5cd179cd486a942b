"""Objects on Google Cloud Storage and on servers that speak its language.

With `gcs_errors` the only module that imports google-cloud-storage. Credentials, endpoint and
proxies come from its own chain (application default credentials, `STORAGE_EMULATOR_HOST`, which
is asked without credentials, ...); nothing here adds to it.
"""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import environ
from threading import Lock
from typing import Any, TypeVar
from urllib.request import getproxies

from google.cloud.storage import Client  # pyright: ignore[reportMissingTypeStubs] - there are none
from google.cloud.storage.retry import DEFAULT_RETRY  # pyright: ignore[reportMissingTypeStubs] - there are none
from requests.adapters import HTTPAdapter

from cmbcluster_storage.gcs_errors import sdk_errors
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.provider import StorageProvider, guessed_content_type

_T = TypeVar("_T")

# More threads than these lose to the interpreter's lock.
_THREADS = 32

# What every request takes. The SDK itself tries again what may pass, with the waits of boto3's
# five attempts (up to 1, 2, 4, 8 s) and as much as one lost answer more.
CALL: dict[str, Any] = {
    "timeout": (10, 60),  # seconds to connect, to read
    "retry": DEFAULT_RETRY.with_delay(initial=1, maximum=20, multiplier=2).with_timeout(75),
}
# The SDK puts a bucket's name into the address as it is: a slash would lead elsewhere.
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_FIELDS = "nextPageToken,items(name,size,contentType,timeCreated,timeDeleted,etag,generation)"


class GCSProvider(StorageProvider):
    """Objects on Google Cloud Storage: one client, called from threads of its own."""

    def __init__(self, *, project: str | None = None) -> None:
        """Keep the project; the first call makes the client, in its thread.

        Args:
            project: id of the buckets' project; None if only objects are worked with.
        """
        self._project = project
        self._opening = Lock()
        self._opened: Any = None
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="gcs")

    async def upload_object(
        self,
        bucket_name: str,
        object_name: str,
        file_content: bytes,
        content_type: str | None = None,
    ) -> ObjectInfo:
        """Write a whole object; the cloud compares its CRC32C."""
        content_type = content_type or guessed_content_type(object_name)

        def upload() -> ObjectInfo:
            blob = self._bucket(bucket_name).blob(object_name)
            blob.upload_from_string(file_content, content_type, checksum="crc32c", **CALL)
            return _info(bucket_name, blob)

        with sdk_errors("upload_object", bucket_name, object_name):
            return await self._in_thread(upload)

    async def download_object(
        self, bucket_name: str, object_name: str, *, version_id: str | None = None
    ) -> bytes:
        """Return a whole object's content as stored; a read that breaks off starts again."""

        def download() -> bytes:
            generation = None if version_id is None else int(version_id)
            blob = self._bucket(bucket_name).blob(object_name, generation=generation)
            # In one piece: a resumed download would not be compared with its CRC32C.
            return blob.download_as_bytes(
                raw_download=True, single_shot_download=True, checksum="crc32c", **CALL
            )

        with sdk_errors("download_object", bucket_name, object_name):
            return await self._in_thread(download)

    async def list_objects(
        self, bucket_name: str, prefix: str = "", *, versions: bool = False
    ) -> list[ObjectInfo]:
        """Return objects or versions; the cloud lists the oldest first, so they are sorted."""
        with sdk_errors("list_objects", bucket_name):
            listing = await self._in_thread(lambda: self._listing(bucket_name, prefix, versions))
        return sorted(listing, key=_newest_first) if versions else listing

    async def aclose(self) -> None:
        """Wait for running calls, then free threads and connections; idempotent."""
        await asyncio.to_thread(self._threads.shutdown)
        if self._opened is not None:
            self._opened.close()

    def _listing(self, bucket_name: str, prefix: str, versions: bool) -> list[ObjectInfo]:
        blobs = self._bucket(bucket_name).list_blobs(
            prefix=prefix or None, versions=versions or None, fields=_FIELDS, **CALL
        )
        return [_info(bucket_name, blob) for blob in blobs]

    def _bucket(self, bucket_name: str) -> Any:  # the SDK has no types
        if not _BUCKET_NAME.fullmatch(bucket_name):
            raise ValueError(f"no bucket is called {bucket_name!r}")
        with self._opening:
            if self._opened is None:
                self._opened = client(self._project)
            return self._opened.bucket(bucket_name)

    async def _in_thread(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def client(project: str | None) -> Any:
    """Find credentials, which may ask a server, and return the SDK's client."""
    client: Any = Client(project=project)
    # It would ask for every bucket's metadata in a thread of its own, traced or not, which a
    # user's identity may not read.
    client._bucket_metadata_cache = None
    session = client._http
    # A session with a client certificate has an adapter of its own.
    for scheme in ("http://",) if session.is_mtls else ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=_THREADS))
    # Trusting the environment, it would read proxies, certificates and .netrc for each request.
    session.verify = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or True
    session.trust_env = bool(getproxies().keys() - {"no"})
    return client


def _info(bucket_name: str, blob: Any) -> ObjectInfo:
    return ObjectInfo(
        bucket_name=bucket_name,
        name=blob.name,
        size_bytes=blob.size,
        content_type=blob.content_type,
        updated=blob.time_created,  # its `updated` is the metadata's
        etag=blob.etag,
        version_id=str(blob.generation),
        is_latest=blob.time_deleted is None,
        url=f"gs://{bucket_name}/{blob.name}",
    )


def _newest_first(info: ObjectInfo) -> tuple[bytes, int]:
    return info.name.encode(), -int(info.version_id or 0)
