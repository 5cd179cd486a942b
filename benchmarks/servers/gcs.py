"""Cloud Storage's JSON interface; what is not its own is answered as S3 does."""

import base64
import json
import re
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any
from urllib.parse import unquote

import google_crc32c

from benchmarks.servers.http import Answer, Request
from benchmarks.servers.s3 import S3, read
from benchmarks.servers.store import Bucket, Content, Store, Stored, Upload

_JSON = {"Content-Type": "application/json; charset=UTF-8"}
_TIME = "2026-11-23T10:00:00.000Z"
_PATH = re.compile(r"/(?:(upload|download)/)?storage/v1/b(?:/([^/]+)(?:/o(?:/(.+))?)?)?")
_CONTENT_ID = re.compile(r"Content-ID: *<([^>]*)>")
_FIELDS = re.compile(r"items\(([\w,]+)\)")
_DELETE = re.compile(
    r"\nDELETE \S*?/b/([^/]+)/o/([^\s?]+)(?:\?(?:\S*&)?generation=(\d+))?", re.ASCII
)
_SPAN = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
# By field, so that a listing that asks for some of them costs no more.
_RESOURCE: dict[str, Callable[[str, str, Stored], str]] = {
    "kind": lambda *_: "storage#object",
    "bucket": lambda name, *_: name,
    "name": lambda _, key, __: key,
    "size": lambda _, __, stored: str(stored.content.size_bytes),
    "contentType": lambda _, __, stored: stored.told.get("Content-Type", ""),
    "timeCreated": lambda *_: _TIME,
    "updated": lambda *_: _TIME,
    "etag": lambda _, __, stored: stored.told["ETag"].strip('"'),
    "generation": lambda _, __, stored: stored.version,
    "metageneration": lambda *_: "1",
    "crc32c": lambda _, __, stored: stored.told.get("X-Goog-Hash", "").removeprefix("crc32c="),
}


class Gcs:
    """Answers requests for buckets and objects."""

    def __init__(self, store: Store) -> None:
        """Take where they are kept."""
        self._store = store
        self._xml = S3(store, _hash)
        self._names = count(1)

    def __call__(self, request: Request) -> Answer:
        """Answer one."""
        if request.path == "/batch/storage/v1":
            return self._batch(request)
        if not (found := _PATH.fullmatch(request.path)):
            return self._xml(request)
        way, name, key = (unquote(part) if part else None for part in found.groups())
        if name is None:
            made = json.loads(request.body)
            bucket = self._store.make(made["name"])
            bucket.versioned = made.get("versioning", {}).get("enabled", False)
            return _json(made)
        bucket = self._store.buckets.get(name)
        if bucket is None:
            return _error(404)
        if way == "upload":
            return self._upload(name, bucket, request)
        if key is not None:
            return _object(name, bucket, key, request)
        if not request.path.endswith("/o"):
            return self._bucket(name, request)
        return _list(name, bucket, request.query)

    def _bucket(self, name: str, request: Request) -> Answer:
        if request.method == "DELETE":
            del self._store.buckets[name]
            return Answer(204)
        return _json({"name": name}) if request.method == "GET" else Answer(501)

    def _batch(self, request: Request) -> Answer:
        text = request.body.decode()
        answers = []
        for identifier, found in zip(
            _CONTENT_ID.findall(text) or count(), _DELETE.findall(text), strict=False
        ):
            name, key, version = found
            # `unquote` is slow where anything is quoted.
            key = unquote(key.replace("%2F", "/"))
            deleted = self._store.buckets[name].delete(key, version or None)
            answers.append(
                "--batch\r\nContent-Type: application/http\r\n"
                f"Content-ID: <response-{identifier}>\r\n\r\n"
                f"HTTP/1.1 {'204 No Content' if deleted else '404 Not Found'}\r\n"
                "Content-Length: 0\r\n\r\n\r\n"
            )
        headers = {"Content-Type": "multipart/mixed; boundary=batch"}
        return Answer(200, headers, "".join([*answers, "--batch--\r\n"]).encode())

    def _upload(self, name: str, bucket: Bucket, request: Request) -> Answer:
        query = request.query
        if "upload_id" in query:
            return _continued(name, bucket, bucket.uploads[query["upload_id"]], request)
        if query["uploadType"] == "resumable":
            number = f"upload{next(self._names)}"
            told = json.loads(request.body or b"{}")
            bucket.uploads[number] = Upload(query.get("name") or told["name"], told)
            address = f"http://{request.headers['host']}{request.path}?upload_id={number}"
            return Answer(200, {"Location": address})
        if query["uploadType"] == "media":
            told = {"contentType": request.headers.get("content-type", "")}
            return _put(name, bucket, query["name"], told, [request.body])
        boundary = request.headers["content-type"].partition("boundary=")[2].strip("\"'")
        _, first, second, _ = request.body.split(b"--" + boundary.encode())
        told = json.loads(re.split(rb"\r?\n\r?\n", first, maxsplit=1)[1])
        content = re.split(rb"\r?\n\r?\n", second, maxsplit=1)[1][:-2]
        return _put(name, bucket, told["name"], told, [content])


