"""Downloads: the bytes of an object, whole or in part, with the headers that tell of it."""

import gzip
import re
from datetime import datetime
from email.utils import format_datetime

from sandbox.gcs.errors import GcsError
from sandbox.gcs.shelf import StoredObject
from sandbox.gcs.web import Request, Response

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def media(stored: StoredObject, request: Request) -> Response:
    """Return the answer to a download.

    Raises:
        GcsError: 416, the range begins after the end.
    """
    headers = _headers(stored)
    if stored.resource.get("contentEncoding") == "gzip" and not _takes_gzip(request):
        return _decompressed(stored, headers)
    response = Response(headers=headers, content=stored.content, stop=stored.content.size)
    if asked := _RANGE.fullmatch(request.headers.get("range", "").replace(" ", "")):
        _limit(response, *asked.groups())
    headers["Content-Length"] = str(response.stop - response.start)
    if request.method == "HEAD":
        response.content = None
    return response


def _takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


def _decompressed(stored: StoredObject, headers: dict[str, str]) -> Response:
    """Return the whole object unzipped, for who cannot do so: ranges do not go with it."""
    body = gzip.decompress(b"".join(stored.content.read(0, stored.content.size)))
    del headers["Content-Encoding"]
    headers["Warning"] = "214 UploadServer gunzipped"
    return Response(200, body, headers)


def _limit(response: Response, first: str, last: str) -> None:
    size = response.stop
    if not first:
        if not last:
            return
        response.start = max(size - int(last), 0)
    else:
        response.start = int(first)
        response.stop = min(int(last) + 1, size) if last else size
    if response.start >= size:
        error = GcsError(416, "requestedRangeNotSatisfiable", "Request range not satisfiable")
        error.headers = {"Content-Range": f"bytes */{size}"}
        raise error
    if response.stop <= response.start:
        response.start, response.stop = 0, size
        return
    response.status = 206
    response.headers["Content-Range"] = f"bytes {response.start}-{response.stop - 1}/{size}"


def _headers(stored: StoredObject) -> dict[str, str]:
    resource = stored.resource
    encoding = resource.get("contentEncoding")
    changed = datetime.fromisoformat(resource["updated"])
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Type": resource.get("contentType", "application/octet-stream"),
        "ETag": resource["etag"],
        "Last-Modified": format_datetime(changed, usegmt=True),
        "X-Goog-Generation": resource["generation"],
        "X-Goog-Metageneration": resource["metageneration"],
        "X-Goog-Hash": ",".join(f"{k}={v}" for k, v in stored.content.hashes().items()),
        "X-Goog-Storage-Class": resource["storageClass"],
        "X-Goog-Stored-Content-Encoding": encoding or "identity",
        "X-Goog-Stored-Content-Length": resource["size"],
    }
    for field, header in (
        ("cacheControl", "Cache-Control"),
        ("contentDisposition", "Content-Disposition"),
        ("contentEncoding", "Content-Encoding"),
        ("contentLanguage", "Content-Language"),
    ):
        if field in resource:
            headers[header] = resource[field]
    for name, value in resource.get("metadata", {}).items():
        headers[f"X-Goog-Meta-{name}"] = value
    if encrypted := resource.get("customerEncryption"):
        headers["X-Goog-Encryption-Algorithm"] = encrypted["encryptionAlgorithm"]
        headers["X-Goog-Encryption-Key-Sha256"] = encrypted["keySha256"]
    if version := resource.get("kmsKeyName"):
        headers["X-Goog-Encryption-Kms-Key-Name"] = version
    return headers
