"""IAM's types: roles, and the policies inside them.

Source: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service/iam
"""

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.aws_sdk import document_failures, failing, tag_list, unless_gone
from sandbox.properties import Properties, besides
from sandbox.resource import Failures, ResourceType

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


class Role(ResourceType):
    """IAM roles, without policies: those are types of their own."""

    defaults: ClassVar = {"maxSessionDuration": 3600, "path": "/"}
    replaced_by = frozenset({"name", "namePrefix", "path"})
    supported = frozenset(
        {"name", "assumeRolePolicy", "description", "maxSessionDuration", "path", "tags"}
    )

    def __init__(self, iam: "IAMClient") -> None:
        """Work through one client."""
        self._iam = iam

    def failures(self, inputs: Properties) -> Failures:
        """Yield names and documents that IAM does not take."""
        yield from document_failures("assumeRolePolicy", inputs)
        if not re.fullmatch(r"[\w+=,.@-]{1,64}", str(inputs.get("name", ""))):
            yield "name", "expected 1-64 characters of [a-zA-Z0-9_+=,.@-]"

    def create(self, inputs: Properties) -> str:
        """Make a role that does not exist."""
        with failing(f"creating IAM Role ({inputs['name']})"):
            self._iam.create_role(
                RoleName=inputs["name"],
                AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
                Description=inputs.get("description", ""),
                MaxSessionDuration=inputs.get("maxSessionDuration", 3600),
                Path=inputs.get("path", "/"),
                Tags=tag_list(inputs.get("tags", {})),
            )
        return str(inputs["name"])

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the role; defaults that were never set are left out."""
        if (role := self._role(resource_id)) is None:
            return None
        found = {
            "name": resource_id,
            "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description", ""),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "path": role["Path"],
            "tags": {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        }
        return besides(found, self.defaults, kept=inputs)

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Change everything but name and path."""
        with failing(f"updating IAM Role ({resource_id})"):
            self._iam.update_assume_role_policy(
                RoleName=resource_id, PolicyDocument=new["assumeRolePolicy"]
            )
            self._iam.update_role(
                RoleName=resource_id,
                Description=new.get("description", ""),
                MaxSessionDuration=new.get("maxSessionDuration", 3600),
            )
            if gone := list(old.get("tags", {}).keys() - new.get("tags", {}).keys()):
                self._iam.untag_role(RoleName=resource_id, TagKeys=gone)
            self._iam.tag_role(RoleName=resource_id, Tags=tag_list(new.get("tags", {})))

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Delete the role; with policies left in it IAM refuses."""
        with failing(f"deleting IAM Role ({resource_id})"):
            unless_gone(lambda: self._iam.delete_role(RoleName=resource_id))

    def outputs(self, resource_id: str, inputs: Properties) -> Properties:
        """Return what IAM adds."""
        role = self._role(resource_id) or {}
        return {
            "arn": role.get("Arn"),
            "createDate": role["CreateDate"].isoformat() if role else None,
            "uniqueId": role.get("RoleId"),
            "tagsAll": inputs.get("tags", {}),
        }

    def _role(self, name: str) -> Any:
        with failing(f"reading IAM Role ({name})"):
            found = unless_gone(lambda: self._iam.get_role(RoleName=name))
        return found["Role"] if found else None


class RolePolicy(ResourceType):
    """Policies inside a role; like the official provider's, create overwrites."""

    replaced_by = frozenset({"name", "namePrefix", "role"})
    supported = frozenset({"name", "role", "policy"})

    def __init__(self, iam: "IAMClient") -> None:
        """Work through one client."""
        self._iam = iam

    def failures(self, inputs: Properties) -> Failures:
        """Yield what is no document."""
        yield from document_failures("policy", inputs)

    def create(self, inputs: Properties) -> str:
        """Put the policy into its role."""
        self._put(inputs)
        return f"{inputs['role']}:{inputs['name']}"

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the policy, None without it or its role."""
        role, _, name = resource_id.partition(":")
        with failing(f"reading IAM Role ({role}) Policy ({name})"):
            found = unless_gone(lambda: self._iam.get_role_policy(RoleName=role, PolicyName=name))
        if found is None:
            return None
        return {"role": role, "name": name, "policy": json.dumps(found["PolicyDocument"])}

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Put the new document."""
        self._put(new)

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Take the policy out of its role."""
        role, _, name = resource_id.partition(":")
        with failing(f"deleting IAM Role ({role}) Policy ({name})"):
            unless_gone(lambda: self._iam.delete_role_policy(RoleName=role, PolicyName=name))

    def _put(self, inputs: Properties) -> None:
        with failing(f"putting IAM Role ({inputs['role']}) Policy ({inputs['name']})"):
            self._iam.put_role_policy(
                RoleName=inputs["role"],
                PolicyName=inputs["name"],
                PolicyDocument=inputs["policy"],
            )
