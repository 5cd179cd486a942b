"""IAM's type: Google service accounts.

Source: https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts
"""

import re

from sandbox.gcp_api import Api
from sandbox.properties import UNKNOWN, Properties
from sandbox.resource import Failures, ResourceType


class Account(ResourceType):
    """Google service accounts, without keys."""

    replaced_by = frozenset({"accountId", "project"})
    supported = frozenset({"accountId", "description", "displayName", "project"})

    def __init__(self, api: Api, project: str | None) -> None:
        """Work through one API; the project is that of accounts imported without one."""
        self._api = api
        self._project = project

    def failures(self, inputs: Properties) -> Failures:
        """Yield ids that Google does not take."""
        account = inputs.get("accountId")
        if account != UNKNOWN and not re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", str(account)):
            yield "accountId", "expected 6-30 characters of [a-z0-9-], first a letter"
        if inputs.get("project") is None:
            yield "project", "the sandbox makes none up: required property 'project' is missing"

    def create(self, inputs: Properties) -> str:
        """Make an account that does not exist."""
        body = {"accountId": inputs["accountId"], "serviceAccount": _texts(inputs)}
        made = self._api.call("POST", f"/v1/projects/{inputs['project']}/serviceAccounts", body)
        return str(made["name"])

    def imported_id(self, import_id: str) -> str:
        """Return the full name of an account, of which project and address suffice, or less."""
        project, *rest = import_id.removeprefix("projects/").split("/")
        email = rest[-1] if rest else project
        project = project if rest else self._project
        return f"projects/{project}/serviceAccounts/{email}"

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the account; None if it is gone."""
        account = self._api.find("GET", f"/v1/{self.imported_id(resource_id)}")
        if account is None:
            return None
        found = {
            "accountId": account["email"].partition("@")[0],
            "project": account["projectId"],
            "description": account.get("description", ""),
            "displayName": account.get("displayName", ""),
        }
        return found | ({"disabled": True} if account.get("disabled") else {})

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Change its texts; what somebody has disabled works again."""
        if old.get("disabled"):
            self._api.call("POST", f"/v1/{resource_id}:enable")
        body = {"serviceAccount": _texts(new), "updateMask": "description,displayName"}
        self._api.call("PATCH", f"/v1/{resource_id}", body)

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Delete the account."""
        self._api.find("DELETE", f"/v1/{resource_id}")

    def outputs(self, resource_id: str, inputs: Properties) -> Properties:
        """Return how others name the account."""
        account = self._api.call("GET", f"/v1/{resource_id}")
        return {
            "email": account["email"],
            "member": f"serviceAccount:{account['email']}",
            "name": account["name"],
            "uniqueId": account["uniqueId"],
        }


def _texts(inputs: Properties) -> Properties:
    return {key: inputs.get(key, "") for key in ("description", "displayName")}
