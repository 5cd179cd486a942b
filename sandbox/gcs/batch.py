"""Batches: many requests to the JSON API in one, each answered in a part of its own.

Source: https://cloud.google.com/storage/docs/batch
"""

import uuid
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from sandbox.gcs.errors import invalid
from sandbox.gcs.parts import boundary_of, parts_of
from sandbox.gcs.web import Request, Response, query_of

_MOST = 100


def batch(request: Request, answer: Callable[[Request], Response]) -> Response:
    """Return the answers to the requests of a batch.

    Args:
        request: the whole batch.
        answer: serves one request.
    """
    parts = parts_of(request.body, boundary_of(request))
    if len(parts) > _MOST:
        raise invalid(f"The batch has {len(parts)} requests; the limit is {_MOST}.")
    mark = f"batch_{uuid.uuid4().hex}"
    written = bytearray()
    for headers, body in parts:
        response = answer(_request_of(request, body))
        written += f"--{mark}\r\nContent-Type: application/http\r\n".encode()
        if identity := headers.get("content-id"):
            written += f"Content-ID: <response-{identity.strip('<>')}>\r\n".encode()
        written += b"\r\n" + _written(response) + b"\r\n"
    written += f"--{mark}--\r\n".encode()
    return Response(200, bytes(written), {"Content-Type": f"multipart/mixed; boundary={mark}"})


def _request_of(outer: Request, text: bytes) -> Request:
    head, _, body = text.lstrip().replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode().split("\n")
    method, target = first.split(" ")[:2]
    url = urlsplit(target)
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    query = query_of(url.query)
    if url.path.startswith("/upload/") or query.get("alt") == "media":
        raise invalid("A batch cannot carry uploads or downloads.")
    size = int(headers.get("content-length", len(body)))
    return replace(
        outer, method=method, path=url.path, query=query, headers=headers, body=body[:size]
    )


def _written(response: Response) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {_PHRASES.get(response.status, 'Error')}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines += [f"Content-Length: {len(response.body)}", "", ""]
    return "\r\n".join(lines).encode() + response.body


_PHRASES = {200: "OK", 204: "No Content", 404: "Not Found", 412: "Precondition Failed"}
