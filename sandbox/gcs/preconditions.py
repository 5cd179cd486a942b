"""Preconditions of requests: generations, metagenerations and etags that must or must not be."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.gcs.errors import condition_not_met, not_modified
from sandbox.gcs.web import Request


def etag_of(*numbers: int) -> str:
    """Return the etag that stands for these numbers, as the service writes it."""
    written = bytearray()
    for field, number in enumerate(numbers, 1):
        written.append(field << 3)
        while number > 127:
            written.append(number & 127 | 128)
            number >>= 7
        written.append(number)
    return base64.b64encode(written).decode()


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What must hold of a resource, else the request does nothing."""

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None
    etags: tuple[str, ...] = ()
    not_etags: tuple[str, ...] = ()

    def check(self, resource: Mapping[str, Any] | None, *, reading: bool = False) -> None:
        """Compare with a resource, None for one that is not there.

        Raises:
            GcsError: 412, or 304 for a read with a negative condition.
        """
        if self is NONE:
            return
        generation = int(resource.get("generation", 0)) if resource else 0
        metageneration = int(resource["metageneration"]) if resource else 0
        etag = resource["etag"] if resource else ""
        if (
            self.generation not in (None, generation)
            or self.metageneration not in (None, metageneration)
            or (self.etags and etag not in self.etags and "*" not in self.etags)
        ):
            raise condition_not_met()
        if (
            generation == self.not_generation
            or metageneration == self.not_metageneration
            or etag in self.not_etags
            or ("*" in self.not_etags and resource)
        ):
            raise not_modified() if reading else condition_not_met("If-None-Match")


NONE = Preconditions()


def preconditions(request: Request, prefix: str = "if") -> Preconditions:
    """Return the preconditions of a request to the JSON API.

    Args:
        request: in whose query they are; etags are in its headers.
        prefix: `ifSource` for those of a copy's source.
    """
    if not any(name.startswith(prefix) for name in request.query) and not _has_etags(request):
        return NONE
    return Preconditions(
        request.number(f"{prefix}GenerationMatch"),
        request.number(f"{prefix}GenerationNotMatch"),
        request.number(f"{prefix}MetagenerationMatch"),
        request.number(f"{prefix}MetagenerationNotMatch"),
        _etags(request, "if-match") if prefix == "if" else (),
        _etags(request, "if-none-match") if prefix == "if" else (),
    )


def header_preconditions(request: Request) -> Preconditions:
    """Return the preconditions of a request to the XML API."""
    headers = request.headers
    generation, metageneration = (
        int(headers[name]) if name in headers else None
        for name in ("x-goog-if-generation-match", "x-goog-if-metageneration-match")
    )
    etags, not_etags = _etags(request, "if-match"), _etags(request, "if-none-match")
    found = Preconditions(generation, None, metageneration, None, etags, not_etags)
    return NONE if found == NONE else found


def _has_etags(request: Request) -> bool:
    return "if-match" in request.headers or "if-none-match" in request.headers


def _etags(request: Request, header: str) -> tuple[str, ...]:
    value = request.headers.get(header, "")
    return tuple(etag.strip().strip('"') for etag in value.split(",")) if value else ()
