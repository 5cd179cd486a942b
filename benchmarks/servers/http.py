"""HTTP/1.1 as far as the clients of a benchmark use it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import IO
from urllib.parse import parse_qsl

_LIMIT = 64 * 1024 * 1024  # what is buffered of a body


@dataclass
class Request:
    """What a client sends; `path` is quoted still, header names are lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Span:
    """A part of a file."""

    file: IO[bytes]
    start: int
    count: int


@dataclass
class Answer:
    """What is sent back; a body that is not to be sent (HEAD) has only its size."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes | Span | int = b""

    @property
    def size_bytes(self) -> int:
        """How long the body is."""
        if isinstance(self.body, Span):
            return self.body.count
        return self.body if isinstance(self.body, int) else len(self.body)


Handler = Callable[[Request], Answer]


def serve(handler: Handler, doors: list[tuple[int, float]]) -> None:
    """Answer on loopback until the process is ended; doors are ports and milliseconds."""

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for port, milliseconds in doors:
                connected = partial(_connection, handler, milliseconds / 1000)
                server = await asyncio.start_server(
                    connected, "127.0.0.1", port, limit=_LIMIT, backlog=1024
                )
                group.create_task(server.serve_forever())

    asyncio.run(run())


async def _connection(
    handler: Handler,
    latency_seconds: float,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    await asyncio.sleep(latency_seconds)  # the round trip that opens a connection
    try:
        while True:
            request = await _received(reader, writer, latency_seconds)
            answer = handler(request)
            if request.method == "HEAD":
                answer.body = answer.size_bytes
            if answer.status == 501:
                print("not implemented:", request.method, request.path, request.query, flush=True)
            if latency_seconds:
                await asyncio.sleep(latency_seconds)
            await _send(writer, answer)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client has gone
    finally:
        writer.close()


async def _received(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, latency_seconds: float
) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head[:-4].split("\r\n")
    method, target, _ = first.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("expect") == "100-continue":
        await asyncio.sleep(latency_seconds)
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding") == "chunked":
        body = await _chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    if "x-amz-decoded-content-length" in headers:
        body = _aws_chunks(body)
    path, _, query = target.partition("?")
    return Request(method, path, dict(parse_qsl(query, keep_blank_values=True)), headers, body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    """Return a body of unknown length."""
    found = []
    while size := int(await reader.readline(), 16):
        found.append(await reader.readexactly(size))
        await reader.readline()
    while await reader.readline() != b"\r\n":
        pass
    return b"".join(found)


def _aws_chunks(body: bytes) -> bytes:
    """Return a body that is framed once more, for S3's signatures or trailers."""
    found, at = [], 0
    while True:
        line_end = body.index(b"\r\n", at)
        size = int(body[at:line_end].partition(b";")[0], 16)
        if not size:
            return b"".join(found)
        found.append(body[line_end + 2 : line_end + 2 + size])
        at = line_end + 2 + size + 2


async def _send(writer: asyncio.StreamWriter, answer: Answer) -> None:
    told = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    head = (
        f"HTTP/1.1 {answer.status} -\r\n{told}Date: Mon, 23 Nov 2026 10:00:00 GMT\r\n"
        f"Content-Length: {answer.size_bytes}\r\n\r\n"
    ).encode("latin-1")
    if isinstance(answer.body, Span):
        writer.write(head)
        await writer.drain()
        await asyncio.get_running_loop().sendfile(
            writer.transport, answer.body.file, answer.body.start, answer.body.count
        )
    else:
        writer.write(head + answer.body if isinstance(answer.body, bytes) else head)
        await writer.drain()
