"""The stack: what its resources must be like together.

Which bucket a setting is of, and which role a policy, is told by its value; where a preview does
not know that yet, by the resource that the value comes from.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from . import gcp_iam, gcs, iam, kubernetes, s3
from .model import Blame, Resource, StackRule
from .values import at, shown

_K = TypeVar("_K")

_S3_SETTINGS = {
    "BucketPublicAccessBlock": s3.ACCESS_BLOCK,
    "BucketOwnershipControls": s3.OWNERSHIP,
    "BucketServerSideEncryptionConfiguration": s3.ENCRYPTION,
    "BucketVersioning": s3.VERSIONING,
    "BucketLifecycleConfiguration": s3.LIFECYCLE,
    "BucketPolicy": s3.POLICY,
}
_GCS_SETTINGS = {"BucketIAMPolicy": gcp_iam.POLICY}
_BUCKETS = s3.BUCKET | gcs.BUCKET
_SETTINGS = frozenset[str]().union(*_S3_SETTINGS.values(), *_GCS_SETTINGS.values())


def _named(bucket: Resource) -> object:
    return bucket.props.get("bucket" if bucket.type in s3.BUCKET else "name")


def _by_bucket(resources: Sequence[Resource]) -> Iterator[tuple[Resource, list[Resource]]]:
    """Yield each bucket with its settings."""
    buckets = [one for one in resources if one.type in _BUCKETS]
    urns = {_named(one) or one.urn: one.urn for one in buckets}
    of_bucket = defaultdict(list)
    for one in resources:
        if one.type in _SETTINGS:
            for urn in _owners(one, "bucket", urns):
                of_bucket[urn].append(one)
    for bucket in buckets:
        yield bucket, of_bucket[bucket.urn]


def _owners(one: Resource, key: str, urns: Mapping[object, str]) -> Iterable[str]:
    """Return whose a resource is, as a property tells.

    Args:
        one: a setting, or a policy.
        key: the property.
        urns: of the stack's own, by name.

    Returns:
        URNs, or the name of what is not in the stack.
    """
    name = one.props.get(key)
    if not isinstance(name, str):
        return one.sources.get(key, frozenset()) & set(urns.values())
    name = name.removeprefix("b/")  # which Google's provider puts before a bucket
    return [urns.get(name, name)]


def _has_settings(resources: Sequence[Resource]) -> Iterator[Blame]:
    for bucket, settings in _by_bucket(resources):
        wanted = _S3_SETTINGS if bucket.type in s3.BUCKET else _GCS_SETTINGS
        for name, types in wanted.items():
            count = sum(one.type in types for one in settings)
            if count == 0:
                yield bucket, f"it has no {name}: write one"
            elif count > 1:
                yield (
                    bucket,
                    f"it has {count} of {name}, each of which undoes the others: write one",
                )


def _guards_are_protected(resources: Sequence[Resource]) -> Iterator[Blame]:
    for bucket, settings in _by_bucket(resources):
        for one in settings:
            if bucket.protected and not one.protected:
                yield one, "its bucket is protected, and it is not: write protect=True"


def _roles_differ(resources: Sequence[Resource]) -> Iterator[Blame]:
    yield from _doubles(
        ((access, iam.buckets_of(access.props.get("policy"))) for access in resources),
        lambda other, bucket: f"{shown(bucket)} is reached by {other} too: write one of them",
    )


def _policies_are_one(resources: Sequence[Resource]) -> Iterator[Blame]:
    roles = [one for one in resources if one.type in iam.ROLE]
    urns: dict[object, str] = {one.props.get("name") or one.urn: one.urn for one in roles}
    yield from _doubles(
        ((one, _owners(one, "role", urns)) for one in resources if one.type in iam.ACCESS),
        lambda other, _: f"its role has {other} too: write one policy",
    )


def _servers_differ(resources: Sequence[Resource]) -> Iterator[Blame]:
    yield from _doubles(
        ((role, iam.servers_of(role.props.get("assumeRolePolicy"))) for role in resources),
        lambda other, who: f"{shown(who[-1])} takes {other} too: one role each",
    )


def _members_differ(resources: Sequence[Resource]) -> Iterator[Blame]:
    yield from _doubles(
        ((policy, gcp_iam.members_of(policy)) for policy in resources),
        lambda other, who: f"{shown(who)} is in {other} too: one bucket each",
    )


def _doubles(
    found: Iterable[tuple[Resource, Iterable[_K]]], told: Callable[[str, _K], str]
) -> Iterator[Blame]:
    """Yield who has a key that another one had before.

    Args:
        found: resources with their keys.
        told: what is wrong, by the other's name and the key.
    """
    first: dict[_K, Resource] = {}
    for one, keys in found:
        for key in keys:
            other = first.setdefault(key, one)
            if other is not one:
                yield one, told(_name(other), key)


def _identities_differ(resources: Sequence[Resource]) -> Iterator[Blame]:
    yield from _doubles(
        ((account, kubernetes.identities_of(account)) for account in resources),
        lambda other, identity: f"{other} has {shown(identity)} too: one identity each",
    )


def _handles_differ(resources: Sequence[Resource]) -> Iterator[Blame]:
    handles = ((volume, at(volume.props, "spec.csi.volumeHandle")) for volume in resources)
    yield from _doubles(
        ((volume, [handle]) for volume, handle in handles if isinstance(handle, str)),
        lambda other, handle: f"{other} has the volumeHandle {shown(handle)} too: one each",
    )


def _claims_match(resources: Sequence[Resource]) -> Iterator[Blame]:
    volumes = {
        at(one.props, "metadata.name"): one for one in resources if one.type in kubernetes.VOLUME
    }
    for claim in resources:
        name = at(claim.props, "spec.volumeName")
        volume = volumes.get(name) if isinstance(name, str) else None
        if claim.type not in kubernetes.CLAIM or volume is None:
            continue
        for key in ("namespace", "name"):
            reserved = at(volume.props, f"spec.claimRef.{key}")
            own = at(claim.props, f"metadata.{key}")
            if isinstance(reserved, str) and isinstance(own, str) and reserved != own:
                yield (
                    claim,
                    (
                        f"its {key} is {shown(own)}, and the volume is reserved for "
                        f"{shown(reserved)}: write that"
                    ),
                )


def _name(resource: Resource) -> str:
    return resource.urn.rpartition("::")[2]


RULES = (
    StackRule(
        "bucket-settings",
        "A bucket has each of its settings once",
        _BUCKETS | _SETTINGS,
        _has_settings,
    ),
    StackRule(
        "bucket-settings-protected",
        "What guards a protected bucket is protected",
        _BUCKETS | _SETTINGS,
        _guards_are_protected,
    ),
    StackRule(
        "role-one-policy", "No role has two policies", iam.ROLE | iam.ACCESS, _policies_are_one
    ),
    StackRule("role-one-server", "No server takes two roles", iam.ROLE, _servers_differ),
    StackRule("bucket-one-role", "No two roles reach one bucket", iam.ACCESS, _roles_differ),
    StackRule("member-one-bucket", "No member uses two buckets", gcp_iam.POLICY, _members_differ),
    StackRule(
        "identity-one-server",
        "No two service accounts have one identity",
        kubernetes.SERVICE_ACCOUNT,
        _identities_differ,
    ),
    StackRule(
        "volume-handle", "No two volumes have one handle", kubernetes.VOLUME, _handles_differ
    ),
    StackRule(
        "claim-reserved",
        "A claim is the one that its volume is reserved for",
        kubernetes.VOLUME | kubernetes.CLAIM,
        _claims_match,
    ),
)
