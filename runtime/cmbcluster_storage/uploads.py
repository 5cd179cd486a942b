"""Uploads: one request for a small object, parts for a large one, never twice by chance."""

import mimetypes

from cmbcluster_storage.calls import Call
from cmbcluster_storage.errors import (
    InvalidRequestError,
    ObjectNotFoundError,
    PreconditionFailedError,
)
from cmbcluster_storage.large_uploads import SMALL_BYTES, LargeUploads, Progress, Sent
from cmbcluster_storage.messages import Pin, Write
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.sources import Content, Source, opened


def guessed_content_type(object_name: str) -> str:
    """Return the MIME type that a name's ending tells; of what is compressed, none."""
    # With a folder before it, it is not taken for an address, such as one of "data:".
    kind, encoding = mimetypes.guess_type(f"./{object_name}")
    return kind if kind and not encoding else "application/octet-stream"


class Uploads(LargeUploads):
    """Writes objects."""

    async def upload_object(
        self,
        bucket_name: str,
        object_name: str,
        file_content: Content,
        content_type: str | None = None,
        *,
        if_absent: bool = False,
        if_version: ObjectInfo | str | None = None,
        progress: Progress | None = None,
    ) -> ObjectInfo:
        """Write a whole object, atomically; replaces what has its name.

        Content of up to 8 MiB takes one request. Cancelling returns at once; a request
        that was sent whole may still take effect: the object is wholly old or wholly new.

        Args:
            bucket_name: an existing bucket.
            object_name: any Unicode, at most 1024 bytes of UTF-8; Google Cloud
                refuses line breaks, "." and "..".
            file_content: bytes, a `pathlib.Path`, a file opened in binary mode (read from
                where it stands) or an async iterator of bytes; S3 takes 484 GiB of the
                latter two, whose size nobody knows.
            content_type: MIME type, printable ASCII; None guesses it from the name's ending.
            if_absent: only if there is no such object.
            if_version: only if the latest version is this one, as `ObjectInfo` or by
                its `version_id`. S3 compares the content, not the version: after equal
                bytes were written again, the older version still matches.
            progress: told how many bytes are stored, of how many (None: unknown).

        Returns:
            What was written; `version_id` is None if the bucket is not versioned, on
            Google Cloud never.

        Raises:
            BucketNotFoundError: the bucket does not exist.
            InvalidRequestError: the cloud does not accept a name or a type; or compares
                versions, of which `if_version` tells none.
            PreconditionFailedError: `if_absent` or `if_version` does not hold.
            OutcomeUnknownError: the answer to a conditional write was lost, and what is
                there now is not provably ours.
            OSError: the local file cannot be read.
            ValueError: both conditions are given.
        """
        version = if_version.version_id if isinstance(if_version, ObjectInfo) else if_version
        call = self._call("upload_object", bucket_name, object_name, version)
        if if_absent and if_version is not None:
            raise ValueError("an object is absent or has a version; give one condition")
        if content_type and not (content_type.isascii() and content_type.isprintable()):
            raise call.located(
                InvalidRequestError(f"{content_type!r} is no MIME type: it is printable ASCII")
            )
        source = await opened(file_content, lambda work: self._in_thread(call, work))
        try:
            write = Write(
                bucket=bucket_name,
                key=object_name,
                content_type=content_type or guessed_content_type(object_name),
                absent=if_absent,
                replaces=await self._replaced(call, if_version),
            )
            return await self._upload(call, write, source, progress)
        finally:
            await source.close()

    async def _replaced(self, call: Call, version: ObjectInfo | str | None) -> Pin | None:
        """Return what a write replaces; a bare version's content is looked up on S3."""
        by_version = self._backend.compares_versions
        if isinstance(version, ObjectInfo):
            if by_version and version.version_id is None:
                raise call.located(
                    InvalidRequestError(
                        "if_version has no version_id, which this cloud compares; give what "
                        "get_object_info returns"
                    )
                )
            return Pin(version_id=version.version_id, etag=version.etag)
        if version is None:
            return None
        if by_version:
            return Pin(version_id=version)
        try:
            found = await self._tried(
                call, lambda _: self._backend.stored(call.bucket or "", call.key or "", version)
            )
        except ObjectNotFoundError as error:
            failed = PreconditionFailedError(error.message, request_id=error.request_id)
            raise call.located(failed) from error
        return Pin(version_id=version, etag=found.info.etag)

    async def _upload(
        self, call: Call, write: Write, source: Source, tell: Progress | None
    ) -> ObjectInfo:
        progress = Sent(tell, source.size_bytes)
        first = await source.read(SMALL_BYTES)
        more = b"" if len(first) < SMALL_BYTES else await source.read(SMALL_BYTES)
        if more:
            read = [first, more]
            del first, more  # or they would stay until the last is sent
            return await self._upload_parts(call, write, source, read, progress)
        info = await self._in_thread(call, lambda: self._put(call, write, first))
        progress.add(len(first))
        return info
