"""The XML API: objects and listings by plain URLs, which is also where signed URLs point.

Signatures are not verified. Multipart uploads are in `xml_uploads`, forms in `forms`.
"""

from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from sandbox.gcs.contents import Content
from sandbox.gcs.errors import invalid, not_implemented
from sandbox.gcs.keys import check_key, customer_key
from sandbox.gcs.kms import check_not_asked
from sandbox.gcs.media import media
from sandbox.gcs.objects import NewObject, check_hashes, copied, create
from sandbox.gcs.preconditions import header_preconditions
from sandbox.gcs.resources import OBJECT
from sandbox.gcs.schema import checked
from sandbox.gcs.shelf import Listing, StoredObject
from sandbox.gcs.store import Store
from sandbox.gcs.uploads import Sessions, stated_hashes
from sandbox.gcs.web import Request, Response, xml_response

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
# What a path may ask for beside the object or bucket itself.
_SUBRESOURCES = frozenset(
    ("acl", "billing", "compose", "cors", "defaultObjectAcl", "encryption", "lifecycle", "location",
     "logging", "object-lock", "policy", "requestPayment", "retention", "storageClass", "tagging",
     "versioning", "versions", "website", "withDeleted")
)  # fmt: skip
_HEADERS = {
    "cache-control": "cacheControl",
    "content-disposition": "contentDisposition",
    "content-encoding": "contentEncoding",
    "content-language": "contentLanguage",
    "content-type": "contentType",
    "x-goog-custom-time": "customTime",
    "x-goog-storage-class": "storageClass",
}
_MOST = 1000


def new_object(request: Request, bucket: str, name: str) -> NewObject:
    """Return what the headers of a request say about a new object."""
    fields: dict[str, Any] = {
        field: request.headers[header]
        for header, field in _HEADERS.items()
        if header in request.headers
    }
    metadata = {
        header.removeprefix("x-goog-meta-"): value
        for header, value in request.headers.items()
        if header.startswith("x-goog-meta-")
    }
    if metadata:
        fields["metadata"] = metadata
    check_not_asked(request.headers.get("x-goog-encryption-kms-key-name"))
    head, *rest = request.headers.get("x-goog-acl", "").split("-")
    return NewObject(
        bucket,
        name,
        checked(fields, OBJECT, "object"),
        header_preconditions(request),
        head + "".join(word.title() for word in rest),
        customer_key(request),
    )


def split_path(path: str) -> tuple[str, str]:
    """Return the bucket and the object that a path names, decoded; either may be empty."""
    bucket, _, name = path[1:].partition("/")
    return unquote(bucket), unquote(name)


def serve(store: Store, sessions: Sessions, request: Request, content: Content | None) -> Response:
    """Answer a request to the XML API, multipart uploads aside.

    Args:
        store: what there is.
        sessions: takes the resumable uploads that a POST starts.
        request: what is asked.
        content: the body of a PUT.
    """
    if unserved := _SUBRESOURCES & request.query.keys():
        raise not_implemented(f"the XML API's ?{min(unserved)}")
    bucket, name = split_path(request.path)
    if not name:
        return _serve_bucket(store, request, bucket)
    if request.method in ("GET", "HEAD"):
        return _get(store, request, bucket, name)
    if request.method == "DELETE":
        return _delete(store, request, bucket, name)
    if request.method == "PUT" and content:
        return _put(store, request, new_object(request, bucket, name), content)
    if request.method == "POST" and request.headers.get("x-goog-resumable") == "start":
        return _begin(sessions, request, new_object(request, bucket, name))
    raise not_implemented(f"{request.method} of an object in the XML API")


def _get(store: Store, request: Request, bucket: str, name: str) -> Response:
    stored = store.object(
        store.bucket(bucket), name, request.number("generation"),
        header_preconditions(request), reading=True,
    )  # fmt: skip
    check_key(stored, customer_key(request))
    response = media(stored, request)
    response.headers["ETag"] = etag(stored)
    for parameter in ("response-content-disposition", "response-content-type"):
        if value := request.query.get(parameter):
            response.headers[parameter.removeprefix("response-").title()] = value
    return response


def _delete(store: Store, request: Request, bucket_name: str, name: str) -> Response:
    bucket, generation = store.bucket(bucket_name), request.number("generation")
    stored = store.object(bucket, name, generation, header_preconditions(request))
    store.delete(bucket, stored, permanently=generation is not None)
    return Response(204)


