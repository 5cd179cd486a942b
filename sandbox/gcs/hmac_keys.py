"""The JSON API of HMAC keys. Nothing is signed with them here."""

import base64
import secrets
from typing import Any

from sandbox.gcs.errors import GcsError, invalid
from sandbox.gcs.json_buckets import ROUTES, page_size
from sandbox.gcs.preconditions import etag_of
from sandbox.gcs.store import Store
from sandbox.gcs.times import moment
from sandbox.gcs.web import Request, Response

_STATES = ("ACTIVE", "INACTIVE")


def _key(store: Store, project: str, access_id: str) -> dict[str, Any]:
    key = store.hmac_keys.get(access_id)
    if not key or store.number_of(key["projectId"]) != store.number_of(project):
        raise GcsError(404, "notFound", "Access ID not found in project.")
    return key


def _set(store: Store, key: dict[str, Any], state: str) -> None:
    now = store.now()
    key |= {"state": state, "updated": moment(now), "etag": etag_of(now)}
    store.changes["hmac", (key["accessId"],)] = key


@ROUTES.add("POST", "projects/*/hmacKeys")
def create(store: Store, request: Request, project: str) -> dict[str, Any]:
    """Serve create, the only answer that has the secret."""
    access_id = "GOOG1E" + base64.b32encode(secrets.token_bytes(35)).decode()[:55]
    key = {
        "kind": "storage#hmacKeyMetadata",
        "id": f"{project}/{access_id}",
        "selfLink": f"https://www.googleapis.com/storage/v1/projects/{project}/hmacKeys/{access_id}",
        "accessId": access_id,
        "projectId": project,
        "serviceAccountEmail": request.required("serviceAccountEmail"),
        "timeCreated": moment(store.now()),
    }
    store.hmac_keys[access_id] = key
    _set(store, key, "ACTIVE")
    secret = base64.b64encode(secrets.token_bytes(30)).decode()
    return {"kind": "storage#hmacKey", "metadata": key, "secret": secret}


@ROUTES.add("GET", "projects/*/hmacKeys")
def list_keys(store: Store, request: Request, project: str) -> dict[str, Any]:
    """Serve list."""
    number, token = store.number_of(project), request.query.get("pageToken", "")
    email = request.query.get("serviceAccountEmail")
    found = [
        key
        for access_id, key in sorted(store.hmac_keys.items())
        if access_id > token
        and store.number_of(key["projectId"]) == number
        and email in (None, key["serviceAccountEmail"])
    ]
    size = page_size(request)
    answer: dict[str, Any] = {"kind": "storage#hmacKeysMetadata", "items": found[:size]}
    if len(found) > size:
        answer["nextPageToken"] = found[size - 1]["accessId"]
    return answer


@ROUTES.add("GET", "projects/*/hmacKeys/*")
def get(store: Store, request: Request, project: str, access_id: str) -> dict[str, Any]:
    """Serve get."""
    return _key(store, project, access_id)


@ROUTES.add("PUT", "projects/*/hmacKeys/*")
def update(store: Store, request: Request, project: str, access_id: str) -> dict[str, Any]:
    """Serve update, which can only switch a key on and off."""
    key, given = _key(store, project, access_id), request.json()
    if given.get("state") not in _STATES:
        raise invalid("Invalid argument.", "state")
    if given.get("etag") not in (None, key["etag"]):
        raise GcsError(412, "conditionNotMet", "The etag is not the key's.")
    _set(store, key, given["state"])
    return key


@ROUTES.add("DELETE", "projects/*/hmacKeys/*")
def delete(store: Store, request: Request, project: str, access_id: str) -> Response:
    """Serve delete, of a key that is switched off."""
    key = _key(store, project, access_id)
    if key["state"] != "INACTIVE":
        raise invalid("Cannot delete keys in 'ACTIVE' state.")
    del store.hmac_keys[access_id]
    store.changes["hmac", (access_id,)] = None
    return Response(204)
