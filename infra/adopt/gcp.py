"""Google Cloud: what a bucket that exists is like, and what the stack will make of it.

The twin of `infra.adopt.aws`: same functions and order. Only `found` asks the cloud.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cmbcluster_storage import gcs_client, gcs_parts, names, rules
from cmbcluster_storage.outputs import BucketParts

from infra import policies
from infra.adopt.words import LIFECYCLE, Change, listed, on_off, pairs
from infra.settings import GcpCloud, StackConfig

_ALONE = "the user's identity alone"
_DEFAULT_KEY = "a key of Google's"

# What the provider takes away where the program does not set it.
_TAKEN_AWAY = {
    "autoclass": "autoclass",
    "cors": "CORS",
    "eventBasedHold": "default event-based hold",
    "requesterPays": "requester pays",
    "retentionSeconds": "retention policy",
}


def found(cloud: GcpCloud, bucket: str) -> BucketParts:
    """Return what the bucket consists of; raises a StorageError if it is not the project's."""
    return gcs_parts.bucket_parts(gcs_client.client(cloud.project), bucket, cloud.project_number)


def obstacles(cloud: GcpCloud, parts: BucketParts) -> Iterator[str]:
    """Yield what would have the bucket replaced, so that it cannot be imported.

    Source: https://github.com/hashicorp/terraform-provider-google/blob/main/google/services/storage/resource_storage_bucket.go
    """
    now = parts.settings
    if parts.location != cloud.place:
        yield f"it is in {parts.location}, the stack's buckets are in {cloud.place}"
    if now["retentionLocked"]:
        yield "its retention policy is locked for ever"
    if now["objectRetention"]:
        yield "its objects may have a retention of their own, for ever"
    if now["hierarchical"]:
        yield "it has a hierarchical namespace, which knows no versions"


def adopted(config: StackConfig, parts: BucketParts) -> list[str]:
    """Return those of its parts that the stack has as well: on Google Cloud, all."""
    return list(parts.parts)


def changes(
    config: StackConfig, cloud: GcpCloud, user: str, parts: BucketParts
) -> Iterator[Change]:
    """Yield every setting that the stack writes, or takes away because it has no such thing."""
    now, buckets = parts.settings, config.buckets
    slug = names.user_slug(config.scope, user)
    labels = rules.bucket_labels(config.platform, slug, buckets.labels)
    target = buckets.access_logs_to
    yield Change("public access prevention", now["publicAccessPrevention"], "enforced")
    yield Change("uniform access", on_off(now["uniformAccess"]), "on")
    yield Change(
        "encryption", now["encryptionKey"] or _DEFAULT_KEY, buckets.encryption_key or _DEFAULT_KEY
    )
    yield Change("versioning", on_off(now["versioning"]), on_off(buckets.versioning))
    actions = [rule["action"]["type"] for rule in now["lifecycle"]]
    yield Change("lifecycle", listed(actions, "rule"), LIFECYCLE)
    yield Change("soft delete", f"{now['softDeleteDays']} days", f"{buckets.soft_delete_days} days")
    yield Change("storage class", now["storageClass"], buckets.storage_class)
    yield Change("policy", _policy(now["policy"], _member(config, cloud, user)), _ALONE)
    # Those that the stack does not set stay, unlike on AWS.
    yield Change("labels", pairs(now["labels"]), pairs(now["labels"] | labels))
    yield Change(
        "access logs", _logs(now["logging"]), f"{target}/{parts.bucket_name}" if target else "none"
    )
    for key, what in _TAKEN_AWAY.items():
        yield Change(what, on_off(now[key]), "off")


def notes(config: StackConfig, parts: BucketParts) -> Iterator[str]:
    """Yield what the operator is to know or to do before."""
    if parts.settings["eventBasedHold"] or parts.settings["retentionSeconds"]:
        yield (
            "objects that are held stay so, and those under retention are no longer; "
            "`state: deleted` waits for the holds"
        )


def _member(config: StackConfig, cloud: GcpCloud, user: str) -> str:
    """Return the one member of the policy that the stack writes."""
    name = names.user_name(config.scope, user)
    if cloud.identity == "serviceAccount":
        return f"serviceAccount:{name}@{cloud.project}.iam.gserviceaccount.com"
    return policies.principal(
        cloud.project, cloud.project_number, config.kubernetes.namespace, service_account=name
    )


def _policy(bindings: list[dict[str, Any]], member: str) -> str:
    if bindings == policies.object_user(member)["bindings"]:
        return _ALONE
    return listed([binding["role"] for binding in bindings], "grant")


def _logs(logging: Mapping[str, str] | None) -> str:
    return f"{logging['logBucket']}/{logging['logObjectPrefix']}" if logging else "none"
