"""Requests about large objects on S3: uploads of many parts, and copies."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from cmbcluster_storage import checksums
from cmbcluster_storage.bodies import Body
from cmbcluster_storage.errors import whole_answers
from cmbcluster_storage.messages import Checkpoint, LargeUpload, Part, Write
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.s3_errors import sdk_errors
from cmbcluster_storage.s3_objects import S3Objects, conditions, description, url, write_arguments

_LANES = 4
_PART_BYTES = 8 * 1024 * 1024
# S3 takes 10,000 parts: of twice the size after so many, they make 484 GiB.
_DOUBLED_EVERY = 2000
_MOST_BYTES = 484 * 1024**3
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
_MOST_COPIED_AT_ONCE = 5 * 1024**3
_COPIED_PART_BYTES = 512 * 1024**2
# What a copy at once takes along.
_COPIED = (
    "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType",
    "Metadata",
)  # fmt: skip


@dataclass
class _Upload(LargeUpload):
    """A multipart upload.

    Attributes:
        identity: S3's name of it.
        parts: what S3 answered to each part, by its number.
        doubled: how often the size of all parts is, for what is known to be larger.
    """

    identity: str = ""
    parts: dict[int, dict[str, str]] = field(default_factory=dict)
    doubled: int = 0

    def part_bytes(self, number: int) -> int:
        """Return a size of which the parts that S3 takes are enough, if it is known of how much."""
        return _PART_BYTES << self.doubled + number // _DOUBLED_EVERY

    @property
    def place(self) -> Any:
        """The arguments that name it."""
        return {"Bucket": self.write.bucket, "Key": self.write.key, "UploadId": self.identity}


class S3Uploads(S3Objects):
    """Multipart uploads, whose CRC32C is that of the whole object."""

    def begin_upload(self, write: Write, size_bytes: int | None) -> LargeUpload:
        """Begin a multipart upload."""
        upload = self._begun(write, description(write))
        while (size_bytes or 0) > _MOST_BYTES << upload.doubled:
            upload.doubled += 1
        return upload

    @whole_answers("aws")
    def put_part(self, upload: LargeUpload, part: Part, go_on: Checkpoint) -> None:
        """Send one part; S3 compares its checksum."""
        assert isinstance(upload, _Upload)  # noqa: S101 - made by `begin_upload`
        crc32c = checksums.encoded(part.crc)
        with sdk_errors(upload.write.key):
            answer = self._client.upload_part(
                **upload.place,
                PartNumber=part.number,
                Body=Body.of(part.data, go_on),
                ChecksumCRC32C=crc32c,
            )
        upload.parts[part.number] = {"ETag": answer["ETag"], "ChecksumCRC32C": crc32c}

    @whole_answers("aws")
    def finish_upload(self, upload: LargeUpload, size_bytes: int, crc: int | None) -> ObjectInfo:
        """Make the parts an object; `updated` is the answer's time, to the second."""
        assert isinstance(upload, _Upload)  # noqa: S101 - made by `begin_upload`
        crc32c = None if crc is None else checksums.encoded(crc)
        checksum = {"ChecksumCRC32C": crc32c} if crc32c else {}
        arguments: Any = {**write_arguments(upload.write), **checksum}
        parts: Any = [
            {"PartNumber": number, **upload.parts[number]} for number in sorted(upload.parts)
        ]
        with conditions(upload.write), sdk_errors(upload.write.key):
            answer: Any = self._client.complete_multipart_upload(
                **upload.place,
                MultipartUpload={"Parts": parts},
                ChecksumType="FULL_OBJECT",
                MpuObjectSize=size_bytes,
                **arguments,
            )
        return _written(upload.write, size_bytes, answer, answer["ETag"], crc32c)

    def abort_upload(self, upload: LargeUpload) -> None:
        """Throw the parts away."""
        assert isinstance(upload, _Upload)  # noqa: S101 - made by `begin_upload`
        with sdk_errors(upload.write.key):
            self._client.abort_multipart_upload(**upload.place)

    @whole_answers("aws")
    def copy(self, source: ObjectInfo, bucket: str, key: str, token: str | None) -> ObjectInfo:
        """Copy a version of up to 5 GiB, whole."""
        content_type = source.content_type or "application/octet-stream"
        with sdk_errors(key):
            answer: Any = self._client.copy_object(
                Bucket=bucket, Key=key, **_copied(source), **self._written_in
            )
        write = Write(bucket=bucket, key=key, content_type=content_type)
        copied = answer["CopyObjectResult"]
        return _written(write, source.size_bytes, answer, copied["ETag"], source.crc32c)

    def copied_parts(self, source: ObjectInfo) -> Sequence[tuple[int, int]]:
        """Return the parts of what is larger than 5 GiB."""
        if source.size_bytes <= _MOST_COPIED_AT_ONCE:
            return ()
        return [
            (start, min(start + _COPIED_PART_BYTES, source.size_bytes))
            for start in range(0, source.size_bytes, _COPIED_PART_BYTES)
        ]

    def begin_copy(self, source: ObjectInfo, write: Write) -> LargeUpload:
        """Begin with what a copy at once would take along, and the mark."""
        with sdk_errors(source.name):
            head: Any = self._client.head_object(**_named(source))
        stored = {name: head[name] for name in _COPIED if name in head}
        marked = head.get("Metadata", {}) | description(write).get("Metadata", {})
        return self._begun(write, stored | {"Metadata": marked})

    @whole_answers("aws")
    def copy_part(
        self, upload: LargeUpload, source: ObjectInfo, number: int, span: tuple[int, int]
    ) -> None:
        """Copy one part."""
        assert isinstance(upload, _Upload)  # noqa: S101 - made by `begin_copy`
        start, stop = span
        with sdk_errors(upload.write.key):
            answer: Any = self._client.upload_part_copy(
                **upload.place,
                PartNumber=number,
                CopySourceRange=f"bytes={start}-{stop - 1}",
                **_copied(source),
            )
        result = answer["CopyPartResult"]
        upload.parts[number] = {
            name: result[name] for name in ("ETag", "ChecksumCRC32C") if name in result
        }

    @whole_answers("aws")
    def _begun(self, write: Write, stored: dict[str, Any]) -> _Upload:
        with sdk_errors(write.key):
            answer = self._client.create_multipart_upload(
                Bucket=write.bucket,
                Key=write.key,
                ChecksumAlgorithm="CRC32C",
                ChecksumType="FULL_OBJECT",
                **self._written_in,
                **stored,
            )
        return _Upload(write, _LANES, answer["UploadId"])


def _named(source: ObjectInfo) -> Any:
    version = {"VersionId": source.version_id} if source.version_id else {}
    return {"Bucket": source.bucket_name, "Key": source.name, **version}


def _copied(source: ObjectInfo) -> Any:
    """Return the arguments that name what is copied, and its content."""
    return {"CopySource": _named(source), "CopySourceIfMatch": f'"{source.etag}"'}


def _written(
    write: Write, size_bytes: int, answer: Any, etag: str, crc32c: str | None
) -> ObjectInfo:
    return ObjectInfo(
        bucket_name=write.bucket,
        name=write.key,
        size_bytes=size_bytes,
        content_type=write.content_type,
        updated=parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]),
        etag=etag.strip('"'),
        version_id=answer.get("VersionId"),
        is_latest=True,
        url=url(write.bucket, write.key),
        crc32c=crc32c,
    )
