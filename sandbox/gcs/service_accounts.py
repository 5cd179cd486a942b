"""Service accounts: iam.googleapis.com v1, projects.serviceAccounts.

Source: https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from sandbox.gcs.errors import IamError
from sandbox.gcs.members import SERVICE_ACCOUNTS, note_deleted
from sandbox.gcs.resources import ACCOUNT_REQUEST
from sandbox.gcs.schema import checked
from sandbox.gcs.store import Store
from sandbox.gcs.web import Request, Routes

ROUTES = Routes()
_ID = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])")
_SETTABLE = ("description", "displayName")


def account_of(store: Store, project: str, name: str) -> dict[str, Any]:
    """Return an account by its e-mail address or unique id, in a project or (`-`) in any."""
    for account in [store.accounts[name]] if name in store.accounts else store.accounts.values():
        if name in (account["email"], account["uniqueId"]) and project in (
            "-",
            account["projectId"],
        ):
            return account
    raise IamError(404, "NOT_FOUND", f"Unknown service account: {name}")


def _shown(account: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in account.items() if name != "policy" and value != ""}


def etag_of(*parts: Any) -> str:
    """Return the etag that stands for these."""
    return base64.b64encode(hashlib.sha256(repr(parts).encode()).digest()[:9]).decode()


def _save(store: Store, account: dict[str, Any]) -> None:
    account["etag"] = etag_of(account["displayName"], account["description"], store.now())
    store.changes["account", (account["email"],)] = account


@ROUTES.add("POST", "projects/*/serviceAccounts")
def create(store: Store, request: Request, project: str) -> dict[str, Any]:
    """Serve create."""
    given = checked(request.json(), ACCOUNT_REQUEST, "request")
    wanted = given.get("accountId") or ""
    if not 6 <= len(wanted) <= 30:
        message = f'The account ID "{wanted}" does not have a length between 6 and 30.'
        raise IamError(400, "INVALID_ARGUMENT", message)
    if not _ID.fullmatch(wanted):
        message = f'The account ID "{wanted}" does not match {_ID.pattern}.'
        raise IamError(400, "INVALID_ARGUMENT", message)
    email = f"{wanted}@{project}{SERVICE_ACCOUNTS}"
    name = f"projects/{project}/serviceAccounts/{email}"
    if email in store.accounts:
        message = f"Service account {wanted} already exists within project projects/{project}."
        raise IamError(409, "ALREADY_EXISTS", message)
    settings = given.get("serviceAccount") or {}
    number = str(10**20 + store.now())
    account = {
        "name": name,
        "projectId": project,
        "uniqueId": number,
        "email": email,
        "displayName": settings.get("displayName", ""),
        "etag": "",
        "description": settings.get("description", ""),
        "oauth2ClientId": number,
        "policy": {"etag": "ACAB"},
    }
    store.accounts[email] = account
    _save(store, account)
    return _shown(account)


@ROUTES.add("GET", "projects/*/serviceAccounts")
def list_accounts(store: Store, request: Request, project: str) -> dict[str, Any]:
    """Serve list."""
    size = min(request.number("pageSize") or 20, 100)
    token = request.query.get("pageToken", "")
    emails = sorted(
        email
        for email, account in store.accounts.items()
        if account["projectId"] == project and email > token
    )
    answer: dict[str, Any] = {}
    if emails:
        answer["accounts"] = [_shown(store.accounts[email]) for email in emails[:size]]
    if len(emails) > size:
        answer["nextPageToken"] = emails[size - 1]
    return answer


@ROUTES.add("GET", "projects/*/serviceAccounts/*")
def get(store: Store, request: Request, project: str, name: str) -> dict[str, Any]:
    """Serve get."""
    return _shown(account_of(store, project, name))


@ROUTES.add("PATCH", "projects/*/serviceAccounts/*")
def patch(store: Store, request: Request, project: str, name: str) -> dict[str, Any]:
    """Serve patch."""
    account = account_of(store, project, name)
    given = checked(request.json(), ACCOUNT_REQUEST, "request")
    settings = given.get("serviceAccount") or {}
    for path in filter(None, (given.get("updateMask") or "").split(",")):
        field = path.replace("display_name", "displayName")
        if field not in _SETTABLE:
            raise IamError(400, "INVALID_ARGUMENT", f"The field {path} cannot be updated.")
        account[field] = settings.get(field, "")
    _save(store, account)
    return _shown(account)


@ROUTES.add("PUT", "projects/*/serviceAccounts/*")
def update(store: Store, request: Request, project: str, name: str) -> dict[str, Any]:
    """Serve update, which patch has replaced but older clients call."""
    account, given = account_of(store, project, name), request.json()
    account |= {field: given[field] for field in _SETTABLE if field in given}
    _save(store, account)
    return _shown(account)


@ROUTES.add("DELETE", "projects/*/serviceAccounts/*")
def delete(store: Store, request: Request, project: str, name: str) -> dict[str, Any]:
    """Serve delete; who gets the address next gets none of its grants."""
    account = account_of(store, project, name)
    del store.accounts[account["email"]]
    store.changes["account", (account["email"],)] = None
    note_deleted(store, account)
    return {}


@ROUTES.add("POST", "projects/*/serviceAccounts/*/:disable", "projects/*/serviceAccounts/*/:enable")
def switch(store: Store, request: Request, project: str, name: str) -> dict[str, Any]:
    """Serve disable and enable."""
    account = account_of(store, project, name)
    account.pop("disabled", None)
    if request.path.endswith(":disable"):
        account["disabled"] = True
    _save(store, account)
    return {}


@ROUTES.add("POST", "projects/*/serviceAccounts/*/:signBlob")
def sign_blob(store: Store, request: Request, project: str, name: str) -> dict[str, Any]:
    """Serve iamcredentials' signBlob: with a signature that nothing verifies."""
    account = account_of(store, project, name)
    payload = base64.b64decode(request.json().get("payload") or "")
    signature = hmac.digest(account["uniqueId"].encode(), payload, "sha256")
    return {"keyId": account["uniqueId"], "signedBlob": base64.b64encode(signature).decode()}
