"""Requests about single objects on Cloud Storage."""

import json
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from re import compile as pattern
from typing import Any

from cmbcluster_storage import checksums
from cmbcluster_storage.bodies import Pieces
from cmbcluster_storage.errors import ObjectNotFoundError, whole_answers
from cmbcluster_storage.gcs_client import GcsClient, bucket_path, object_name, object_path
from cmbcluster_storage.gcs_errors import sdk_errors
from cmbcluster_storage.messages import Checkpoint, Copying, Pin, Stored, Write
from cmbcluster_storage.models import ObjectInfo

MARK = "cmbcluster-storage-write"
_UPLOAD, _DOWNLOAD = "/upload/storage/v1", "/download/storage/v1"
_SPAN = pattern(r"bytes (\d+)-(\d+)/(\d+)")
_CRC32C = pattern(r"crc32c=([A-Za-z0-9+/=]+)")


def description(write: Write, crc32c: str | None = None) -> dict[str, Any]:
    """Return an object's resource as an upload states it."""
    said: dict[str, Any] = {"name": write.key, "contentType": write.content_type}
    if crc32c:
        said["crc32c"] = crc32c
    if write.mark:
        said["metadata"] = {MARK: write.mark}
    return said


def condition(write: Write) -> dict[str, object]:
    """Return a write's condition as a parameter."""
    if write.absent:
        return {"ifGenerationMatch": 0}
    if write.replaces:
        return {"ifGenerationMatch": generation(write.replaces.version_id)}
    return {}


def generation(version_id: str | None) -> int | None:
    """Return a version's number; raises ValueError if it is none."""
    return None if version_id is None else int(version_id)


def info_of(bucket: str, resource: Any) -> ObjectInfo:
    """Return what an object's resource tells."""
    return ObjectInfo(
        bucket_name=bucket,
        name=resource["name"],
        size_bytes=int(resource["size"]),
        content_type=resource.get("contentType"),
        updated=datetime.fromisoformat(resource["timeCreated"]),  # `updated` is the metadata's
        etag=resource["etag"],
        version_id=resource["generation"],
        is_latest="timeDeleted" not in resource,
        url=f"gs://{bucket}/{resource['name']}",
        crc32c=resource.get("crc32c"),
    )


class _Reading:
    """An answer that is an object's content, as it is stored."""

    def __init__(self, bucket: str, key: str, answer: Any, latest: bool | None) -> None:
        headers = answer.headers
        span = _SPAN.fullmatch(headers.get("Content-Range", ""))
        total = int(headers["X-Goog-Stored-Content-Length"])
        first, last = (int(span[1]), int(span[2])) if span else (0, total - 1)
        crc32c = _CRC32C.search(headers.get("X-Goog-Hash", ""))
        self.info = ObjectInfo(
            bucket_name=bucket,
            name=key,
            size_bytes=total,
            content_type=headers.get("Content-Type"),
            updated=parsedate_to_datetime(headers["Last-Modified"]),
            etag=headers["ETag"].strip('"'),
            version_id=headers["X-Goog-Generation"],
            is_latest=latest,
            url=f"gs://{bucket}/{key}",
            crc32c=crc32c[1] if crc32c else None,
        )
        self.start, self.stop = first, last + 1
        self._key = key
        self._raw = answer.raw

    def read(self, size_bytes: int) -> bytes:
        with sdk_errors(self._key):
            return self._raw.read(size_bytes, decode_content=False)


class GcsObjects(GcsClient):
    """Reads, writes, copies and deletes objects."""

    def put(self, write: Write, data: bytes, go_on: Checkpoint) -> ObjectInfo:
        """Write a whole object; the cloud compares its CRC32C."""
        crc32c = checksums.encoded(checksums.extended(0, data))
        boundary = secrets.token_hex(16)
        head = (
            f"--{boundary}\r\nContent-Type: application/json\r\n\r\n"
            f"{json.dumps(description(write, crc32c))}\r\n"
            f"--{boundary}\r\nContent-Type: {write.content_type}\r\n\r\n"
        )
        body = b"".join((head.encode(), data, f"\r\n--{boundary}--".encode()))
        with sdk_errors(write.key):
            path = bucket_path(write.bucket) + "/o"
            object_name(write.key)  # raises for what is no name
            query = {"uploadType": "multipart", **condition(write)}
        resource = self._json(
            "POST",
            path,
            write.key,
            query,
            api=_UPLOAD,
            data=Pieces.of(body, go_on),
            headers={"Content-Type": f"multipart/related; boundary={boundary}"},
        )
        return info_of(write.bucket, resource)

    @contextmanager
    def get(
        self, bucket: str, key: str, pin: Pin, start: int, stop: int | None
    ) -> Generator[_Reading]:
        """Open an object's content, whole or a range of it."""
        # What is stored compressed is not unpacked, by neither side.
        headers = {"Accept-Encoding": "gzip"}
        if start or stop is not None:
            headers["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        with sdk_errors(key):
            path = object_path(bucket, key)
            query = {"alt": "media", "generation": generation(pin.version_id)}
        answer = self._send(
            "GET", path, key, query, api=_DOWNLOAD, accepts=(200, 206), headers=headers, stream=True
        )
        with answer:
            with whole_answers("gcp"):
                reading = _Reading(bucket, key, answer, True if pin.version_id is None else None)
            yield reading

    def stored(self, bucket: str, key: str, version_id: str | None) -> Stored:
        """Return what there is."""
        with sdk_errors(key):
            path, query = object_path(bucket, key), {"generation": generation(version_id)}
        resource = self._json("GET", path, key, query)
        return Stored(info_of(bucket, resource), resource.get("metadata", {}).get(MARK))

    def delete(self, bucket: str, key: str, version_id: str | None) -> None:
        """Delete an object or one version; one that is not there is deleted already."""
        with sdk_errors(key):
            path, query = object_path(bucket, key), {"generation": generation(version_id)}
        try:
            self._send("DELETE", path, key, query)
        except ObjectNotFoundError:
            return

    def copy(
        self, source: ObjectInfo, bucket: str, key: str, token: str | None
    ) -> ObjectInfo | Copying:
        """Copy a version, or as much of a large one as the cloud copies at a time."""
        with sdk_errors(key):
            target = object_path(bucket, key)
            path = f"{object_path(source.bucket_name, source.name)}/rewriteTo{target}"
        query = {"sourceGeneration": source.version_id, "rewriteToken": token}
        answer = self._json("POST", path, source.name, query)
        if answer["done"]:
            return info_of(bucket, answer["resource"])
        return Copying(token=answer["rewriteToken"], size_bytes=int(answer["totalBytesRewritten"]))
