"""Uploads to the JSON API: in one request, in one request of two parts, and resumable.

The bytes come piece by piece from `server`; here is what they belong to. Sessions live in
memory only: a client whose session is gone starts the upload anew, as it must after a week.
"""

import base64
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

from sandbox.gcs.contents import Content, Writer
from sandbox.gcs.errors import GcsError, invalid
from sandbox.gcs.objects import NewObject, check_creatable, check_hashes, create, new_object
from sandbox.gcs.parts import boundary_of, parts_of
from sandbox.gcs.shelf import StoredObject
from sandbox.gcs.shown_objects import shown
from sandbox.gcs.store import Store
from sandbox.gcs.web import Request, Response, json_response

_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_HASHES = {"crc32c": "crc32c", "md5": "md5Hash"}
_CHUNK = 256 * 1024
_GONE = 499  # what the service answers to a cancelled upload

Answer = Callable[[StoredObject, Request], Response]


def stated_hashes(request: Request) -> dict[str, Any]:
    """Return the checksums that a request's headers state, as fields of an object.

    Google's own suite has the service pass over a value that is not clean base64.
    """
    said: dict[str, Any] = {}
    for pair in request.headers.get("x-goog-hash", "").split(","):
        kind, _, value = pair.strip().partition("=")
        if kind in _HASHES and base64.b64encode(base64.b64decode(value)).decode() == value:
            said[_HASHES[kind]] = value
    if md5 := request.headers.get("content-md5"):
        said["md5Hash"] = md5
    return said


def upload_media(store: Store, request: Request, bucket: str, content: Content) -> Response:
    """Serve objects.insert with uploadType=media."""
    fields = {"contentType": request.headers.get("content-type", "application/octet-stream")}
    if encoding := request.query.get("contentEncoding"):
        fields["contentEncoding"] = encoding
    new = new_object(request, bucket, fields)
    for said in (new.fields, stated_hashes(request)):
        check_hashes(said, content)
    return _answer(store, create(store, new, content), request)


def split_upload(request: Request) -> bytes:
    """Return the bytes that a multipart upload carries; its body becomes the resource."""
    parts = parts_of(request.body, boundary_of(request))
    if len(parts) != 2:
        raise invalid("Multipart uploads have two parts: the metadata and the media.")
    (_, request.body), (headers, data) = parts
    kind = headers.get("content-type", "application/octet-stream")
    request.body = json.dumps({"contentType": kind} | request.json()).encode()
    return data


def upload_multipart(store: Store, request: Request, bucket: str, content: Content) -> Response:
    """Serve objects.insert with uploadType=multipart, whose parts are told apart."""
    new = new_object(request, bucket, request.json())
    for said in (new.fields, stated_hashes(request)):
        check_hashes(said, content)
    return _answer(store, create(store, new, content), request)


def _answer(store: Store, stored: StoredObject, request: Request) -> Response:
    bucket = store.bucket(stored.resource["bucket"])
    key = stored.resource.get("customerEncryption", {}).get("keySha256")
    full = request.query.get("projection") == "full"
    return json_response(shown(bucket, stored, request.base_url, full=full, key=key))


class Session:
    """A resumable upload under way."""

    def __init__(self, new: NewObject, writer: Writer, answer: Answer) -> None:
        """Start without bytes.

        Args:
            new: the object that it makes.
            writer: takes the bytes.
            answer: what the last request of it is told.
        """
        self.new = new
        self.writer = writer
        self.answer = answer
        self.stored: StoredObject | None = None
        self._refusal: GcsError | None = None

    def check_chunk(self, request: Request, size: int) -> None:
        """Refuse a chunk, and all after it, that is too small and not the last.

        Args:
            request: that carries the chunk.
            size: how many bytes it has.
        """
        first, total = _range_of(request)
        is_last = first is None or first + size == total
        if 0 < size < _CHUNK and not is_last:
            self._refusal = invalid(
                "Invalid request.  The number of bytes uploaded is required to be equal or greater "
                f"than {_CHUNK}, except for the final request (it's recommended to be the exact "
                f"multiple of {_CHUNK}).  The received request contained {size} bytes, which does "
                "not meet this requirement."
            )
        if self._refusal:
            raise self._refusal

    def skipped(self, request: Request) -> int:
        """Return how many of a request's bytes are here already.

        Raises:
            GcsError: the request leaves bytes out.
        """
        first, _ = _range_of(request)
        size = self.writer.size
        start = size if first is None else first
        if start > size:
            message = (
                "Invalid request. According to the Content-Range header, the upload offset is "
                f"{start} byte(s), which exceeds already uploaded size of {size} byte(s)."
            )
            raise invalid(message)
        return size - start


class Sessions:
    """The resumable uploads that are under way."""

    def __init__(self, store: Store) -> None:
        """Start without any."""
        self._store = store
        self._sessions: dict[str, Session] = {}

    def begin(self, request: Request, bucket: str) -> Response:
        """Serve objects.insert with uploadType=resumable."""
        fields = request.json()
        if kind := request.headers.get("x-upload-content-type"):
            fields.setdefault("contentType", kind)
        new = new_object(request, bucket, fields)
        new.fields.setdefault("contentType", "application/octet-stream")
        identity = self.start(new, lambda stored, last: _answer(self._store, stored, last))
        link = f"{request.base_url}{request.path}?uploadType=resumable&upload_id={identity}"
        return Response(200, b"", {"Location": link, "X-GUploader-UploadID": identity})

    def start(self, new: NewObject, answer: Answer) -> str:
        """Start an upload and return its id."""
        check_creatable(self._store, self._store.bucket(new.bucket), new)
        identity = uuid.uuid4().hex
        self._sessions[identity] = Session(new, Writer(self._store.folder), answer)
        return identity

    def get(self, identity: str) -> Session:
        """Return an upload that is under way or was finished."""
        if not (session := self._sessions.get(identity)):
            raise GcsError(404, "notFound", f"Upload session not found: {identity}")
        return session

    def cancel(self, identity: str) -> Response:
        """Forget an upload."""
        self.get(identity).writer.discard()
        del self._sessions[identity]
        return Response(_GONE)

    def written(self, identity: str, request: Request) -> Response:
        """Return the answer to a request whose bytes have been written."""
        session = self.get(identity)
        if session.stored:
            return session.answer(session.stored, request)
        _, total = _range_of(request)
        size = session.writer.size
        whole = "content-range" not in request.headers
        if not whole and (total is None or size < total):
            headers = {"Range": f"bytes=0-{size - 1}"} if size else {}
            return Response(308, b"", headers)
        if total is not None and size > total:
            raise invalid(f"The upload has {size} bytes; {total} were announced.")
        return self._finish(identity, session, request)

    def _finish(self, identity: str, session: Session, request: Request) -> Response:
        try:
            content = session.writer.finish()
            for said in (session.new.fields, stated_hashes(request)):
                check_hashes(said, content)
            session.stored = create(self._store, session.new, content)
        except GcsError:
            del self._sessions[identity]
            raise
        return session.answer(session.stored, request)


def _range_of(request: Request) -> tuple[int | None, int | None]:
    """Return first and total of a request's Content-Range, None where it has none."""
    if not (text := request.headers.get("content-range")):
        return None, None
    if not (match := _RANGE.fullmatch(text)):
        raise invalid(f"Failed to parse Content-Range header: {text}")
    first, total = (None if part in (None, "*") else int(part) for part in match.groups())
    return first, total
