"""One request to one answer: which API a path belongs to, and errors in that API's style."""

from typing import Any

from sandbox.gcs import (
    account_policies,
    hmac_keys,
    json_acl,
    json_buckets,
    json_objects,
    managed_folders,
    service_accounts,
)
from sandbox.gcs.batch import batch
from sandbox.gcs.contents import Content
from sandbox.gcs.errors import GcsError, IamError, not_implemented
from sandbox.gcs.fields import partial
from sandbox.gcs.forms import post_form
from sandbox.gcs.store import Store
from sandbox.gcs.uploads import Sessions, upload_media, upload_multipart
from sandbox.gcs.web import Request, Response, Routes, json_response
from sandbox.gcs.xml_api import serve
from sandbox.gcs.xml_uploads import MultipartUploads

# The routes of these are registered where they are written.
_JSON_ROUTES = json_buckets.ROUTES
_REGISTERED = (account_policies, hmac_keys, json_acl, json_objects, managed_folders)

_JSON, _DOWNLOAD, _UPLOAD = "/storage/v1/", "/download/storage/v1/", "/upload/storage/v1/"
_RESUMABLE_UPLOAD = "/resumable/upload/storage/v1/"
_BATCH, _IAM = "/batch", "/v1/"

# The parameters that something here heeds, or may leave unheeded without telling a lie.
_PARAMETERS = frozenset(
    ("$.xgafv", "alt", "callback", "contentEncoding", "copySourceAcl", "deleteSourceObjects",
     "delimiter", "destinationKmsKeyName", "destinationPredefinedAcl",
     "enableObjectRetention", "endOffset", "fields", "generation", "ifGenerationMatch",
     "ifGenerationNotMatch", "ifMetagenerationMatch", "ifMetagenerationNotMatch",
     "ifSourceGenerationMatch", "ifSourceGenerationNotMatch", "ifSourceMetagenerationMatch",
     "ifSourceMetagenerationNotMatch", "includeFoldersAsPrefixes", "includeTrailingDelimiter",
     "key", "kmsKeyName", "matchGlob", "maxBytesRewrittenPerCall", "maxResults", "name",
     "optionsRequestedPolicyVersion", "overrideUnlockedRetention", "pageToken", "permissions",
     "predefinedAcl", "predefinedDefaultObjectAcl", "prefix", "prettyPrint", "project",
     "projection", "quotaUser", "rewriteToken", "serviceAccountEmail", "softDeleted",
     "sourceGeneration", "startOffset", "uploadType", "userIp", "userProject", "versions")
)  # fmt: skip


class Api:
    """Answers requests from a store."""

    def __init__(self, store: Store) -> None:
        """Start with no upload under way."""
        self.store = store
        self.sessions = Sessions(store)
        self._multipart = MultipartUploads(store)

    def answer(self, request: Request, content: Content | None = None) -> Response:
        """Return the answer to a request, also where that is an error.

        Args:
            request: with its body, unless `content` has it.
            content: the bytes of an object or of a part of one.
        """
        try:
            return self._route(request, content)
        except GcsError as error:
            return refusal(request, error)

    def _route(self, request: Request, content: Content | None) -> Response:
        path = request.path
        if "upload_id" in request.query:
            return self._resume(request)
        if path.startswith(_JSON):
            return self._json(request, path.removeprefix(_JSON))
        if path.startswith((_UPLOAD, _RESUMABLE_UPLOAD)):
            return self._upload(request, content)
        if path.startswith(_DOWNLOAD):
            return self._json(request, path.removeprefix(_DOWNLOAD))
        if path.startswith(_BATCH):
            return batch(request, self.answer)
        if path.startswith(_IAM):
            # The verb is a segment of its own among the routes.
            return self._dispatch(
                service_accounts.ROUTES, request, path.removeprefix(_IAM).replace(":", "/:")
            )
        return self._xml(request, content)

    def _json(self, request: Request, path: str) -> Response:
        if unknown := request.query.keys() - _PARAMETERS:
            raise not_implemented(f"the parameter {min(unknown)}")
        return self._dispatch(_JSON_ROUTES, request, path.rstrip("/"))

    def _dispatch(self, routes: Routes, request: Request, path: str) -> Response:
        if not (found := routes.find(request.method, path)):
            raise not_implemented(f"{request.method} {request.path}")
        handler, names = found
        answer: Response | dict[str, Any] = handler(self.store, request, *names)
        if isinstance(answer, Response):
            return answer
        if fields := request.query.get("fields"):
            answer = partial(answer, fields)
        etag = answer.get("etag")
        return json_response(answer, headers={"ETag": etag} if etag else None)

    def _upload(self, request: Request, content: Content | None) -> Response:
        bucket = request.path.partition("/b/")[2].removesuffix("/o")
        kind = request.query.get("uploadType")
        if request.method != "POST" or "/" in bucket:
            raise not_implemented(f"{request.method} {request.path}")
        if kind == "resumable":
            return self.sessions.begin(request, bucket)
        if kind == "multipart" and content:
            return upload_multipart(self.store, request, bucket, content)
        if kind == "media" and content:
            return upload_media(self.store, request, bucket, content)
        raise not_implemented(f"uploadType={kind}")

    def _resume(self, request: Request) -> Response:
        identity = request.query["upload_id"]
        if request.method == "DELETE":
            return self.sessions.cancel(identity)
        return self.sessions.written(identity, request)

    def _xml(self, request: Request, content: Content | None) -> Response:
        if "uploads" in request.query or "uploadId" in request.query:
            return self._multipart.serve(request, content)
        kind = request.headers.get("content-type", "")
        if request.method == "POST" and kind.startswith("multipart/form-data"):
            return post_form(self.store, request)
        return serve(self.store, self.sessions, request, content)


def takes_content(request: Request) -> bool:
    """Return whether a request's body is the bytes of an object or of a part of one."""
    if request.path.startswith((_UPLOAD, _RESUMABLE_UPLOAD)):
        return request.query.get("uploadType") == "media"
    api = (_JSON, _DOWNLOAD, _BATCH, _IAM)
    return request.method == "PUT" and not request.path.startswith(api)


def is_multipart(request: Request) -> bool:
    """Return whether a request's body is a resource and the bytes of an object."""
    is_upload = request.path.startswith((_UPLOAD, _RESUMABLE_UPLOAD))
    return is_upload and request.query.get("uploadType") == "multipart"


def refusal(request: Request, error: GcsError) -> Response:
    """Return an error as the API that was asked tells it."""
    if error.status == 304:
        return Response(304)
    in_text = request.query.get("alt") == "media" or "upload_id" in request.query
    if in_text or request.path.startswith(_DOWNLOAD):
        headers = {"Content-Type": "text/html; charset=UTF-8", **error.headers}
        return Response(error.status, error.message.encode(), headers)
    if request.path.startswith((_JSON, _UPLOAD, _RESUMABLE_UPLOAD, _BATCH)):
        return json_response(error.as_json(), error.status, error.headers)
    if request.path.startswith(_IAM):
        as_iam = (
            error
            if isinstance(error, IamError)
            else IamError(error.status, _IAM_STATUS.get(error.status, "UNKNOWN"), error.message)
        )
        return json_response(as_iam.as_json(), error.status)
    headers = {"Content-Type": "application/xml; charset=UTF-8", **error.headers}
    return Response(error.status, error.as_xml().encode(), headers)


_IAM_STATUS = {400: "INVALID_ARGUMENT", 501: "UNIMPLEMENTED"}
