"""Requests about large objects on Cloud Storage: resumable uploads.

The parts of one follow each other; the cloud knows how far it has come, and is asked
after an answer was lost.
"""

from dataclasses import dataclass
from re import compile as pattern
from typing import Any

from cmbcluster_storage import checksums
from cmbcluster_storage.bodies import Pieces
from cmbcluster_storage.errors import (
    ConflictError,
    ObjectNotFoundError,
    UnavailableError,
    whole_answers,
)
from cmbcluster_storage.gcs_client import bucket_path, object_name
from cmbcluster_storage.gcs_errors import sdk_errors
from cmbcluster_storage.gcs_objects import GcsObjects, condition, description, info_of
from cmbcluster_storage.messages import Checkpoint, LargeUpload, Part, Write
from cmbcluster_storage.models import ObjectInfo

# Each costs a round trip, for they follow each other; one so large does not stay in a heap.
_PART_BYTES = 32 * 1024 * 1024
_UPLOAD = "/upload/storage/v1"
_DONE, _INCOMPLETE, _CANCELLED = (200, 201), 308, 499
_KEPT = pattern(r"bytes=0-(\d+)")


@dataclass
class _Upload(LargeUpload):
    """A resumable upload.

    Attributes:
        address: where its parts go.
        asked: an answer is due, or was lost: how far it has come must be asked.
        info: the object, once it is one.
    """

    address: str = ""
    asked: bool = False
    info: ObjectInfo | None = None

    def part_bytes(self, number: int) -> int:
        """Return the size of all parts, of which there may be any number."""
        return _PART_BYTES


class GcsUploads(GcsObjects):
    """Resumable uploads."""

    def begin_upload(self, write: Write, size_bytes: int | None) -> LargeUpload:
        """Begin an upload."""
        with sdk_errors(write.key):
            path = bucket_path(write.bucket) + "/o"
            object_name(write.key)  # raises for what is no name
            query = {"uploadType": "resumable", **condition(write)}
        answer = self._send("POST", path, write.key, query, api=_UPLOAD, json=description(write))
        with whole_answers("gcp"):
            return _Upload(write, 1, answer.headers["Location"])

    def put_part(self, upload: LargeUpload, part: Part, go_on: Checkpoint) -> None:
        """Send a part, or what of it the cloud does not have yet."""
        assert isinstance(upload, _Upload)  # noqa: S101 - made by `begin_upload`
        skip = 0
        if upload.asked:
            skip = self._kept(upload) - part.offset
            if upload.info or (skip == len(part.data) and not part.last):
                upload.asked = False
                return
        upload.asked = True
        start, stop = part.offset + skip, part.offset + len(part.data)
        # The last may be kept whole, and no object be made of it yet.
        span = f"{start}-{stop - 1}" if start < stop else "*"
        headers = {"Content-Range": f"bytes {span}/{stop if part.last else '*'}"}
        if part.last:
            headers["X-Goog-Hash"] = f"crc32c={checksums.encoded(part.crc_so_far)}"
        answer = self._put(upload, headers, Pieces.of(part.data[skip:], go_on))
        if not (upload.info if part.last else _end(answer) == stop):
            raise UnavailableError("the cloud has kept a part in part; try again")
        upload.asked = False

    def finish_upload(self, upload: LargeUpload, size_bytes: int, crc: int | None) -> ObjectInfo:
        """Return the object that the last part has made."""
        assert isinstance(upload, _Upload)  # noqa: S101 - made by `begin_upload`
        assert crc is not None  # noqa: S101 - of copies alone, which are no uploads here
        info = upload.info
        if not info or info.crc32c != checksums.encoded(crc) or info.size_bytes != size_bytes:
            raise UnavailableError("the upload is not what was sent; write it again")
        return info

    def abort_upload(self, upload: LargeUpload) -> None:
        """Throw the parts away."""
        assert isinstance(upload, _Upload)  # noqa: S101 - made by `begin_upload`
        if not upload.info:
            accepts = (200, 204, 404, 410, _CANCELLED)
            self._send("DELETE", upload.address, upload.write.key, accepts=accepts)

    def _kept(self, upload: _Upload) -> int:
        """Return how many bytes the cloud has."""
        return _end(self._put(upload, {"Content-Range": "bytes */*"}, b""))

    def _put(self, upload: _Upload, headers: dict[str, str], data: Any) -> Any:
        try:
            answer = self._send(
                "PUT",
                upload.address,
                upload.write.key,
                accepts=(*_DONE, _INCOMPLETE),
                headers=headers,
                data=data,
            )
        except ObjectNotFoundError as error:
            raise ConflictError(
                "the upload is not there any more; write it again", request_id=error.request_id
            ) from error
        if answer.status_code in _DONE:
            with sdk_errors(upload.write.key):
                upload.info = info_of(upload.write.bucket, answer.json())
        return answer


def _end(answer: Any) -> int:
    kept = _KEPT.fullmatch(answer.headers.get("Range", ""))
    return int(kept[1]) + 1 if kept else 0
