"""Google Cloud's IAM: one member for one bucket, one server for one account. The twin of `iam`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .documents import document, unread
from .model import Resource, Rule, Unknown
from .values import fields, listed, shown

POLICY = frozenset({"gcp:storage/bucketIAMPolicy:BucketIAMPolicy"})
_PARTIAL = frozenset(
    {
        "gcp:storage/bucketIAMBinding:BucketIAMBinding",
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        "gcp:storage/managedFolderIamBinding:ManagedFolderIamBinding",
        "gcp:storage/managedFolderIamMember:ManagedFolderIamMember",
        "gcp:storage/managedFolderIamPolicy:ManagedFolderIamPolicy",
    }
)
ACCOUNT = frozenset({"gcp:serviceaccount/account:Account"})
ACCOUNT_POLICY = frozenset({"gcp:serviceaccount/iAMPolicy:IAMPolicy"})
_ACCOUNT_PARTIAL = frozenset(
    {
        "gcp:serviceaccount/iAMBinding:IAMBinding",
        "gcp:serviceaccount/iAMMember:IAMMember",
    }
)
_ABOVE = frozenset(
    f"gcp:{parent}/iAM{kind}:IAM{kind}"
    for parent in ("projects", "folder", "organizations")
    for kind in ("Binding", "Member", "Policy")
)
_LASTING = frozenset({"gcp:serviceaccount/key:Key", "gcp:storage/hmacKey:HmacKey"})

_ROLES = ("roles/storage.objectUser", "roles/storage.objectViewer")
_MEMBER = re.compile(
    r"serviceAccount:[a-z0-9-]+@[a-z0-9.-]+\.iam\.gserviceaccount\.com|"
    r"principal://iam\.googleapis\.com/projects/\d+/locations/global/workloadIdentityPools/"
    r"[a-z0-9.:-]+\.svc\.id\.goog/subject/ns/[a-z0-9-]+/sa/(?!default$)[a-z0-9.-]+"
)
_SERVER_ROLE = "roles/iam.workloadIdentityUser"
_SIGNER_ROLE = "roles/iam.serviceAccountTokenCreator"
_ACCOUNT = re.compile(r"serviceAccount:[a-z0-9-]+@[a-z0-9.-]+\.iam\.gserviceaccount\.com")
_SERVER = re.compile(
    r"serviceAccount:[a-z0-9.:-]+\.svc\.id\.goog\[[a-z0-9-]+/(?!default\])[a-z0-9.-]+\]"
)
_DOCUMENT = frozenset({"auditConfigs", "bindings", "etag", "version"})
_BINDING = frozenset({"condition", "members", "role"})


def _bindings(resource: Resource) -> list[Mapping[str, Any]] | None:
    """Return what a resource grants, by role; None: it is not known yet."""
    if "policyData" not in resource.props:
        members = [*listed(resource.props.get("members")), *listed(resource.props.get("member"))]
        return [{"role": resource.props.get("role"), "members": members}]
    known = document(resource.props["policyData"])
    return None if isinstance(known, Unknown) else [*map(fields, listed(known.get("bindings")))]


def members_of(policy: Resource) -> set[str]:
    """Return who is granted something."""
    return set(_members(_bindings(policy) or []))


def _members(bindings: list[Mapping[str, Any]]) -> list[str]:
    return [str(member) for binding in bindings for member in listed(binding.get("members"))]


def _is_read(policy: Resource) -> Iterator[str]:
    if "policyData" in policy.props:
        yield from unread(policy.props["policyData"], "bindings", _DOCUMENT, _BINDING)


def _is_whole(_: Resource) -> Iterator[str]:
    yield (
        "it leaves the grants that a bucket comes with, by which every viewer of the project "
        "reads: write one BucketIAMPolicy"
    )


def _is_accounts_whole(_: Resource) -> Iterator[str]:
    yield "others beside it may let somebody else act as the account: write one IAMPolicy"


def _is_for_one(policy: Resource) -> Iterator[str]:
    members = _members(_bindings(policy) or [])
    for member in members:
        if not _MEMBER.fullmatch(member):
            yield f"{shown(member)} may use it: name one service account, and not default"
    if len(set(members)) > 1:
        yield f"{len(set(members))} members may use it: write one"


def _is_for_objects(policy: Resource) -> Iterator[str]:
    for binding in _bindings(policy) or []:
        role = binding.get("role")
        if not isinstance(role, Unknown) and role not in _ROLES:
            yield f"{shown(role)} is given: write {' or '.join(_ROLES)}"


def _signs_as_itself(policy: Resource, binding: Mapping[str, Any]) -> bool:
    """Tell whether a binding lets an account sign links, and nobody else as the account."""
    account, members = policy.props.get("serviceAccountId"), listed(binding.get("members"))
    if binding.get("role") != _SIGNER_ROLE or len(members) != 1:
        return False
    if isinstance(account, Unknown):
        return _ACCOUNT.fullmatch(str(members[0])) is not None
    return members[0] == f"serviceAccount:{str(account).rpartition('/')[2]}"


def _is_one_servers(policy: Resource) -> Iterator[str]:
    bindings = [one for one in _bindings(policy) or [] if not _signs_as_itself(policy, one)]
    for binding in bindings:
        role = binding.get("role")
        if not isinstance(role, Unknown) and role != _SERVER_ROLE:
            yield (
                f"{shown(role)} is given: write {_SERVER_ROLE}, or {_SIGNER_ROLE} for the "
                "account itself alone"
            )
    members = _members([one for one in bindings if one.get("role") != _SIGNER_ROLE])
    wrong = [member for member in members if not _SERVER.fullmatch(member)]
    if wrong or len(set(members)) > 1:
        yield (
            f"{shown(members)} may act as it: write one Kubernetes service account, not default, "
            "like serviceAccount:PROJECT.svc.id.goog[NAMESPACE/NAME]"
        )


def _is_none(_: Resource) -> Iterator[str]:
    yield "it makes a credential that never ends: drop it; a server takes its identity"


def _is_for_all(_: Resource) -> Iterator[str]:
    yield "it is about every bucket below: drop it; a bucket has its own policy"


RULES = (
    Rule(
        "gcp-iam-readable",
        "A policy has nothing that these rules do not read",
        POLICY | ACCOUNT_POLICY,
        _is_read,
    ),
    Rule("gcs-iam-whole", "A bucket has one policy, which is all of it", _PARTIAL, _is_whole),
    Rule("gcs-iam-member", "One service account uses a bucket", POLICY | _PARTIAL, _is_for_one),
    Rule(
        "gcs-iam-role",
        "Who uses a bucket works with objects, and changes no bucket",
        POLICY | _PARTIAL,
        _is_for_objects,
    ),
    Rule(
        "gcp-account-whole",
        "An account has one policy, which is all of it",
        _ACCOUNT_PARTIAL,
        _is_accounts_whole,
    ),
    Rule(
        "gcp-account-server",
        "One Kubernetes service account acts as a Google one",
        ACCOUNT_POLICY | _ACCOUNT_PARTIAL,
        _is_one_servers,
    ),
    Rule("gcp-no-lasting-key", "Nobody has a credential that never ends", _LASTING, _is_none),
    Rule("gcp-no-project-grant", "Nothing is granted on the project or above", _ABOVE, _is_for_all),
)
