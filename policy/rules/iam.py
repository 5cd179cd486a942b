"""IAM: a role that one service account takes, for one bucket. Its twin is `gcp_iam`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .model import Resource, Rule, Unknown
from .values import document, listed, shown, statements

ROLE = frozenset({"aws:iam/role:Role"})
ACCESS = frozenset({"aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"})
_ATTACHED = frozenset(
    {
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive",
        "aws:iam/policyAttachment:PolicyAttachment",
    }
)
_LASTING = frozenset({"aws:iam/accessKey:AccessKey", "aws:iam/user:User"})

_SUBJECT = re.compile(r"system:serviceaccount:[a-z0-9.-]+:[a-z0-9.-]+")
_AUDIENCE = "sts.amazonaws.com"
_PODS = "pods.eks.amazonaws.com"
_TAGS = frozenset(
    f"aws:RequestTag/{tag}"
    for tag in (
        "eks-cluster-arn",
        "eks-cluster-name",
        "kubernetes-namespace",
        "kubernetes-service-account",
    )
)

# What working with objects takes. No version is deleted, and nothing of the bucket changed.
_ACTIONS = frozenset(
    {
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    }
)
_BUCKET = re.compile(r"arn:[a-z-]+:s3:::([a-z0-9.-]+)(/\*)?")
_KEY = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:(key|alias)/[A-Za-z0-9/_-]+")
_KEY_CONTEXT = "kms:EncryptionContext:aws:s3:arn"


def buckets_of(policy: Any) -> set[str]:
    """Return the buckets whose objects a role's policy allows to use."""
    found: set[str] = set()
    for statement in statements(policy, "Allow"):
        for resource in listed(statement.get("Resource")):
            if match := _BUCKET.fullmatch(str(resource)):
                found.add(match[1])
    return found


def _trusts_one(role: Resource) -> Iterator[str]:
    trust = role.props.get("assumeRolePolicy")
    if isinstance(document(trust), Unknown):
        return
    allowed = statements(trust, "Allow")
    if len(allowed) != 1:
        yield f"{len(allowed)} statements say who may take the role: write one"
    for statement in allowed:
        if not (_is_irsa(statement) or _is_pod_identity(statement)):
            yield (
                f"{shown(statement.get('Principal'))} may take it under the condition "
                f"{shown(statement.get('Condition'))}: bind sub and aud of the cluster's issuer, "
                "or the four session tags of Pod Identity, by StringEquals to one value each"
            )


def _is_irsa(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping) or list(principal) != ["Federated"]:
        return False
    issuer = str(principal["Federated"]).partition(":oidc-provider/")[2]
    equals = _only_equals(statement)
    subject = str(equals.get(f"{issuer}:sub"))
    return (
        bool(issuer)
        and listed(statement.get("Action")) == ["sts:AssumeRoleWithWebIdentity"]
        and _SUBJECT.fullmatch(subject) is not None
        and equals.get(f"{issuer}:aud") == _AUDIENCE
    )


def _is_pod_identity(statement: Mapping[str, Any]) -> bool:
    equals = _only_equals(statement)
    return (
        statement.get("Principal") == {"Service": _PODS}
        and {"sts:AssumeRole", "sts:TagSession"} >= set(listed(statement.get("Action")))
        and set(equals) >= _TAGS
        and all(isinstance(equals[tag], str) and equals[tag] for tag in _TAGS)
    )


def _only_equals(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of StringEquals; nothing where another operator stands beside it."""
    condition = statement.get("Condition")
    if not isinstance(condition, Mapping) or list(condition) != ["StringEquals"]:
        return {}
    return condition["StringEquals"]


def _has_own_policy(resource: Resource) -> Iterator[str]:
    if resource.type in _ATTACHED:
        yield "what it attaches reaches more than one bucket: write a RolePolicy of the role's own"
    for key in ("managedPolicyArns", "inlinePolicies"):
        if resource.type in ROLE and resource.props.get(key):
            yield f"{key} is {shown(resource.props[key])}: write a RolePolicy of its own instead"


def _uses_objects(access: Resource) -> Iterator[str]:
    for statement in statements(access.props.get("policy"), "Allow"):
        if "NotAction" in statement:
            yield f"NotAction allows all but {shown(statement['NotAction'])}: name the actions"
        for action in listed(statement.get("Action")):
            if action not in _ACTIONS:
                yield f"it allows {shown(action)}: drop it; {', '.join(sorted(_ACTIONS))} may be"


def _uses_one_bucket(access: Resource) -> Iterator[str]:
    buckets = buckets_of(access.props.get("policy"))
    if len(buckets) > 1:
        yield f"it reaches {len(buckets)} buckets, {shown(sorted(buckets))}: write one"
    for statement in statements(access.props.get("policy"), "Allow"):
        if "NotResource" in statement:
            yield f"NotResource allows all but {shown(statement['NotResource'])}: name the bucket"
        for resource in listed(statement.get("Resource")):
            if not (_BUCKET.fullmatch(str(resource)) or _KEY.fullmatch(str(resource))):
                yield f"it reaches {shown(resource)}: name one bucket, and BUCKET/*"


def _uses_key_for_bucket(access: Resource) -> Iterator[str]:
    buckets = buckets_of(access.props.get("policy"))
    for statement in statements(access.props.get("policy"), "Allow"):
        if not any(_KEY.fullmatch(str(one)) for one in listed(statement.get("Resource"))):
            continue
        condition = statement.get("Condition") or {}
        bound = [
            one
            for operator in ("StringEquals", "StringLike")
            for one in listed(condition.get(operator, {}).get(_KEY_CONTEXT))
        ]
        matches = [_BUCKET.fullmatch(str(one)) for one in bound]
        if not bound or any(match is None or match[1] not in buckets for match in matches):
            yield f"it may use the key for {shown(bound)}: bind {_KEY_CONTEXT} to the role's bucket"


def _is_none(_: Resource) -> Iterator[str]:
    yield "it makes a credential that never ends: drop it; a server takes its role"


RULES = (
    Rule("iam-trust", "One service account of one cluster takes a role", ROLE, _trusts_one),
    Rule("iam-own-policy", "A role has one policy, its own", ROLE | _ATTACHED, _has_own_policy),
    Rule(
        "iam-actions",
        "A role works with objects, deletes no version and changes no bucket",
        ACCESS,
        _uses_objects,
    ),
    Rule("iam-one-bucket", "A role reaches one bucket", ACCESS, _uses_one_bucket),
    Rule(
        "iam-key-for-bucket", "A role uses a key for its bucket alone", ACCESS, _uses_key_for_bucket
    ),
    Rule("iam-no-lasting-key", "Nobody has a credential that never ends", _LASTING, _is_none),
)
