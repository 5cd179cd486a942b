"""The JSON API of access control lists: of buckets, of objects, and of objects to come."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.gcs.access import check_acl_allowed, check_not_uniform, shown_acl, stored_acl
from sandbox.gcs.errors import GcsError
from sandbox.gcs.json_buckets import LINKS, ROUTES, shown_default_acl
from sandbox.gcs.object_changes import touch
from sandbox.gcs.preconditions import preconditions
from sandbox.gcs.shown_objects import shown_object_acl
from sandbox.gcs.store import Store
from sandbox.gcs.web import Request, Response

_Entries = list[dict[str, Any]]


@dataclass(slots=True)
class _List:
    """A list that can be read, shown and replaced."""

    entries: _Entries
    shown: Callable[[_Entries], _Entries]
    replace: Callable[[_Entries], None]
    kind: str


def _of_bucket(store: Store, request: Request, name: str, field: str) -> _List:
    bucket = store.bucket(name, preconditions(request))
    check_not_uniform(bucket.resource)

    def replace(entries: _Entries) -> None:
        check_acl_allowed(entries, bucket.resource)
        store.change_bucket(bucket, bucket.resource | {field: entries}, store.now())

    if field == "defaultObjectAcl":
        return _List(bucket.resource.get(field, []), shown_default_acl, replace, "object")
    link = f"{LINKS}/{name}/acl"
    return _List(
        bucket.resource.get(field, []),
        lambda entries: shown_acl(entries, "bucket", {"bucket": name}, link),
        replace,
        "bucket",
    )


def _list_of(store: Store, request: Request, names: list[str]) -> _List:
    """Return the list that a path names."""
    if "/o/" not in request.path:
        field = "defaultObjectAcl" if "/defaultObjectAcl" in request.path else "acl"
        return _of_bucket(store, request, names[0], field)
    bucket = store.bucket(names[0])
    check_not_uniform(bucket.resource)
    generation = request.number("generation")
    stored = store.object(bucket, names[1], generation, preconditions(request))

    def replace(entries: _Entries) -> None:
        check_acl_allowed(entries, bucket.resource)
        stored.resource["acl"] = entries
        touch(store, bucket, stored)

    entries = stored.resource.get("acl", [])
    return _List(entries, lambda shown: shown_object_acl(bucket, stored, shown), replace, "object")


_LISTS = ("b/*/acl", "b/*/defaultObjectAcl", "b/*/o/*/acl")
_ENTRIES = tuple(f"{path}/*" for path in _LISTS)


@ROUTES.add("GET", *_LISTS)
def list_entries(store: Store, request: Request, *names: str) -> dict[str, Any]:
    """Serve list of all three kinds."""
    found = _list_of(store, request, list(names))
    kind = f"storage#{found.kind}AccessControls"
    return {"kind": kind, "items": found.shown(found.entries)}


@ROUTES.add("POST", *_LISTS)
def insert(store: Store, request: Request, *names: str) -> dict[str, Any]:
    """Serve insert of all three kinds."""
    return _put(_list_of(store, request, list(names)), request.json())


@ROUTES.add("GET", *_ENTRIES)
def get(store: Store, request: Request, *names: str) -> dict[str, Any]:
    """Serve get of all three kinds."""
    found = _list_of(store, request, list(names[:-1]))
    return found.shown([_entry(found, names[-1])])[0]


@ROUTES.add("PUT", *_ENTRIES)
@ROUTES.add("PATCH", *_ENTRIES)
def change(store: Store, request: Request, *names: str) -> dict[str, Any]:
    """Serve patch and update of all three kinds."""
    found = _list_of(store, request, list(names[:-1]))
    return _put(found, _entry(found, names[-1]) | request.json() | {"entity": names[-1]})


@ROUTES.add("DELETE", *_ENTRIES)
def delete(store: Store, request: Request, *names: str) -> Response:
    """Serve delete of all three kinds."""
    found = _list_of(store, request, list(names[:-1]))
    gone = _entry(found, names[-1])
    found.replace([entry for entry in found.entries if entry is not gone])
    return Response(204)


def _entry(found: _List, entity: str) -> dict[str, Any]:
    for entry in found.entries:
        if entry["entity"] == entity:
            return entry
    raise GcsError(404, "notFound", f"The specified entity does not exist: {entity}")


def _put(found: _List, given: dict[str, Any]) -> dict[str, Any]:
    new = stored_acl([given])[0]
    others = [entry for entry in found.entries if entry["entity"] != new["entity"]]
    found.replace([*others, new])
    return found.shown([new])[0]
