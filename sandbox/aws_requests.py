"""Requests to the AWS emulator: who asks which service, and our own answers.

What `emulator` needs to answer a request instead of ministack, or to change its answer.
"""

import os
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from sandbox.aws_partitions import partition

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Caller:
    """Who signed a request, as its credential scope says.

    Attributes:
        account_id: the access key if that has 12 digits, else the emulator's own account.
        region: that the request was signed for.
        service: likewise, like "s3"; empty without a signature.
    """

    account_id: str
    region: str
    service: str

    @property
    def partition(self) -> str:
        """The first field of the caller's ARNs."""
        return partition(self.region)


def caller(scope: Message) -> Caller:
    """Return who signed a request, in its header or, of a presigned URL, in its query."""
    signed = re.search(r"Credential=([^,\s]+)", headers(scope).get("authorization", ""))
    presigned = query(scope)
    old = presigned.get("AWSAccessKeyId", [""])  # signature version 2 has nothing but the key
    credential = signed[1] if signed else presigned.get("X-Amz-Credential", old)[0]
    key, _, region, service, *_ = [*credential.split("/"), "", "", ""]
    own = os.environ["MINISTACK_ACCOUNT_ID"]
    return Caller(key if re.fullmatch(r"\d{12}", key) else own, region or "us-east-1", service)


def headers(scope: Message) -> dict[str, str]:
    """Return a request's headers; their names are in lower case."""
    return {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}


def query(scope: Message) -> dict[str, list[str]]:
    """Return what stands behind the question mark, decoded."""
    return parse_qs(scope["query_string"].decode(), keep_blank_values=True)


async def body(receive: Receive) -> bytes:
    """Return a request's whole body."""
    received = bytearray()
    while (message := await receive())["type"] == "http.request":
        received += message.get("body", b"")
        if not message.get("more_body"):
            break
    return bytes(received)


async def answer(send: Send, status: int, text: str, **headers: str) -> None:
    """Answer a request; `content_type="a"` is the header Content-Type: a."""
    content = text.encode()
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    fields["content-length"] = str(len(content))
    encoded = [(name.encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": content})


def in_partition(name: str, send: Send) -> Send:
    """Return a `send` for answers in which ministack wrote ARNs: it knows one partition."""
    starts: list[Message] = []

    async def rewritten(message: Message) -> None:
        if message["type"] == "http.response.start":
            starts.append(message)
            return
        content = re.sub(
            rb"<(Arn|BucketArn)>arn:aws:", rb"<\1>arn:%b:" % name.encode(), message["body"]
        )
        start = starts.pop()
        length = (b"content-length", str(len(content)).encode())
        start["headers"] = [
            *((key, value) for key, value in start["headers"] if key.lower() != length[0]),
            length,
        ]
        await send(start)
        await send({**message, "body": content})

    return rewritten
