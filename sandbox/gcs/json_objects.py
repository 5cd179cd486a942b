"""The JSON API of objects, uploads aside."""

import base64
import json
from typing import Any

from sandbox.gcs.buckets import Bucket
from sandbox.gcs.contents import concatenated
from sandbox.gcs.errors import invalid
from sandbox.gcs.globs import glob_pattern
from sandbox.gcs.json_buckets import ROUTES, page_size
from sandbox.gcs.keys import check_key, customer_key
from sandbox.gcs.media import media
from sandbox.gcs.object_changes import change
from sandbox.gcs.objects import check_creatable, copied, create, new_object
from sandbox.gcs.preconditions import preconditions
from sandbox.gcs.resources import COMPOSE
from sandbox.gcs.schema import checked
from sandbox.gcs.shelf import Listing, StoredObject
from sandbox.gcs.shown_objects import shown
from sandbox.gcs.store import Store
from sandbox.gcs.web import Request, Response

_MEBIBYTE = 1 << 20


def _full(request: Request) -> bool:
    return request.query.get("projection") == "full"


@ROUTES.add("GET", "b/*/o")
def list_objects(store: Store, request: Request, name: str) -> dict[str, Any]:
    """Serve objects.list."""
    bucket, query = store.bucket(name), request.query
    glob = query.get("matchGlob")
    listing = Listing(
        query.get("prefix", ""),
        query.get("delimiter", ""),
        query.get("startOffset", ""),
        query.get("endOffset", ""),
        trailing=request.is_set("includeTrailingDelimiter"),
        glob=glob_pattern(glob) if glob else None,
    )
    shelves = [bucket.live]
    if request.is_set("softDeleted"):
        shelves = [bucket.soft_deleted]
    elif request.is_set("versions"):
        shelves = [bucket.live, bucket.noncurrent]
    page = listing.page(shelves, page_size(request), query.get("pageToken", ""))
    answer: dict[str, Any] = {"kind": "storage#objects"}
    if request.is_set("includeFoldersAsPrefixes") and query.get("delimiter") == "/":
        page.prefixes = _with_folders(bucket, query.get("prefix", ""), page.prefixes)
    if page.token:
        answer["nextPageToken"] = page.token
    if page.prefixes:
        answer["prefixes"] = page.prefixes
    if page.objects:
        full = _full(request)
        answer["items"] = [
            shown(bucket, each, request.base_url, full=full, listed=True) for each in page.objects
        ]
    return answer


def _with_folders(bucket: Bucket, prefix: str, prefixes: list[str]) -> list[str]:
    """Return a listing's prefixes and those of managed folders."""
    names = [folder["name"] for folder in bucket.managed_folders]
    cut = (
        prefix + name[len(prefix) :].partition("/")[0] + "/"
        for name in names
        if name.startswith(prefix)
    )
    return sorted({*prefixes, *cut})


@ROUTES.add("GET", "b/*/o/*")
def get(store: Store, request: Request, bucket_name: str, name: str) -> dict[str, Any] | Response:
    """Serve objects.get, of the resource or of the bytes."""
    bucket = store.bucket(bucket_name)
    stored = store.object(
        bucket,
        name,
        request.number("generation"),
        preconditions(request),
        reading=True,
        deleted=request.is_set("softDeleted"),
    )
    key = customer_key(request)
    if request.query.get("alt") == "media":
        check_key(stored, key)
        return media(stored, request)
    if key:
        check_key(stored, key)
    return shown(bucket, stored, request.base_url, full=_full(request), key=key)


@ROUTES.add("PATCH", "b/*/o/*")
@ROUTES.add("PUT", "b/*/o/*")
def change_object(store: Store, request: Request, bucket_name: str, name: str) -> dict[str, Any]:
    """Serve objects.patch and objects.update."""
    bucket = store.bucket(bucket_name)
    stored = store.object(bucket, name, request.number("generation"), preconditions(request))
    change(store, bucket, stored, request.json(), request)
    return shown(bucket, stored, request.base_url, full=_full(request), key=customer_key(request))


@ROUTES.add("DELETE", "b/*/o/*")
def delete(store: Store, request: Request, bucket_name: str, name: str) -> Response:
    """Serve objects.delete."""
    bucket, generation = store.bucket(bucket_name), request.number("generation")
    stored = store.object(bucket, name, generation, preconditions(request))
    store.delete(bucket, stored, permanently=generation is not None)
    return Response(204)


@ROUTES.add("POST", "b/*/o/*/restore")
def restore(store: Store, request: Request, bucket_name: str, name: str) -> dict[str, Any]:
    """Serve objects.restore: a new generation, beside the one that stays soft-deleted."""
    bucket = store.bucket(bucket_name)
    request.required("generation")
    gone = store.object(bucket, name, request.number("generation"), deleted=True)
    new = copied(new_object(request, bucket_name, {"name": name}), gone, with_class=True)
    if encrypted := gone.resource.get("customerEncryption"):
        new.key = encrypted["keySha256"]
    if request.is_set("copySourceAcl") and not bucket.uniform:
        new.fields["acl"] = gone.resource["acl"]
    stored = create(store, new, gone.content)
    return shown(bucket, stored, request.base_url, full=_full(request))


