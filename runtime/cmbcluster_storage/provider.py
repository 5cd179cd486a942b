"""The interface that every cloud's provider has; the contract is written here once.

A provider knows one cloud's SDK and holds its client. `StorageProviderFactory`
makes one, `StorageManager` calls it; callers need no other name of a provider.
"""

import mimetypes
from abc import ABC, abstractmethod

from cmbcluster_storage.models import ObjectInfo


def guessed_content_type(object_name: str) -> str:
    """Return the MIME type that a name's ending tells; of what is compressed, none."""
    kind, encoding = mimetypes.guess_type(object_name)
    return kind if kind and not encoding else "application/octet-stream"


class StorageProvider(ABC):
    """Objects in one cloud.

    Every method raises a StorageError and nothing else of the SDK's. A cancelled call
    may still take effect: the request is in a thread that cannot be interrupted.
    """

    @abstractmethod
    async def upload_object(
        self,
        bucket_name: str,
        object_name: str,
        file_content: bytes,
        content_type: str | None = None,
    ) -> ObjectInfo:
        """Write a whole object, atomically; replaces what has its name.

        Args:
            bucket_name: an existing bucket.
            object_name: any Unicode, at most 1024 bytes of UTF-8; Google Cloud
                refuses line breaks.
            file_content: held in memory.
            content_type: MIME type; None guesses it from the name's ending.

        Returns:
            What was written; `version_id` is None if the bucket is not versioned, on
            Google Cloud never.

        Raises:
            BucketNotFoundError: the bucket does not exist.
            InvalidRequestError: the cloud does not accept a name.
        """

    @abstractmethod
    async def download_object(
        self, bucket_name: str, object_name: str, *, version_id: str | None = None
    ) -> bytes:
        """Return a whole object's content, held in memory.

        Args:
            bucket_name: an existing bucket.
            object_name: the object's key.
            version_id: None takes the latest version.

        Raises:
            BucketNotFoundError: the bucket does not exist.
            ObjectNotFoundError: the object or this version does not exist.
        """

    @abstractmethod
    async def list_objects(
        self, bucket_name: str, prefix: str = "", *, versions: bool = False
    ) -> list[ObjectInfo]:
        """Return every object whose key starts with a prefix; takes all pages.

        Args:
            bucket_name: an existing bucket.
            prefix: start of the keys; empty takes all.
            versions: list every version, newest first for each key. Markers of a
                deletion are left out: of a deleted object no version `is_latest`.

        Returns:
            Ordered by the UTF-8 bytes of the keys; empty if none matches.

        Raises:
            BucketNotFoundError: the bucket does not exist.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Wait for running calls, then free threads and connections; idempotent."""
