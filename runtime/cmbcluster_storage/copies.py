"""Copies within the cloud, and versions brought back: one request for what is not large.

Of what is large Google Cloud copies a piece with each request; S3 copies parts, as an upload
sends them.
"""

import asyncio
import secrets
from collections.abc import Sequence
from functools import partial

from cmbcluster_storage.calls import Attempt, Call
from cmbcluster_storage.large_uploads import LargeUploads, Progress, Sent
from cmbcluster_storage.messages import Copying, LargeUpload, Write
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.runner import together


class Copies(LargeUploads):
    """Copies objects."""

    async def copy_object(
        self,
        bucket_name: str,
        object_name: str,
        to_bucket: str,
        to_object: str,
        *,
        version_id: str | None = None,
        progress: Progress | None = None,
    ) -> ObjectInfo:
        """Copy an object within the cloud; its bytes do not travel through here.

        What is copied is one version, with its content type and metadata, even if the
        object is overwritten meanwhile.

        Args:
            bucket_name: the bucket of the object.
            object_name: its key.
            to_bucket: an existing bucket of the same cloud.
            to_object: the copy's key; replaces what has it.
            version_id: None takes the latest version.
            progress: told how many bytes are copied, of how many; of what one request
                copies, at its end alone.

        Returns:
            The copy.

        Raises:
            BucketNotFoundError: a bucket does not exist.
            ObjectNotFoundError: the object or this version does not exist.
        """
        to = self._call("copy_object", to_bucket, to_object)
        call = self._call("copy_object", bucket_name, object_name, version_id)
        return await self._copy(call, version_id, to, progress)

    async def restore_object(
        self,
        bucket_name: str,
        object_name: str,
        version_id: str,
        *,
        progress: Progress | None = None,
    ) -> ObjectInfo:
        """Make an older version the latest again, by copying it forward.

        The version stays where it is; nothing is lost by it.

        Args:
            bucket_name: an existing bucket.
            object_name: the object's key.
            version_id: what a listing with `versions=True` tells.
            progress: as of `copy_object`.

        Returns:
            The new version.

        Raises:
            ObjectNotFoundError: there is no such version.
        """
        call = self._call("restore_object", bucket_name, object_name, version_id)
        return await self._copy(call, version_id, call, progress)

    async def _copy(
        self, call: Call, version_id: str | None, to: Call, tell: Progress | None
    ) -> ObjectInfo:
        """Copy what one call is about to where another is: what fails then is about that."""
        bucket, key = call.bucket or "", call.key or ""
        found = await self._tried(call, lambda _: self._backend.stored(bucket, key, version_id))
        to_bucket, to_object = to.bucket or "", to.key or ""
        source = found.info
        progress = Sent(tell, source.size_bytes)
        if spans := self._backend.copied_parts(source):
            write = Write(
                bucket=to_bucket,
                key=to_object,
                content_type=source.content_type or "application/octet-stream",
                mark=secrets.token_hex(16),
            )
            return await self._in_parts(
                to,
                lambda _: self._backend.begin_copy(source, write),
                partial(self._copy_parts, to, source, spans, progress),
            )
        told: ObjectInfo | Copying = Copying(token=None, size_bytes=0)
        while isinstance(told, Copying):
            step = partial(self._step, source, to_bucket, to_object, told.token)
            told = await self._tried(to, step)
            progress.add(told.size_bytes - progress.done)
        return told

    def _step(
        self, source: ObjectInfo, bucket: str, key: str, token: str | None, _: Attempt
    ) -> ObjectInfo | Copying:
        return self._backend.copy(source, bucket, key, token)

    async def _copy_parts(
        self,
        call: Call,
        source: ObjectInfo,
        spans: Sequence[tuple[int, int]],
        progress: Sent,
        upload: LargeUpload,
        sending: list[asyncio.Future[None]],
    ) -> tuple[int, None]:
        waiting = iter(enumerate(spans, 1))

        async def lane() -> None:
            for number, span in waiting:
                await self._send(
                    call, partial(self._copy_part, upload, source, number, span), sending
                )
                progress.add(span[1] - span[0])

        await together(lane() for _ in range(min(upload.lanes, len(spans))))
        return source.size_bytes, None

    def _copy_part(
        self,
        upload: LargeUpload,
        source: ObjectInfo,
        number: int,
        span: tuple[int, int],
        _: Attempt,
    ) -> None:
        self._backend.copy_part(upload, source, number, span)
