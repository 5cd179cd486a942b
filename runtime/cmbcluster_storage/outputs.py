"""What a stack says of itself: its outputs as a typed contract, and a bucket that it may adopt.

`contract` reads them and makes the JSON Schema, `outputs.schema.json`, of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cmbcluster_storage import contract


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketParts:
    """What a bucket that exists already consists of, as its cloud tells it.

    Attributes:
        bucket_name: the bucket's name.
        location: its region or location, as the cloud writes it.
        parts: those that exist, as `adopt` of a stack file calls them, in the stack's order.
        settings: all that a stack may want otherwise, as plain data.
    """

    bucket_name: str
    location: str
    parts: tuple[str, ...]
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserOutputs:
    """What a hub needs to know of one user."""

    bucket_name: Annotated[str, "the user's bucket"]
    bucket_url: Annotated[str, "the same as tools open it, `s3://…` or `gs://…`"]
    namespace: Annotated[str, "where the user's server must run"]
    service_account_name: Annotated[str, "which service account the server must run as"]
    claim_name: Annotated[str, "which claim the server mounts"]
    state: Annotated[
        Literal["active", "suspended", "deleted"],
        "`active`, `suspended` or `deleted`; only the first may have a server",
    ]
    next_step: Annotated[str, "what the next edit of the user's line would do, in words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketOutputs:
    """The rules of every bucket, as in the stack file."""

    versioning: bool
    noncurrent_versions_kept: int
    noncurrent_days: int
    abort_uploads_after_days: int
    soft_delete_days: Annotated[int | None, "on Google Cloud only"] = None
    storage_class: str
    scratch_days: int | None
    encryption_key: Annotated[str | None, "the name of a key, which is no secret"]
    access_logs_to: str | None
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformOutputs:
    """What all users of a stack share, on either cloud."""

    name: Annotated[str, "`platform` of the stack file"]
    buckets: Annotated[BucketOutputs, "the rules of every bucket, as in the stack file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsPlatformOutputs(PlatformOutputs):
    """The same on AWS."""

    provider: Annotated[Literal["aws"], "the cloud"]
    account_id: Annotated[str, "the account of the buckets"]
    region: Annotated[str, "the region of the buckets"]
    bucket_namespace: Annotated[
        Literal["accountRegional", "global"], "where the buckets' names are unique"
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class GcpPlatformOutputs(PlatformOutputs):
    """The same on Google Cloud."""

    provider: Annotated[Literal["gcp"], "the cloud"]
    project: Annotated[str, "the id of the buckets' project"]
    project_number: Annotated[str, "the number of the buckets' project"]
    location: Annotated[str, "the location of the buckets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOutputs:
    """What `pulumi stack output --json` prints."""

    users: Annotated[Mapping[str, UserOutputs], "what a hub needs to know of each user, by id"]
    platform: Annotated[AwsPlatformOutputs | GcpPlatformOutputs, "what all of them share"]

    @classmethod
    def read(cls, outputs: Mapping[str, object]) -> "StackOutputs":
        """Return the outputs, checked; keys that only a newer stack has are ignored.

        Args:
            outputs: `json.loads` of what `pulumi stack output --json` prints.

        Raises:
            ConfigurationError: a key is missing or holds something else; the text names
                its path, the value and the cure.
        """
        return contract.read(cls, outputs)
