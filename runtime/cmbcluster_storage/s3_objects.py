"""Requests about single objects on S3."""

import re
from collections.abc import Generator
from contextlib import closing, contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from cmbcluster_storage import checksums
from cmbcluster_storage.backend import ObjectBackend
from cmbcluster_storage.bodies import Body
from cmbcluster_storage.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    InvalidRequestError,
    ObjectNotFoundError,
    PreconditionFailedError,
    whole_answers,
)
from cmbcluster_storage.messages import Checkpoint, Pin, Stored, Write
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.s3_errors import sdk_errors

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MARK = "cmbcluster-storage-write"
_SPAN = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_MOST_KEY_BYTES = 1024
# What a bucket without versions calls its only ones: it names no content for ever.
_NULL = "null"


def url(bucket: str, key: str) -> str:
    """Return an object's address as tools open it."""
    return f"s3://{bucket}/{key}"


def place(bucket: str, key: str) -> Any:
    """Return the arguments that name an object; raises InvalidRequestError if none is called so.

    S3 refuses a longer key as well, but to HEAD without a reason.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
    """
    # Of a short key nothing needs to be encoded: no letter has more than 4 bytes.
    if len(key) > _MOST_KEY_BYTES // 4 and len(key.encode(errors="replace")) > _MOST_KEY_BYTES:
        raise InvalidRequestError("the key is longer than 1024 bytes of UTF-8")
    return {"Bucket": bucket, "Key": key}


def write_arguments(write: Write) -> dict[str, Any]:
    """Return a write's condition as both kinds of upload take it."""
    if write.absent:
        return {"IfNoneMatch": "*"}
    if write.replaces:
        return {"IfMatch": f'"{write.replaces.etag}"'}
    return {}


def description(write: Write) -> dict[str, Any]:
    """Return what is stored beside the content."""
    mark = {"Metadata": {MARK: write.mark}} if write.mark else {}
    return {"ContentType": write.content_type, **mark}


def pinned(pin: Pin) -> dict[str, str]:
    """Return the arguments that name a version, or the content where there is none."""
    named = {"VersionId": pin.version_id} if pin.version_id else {}
    if pin.etag and pin.version_id in (None, _NULL):
        named["IfMatch"] = f'"{pin.etag}"'
    return named


def told(bucket: str, key: str, answer: Any, size_bytes: int, latest: bool | None) -> ObjectInfo:
    """Return what the answer to GetObject or HeadObject tells of an object."""
    crc32c = answer.get("ChecksumCRC32C", "")
    return ObjectInfo(
        bucket_name=bucket,
        name=key,
        size_bytes=size_bytes,
        content_type=answer.get("ContentType"),
        updated=answer["LastModified"],
        etag=answer["ETag"].strip('"'),
        version_id=answer.get("VersionId"),
        is_latest=latest,
        url=url(bucket, key),
        crc32c=None if "-" in crc32c else crc32c or None,  # "-3" is of three parts' checksums,
    )


class _Reading:
    """An answer to GetObject."""

    def __init__(self, bucket: str, key: str, answer: Any, latest: bool | None) -> None:
        length = answer["ContentLength"]
        span = _SPAN.fullmatch(answer.get("ContentRange", ""))
        first, last, total = map(int, span.groups()) if span else (0, length - 1, length)
        self.info = told(bucket, key, answer, total, latest)
        self.start, self.stop = first, last + 1
        self._key = key
        self._body = answer["Body"]

    def read(self, size_bytes: int) -> bytes:
        with sdk_errors(self._key):
            return self._body.read(size_bytes)


class S3Objects(ObjectBackend):
    """Reads, writes, copies and deletes objects."""

    _client: "S3Client"
    # The argument that names the class of what is written, unless it is S3's own default.
    _written_in: Any

    def put(self, write: Write, data: bytes, go_on: Checkpoint) -> ObjectInfo:
        """Write a whole object; `updated` is the answer's time, to the second."""
        crc32c = checksums.encoded(checksums.extended(0, data))
        with conditions(write), sdk_errors(write.key):
            answer = self._client.put_object(
                **place(write.bucket, write.key),
                Body=Body.of(data, go_on),
                ChecksumCRC32C=crc32c,
                **self._written_in,
                **write_arguments(write),
                **description(write),
            )
        with whole_answers("aws"):
            return ObjectInfo(
                bucket_name=write.bucket,
                name=write.key,
                size_bytes=len(data),
                content_type=write.content_type,
                updated=parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]),
                etag=answer["ETag"].strip('"'),
                version_id=answer.get("VersionId"),
                is_latest=True,
                url=url(write.bucket, write.key),
                crc32c=crc32c,
            )

    @contextmanager
    def get(
        self, bucket: str, key: str, pin: Pin, start: int, stop: int | None
    ) -> Generator[_Reading]:
        """Open an object's content, whole or a range of it."""
        part = start or stop is not None
        span = {"Range": f"bytes={start}-{'' if stop is None else stop - 1}"} if part else {}
        arguments: Any = {**pinned(pin), **span}
        with sdk_errors(key):
            answer = self._client.get_object(
                **place(bucket, key), ChecksumMode="ENABLED", **arguments
            )
        with closing(answer["Body"]):
            with whole_answers("aws"):
                reading = _Reading(bucket, key, answer, True if pin.version_id is None else None)
            yield reading

    def stored(self, bucket: str, key: str, version_id: str | None) -> Stored:
        """Return what there is; a refusal asks once more, what it is about.

        An answer to HEAD has no body that says what is missing or wrong.
        """
        arguments: Any = pinned(Pin(version_id=version_id))
        try:
            with sdk_errors(key):
                head = self._client.head_object(
                    **place(bucket, key), ChecksumMode="ENABLED", **arguments
                )
        except ObjectNotFoundError:
            self._check_bucket(bucket)
            raise
        except AccessDeniedError as error:
            if "(400)" not in error.message:
                raise
            self._check_bucket(bucket)  # as credentials that are expired are not taken for this
            raise InvalidRequestError(
                "the cloud refuses the key or the version (400)", request_id=error.request_id
            ) from error
        latest = True if version_id is None else None
        with whole_answers("aws"):
            info = told(bucket, key, head, head["ContentLength"], latest)
        return Stored(info, head.get("Metadata", {}).get(MARK))

    def _check_bucket(self, bucket: str) -> None:
        with sdk_errors(None):
            self._client.head_bucket(Bucket=bucket)

    def delete(self, bucket: str, key: str, version_id: str | None) -> None:
        """Delete an object, by a marker if the bucket keeps versions, or one version."""
        arguments: Any = pinned(Pin(version_id=version_id))
        with sdk_errors(key):
            self._client.delete_object(**place(bucket, key), **arguments)


@contextmanager
def conditions(write: Write) -> Generator[None]:
    """Tell a condition on a missing object, which S3 answers with 404, like any other."""
    try:
        yield
    except BucketNotFoundError:
        raise
    except ObjectNotFoundError as error:
        if not write.replaces:
            raise
        raise PreconditionFailedError(error.message, request_id=error.request_id) from error
