"""The server's process: connections in, answers out, changes saved soon after they are made.

aiohttp carries the HTTP: its parser is C, it hands bodies over as they arrive and takes
them as fast as the client reads. Routes and errors are Google's, so none of its own are used.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from socket import socket

from aiohttp import web

from sandbox.gcs.api import Api, is_multipart, refusal, takes_content
from sandbox.gcs.contents import Content, Folder, Writer
from sandbox.gcs.errors import GcsError
from sandbox.gcs.state import State
from sandbox.gcs.store import Store
from sandbox.gcs.uploads import split_upload
from sandbox.gcs.web import Request, Response, query_of
from sandbox.servers import SavedSoon, terminated

_PIECE = 256 * 1024


class Server:
    """Serves a store over HTTP."""

    def __init__(self, api: Api, saved: SavedSoon) -> None:
        """Start without connections."""
        self._api = api
        self._saved = saved

    async def __call__(self, raw: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path, _, query = raw.raw_path.partition("?")
        request = Request(
            raw.method,
            path,
            query_of(query),
            {name.lower(): value for name, value in raw.headers.items()},
            f"http://{raw.host}",
        )
        try:
            content = await self._read(raw, request)
            response = self._api.answer(request, content)
        except GcsError as error:
            response = refusal(request, error)
        if raw.method not in ("GET", "HEAD"):
            self._saved.note_change()
        return await _send(raw, response)

    async def _read(self, raw: web.BaseRequest, request: Request) -> Content | None:
        """Take the body, into the request or as a content of its own."""
        if raw.headers.get("Expect") == "100-continue" and raw.transport:
            raw.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if identity := request.query.get("upload_id"):
            if request.method in ("POST", "PUT"):
                await self._continue(raw, request, identity)
            return None
        if takes_content(request):
            writer = Writer(self._api.store.folder)
            try:
                async for data in raw.content.iter_any():
                    writer.write(data)
            except BaseException:  # the connection broke, or the server ends
                writer.discard()
                raise
            return writer.finish()
        request.body = await raw.content.read()
        if not is_multipart(request):
            return None
        return await self._split(request)

    async def _continue(self, raw: web.BaseRequest, request: Request, identity: str) -> None:
        """Append a body to a resumable upload; a broken connection's bytes count."""
        session = self._api.sessions.get(identity)
        if session.stored:
            return
        skip = session.skipped(request)
        session.check_chunk(request, raw.content_length or 0)
        async for data in raw.content.iter_any():
            session.writer.write(data[skip:])
            skip = max(skip - len(data), 0)

    async def _split(self, request: Request) -> Content:
        """Take the bytes out of a multipart upload, and let others have their turn."""
        data = split_upload(request)
        writer = Writer(self._api.store.folder)
        for start in range(0, len(data), _PIECE):
            writer.write(data[start : start + _PIECE])
            await asyncio.sleep(0)
        return writer.finish()


async def _send(raw: web.BaseRequest, response: Response) -> web.StreamResponse:
    content, size = response.content, response.stop - response.start
    if content and size <= _PIECE:
        response.body, content = b"".join(content.read(response.start, response.stop)), None
    if not content:
        if raw.method != "HEAD":
            response.headers.pop("Content-Length", None)
        return web.Response(
            status=response.status, body=response.body or None, headers=response.headers
        )
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    await stream.prepare(raw)
    with suppress(ConnectionError):  # the client has seen enough
        for piece in content.read(response.start, response.stop):
            await stream.write(piece)
        await stream.write_eof()
    return stream


async def serve(listener: socket, path: Path, parent: int, numbers: Mapping[str, str]) -> None:
    """Serve until told to end.

    Args:
        listener: where connections come in.
        path: the state file; large contents are in a folder beside it.
        parent: the process that started this one, whose end is ours.
        numbers: of projects whose number matters, by id.
    """
    store = Store(Folder(path.with_name(path.name + ".contents")), numbers)
    state = State(path, store)
    server = Server(Api(store), SavedSoon(state.save))
    # Bodies stay as they came: an object may be stored compressed.
    runner = web.ServerRunner(web.Server(server, auto_decompress=False, access_log=None))
    await runner.setup()
    await web.SockSite(runner, listener, backlog=1024, shutdown_timeout=1).start()
    await terminated(parent)
    await runner.cleanup()
    state.close()
