"""Requests about many objects on Cloud Storage: pages of listings, and batches of deletes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from cmbcluster_storage.errors import ObjectNotFoundError, StorageError, UnavailableError
from cmbcluster_storage.gcs_client import bucket_path, object_name
from cmbcluster_storage.gcs_errors import error_of, from_sdk, sdk_errors
from cmbcluster_storage.gcs_objects import GcsObjects, generation, info_of
from cmbcluster_storage.messages import Page, PageRequest, Versions

_FIELDS = (
    "nextPageToken,prefixes,"
    "items(name,size,contentType,timeCreated,timeDeleted,etag,generation,crc32c)"
)
_VERSION_FIELDS = "nextPageToken,items(name,size,generation)"
_MARK = "cmbcluster-storage"
_STATUS, _DELETED = "HTTP/1.1 ", "HTTP/1.1 204"
_ANSWER = re.compile(
    r"Content-ID: <response-(\d+)>.*?HTTP/1\.1 (\d{3})[^\r\n]*(.*?)(?=\r?\n--)",
    re.DOTALL | re.IGNORECASE,
)


class GcsListing(GcsObjects):
    """Lists and deletes many objects."""

    # https://cloud.google.com/storage/docs/batch
    batch_size: ClassVar[int] = 100
    batch_lanes: ClassVar[int] = 10  # a page of a listing

    def page(self, request: PageRequest) -> Page:
        """Return a part of a listing."""
        answer = self._listed(
            request.bucket,
            {
                "prefix": request.prefix or None,
                "delimiter": request.delimiter or None,
                "versions": "true" if request.versions else None,
                "maxResults": request.size,
                "pageToken": request.token,
                "fields": _FIELDS,
            },
        )
        return Page(
            objects=[info_of(request.bucket, item) for item in answer.get("items", ())],
            prefixes=answer.get("prefixes", ()),
            token=answer.get("nextPageToken"),
        )

    def versions(self, bucket: str, token: str | None) -> Versions:
        """Return up to 1,000 of all versions; there are no markers."""
        answer = self._listed(
            bucket, {"versions": "true", "pageToken": token, "fields": _VERSION_FIELDS}
        )
        items = answer.get("items", ())
        return Versions(
            entries=[(item["name"], item["generation"]) for item in items],
            sizes_bytes=[int(item["size"]) for item in items],
            token=answer.get("nextPageToken"),
        )

    def _listed(self, bucket: str, query: Mapping[str, object]) -> Any:
        with sdk_errors(None):
            path = bucket_path(bucket) + "/o"
        return self._json("GET", path, None, query)

    def delete_batch(
        self, bucket: str, entries: Sequence[tuple[str, str | None]]
    ) -> list[StorageError | None]:
        """Delete up to 100 keys and versions; what no object is called is not sent."""
        with sdk_errors(None):
            objects = f"/storage/v1{bucket_path(bucket)}/o/"
        outcomes: list[StorageError | None] = [None] * len(entries)
        parts: dict[int, str] = {}
        for number, (key, version) in enumerate(entries):
            try:
                parts[number] = _part(objects, key, version, number)
            except ValueError as error:  # `sdk_errors` for each would take as long as the parts
                outcomes[number] = from_sdk(error, key)
        if parts:
            text = self._answered("".join(parts.values()))
            # Of what went well nothing needs to be read.
            if not text.count(_STATUS) == text.count(_DELETED) == len(parts):
                told = _told(text)
                for number in parts:
                    outcomes[number] = _outcome(told.get(number), entries[number][0])
        return outcomes

    def _answered(self, body: str) -> str:
        """Return the answers to the parts of a batch, whose own status hides what failed."""
        answer = self._send(
            "POST",
            "/batch/storage/v1",
            None,
            api="",
            data=f"{body}--{_MARK}--\r\n".encode(),
            headers={"Content-Type": f"multipart/mixed; boundary={_MARK}"},
        )
        with sdk_errors(None):
            # Not `.text`: of what names no encoding, requests would guess one.
            return answer.content.decode()


def _part(objects: str, key: str, version: str | None, number: int) -> str:
    query = "" if version is None else f"?generation={generation(version)}"
    return (
        f"--{_MARK}\r\nContent-Type: application/http\r\nContent-ID: <{number}>\r\n\r\n"
        f"DELETE {objects}{object_name(key)}{query} HTTP/1.1\r\n\r\n\r\n"
    )


def _told(text: str) -> dict[int, tuple[int, str]]:
    return {int(number): (int(status), rest) for number, status, rest in _ANSWER.findall(text)}


def _outcome(told: tuple[int, str] | None, key: str) -> StorageError | None:
    if told is None:
        return UnavailableError("the answer says nothing about it", provider="gcp", uncertain=True)
    status, text = told
    if status < 300:
        return None
    error = error_of(status, text.partition("\r\n\r\n")[2].strip(), key)
    return None if isinstance(error, ObjectNotFoundError) else error
