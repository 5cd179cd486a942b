"""A proxy on loopback that hands requests on and does something wrong, once or always.

It counts what passes: what was asked is in `asked`, method and path; what a client counts
as one call may be more. What goes wrong by itself behind it is in `broken`.
"""

import http.client
import socket
import socketserver
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

_XML = (
    '<?xml version="1.0"?><Error><Code>{code}</Code><Message>no</Message>'
    "<RequestId>R1</RequestId></Error>"
)
_JSON = '{{"error":{{"code":{status},"message":"no","errors":[{{"reason":"{code}"}}]}}}}'

# Longer than any test's patience with a silent server.
STALL_SECONDS = 2.4

# Headers of a connection, not of a message.
_OWN = ("connection", "content-length", "transfer-encoding")


@dataclass
class Fault:
    """What goes wrong.

    Attributes:
        kind: busy, slow_down, reset, stall, drip, short, damaged, lost or expired.
        times: how often; then all goes well; -1 is always.
        after: so many requests go well first.
        about: it is about requests with one of these words in their path or body; none: all.
    """

    kind: str
    times: int = 1
    after: int = 0
    about: tuple[str, ...] = ()


@dataclass
class Proxy:
    """A running proxy."""

    upstream: str
    dialect: str
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    delay_seconds: float = 0

    def __post_init__(self):
        proxy = self

        class Handler(_Handler):
            pass

        Handler.proxy = proxy
        self._turn = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def meant(self, text: bytes) -> Fault | None:
        """Return the fault of the request with this path, or body."""
        for fault in tuple(self.faults):
            if not fault.about or any(word.encode() in text for word in fault.about):
                return fault
        return None

    def taken(self, fault: Fault) -> str | None:
        """Return what goes wrong with one more request that is meant."""
        with self._turn:
            if fault.times and fault.after:
                fault.after -= 1
            elif fault.times:
                fault.times -= 1
                return fault.kind
        return None

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _spoilt(content, kind):
    if kind == "short":
        return content[: len(content) // 2]
    if kind == "damaged" and content:
        return bytes([content[0] ^ 1]) + content[1:]
    return content


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def _handle(self):
        proxy = self.proxy
        length = int(self.headers.get("Content-Length") or 0)
        proxy.asked.append(f"{self.command} {self.path}")
        fault, body = proxy.meant(self.path.encode()), None
        if fault is None:
            body = self._body(length)
            fault = proxy.meant(body)
        kind = proxy.taken(fault) if fault else None
        if kind == "reset":
            return self._reset()  # of a body, nothing or little was read
        if body is None:
            body = self._body(length)
        if proxy.delay_seconds:
            time.sleep(proxy.delay_seconds)
        if kind in ("busy", "slow_down", "expired"):
            return self._refuse(kind)
        if kind == "stall":
            time.sleep(STALL_SECONDS)
            return self._reset()
        status, headers, content = self._upstream(body)
        if kind == "lost":
            return self._reset()
        return self._answer(status, headers, content, kind)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = _handle  # noqa: N815 - its names

    def _body(self, length):
        if self.headers.get("Transfer-Encoding") == "chunked":
            taken = b""
            while size := int(self.rfile.readline(), 16):
                taken += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return taken
        return self.rfile.read(length)

    def _upstream(self, body):
        target = urlsplit(self.proxy.upstream)
        connection = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
        try:
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() not in _OWN:
                    connection.putheader(name, value)
            if body or self.command in ("PUT", "POST"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.proxy.broken.append(f"{self.command} {self.path}: {error!r}")
            raise
        finally:
            connection.close()

    def _answer(self, status, headers, content, kind):
        if kind == "drip":
            self._drip(status)
            return
        length = len(content)
        if self.command == "HEAD":
            length = int({name.lower(): value for name, value in headers}.get("content-length", 0))
        content = _spoilt(content, kind)
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _OWN:
                self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        if kind == "short":
            self._reset()

    def _drip(self, status):
        """Send an answer's head for ever, a byte now and then."""
        ends = time.monotonic() + STALL_SECONDS
        self.wfile.write(f"HTTP/1.1 {status} \r\nX-Drops: ".encode())
        while time.monotonic() < ends:
            self.wfile.write(b".")
            time.sleep(0.1)
        self._reset()

    def _refuse(self, kind):
        if self.proxy.dialect == "s3":
            status, code = {
                "busy": (503, "ServiceUnavailable"),
                "slow_down": (429, "TooManyRequests"),
                "expired": (400, "ExpiredToken"),
            }[kind]
            text = _XML.format(code=code)
        else:
            status, code = {
                "busy": (503, "backendError"),
                "slow_down": (429, "rateLimitExceeded"),
                "expired": (401, "authError"),
            }[kind]
            text = _JSON.format(status=status, code=code)
        self._answer(status, [("Content-Type", "text/plain")], text.encode(), None)

    def _reset(self):
        """Break the connection off, without an orderly end."""
        self.close_connection = True
        linger = b"\x01\0\0\0\0\0\0\0"
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.wfile.flush()
        self.connection.close()

    def log_message(self, *_):
        pass

    def finish(self):
        with suppress(OSError, ValueError):
            super().finish()

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (OSError, ValueError):
            self.close_connection = True
