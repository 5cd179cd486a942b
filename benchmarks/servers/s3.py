"""S3's XML interface, which Cloud Storage has as well."""

import base64
import re
from collections.abc import Callable
from itertools import count
from urllib.parse import unquote
from xml.sax.saxutils import escape, unescape

from benchmarks.servers.http import Answer, Request
from benchmarks.servers.store import Bucket, Content, Store, Stored, Upload

_TIME = "2026-11-23T10:00:00.000Z"
_HTTP_TIME = "Mon, 23 Nov 2026 10:00:00 GMT"
_KEPT = re.compile(r"content-type|x-amz-meta-.*|x-amz-checksum-crc.*|x-goog-meta-.*")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_DELETED = re.compile(
    r"<Object>.*?<Key>(.*?)</Key>(?:.*?<VersionId>(.*?)</VersionId>)?.*?</Object>", re.DOTALL
)


class S3:
    """Answers requests for buckets and objects."""

    def __init__(self, store: Store, hashed: Callable[[list[bytes]], str] | None = None) -> None:
        """Take where they are kept, and how Google tells a content's checksum."""
        self.store = store
        self._hashed = hashed
        self._names = count(1)

    def __call__(self, request: Request) -> Answer:
        """Answer one."""
        name, _, key = unquote(request.path).removeprefix("/").partition("/")
        if request.method == "PUT" and not key:
            bucket = self.store.make(name)
            bucket.versioned |= b"<Status>Enabled</Status>" in request.body
            return Answer()
        bucket = self.store.buckets.get(name)
        if bucket is None:
            return _error(404, "NoSuchBucket")
        if not key:
            return self._bucket(name, bucket, request)
        if {"uploads", "uploadId"} & request.query.keys():
            return self._upload(name, bucket, key, request)
        found: Callable[[Bucket, str, Request], Answer] | None = {
            "PUT": self._put,
            "GET": _get,
            "HEAD": _get,
            "DELETE": _delete,
        }.get(request.method)
        return found(bucket, key, request) if found else Answer(501)

    def _bucket(self, name: str, bucket: Bucket, request: Request) -> Answer:
        if request.method == "GET":
            return _told_of(name, bucket, request.query)
        if request.method == "HEAD":
            return Answer()
        if request.method == "DELETE":
            del self.store.buckets[name]
            return Answer(204)
        if "delete" not in request.query:
            return Answer(501)
        for key, version in _DELETED.findall(request.body.decode()):
            bucket.delete(unescape(key, _QUOTES), version or None)
        return _xml("DeleteResult", "")

    def _put(self, bucket: Bucket, key: str, request: Request) -> Answer:
        stored = bucket.put(key, Content(request.body), self._told(request))
        return Answer(headers=_answered(stored))

    def _told(self, request: Request) -> dict[str, str]:
        kept = {name: value for name, value in request.headers.items() if _KEPT.fullmatch(name)}
        return kept | {"ETag": f'"{next(self._names):032x}"', "Last-Modified": _HTTP_TIME}

    def _upload(self, name: str, bucket: Bucket, key: str, request: Request) -> Answer:
        if request.method == "POST" and "uploads" in request.query:
            number = f"upload{next(self._names)}"
            bucket.uploads[number] = Upload(key, self._told(request))
            told = f"<Bucket>{name}</Bucket><Key>{escape(key)}</Key><UploadId>{number}</UploadId>"
            return _xml("InitiateMultipartUploadResult", told)
        upload = bucket.uploads[request.query["uploadId"]]
        if request.method == "PUT":
            upload.parts[int(request.query["partNumber"])] = request.body
            hashed = {"X-Goog-Hash": self._hashed([request.body])} if self._hashed else {}
            return Answer(headers=self._told(request) | hashed)
        del bucket.uploads[request.query["uploadId"]]
        if request.method == "DELETE":
            return Answer(204)
        upload.told |= {
            name: value for name, value in request.headers.items() if "checksum-crc" in name
        }
        pieces = upload.pieces()
        if self._hashed:
            upload.told["X-Goog-Hash"] = self._hashed(pieces)
        stored = bucket.put(key, Content(*pieces), upload.told)
        told = (
            f"<Location>/{name}</Location><Bucket>{name}</Bucket><Key>{escape(key)}</Key>"
            f"<ETag>{escape(stored.told['ETag'])}</ETag>"
        )
        answer = _xml("CompleteMultipartUploadResult", told)
        answer.headers |= _answered(stored)
        return answer


_LISTING = {
    "list-type",
    "prefix",
    "max-keys",
    "continuation-token",
    "start-after",
    "encoding-type",
    "delimiter",
    "fetch-owner",
}
_QUOTES = {"&quot;": '"', "&apos;": "'"}


