"""IAM: a role that one service account takes, for one bucket. Its twin is `gcp_iam`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .documents import document, is_read, statements
from .model import Resource, Rule, Unknown
from .values import fields, listed, shown, sole

ROLE = frozenset({"aws:iam/role:Role"})
ACCESS = frozenset({"aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"})
ASSOCIATION = frozenset({"aws:eks/podIdentityAssociation:PodIdentityAssociation"})
_ATTACHED = frozenset(
    {
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
        "aws:iam/policyAttachment:PolicyAttachment",
    }
)
_LASTING = frozenset(
    f"aws:iam/{name[0].lower()}{name[1:]}:{name}"
    for name in ("AccessKey", "ServiceSpecificCredential", "SshKey", "User", "UserLoginProfile")
)
_PEOPLE = frozenset(
    f"aws:iam/{name[0].lower()}{name[1:]}:{name}"
    for kind in ("User", "Group")
    for name in (f"{kind}Policy", f"{kind}PolicyAttachment")
)

# Every pod that names no service account runs as `default`.
_SUBJECT = re.compile(r"system:serviceaccount:[a-z0-9.-]+:(?!default$)[a-z0-9.-]+")
_AUDIENCE = "sts.amazonaws.com"
_PODS = "pods.eks.amazonaws.com"
# A value that has a variable in it, like ${aws:RequestTag/…}, is what a request says itself.
_TAGS = {
    f"aws:RequestTag/{tag}": re.compile(value)
    for tag, value in {
        "eks-cluster-arn": r"[A-Za-z0-9:/_-]+",
        "eks-cluster-name": r"[A-Za-z0-9_-]+",
        "kubernetes-namespace": r"[a-z0-9-]+",
        "kubernetes-service-account": r"(?!default$)[a-z0-9.-]+",
    }.items()
}
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


def servers_of(trust: Any) -> set[tuple[str, ...]]:
    """Return who may take a role: the issuer or cluster, and the service account, of each."""
    found: set[tuple[str, ...]] = set()
    for statement in statements(trust, "Allow"):
        equals = _only_equals(statement)
        if _is_irsa(statement):
            issuer = _issuer(statement)
            found.add((issuer, str(sole(equals[f"{issuer}:sub"]))))
        elif _is_pod_identity(statement):
            found.add(tuple(str(sole(equals[tag])) for tag in _TAGS))
    return found


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
                "or the four session tags of Pod Identity, by StringEquals to one value each, "
                "of a service account that is not default"
            )


def _is_irsa(statement: Mapping[str, Any]) -> bool:
    issuer = _issuer(statement)
    equals = _only_equals(statement)
    return (
        bool(issuer)
        and listed(statement.get("Action")) == ["sts:AssumeRoleWithWebIdentity"]
        and _SUBJECT.fullmatch(str(sole(equals.get(f"{issuer}:sub")))) is not None
        and sole(equals.get(f"{issuer}:aud")) == _AUDIENCE
    )


def _issuer(statement: Mapping[str, Any]) -> str:
    """Return the OIDC issuer whose subjects a statement allows; nothing for anybody else."""
    principal = fields(statement.get("Principal"))
    if list(principal) != ["Federated"]:
        return ""
    return str(sole(principal["Federated"])).partition(":oidc-provider/")[2]


def _is_pod_identity(statement: Mapping[str, Any]) -> bool:
    equals = _only_equals(statement)
    return (
        statement.get("Principal") == {"Service": _PODS}
        and {"sts:AssumeRole", "sts:TagSession"} >= set(map(str, listed(statement.get("Action"))))
        and all(value.fullmatch(str(sole(equals.get(tag)))) for tag, value in _TAGS.items())
    )


def _only_equals(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of StringEquals; nothing where another operator stands beside it."""
    condition = fields(statement.get("Condition"))
    return fields(condition["StringEquals"]) if list(condition) == ["StringEquals"] else {}


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
            if str(action) not in _ACTIONS:
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
        condition = fields(statement.get("Condition"))
        bound = [
            one
            for operator in ("StringEquals", "StringLike")
            for one in listed(fields(condition.get(operator)).get(_KEY_CONTEXT))
        ]
        matches = [_BUCKET.fullmatch(str(one)) for one in bound]
        if not bound or any(match is None or match[1] not in buckets for match in matches):
            yield f"it may use the key for {shown(bound)}: bind {_KEY_CONTEXT} to the role's bucket"


def _associates_one_server(association: Resource) -> Iterator[str]:
    if association.props.get("serviceAccount") == "default":
        yield "every pod of the namespace that names none runs as it: write another serviceAccount"
    if target := association.props.get("targetRoleArn"):
        yield f"from its role a server comes to {shown(target)}: drop targetRoleArn"


def _is_a_roles(_: Resource) -> Iterator[str]:
    yield "it gives rights to people: drop it; write a RolePolicy of a server's role"


def _is_none(_: Resource) -> Iterator[str]:
    yield "it makes a credential that never ends: drop it; a server takes its role"


RULES = (
    Rule(
        "iam-readable",
        "A policy has nothing that these rules do not read",
        ROLE | ACCESS,
        is_read,
    ),
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
    Rule(
        "iam-association",
        "A role is associated with one server, which takes no other",
        ASSOCIATION,
        _associates_one_server,
    ),
    Rule("iam-role-alone", "Rights are given to roles alone", _PEOPLE, _is_a_roles),
    Rule("iam-no-lasting-key", "Nobody has a credential that never ends", _LASTING, _is_none),
)
