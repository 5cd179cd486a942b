"""IAM policies of buckets: the grants a new one has, and which policies the service takes.

Source: https://cloud.google.com/storage/docs/access-control/iam
"""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.gcs.access import PUBLIC
from sandbox.gcs.buckets import Bucket
from sandbox.gcs.errors import GcsError, condition_not_met, invalid
from sandbox.gcs.preconditions import etag_of

_MEMBER = re.compile(
    r"allUsers|allAuthenticatedUsers"
    r"|(deleted:)?(user|serviceAccount|group):[^@\s]+@[^@\s]+"
    r"|serviceAccount:[^@\s]+\.svc\.id\.goog\[[^/\s]+/[^/\s]+\]"
    r"|domain:[^@\s]+"
    r"|project(Owner|Editor|Viewer):[^@\s]+"
    r"|principal(Set)?://\S+"
)
_ROLE = re.compile(r"roles/storage\.\w+|(projects|organizations)/[^/]+/roles/[\w.]+")


def default_policy(project: str, *, uniform: bool) -> dict[str, Any]:
    """Return the grants that the service gives a new bucket.

    Args:
        project: the id of the one that has it.
        uniform: IAM alone grants access, to objects also.
    """
    owners = [f"projectEditor:{project}", f"projectOwner:{project}"]
    viewers = [f"projectViewer:{project}"]
    kinds = ("Bucket", "Object") if uniform else ("Bucket",)
    bindings = [
        {"role": f"roles/storage.legacy{kind}{rank}", "members": members}
        for kind in kinds
        for rank, members in (("Owner", owners), ("Reader", viewers))
    ]
    return {"version": 1, "etag": etag_of(1), "bindings": bindings}


def replaced_policy(bucket: Bucket, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a bucket's policy after a caller has set one.

    Args:
        bucket: whose it is.
        given: the policy that was sent, checked against the schema.

    Raises:
        GcsError: somebody else set one since the caller's etag, or the service takes no
            such policy.
    """
    old = bucket.policy
    if given.get("etag") not in (None, "", old["etag"]):
        raise condition_not_met()
    version = given.get("version") or 1
    sent = [checked_binding(binding) for binding in given.get("bindings") or []]
    bindings = [binding for binding in sent if binding["members"]]
    for binding in bindings:
        _check_role(binding, bucket)
        _check_members(binding["members"], bucket)
        _check_condition(binding, bucket, version)
    return {"version": version, "bindings": bindings}


def checked_binding(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return one binding of a policy that was sent, each member once."""
    members = list(dict.fromkeys(given.get("members") or []))
    for member in members:
        if not _MEMBER.fullmatch(member):
            raise invalid(f"Invalid argument: {member} is no member.")
    binding: dict[str, Any] = {"role": given.get("role") or "", "members": members}
    if condition := given.get("condition"):
        binding["condition"] = condition
    return binding


def _check_role(binding: Mapping[str, Any], bucket: Bucket) -> None:
    role = binding["role"]
    if not _ROLE.fullmatch(role):
        raise invalid(f"Role {role} is not supported for this resource.")
    if role.startswith("roles/storage.legacyObject") and not bucket.uniform:
        raise invalid(f"Role {role} is supported only with uniform bucket-level access.")


def _check_members(members: list[str], bucket: Bucket) -> None:
    enforced = bucket.resource["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    if enforced and any(member in PUBLIC for member in members):
        message = (
            "The member bindings allUsers and allAuthenticatedUsers are not allowed since "
            "public access prevention is enforced."
        )
        raise GcsError(412, "conditionNotMet", message)
    for member in members:
        if member.startswith("principal") and not bucket.uniform:
            message = "To use workload identity pools, enable uniform bucket-level access."
            raise GcsError(412, "conditionNotMet", message)


def _check_condition(binding: Mapping[str, Any], bucket: Bucket, version: int) -> None:
    if "condition" not in binding:
        return
    if not bucket.uniform:
        message = "To set a conditional IAM policy, enable uniform bucket-level access."
        raise GcsError(412, "conditionNotMet", message)
    if version < 3:
        raise invalid("A policy with conditions must have a version of at least 3.")
    if binding["role"].startswith("roles/storage.legacy"):
        raise invalid(f"Role {binding['role']} takes no condition.")