def _put(store: Store, request: Request, new: NewObject, content: Content) -> Response:
    if not (path := request.headers.get("x-goog-copy-source")):
        check_hashes(stated_hashes(request), content)
        return written(create(store, new, content))
    source_bucket, source_name = split_path("/" + path.removeprefix("/"))
    number = request.headers.get("x-goog-copy-source-generation")
    source = store.object(store.bucket(source_bucket), source_name, int(number) if number else None)
    check_key(source, customer_key(request, "x-goog-copy-source-"))
    if request.headers.get("x-goog-metadata-directive") != "REPLACE":
        new.fields = {}
        new = copied(new, source)
    stored = create(store, new, source.content)
    return xml_response(
        f"<CopyObjectResult><LastModified>{stored.resource['updated']}</LastModified>"
        f"<ETag>{escape(etag(stored))}</ETag></CopyObjectResult>"
    )


def _begin(sessions: Sessions, request: Request, new: NewObject) -> Response:
    new.fields.pop("contentLength", None)
    identity = sessions.start(new, lambda stored, _: written(stored))
    link = f"{request.base_url}{request.path}?upload_id={identity}"
    return Response(201, b"", {"Location": link, "X-GUploader-UploadID": identity})


def written(stored: StoredObject) -> Response:
    """Return the answer to who has written an object."""
    hashes = ",".join(f"{kind}={value}" for kind, value in stored.content.hashes().items())
    headers = {
        "ETag": etag(stored),
        "X-Goog-Generation": stored.resource["generation"],
        "X-Goog-Metageneration": "1",
        "X-Goog-Hash": hashes,
        "X-Goog-Stored-Content-Length": stored.resource["size"],
    }
    return Response(200, b"", headers)


def etag(stored: StoredObject) -> str:
    """Return an object's etag as the XML API has it: its MD5, where there is one."""
    md5 = stored.content.md5
    return f'"{md5.hex()}"' if md5 is not None else f'"{stored.resource["etag"]}"'


def _serve_bucket(store: Store, request: Request, name: str) -> Response:
    if not name:
        raise not_implemented("the XML API's list of buckets")
    if request.method == "HEAD":
        return Response(
            200, b"", {"X-Goog-Metageneration": store.bucket(name).resource["metageneration"]}
        )
    if request.method == "DELETE":
        store.delete_bucket(store.bucket(name))
        return Response(204)
    if request.method == "GET":
        return _list(store, request, name)
    raise not_implemented(f"{request.method} of a bucket in the XML API")


def _list(store: Store, request: Request, name: str) -> Response:
    bucket, query = store.bucket(name), request.query
    size = request.number("max-keys")
    if size is not None and size < 0:
        raise invalid("Invalid argument.", "max-keys")
    after = query.get("start-after", "")
    listing = Listing(
        query.get("prefix", ""), query.get("delimiter", ""), after + "\0" if after else ""
    )
    token = query.get("continuation-token") or query.get("marker", "")
    page = listing.page([bucket.live], min(size or _MOST, _MOST), token)
    lines = [f"<ListBucketResult {NAMESPACE}><Name>{name}</Name>"]
    lines.append(f"<Prefix>{escape(query.get('prefix', ''))}</Prefix>")
    lines.append(f"<IsTruncated>{str(bool(page.token)).lower()}</IsTruncated>")
    if page.token:
        tag = "NextContinuationToken" if query.get("list-type") == "2" else "NextMarker"
        lines.append(f"<{tag}>{page.token}</{tag}>")
    lines += [_entry(stored) for stored in page.objects]
    lines += [
        f"<CommonPrefixes><Prefix>{escape(prefix)}</Prefix></CommonPrefixes>"
        for prefix in page.prefixes
    ]
    return xml_response("".join(lines) + "</ListBucketResult>")


def _entry(stored: StoredObject) -> str:
    resource = stored.resource
    return (
        f"<Contents><Key>{escape(stored.name)}</Key><Generation>{stored.generation}</Generation>"
        f"<MetaGeneration>{resource['metageneration']}</MetaGeneration>"
        f"<LastModified>{resource['updated']}</LastModified><ETag>{escape(etag(stored))}</ETag>"
        f"<Size>{resource['size']}</Size><StorageClass>{resource['storageClass']}</StorageClass>"
        "</Contents>"
    )
