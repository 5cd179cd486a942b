"""The IAM policies of service accounts: who may act as one.

Source: https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts
"""

from typing import Any

from sandbox.gcs.errors import IamError
from sandbox.gcs.members import check_exist
from sandbox.gcs.policies import checked_binding
from sandbox.gcs.resources import POLICY_REQUEST
from sandbox.gcs.schema import checked
from sandbox.gcs.service_accounts import ROUTES, account_of, etag_of
from sandbox.gcs.store import Store
from sandbox.gcs.web import Request


@ROUTES.add("POST", "projects/*/serviceAccounts/*/:getIamPolicy")
def get_policy(store: Store, request: Request, project: str, name: str) -> dict[str, Any]:
    """Serve getIamPolicy."""
    return account_of(store, project, name)["policy"]


@ROUTES.add("POST", "projects/*/serviceAccounts/*/:setIamPolicy")
def set_policy(store: Store, request: Request, project: str, name: str) -> dict[str, Any]:
    """Serve setIamPolicy."""
    account = account_of(store, project, name)
    given = checked(request.json(), POLICY_REQUEST, "request").get("policy") or {}
    if given.get("etag") not in (None, "", account["policy"]["etag"]):
        message = (
            "There were concurrent policy changes. Please retry the whole read-modify-write "
            "with exponential backoff."
        )
        raise IamError(409, "ABORTED", message)
    bindings = [checked_binding(binding) for binding in given.get("bindings") or []]
    for binding in bindings:
        check_exist(store, binding["members"])
    policy: dict[str, Any] = {"version": given.get("version") or 1, "etag": etag_of(store.now())}
    account["policy"] = policy | ({"bindings": bindings} if bindings else {})
    store.changes["account", (account["email"],)] = account
    return account["policy"]


@ROUTES.add("POST", "projects/*/serviceAccounts/*/:testIamPermissions")
def test_permissions(store: Store, request: Request, project: str, name: str) -> dict[str, Any]:
    """Serve testIamPermissions: whoever asks may do everything."""
    account_of(store, project, name)
    return {"permissions": request.json().get("permissions") or []}
