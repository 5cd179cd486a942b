"""Requests, answers and routes, whatever carries them: a connection, or a part of a batch."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote

from sandbox.gcs.contents import Content
from sandbox.gcs.errors import invalid, required

JSON_TYPE = "application/json; charset=UTF-8"

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


def query_of(text: str) -> dict[str, str]:
    """Return the parameters of a query, one that is repeated with a line for each value."""
    query: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        query[name] = f"{query[name]}\n{value}" if name in query else value
    return query


@dataclass(slots=True)
class Request:
    """A request whose body has been read, or is kept as `content`."""

    method: str
    path: str  # still percent-encoded
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    base_url: str  # how the client reached us, for the links that it follows
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object or empty."""
        if not self.body:
            return {}
        try:
            document = json.loads(self.body)
        except ValueError:
            raise invalid("Parse Error") from None
        if not isinstance(document, dict):
            raise invalid("Invalid JSON payload received. The root must be an object.")
        return document

    def required(self, parameter: str) -> str:
        """Return a parameter of the query that must be there."""
        if not (value := self.query.get(parameter)):
            raise required(parameter)
        return value

    def number(self, parameter: str) -> int | None:
        """Return a parameter of the query as a number, None if it is absent."""
        if (value := self.query.get(parameter)) is None:
            return None
        try:
            return int(value)
        except ValueError:
            raise invalid(f"Invalid value for: {value} is not a valid number", parameter) from None

    def is_set(self, parameter: str) -> bool:
        """Return whether a parameter of the query says true."""
        return self.query.get(parameter, "").lower() == "true"


@dataclass(slots=True)
class Response:
    """An answer: `body`, or the bytes `start` to `stop` (exclusive) of a content."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content: Content | None = None
    start: int = 0
    stop: int = 0


def json_response(
    document: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer that carries a JSON document."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, body, {"Content-Type": JSON_TYPE, **(headers or {})})


def xml_response(document: str, status: int = 200) -> Response:
    """Return an answer that carries an XML document without its first line."""
    body = "<?xml version='1.0' encoding='UTF-8'?>" + document
    return Response(status, body.encode(), {"Content-Type": "application/xml; charset=UTF-8"})


class Routes:
    """Handlers by method and path; `*` in a path stands for one segment, handed over decoded."""

    def __init__(self) -> None:
        """Start without any."""
        self._tree: dict[str, Any] = {}

    def add(self, method: str, *paths: str) -> Callable[[_Handler], _Handler]:
        """Return a decorator that makes a function the handler of these paths."""

        def register(handler: _Handler) -> _Handler:
            for path in paths:
                node = self._tree
                for segment in path.split("/"):
                    node = node.setdefault(segment, {})
                node[f"{method} "] = handler
            return handler

        return register

    def find(self, method: str, path: str) -> tuple[Callable[..., Any], list[str]] | None:
        """Return the handler of a path and what the path's stars stand for."""
        node = self._tree
        names: list[str] = []
        for segment in path.split("/"):
            if segment in node:
                node = node[segment]
            elif "*" in node and segment:
                node = node["*"]
                names.append(unquote(segment))
            else:
                return None
        handler = node.get(f"{method} ")
        return (handler, names) if handler else None
