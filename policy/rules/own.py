"""The stack's own: what gives access names buckets, roles and accounts of this stack.

Another shard's are not, nor is what a program only looks up: the engine shows neither. A name
that a preview does not know yet is passed over.
"""

from collections.abc import Iterator, Sequence

from . import gcp_iam, gcs, iam, kubernetes, s3
from .model import Blame, Resource, StackRule
from .values import shown

_SERVICE_ACCOUNT = "serviceAccount:"


def _buckets_are_own(resources: Sequence[Resource]) -> Iterator[Blame]:
    own = {one.props.get("bucket") for one in resources if one.type in s3.BUCKET}
    own |= {one.props.get("name") for one in resources if one.type in gcs.BUCKET}
    for one in resources:
        for name in _buckets(one):
            if name not in own:
                yield one, f"{shown(name)} is no bucket of this stack: name one that is"


def _buckets(access: Resource) -> Iterator[str]:
    if access.type in iam.ACCESS:
        yield from sorted(iam.buckets_of(access.props.get("policy")))
    elif access.type in gcp_iam.POLICY and isinstance(name := access.props.get("bucket"), str):
        yield name.removeprefix("b/")


def _identities_are_own(resources: Sequence[Resource]) -> Iterator[Blame]:
    own = {name for one in resources for name in _names(one)}
    for one in resources:
        for name in _identities(one):
            if own.isdisjoint((name, _ending(name))):
                yield one, f"{shown(name)} is no role or account of this stack: name one that is"


def _names(identity: Resource) -> Iterator[str]:
    """Yield what others call a role or an account; with a slash, how that ends."""
    props = identity.props
    if identity.type in iam.ROLE:
        name, arn = props.get("name"), props.get("arn")
        yield str(name)
        yield arn if isinstance(arn, str) else f"/{name}"  # not known before it is made
    elif identity.type in gcp_iam.ACCOUNT:
        email = props.get("email")
        if not isinstance(email, str):
            email = f"{props.get('accountId')}@{props.get('project')}.iam.gserviceaccount.com"
        yield email
        yield f"/{email}"


def _ending(name: str) -> str:
    return "".join(name.rpartition("/")[1:])


def _identities(access: Resource) -> Iterator[str]:
    """Yield whom something gives access to, or may act as."""
    if access.type in gcp_iam.POLICY:
        members = sorted(gcp_iam.members_of(access))
        named = [one for one in members if one.startswith(_SERVICE_ACCOUNT)]
        yield from (one.removeprefix(_SERVICE_ACCOUNT) for one in named)
    elif access.type in kubernetes.SERVICE_ACCOUNT:
        yield from kubernetes.identities_of(access)
    elif isinstance(name := access.props.get(_NAMED_BY.get(access.type, "")), str):
        yield name


_NAMED_BY = {
    **dict.fromkeys(iam.ACCESS, "role"),
    **dict.fromkeys(iam.ASSOCIATION, "roleArn"),
    **dict.fromkeys(gcp_iam.ACCOUNT_POLICY, "serviceAccountId"),
}

RULES = (
    StackRule(
        "bucket-own",
        "Access is to a bucket of this stack",
        s3.BUCKET | gcs.BUCKET | iam.ACCESS | gcp_iam.POLICY,
        _buckets_are_own,
    ),
    StackRule(
        "identity-own",
        "Access is for a role or an account of this stack",
        iam.ROLE
        | gcp_iam.ACCOUNT
        | gcp_iam.POLICY
        | kubernetes.SERVICE_ACCOUNT
        | frozenset(_NAMED_BY),
        _identities_are_own,
    ),
)
