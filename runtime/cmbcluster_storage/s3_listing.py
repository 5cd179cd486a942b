"""Requests about many objects on S3: pages of listings, and deletes by the thousand."""

import json
import re
from collections.abc import Sequence
from typing import Any, ClassVar

from cmbcluster_storage.errors import StorageError
from cmbcluster_storage.messages import Page, PageRequest, Versions
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.s3_errors import error_of, sdk_errors
from cmbcluster_storage.s3_objects import S3Objects, url

# An empty key or one of these in its body, and all of a request is refused.
# https://www.w3.org/TR/xml/#charsets
_NOT_IN_XML = re.compile("\\A\\Z|[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class S3Listing(S3Objects):
    """Lists and deletes many objects."""

    batch_size: ClassVar[int] = 1000
    batch_lanes: ClassVar[int] = 4

    def page(self, request: PageRequest) -> Page:
        """Return a part of a listing; without `versions` no `version_id` is known."""
        arguments: Any = {
            "Bucket": request.bucket,
            "Prefix": request.prefix,
            "MaxKeys": request.size,
        }
        if request.delimiter:
            arguments["Delimiter"] = request.delimiter
        if request.versions:
            answer, token = self._listed_versions(arguments, request.token)
            return _page(request.bucket, answer, "Versions", token)
        if request.token:
            arguments["ContinuationToken"] = request.token
        with sdk_errors(None):
            answer = self._client.list_objects_v2(**arguments)
        return _page(request.bucket, answer, "Contents", answer.get("NextContinuationToken"))

    def versions(self, bucket: str, token: str | None) -> Versions:
        """Return up to 1,000 of all versions and markers."""
        answer, token = self._listed_versions({"Bucket": bucket}, token)
        versions, markers = answer.get("Versions", ()), answer.get("DeleteMarkers", ())
        return Versions(
            entries=[(entry["Key"], entry["VersionId"]) for entry in (*versions, *markers)],
            sizes_bytes=[entry["Size"] for entry in versions],
            token=token,
        )

    def _listed_versions(self, arguments: Any, token: str | None) -> tuple[Any, str | None]:
        """Return an answer, and where the next one goes on."""
        if token:
            key, version = json.loads(token)
            arguments |= {"KeyMarker": key} | ({"VersionIdMarker": version} if version else {})
        with sdk_errors(None):
            answer = self._client.list_object_versions(**arguments)
        if answer.get("IsTruncated"):
            return answer, json.dumps([answer["NextKeyMarker"], answer.get("NextVersionIdMarker")])
        return answer, None

    def delete_batch(
        self, bucket: str, entries: Sequence[tuple[str, str | None]]
    ) -> list[StorageError | None]:
        """Delete up to 1,000 keys and versions; what XML cannot name takes a request each."""
        named: Any = [
            {"Key": key, "VersionId": version} if version else {"Key": key}
            for key, version in entries
            if not _NOT_IN_XML.search(key)
        ]
        failed: dict[tuple[str, str | None], StorageError | None] = {}
        if named:
            with sdk_errors(None):
                answer = self._client.delete_objects(
                    Bucket=bucket, Delete={"Objects": named, "Quiet": True}
                )
            for refusal in answer.get("Errors", ()):
                entry = refusal.get("Key", ""), refusal.get("VersionId") or None
                failed[entry] = error_of(refusal.get("Code", ""))
        for key, version in entries:
            if _NOT_IN_XML.search(key):
                failed[key, version] = self._refusal(bucket, key, version)
        return [failed.get(entry) or failed.get((entry[0], None)) for entry in entries]

    def _refusal(self, bucket: str, key: str, version: str | None) -> StorageError | None:
        """Delete one and return what went wrong with it."""
        try:
            self.delete(bucket, key, version)
        except StorageError as error:
            return error
        return None


def _page(bucket: str, answer: Any, field: str, token: str | None) -> Page:
    return Page(
        objects=[_listed(bucket, entry) for entry in answer.get(field, ())],
        prefixes=[folded["Prefix"] for folded in answer.get("CommonPrefixes", ())],
        token=token,
    )


def _listed(bucket: str, entry: Any) -> ObjectInfo:
    return ObjectInfo(
        bucket_name=bucket,
        name=entry["Key"],
        size_bytes=entry["Size"],
        content_type=None,
        updated=entry["LastModified"],
        etag=entry["ETag"].strip('"'),
        version_id=entry.get("VersionId"),
        is_latest=entry.get("IsLatest", True),
        url=url(bucket, entry["Key"]),
    )