def _told_of(name: str, bucket: Bucket, query: dict[str, str]) -> Answer:
    """Answer with a listing, or with what no bucket here has."""
    if "location" in query:
        return _xml("LocationConstraint", "")
    if "uploads" in query:
        return _xml("ListMultipartUploadsResult", "<IsTruncated>false</IsTruncated>")
    if "versions" in query:
        return _versions(name, bucket, query)
    return _list(name, bucket, query) if query.keys() <= _LISTING else Answer(501)


def _answered(stored: Stored) -> dict[str, str]:
    told = {name: value for name, value in stored.told.items() if name != "Last-Modified"}
    return told | {"x-amz-version-id": stored.version, "x-goog-generation": stored.version}


def _get(bucket: Bucket, key: str, request: Request) -> Answer:
    stored = bucket.get(key, request.query.get("versionId") or request.query.get("generation"))
    if stored is None:
        return _error(404, "NoSuchKey")
    return read(stored, request)


def read(stored: Stored, request: Request) -> Answer:
    """Answer with a version, or a range of it."""
    size = stored.content.size_bytes
    start, stop, status, ranged = 0, size, 200, dict[str, str]()
    if span := _RANGE.fullmatch(request.headers.get("range", "")):
        first, last = span.groups()
        start = int(first) if first else size - int(last)
        stop = min(int(last) + 1, size) if first and last else size
        status, ranged = 206, {"Content-Range": f"bytes {start}-{stop - 1}/{size}"}
    headers = stored.told | _answered(stored) | ranged | {"Accept-Ranges": "bytes"}
    if status == 206:
        headers = {name: value for name, value in headers.items() if "checksum" not in name}
    body = stop - start if request.method == "HEAD" else stored.content.part(start, stop)
    return Answer(status, headers, body)


def _delete(bucket: Bucket, key: str, request: Request) -> Answer:
    version = request.query.get("versionId") or request.query.get("generation")
    bucket.delete(key, version)
    return Answer(204)


def _list(name: str, bucket: Bucket, query: dict[str, str]) -> Answer:
    token = query.get("continuation-token")
    after = base64.b64decode(token).decode() if token else query.get("start-after", "")
    found, more = bucket.page(
        query.get("prefix", ""),
        (after, "~") if after else ("", ""),
        int(query.get("max-keys", "1000")),
        versions=False,
    )
    entries = "".join(f"<Contents>{_entry(key, stored)}</Contents>" for key, stored in found)
    following = ""
    if more:
        encoded = base64.b64encode(found[-1][0].encode()).decode()
        following = f"<NextContinuationToken>{encoded}</NextContinuationToken>"
    told = f"<IsTruncated>{str(more).lower()}</IsTruncated><KeyCount>{len(found)}</KeyCount>"
    told += f"<Name>{name}</Name>" + _encoding(query)
    return _xml("ListBucketResult", told + following + entries)


def _versions(name: str, bucket: Bucket, query: dict[str, str]) -> Answer:
    found, more = bucket.page(
        query.get("prefix", ""),
        (query.get("key-marker", ""), query.get("version-id-marker", "~")),
        int(query.get("max-keys", "1000")),
        versions=True,
    )
    entries = "".join(
        f"<Version>{_entry(key, stored)}<VersionId>{stored.version}</VersionId>"
        f"<IsLatest>{str(bucket.latest(key) == stored.version).lower()}</IsLatest></Version>"
        for key, stored in found
    )
    following = f"<IsTruncated>{str(more).lower()}</IsTruncated><Name>{name}</Name>"
    following += _encoding(query)
    if more:
        key, stored = found[-1]
        following += (
            f"<NextKeyMarker>{escape(key)}</NextKeyMarker>"
            f"<NextVersionIdMarker>{stored.version}</NextVersionIdMarker>"
        )
    return _xml("ListVersionsResult", following + entries)


def _encoding(query: dict[str, str]) -> str:
    """Say that keys are quoted, which those of a benchmark are in any case."""
    return "<EncodingType>url</EncodingType>" if "encoding-type" in query else ""


def _entry(key: str, stored: Stored) -> str:
    stored.listed["xml"] = stored.listed.get("xml") or (
        f"<Key>{escape(key)}</Key><LastModified>{_TIME}</LastModified>"
        f"<ETag>{escape(stored.told['ETag'])}</ETag><Size>{stored.content.size_bytes}</Size>"
        "<StorageClass>STANDARD</StorageClass>"
    )
    return stored.listed["xml"]


def _xml(name: str, inside: str, status: int = 200) -> Answer:
    space = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name}{space}>{inside}</{name}>'
    return Answer(status, {"Content-Type": "application/xml"}, text.encode())


def _error(status: int, code: str) -> Answer:
    text = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return Answer(status, {"Content-Type": "application/xml"}, text.encode())
