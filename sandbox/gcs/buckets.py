"""Buckets: the resource as the service fills it in, and what a patch or an update makes of it."""

from collections.abc import Mapping
from typing import Any

from sandbox.gcs.access import default_acl
from sandbox.gcs.bucket_settings import SOFT_DELETE_SECONDS, settled
from sandbox.gcs.preconditions import etag_of
from sandbox.gcs.resources import BUCKET_WRITABLE
from sandbox.gcs.schema import merged
from sandbox.gcs.shelf import Shelf
from sandbox.gcs.times import moment


class Bucket:
    """A bucket: its resource without links and kind, its IAM policy, its objects."""

    def __init__(self, resource: dict[str, Any], policy: dict[str, Any], project: str) -> None:
        """Start without objects.

        Args:
            resource: with a name, a generation and a projectNumber.
            policy: its IAM policy.
            project: the id of the project that has it.
        """
        self.resource = resource
        self.policy = policy
        self.project = project
        self.live = Shelf()
        self.noncurrent = Shelf()
        self.soft_deleted = Shelf()
        self.managed_folders: list[dict[str, Any]] = []

    @property
    def name(self) -> str:
        """Its name."""
        return self.resource["name"]

    @property
    def generation(self) -> int:
        """Tells buckets of one name apart, of which at most one is not soft-deleted."""
        return int(self.resource["generation"])

    @property
    def versioned(self) -> bool:
        """Whether what is overwritten or deleted becomes noncurrent."""
        return self.resource.get("versioning", {}).get("enabled", False)

    @property
    def uniform(self) -> bool:
        """Whether IAM alone grants access, and access control lists do not exist."""
        return self.resource["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"]

    @property
    def soft_delete_seconds(self) -> int:
        """How long what is deleted can be restored; 0 for not at all."""
        policy = self.resource.get("softDeletePolicy", {})
        return int(policy.get("retentionDurationSeconds", 0))

    @property
    def kms_key(self) -> str | None:
        """The key that encrypts objects to come, None for Google's own."""
        return self.resource.get("encryption", {}).get("defaultKmsKeyName")

    def touch(self, now: int) -> None:
        """Note a change of the resource or the policy at a moment."""
        metageneration = int(self.resource["metageneration"]) + 1
        self.resource["metageneration"] = str(metageneration)
        self.resource["etag"] = etag_of(metageneration)
        self.resource["updated"] = moment(now)


def new_resource(
    given: Mapping[str, Any], number: str, now: int, *, object_retention: bool = False
) -> dict[str, Any]:
    """Return the resource of a new bucket from what its creator asked for.

    Args:
        given: the fields that were sent, checked against the schema.
        number: the project's.
        now: the bucket's generation.
        object_retention: its objects may have a retention of their own.
    """
    resource: dict[str, Any] = {
        "name": given["name"],
        "projectNumber": number,
        "generation": str(now),
        "metageneration": "1",
        "etag": etag_of(1),
        "timeCreated": moment(now),
        "updated": moment(now),
        "location": "US",
        "storageClass": "STANDARD",
        "softDeletePolicy": {"retentionDurationSeconds": str(SOFT_DELETE_SECONDS)},
        "acl": default_acl(number),
        "defaultObjectAcl": default_acl(number),
    }
    if object_retention:
        resource["objectRetention"] = {"mode": "Enabled"}
    return settled(merged(resource, _writable(given)), {}, now)


def patched(old: Mapping[str, Any], patch: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Return a bucket's resource after a patch: null deletes, objects merge."""
    return settled(merged(old, _writable(patch)), old, now)


def updated(old: Mapping[str, Any], given: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Return a bucket's resource after an update: what is not given is as if never set."""
    kept = {name: value for name, value in old.items() if name not in BUCKET_WRITABLE}
    for name in ("acl", "defaultObjectAcl", "location", "storageClass", "softDeletePolicy"):
        if name in old:
            kept[name] = old[name]
    return settled(merged(kept, _writable(given)), old, now)


def _writable(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in BUCKET_WRITABLE}