@ROUTES.add("POST", "b/*/o/*/compose")
def compose(store: Store, request: Request, bucket_name: str, name: str) -> dict[str, Any]:
    """Serve objects.compose."""
    bucket, given = store.bucket(bucket_name), checked(request.json(), COMPOSE, "request")
    asked = given.get("sourceObjects") or []
    if not 1 <= len(asked) <= 32:
        raise invalid("The number of source components provided must be between 1 and 32.")
    new = new_object(request, bucket_name, (given.get("destination") or {}) | {"name": name})
    check_creatable(store, bucket, new)
    sources = [_component(store, request, bucket_name, each) for each in asked]
    for source in sources:
        check_key(source, new.key)
    count = sum(source.resource.get("componentCount", 1) for source in sources)
    content = concatenated(source.content for source in sources)
    stored = create(store, new, content, componentCount=count)
    if given.get("deleteSourceObjects"):
        for source in sources:
            if source is store.find(bucket, source.name):
                store.delete(bucket, source, permanently=False)
    return shown(bucket, stored, request.base_url, full=_full(request), key=new.key)


def _component(
    store: Store, request: Request, bucket_name: str, asked: dict[str, Any]
) -> StoredObject:
    generation = asked.get("generation")
    conditions = asked.get("objectPreconditions") or {}
    wanted = {k: str(v) for k, v in conditions.items()}
    check = preconditions(Request("POST", request.path, wanted, {}, ""))
    number = None if generation is None else int(generation)
    return store.object(store.bucket(bucket_name), asked.get("name") or "", number, check)


_COPY = "b/*/o/*/{}/b/*/o/*"


def _copy(
    store: Store, request: Request, source: StoredObject, new_bucket: str, new_name: str
) -> StoredObject:
    check_key(source, customer_key(request, "x-goog-copy-source-"))
    given = request.json()
    new = new_object(request, new_bucket, given | {"name": new_name})
    new = copied(new, source, with_class=new_bucket == source.resource["bucket"])
    own = {}
    if "componentCount" in source.resource:
        own["componentCount"] = source.resource["componentCount"]
    return create(store, new, source.content, **own)


def _source(store: Store, request: Request, bucket_name: str, name: str) -> StoredObject:
    conditions = preconditions(request, "ifSource")
    number = request.number("sourceGeneration")
    return store.object(store.bucket(bucket_name), name, number, conditions)


@ROUTES.add("POST", _COPY.format("copyTo"))
def copy(
    store: Store, request: Request, bucket: str, name: str, new_bucket: str, new_name: str
) -> dict[str, Any]:
    """Serve objects.copy."""
    source = _source(store, request, bucket, name)
    stored = _copy(store, request, source, new_bucket, new_name)
    into = store.bucket(new_bucket)
    return shown(into, stored, request.base_url, full=_full(request), key=customer_key(request))


@ROUTES.add("POST", _COPY.format("rewriteTo"))
def rewrite(
    store: Store, request: Request, bucket: str, name: str, new_bucket: str, new_name: str
) -> dict[str, Any]:
    """Serve objects.rewrite: at once, unless the caller limits what one call may copy."""
    source = _source(store, request, bucket, name)
    into, size = store.bucket(new_bucket), source.content.size
    limit = request.number("maxBytesRewrittenPerCall")
    if limit is not None and (limit <= 0 or limit % _MEBIBYTE):
        raise invalid("maxBytesRewrittenPerCall must be a multiple of 1 MiB.")
    done = min(_progress(request, source) + (limit or size), size)
    answer: dict[str, Any] = {
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": str(done),
        "objectSize": str(size),
        "done": done == size,
    }
    if done < size:
        answer["rewriteToken"] = _token(source, done)
        return answer
    stored = _copy(store, request, source, new_bucket, new_name)
    key = customer_key(request)
    answer["resource"] = shown(into, stored, request.base_url, full=_full(request), key=key)
    return answer


def _token(source: StoredObject, done: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([source.generation, done]).encode()).decode()


def _progress(request: Request, source: StoredObject) -> int:
    """Return how much earlier calls have copied."""
    if not (token := request.query.get("rewriteToken")):
        return 0
    try:
        generation, done = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        generation, done = 0, 0
    if generation != source.generation:
        raise invalid("The rewrite token does not belong to this source.", "rewriteToken")
    return done


@ROUTES.add("POST", "b/*/o/*/moveTo/o/*")
def move(
    store: Store, request: Request, bucket_name: str, name: str, new_name: str
) -> dict[str, Any]:
    """Serve objects.move."""
    bucket = store.bucket(bucket_name)
    source = _source(store, request, bucket_name, name)
    if name == new_name:
        raise invalid("Source and destination object names must be different.")
    new = new_object(request, bucket_name, {"name": new_name})
    new = copied(new, source, with_class=True)
    if not bucket.uniform:
        new.fields["acl"] = source.resource.get("acl", [])
    if encrypted := source.resource.get("customerEncryption"):
        new.key = encrypted["keySha256"]
    stored = create(store, new, source.content)
    store.delete(bucket, source, permanently=False)
    return shown(bucket, stored, request.base_url, full=_full(request))
