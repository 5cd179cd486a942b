"""The stack: what its resources must be like together.

Which bucket a setting is of is told by its value, and where a preview does not know that yet,
by the resource that the value comes from.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from . import gcp_iam, gcs, iam, kubernetes, s3
from .model import Blame, Resource, StackRule, Unknown
from .values import at, shown

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
    settings = [one for one in resources if one.type in _SETTINGS]
    by_name = defaultdict(list)
    by_source = defaultdict(list)
    for one in settings:
        name = one.props.get("bucket")
        if isinstance(name, str):
            by_name[name.removeprefix("b/")].append(one)  # Google's provider answers b/NAME
        for urn in one.sources.get("bucket", ()):
            by_source[urn].append(one)
    for bucket in resources:
        if bucket.type in _BUCKETS:
            found = {one.urn: one for one in by_source[bucket.urn] + by_name[_named(bucket)]}
            yield bucket, list(found.values())


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
    first: dict[str, Resource] = {}
    for access in resources:
        for bucket in iam.buckets_of(access.props.get("policy")):
            other = first.setdefault(bucket, access)
            if other is not access:
                yield access, f"{shown(bucket)} is reached by {_name(other)} too: write one of them"


def _identities_differ(resources: Sequence[Resource]) -> Iterator[Blame]:
    first: dict[str, Resource] = {}
    for account in resources:
        annotations = at(account.props, "metadata.annotations") or {}
        for key in kubernetes.IDENTITIES:
            identity = None if isinstance(annotations, Unknown) else annotations.get(key)
            if not isinstance(identity, str):
                continue
            other = first.setdefault(identity, account)
            if other is not account:
                yield account, f"{_name(other)} has {shown(identity)} too: one identity each"


def _handles_differ(resources: Sequence[Resource]) -> Iterator[Blame]:
    first: dict[str, Resource] = {}
    for volume in resources:
        handle = at(volume.props, "spec.csi.volumeHandle")
        if not isinstance(handle, str):
            continue
        other = first.setdefault(handle, volume)
        if other is not volume:
            yield volume, f"{_name(other)} has the volumeHandle {shown(handle)} too: one each"


def _claims_match(resources: Sequence[Resource]) -> Iterator[Blame]:
    volumes = {
        at(one.props, "metadata.name"): one for one in resources if one.type in kubernetes.VOLUME
    }
    for claim in resources:
        volume = volumes.get(at(claim.props, "spec.volumeName"))
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
    StackRule("bucket-one-role", "No two roles reach one bucket", iam.ACCESS, _roles_differ),
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