def _put(name: str, bucket: Bucket, key: str, told: dict[str, Any], pieces: list[bytes]) -> Answer:
    hashed = _hash(pieces)
    headers = {
        "Content-Type": told.get("contentType") or "application/octet-stream",
        "X-Goog-Hash": hashed,
        "X-Goog-Stored-Content-Length": str(sum(map(len, pieces))),
        "X-Goog-Stored-Content-Encoding": "identity",
        "ETag": f'"{hashed.removeprefix("crc32c=")}"',
        "Last-Modified": "Mon, 23 Nov 2026 10:00:00 GMT",
    }
    stored = bucket.put(key, Content(*pieces), headers)
    stored.listed["json"] = json.dumps(_resource(name, key, stored))
    return Answer(200, _JSON, stored.listed["json"].encode())


def _hash(pieces: list[bytes]) -> str:
    crc = 0
    for piece in pieces:
        crc = google_crc32c.extend(crc, piece)
    return f"crc32c={base64.b64encode(crc.to_bytes(4, 'big')).decode()}"


def _continued(name: str, bucket: Bucket, upload: Upload, request: Request) -> Answer:
    span = _SPAN.fullmatch(request.headers.get("content-range", ""))
    start = int(span[1] or 0) if span else 0
    if not span or span[1]:
        upload.parts[start] = request.body
    end = sum(map(len, upload.parts.values()))
    if span and span[3] in ("*", None):
        return Answer(308, {"Range": f"bytes=0-{end - 1}"} if end else {})
    if span and end < int(span[3]):
        return Answer(308, {"Range": f"bytes=0-{end - 1}"} if end else {})
    del bucket.uploads[request.query["upload_id"]]
    return _put(name, bucket, upload.key, upload.told, upload.pieces())


def _object(name: str, bucket: Bucket, key: str, request: Request) -> Answer:
    generation = request.query.get("generation")
    if request.method == "DELETE":
        return Answer(204) if bucket.delete(key, generation) else _error(404)
    stored = bucket.get(key, generation)
    if stored is None:
        return _error(404)
    if request.query.get("alt") == "media":
        return read(stored, request)
    return _json(_resource(name, key, stored)) if request.method == "GET" else Answer(501)


def _list(name: str, bucket: Bucket, query: dict[str, str]) -> Answer:
    asked = json.dumps(query)
    if asked not in bucket.pages:
        bucket.pages[asked] = _page(name, bucket, query)
    return Answer(200, _JSON, bucket.pages[asked])


def _page(name: str, bucket: Bucket, query: dict[str, str]) -> bytes:
    token = base64.b64decode(query.get("pageToken", "")).decode().split("\n")
    key, version = token if len(token) == 2 else ("", "")
    found, more = bucket.page(
        query.get("prefix", ""),
        (key, version),
        int(query.get("maxResults", "1000")),
        versions=query.get("versions") == "true",
    )
    told: dict[str, Any] = {"kind": "storage#objects"}
    if more:
        last, stored = found[-1]
        told["nextPageToken"] = base64.b64encode(f"{last}\n{stored.version}".encode()).decode()
    if asked := _FIELDS.search(query.get("fields", "")):
        fields = asked[1].split(",")
        told["items"] = [_resource(name, key, stored, fields) for key, stored in found]
        return json.dumps(told).encode()
    items = ",".join(
        # What came by the other dialect has none.
        stored.listed.get("json") or json.dumps(_resource(name, key, stored))
        for key, stored in found
    )
    return f"{json.dumps(told | {'items': []})[:-2]}{items}]}}".encode()


def _resource(
    name: str, key: str, stored: Stored, fields: Iterable[str] | None = None
) -> dict[str, str]:
    return {
        field: _RESOURCE[field](name, key, stored)
        for field in fields or _RESOURCE
        if field in _RESOURCE
    }


def _json(told: dict[str, Any]) -> Answer:
    return Answer(200, _JSON, json.dumps(told).encode())


def _error(status: int) -> Answer:
    text = json.dumps({"error": {"code": status, "message": "none", "errors": []}})
    return Answer(status, {"Content-Type": "application/json"}, text.encode())
