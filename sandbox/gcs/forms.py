"""Uploads by HTML form, held to the policy document that comes with them.

Source: https://cloud.google.com/storage/docs/xml-api/post-object-forms
"""

import base64
import json
import re
from datetime import UTC, datetime
from email.message import Message
from typing import Any

from sandbox.gcs.contents import content_of
from sandbox.gcs.errors import GcsError, invalid
from sandbox.gcs.objects import create
from sandbox.gcs.parts import boundary_of, parts_of
from sandbox.gcs.store import Store
from sandbox.gcs.times import shown_time
from sandbox.gcs.web import Request, Response
from sandbox.gcs.xml_api import new_object, split_path

_KNOWN = re.compile(
    r"x-goog-(acl|algorithm|credential|custom-time|date|meta-.+|signature|storage-class)"
)
_UNCHECKED = ("file", "policy", "x-goog-signature", "signature", "googleaccessid")


def post_form(store: Store, request: Request) -> Response:
    """Return the answer to a form that uploads a file."""
    bucket = split_path(request.path)[0]
    form = _fields(request)
    if "file" not in form or "key" not in form:
        raise invalid("Bucket POST must contain a field named 'key' and one named 'file'.")
    data = form.pop("file")
    fields = {name: value.decode() for name, value in form.items()}
    if "policy" in fields:
        _check_policy(fields | {"bucket": bucket}, len(data))
    store.bucket(bucket)
    for name in fields:
        if name.startswith("x-goog-") and not _KNOWN.fullmatch(name):
            raise invalid(f"Unknown field: {name}")
    request.headers = {name: value for name, value in fields.items() if name != "key"}
    new = new_object(request, bucket, fields["key"])
    create(store, new, content_of(store.folder, data))
    return Response(int(fields.get("success_action_status", 204)))


def _fields(request: Request) -> dict[str, bytes]:
    form: dict[str, bytes] = {}
    for headers, value in parts_of(request.body, boundary_of(request)):
        message = Message()
        message["content-disposition"] = headers.get("content-disposition", "")
        name = message.get_param("name", header="content-disposition")
        form[str(name).lower()] = value
    return form


def _check_policy(fields: dict[str, str], size: int) -> None:
    try:
        policy: dict[str, Any] = json.loads(base64.b64decode(fields["policy"]))
        conditions = [_condition(each) for each in policy["conditions"]]
    except (KeyError, TypeError, ValueError):
        raise GcsError(400, "InvalidPolicyDocument", "The policy document is not valid.") from None

    now = datetime.now(UTC)
    if policy.get("expiration", "") < shown_time(now):
        raise GcsError(403, "ExpiredToken", "The policy document has expired.")
    for name, value in fields.items():
        if name in _UNCHECKED or name.startswith("x-ignore-"):
            continue
        if not any(_allows(condition, name, value) for condition in conditions):
            message = f"Policy did not reference these fields: {name}"
            raise GcsError(400, "InvalidPolicyDocument", message)
    for kind, low, high in conditions:
        if kind == "content-length-range" and not int(low) <= size <= int(high):
            raise GcsError(400, "EntityTooLarge", "The file is not of an allowed size.")


def _condition(given: Any) -> tuple[str, Any, Any]:
    """Return kind, name and value of a condition, which has one of two forms."""
    if isinstance(given, dict):
        ((name, value),) = given.items()
        return "eq", name.lower(), value
    kind, name, value = given
    return kind, name.lstrip("$").lower() if isinstance(name, str) else name, value


def _allows(condition: tuple[str, Any, Any], name: str, value: str) -> bool:
    kind, wanted, expected = condition
    if wanted != name:
        return False
    return value.startswith(expected) if kind == "starts-with" else value == expected
