"""IAM's types: Google service accounts, and who may act as one.

Source: https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts
"""

import re

from sandbox.gcp_api import Api
from sandbox.gcp_policy import policy_body, policy_failures, policy_text
from sandbox.properties import UNKNOWN, Properties
from sandbox.resource import Failures, ResourceType

_WITH_CONDITIONS = {"options.requestedPolicyVersion": "3"}


class Account(ResourceType):
    """Google service accounts, without keys."""

    replaced_by = frozenset({"accountId", "project"})
    supported = frozenset({"accountId", "description", "displayName", "project"})

    def __init__(self, api: Api) -> None:
        """Work through one API."""
        self._api = api

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

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the account; None if it is gone."""
        account = self._api.find("GET", f"/v1/{resource_id}")
        if account is None:
            return None
        return {
            "accountId": account["email"].partition("@")[0],
            "project": account["projectId"],
            "description": account.get("description", ""),
            "displayName": account.get("displayName", ""),
        }

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Change its texts."""
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


class AccountIAMPolicy(ResourceType):
    """A service account's whole IAM policy."""

    replaced_by = frozenset({"serviceAccountId"})

    def __init__(self, api: Api) -> None:
        """Work through one API."""
        self._api = api

    def failures(self, inputs: Properties) -> Failures:
        """Yield what is no policy."""
        yield from policy_failures(inputs)

    def create(self, inputs: Properties) -> str:
        """Write the policy, over what is there."""
        self._set(inputs["serviceAccountId"], inputs["policyData"])
        return str(inputs["serviceAccountId"])

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the policy, None without the account."""
        policy = self._api.find("POST", f"/v1/{resource_id}:getIamPolicy", None, **_WITH_CONDITIONS)
        if policy is None:
            return None
        text = policy_text(policy, inputs.get("policyData"))
        return {"serviceAccountId": resource_id, "policyData": text}

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Write the new policy."""
        self._set(resource_id, new["policyData"])

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Take every grant away."""
        body = {"policy": {"bindings": []}}
        self._api.find("POST", f"/v1/{resource_id}:setIamPolicy", body)

    def outputs(self, resource_id: str, inputs: Properties) -> Properties:
        """Return the policy's etag."""
        policy = self._api.call("POST", f"/v1/{resource_id}:getIamPolicy", None, **_WITH_CONDITIONS)
        return {"etag": policy["etag"]}

    def _set(self, account: str, policy: str) -> None:
        body = {"policy": policy_body(policy)}
        self._api.call("POST", f"/v1/{account}:setIamPolicy", body)


def _texts(inputs: Properties) -> Properties:
    return {key: inputs.get(key, "") for key in ("description", "displayName")}
