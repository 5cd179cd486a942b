"""Bodies in parts: multipart/related of uploads, multipart/mixed of batches, form data."""

from email.message import Message

from sandbox.gcs.errors import invalid
from sandbox.gcs.web import Request

_Part = tuple[dict[str, str], bytes]


def boundary_of(request: Request) -> bytes:
    """Return what separates the parts of a request's body."""
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    if not (boundary := message.get_boundary()):
        raise invalid("Failed to parse multipart request: it has no boundary.")
    return boundary.encode()


def parts_of(body: bytes, boundary: bytes) -> list[_Part]:
    """Return the headers, their names in lower case, and the body of every part."""
    mark = b"--" + boundary
    position = _next(body, mark, 0)
    parts: list[_Part] = []
    while body[position : position + 2] != b"--":
        start = body.index(b"\n", position) + 1
        end = _next(body, mark, start) - len(mark)
        parts.append(_part(body, start, end))
        position = end + len(mark)
    return parts


def _next(body: bytes, mark: bytes, start: int) -> int:
    """Return where the next mark ends, which begins a line."""
    while True:
        found = body.find(mark, start)
        if found < 0:
            raise invalid("Failed to parse multipart request: a part has no end.")
        if found == 0 or body[found - 1 : found] == b"\n":
            return found + len(mark)
        start = found + 1


def _part(body: bytes, start: int, end: int) -> _Part:
    end -= 2 if body[end - 2 : end] == b"\r\n" else 1
    headers: dict[str, str] = {}
    while True:
        line_end = body.find(b"\n", start, end)
        line = body[start : line_end if line_end >= 0 else end].strip()
        start = line_end + 1 if line_end >= 0 else end
        if not line:
            return headers, body[start:end]
        name, _, value = line.decode().partition(":")
        headers[name.strip().lower()] = value.strip()
