"""Whole IAM policies as types: of a bucket, and of a service account.

Source: https://github.com/hashicorp/terraform-provider-google/tree/main/google/tpgiamresource
"""

from sandbox.gcp_api import Api
from sandbox.gcp_policy import comparable_policy, policy_body, policy_failures, policy_text
from sandbox.properties import Properties
from sandbox.resource import Failures, ResourceType

_WITH_CONDITIONS = {"options.requestedPolicyVersion": "3"}


class _IAMPolicy(ResourceType):
    """What both have alike."""

    def __init__(self, api: Api) -> None:
        """Work through one API."""
        self._api = api

    def failures(self, inputs: Properties) -> Failures:
        """Yield what is no policy."""
        yield from policy_failures(inputs)

    def compared(self, old: Properties, new: Properties) -> tuple[Properties, Properties]:
        """Return both with their policies in one order."""
        return comparable_policy(old), comparable_policy(new)


class BucketIAMPolicy(_IAMPolicy):
    """A bucket's whole IAM policy; create overwrites what a bucket comes with."""

    replaced_by = frozenset({"bucket"})

    def imported_id(self, import_id: str) -> str:
        """Return the id for a bucket's name, or itself."""
        return f"b/{import_id.removeprefix('b/')}"

    def create(self, inputs: Properties) -> str:
        """Write the policy."""
        resource_id = self.imported_id(inputs["bucket"])
        self._put(resource_id, inputs["policyData"])
        return resource_id

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the policy, None without the bucket."""
        resource_id = self.imported_id(resource_id)
        path = f"/storage/v1/{resource_id}/iam"
        policy = self._api.find("GET", path, optionsRequestedPolicyVersion="3")
        if policy is None:
            return None
        text = policy_text(policy, inputs.get("policyData"))
        return {"bucket": resource_id.removeprefix("b/"), "policyData": text}

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Write the new policy."""
        self._put(resource_id, new["policyData"])

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Take every grant away."""
        self._api.find("PUT", f"/storage/v1/{resource_id}/iam", {"bindings": []})

    def outputs(self, resource_id: str, inputs: Properties) -> Properties:
        """Return the policy's etag."""
        path = f"/storage/v1/{resource_id}/iam"
        return {"etag": self._api.call("GET", path, optionsRequestedPolicyVersion="3")["etag"]}

    def _put(self, resource_id: str, policy: str) -> None:
        self._api.call("PUT", f"/storage/v1/{resource_id}/iam", policy_body(policy))


class AccountIAMPolicy(_IAMPolicy):
    """A service account's whole IAM policy."""

    replaced_by = frozenset({"serviceAccountId"})

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
