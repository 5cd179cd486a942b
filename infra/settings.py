"""Settings: what may stand in a stack file, as frozen models.

A new key is a new field here: its description is the README's, its checks are all that
there are. `infra.config` reads the file; nothing here reads anything.
"""

import unicodedata
from typing import Annotated, Any, Literal, Self

from cmbcluster_storage import names, rules
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from infra.problems import problem

# Regions without the account-regional bucket namespace.
# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
_GLOBAL_NAMESPACE_ONLY = ("me-central-1", "me-south-1")

_MOST_DAYS = 36_500
_DNS_LABEL = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_LABEL = r"^[a-z0-9_-]{1,63}$"


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
    )


class AwsCloud(_Model):
    """Where the buckets and roles are made, on AWS."""

    provider: Literal["aws"] = Field(description="the cloud", examples=["aws"])
    account_id: str = Field(
        pattern=r"^[0-9]{12}$",
        description="the AWS account: 12 digits, quoted; credentials of another are refused",
        examples=["123456789012"],
    )
    region: str = Field(
        pattern=r"^(us-gov|[a-z]{2})-[a-z]+-[0-9]$",
        max_length=16,  # or names do not fit into a bucket's
        description="the AWS region of the buckets",
        examples=["us-east-1"],
    )
    oidc_issuer: str = Field(
        pattern=r"^[a-z0-9.-]+(/[A-Za-z0-9._-]+)*$",
        max_length=255,  # IAM's own limit; a trust policy has room for it twice
        description="the cluster's OIDC issuer without https://, known to IAM as a provider",
        examples=["oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"],
    )

    @field_validator("region")
    @classmethod
    def _offers_account_regional_names(cls, region: str) -> str:
        if region in _GLOBAL_NAMESPACE_ONLY:
            raise problem("AWS offers no account-regional bucket names there; use another region")
        return region

    def scope(self, platform: str) -> str:
        """Return the scope in which the users' names are unique."""
        return names.aws_scope(platform, self.account_id, self.region)

    @property
    def partition(self) -> str:
        """The first field of every ARN.

        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
        """
        match self.region.split("-")[:2]:
            case ["us", "gov"]:
                return "aws-us-gov"
            case ["cn", _]:
                return "aws-cn"
            case _:
                return "aws"


class GcpCloud(_Model):
    """Where the buckets and identities are made, on Google Cloud."""

    provider: Literal["gcp"] = Field(description="the cloud", examples=["gcp"])
    project: str = Field(
        pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$",
        description="the project's id",
        examples=["cmbcluster-research"],
    )
    project_number: str = Field(
        pattern=r"^[0-9]{6,19}$",
        description="the project's number, quoted; principals are named by it",
        examples=["123456789012"],
    )
    location: str = Field(
        # Source: https://cloud.google.com/storage/docs/locations
        pattern=r"^([a-z]{2,}[0-9]?|[A-Z]{2,}[0-9]?|[a-z]+-[a-z]+[0-9]+|[A-Z]+-[A-Z]+[0-9]+)$",
        description="the region, dual-region or multi-region of the buckets",
        examples=["europe-west4"],
    )
    identity: Literal["workloadIdentity", "serviceAccount"] = Field(
        "workloadIdentity",
        description="the Kubernetes service account itself, or a Google one: it can sign URLs",
        examples=["workloadIdentity"],
    )

    def scope(self, platform: str) -> str:
        """Return the scope in which the users' names are unique."""
        return names.gcp_scope(platform, self.project)


Cloud = Annotated[AwsCloud | GcpCloud, Field(discriminator="provider")]


class Kubernetes(_Model):
    """Where service accounts, volumes and claims are made."""

    namespace: str = Field(
        pattern=_DNS_LABEL,
        description="the namespace of the users' servers; exists already",
        examples=["cmbcluster"],
    )
    context: str | None = Field(
        None,
        min_length=1,
        description="the kubeconfig context of the cluster; or renderTo instead",
        examples=["cmbcluster-aws"],
    )
    render_to: str | None = Field(
        None,
        min_length=1,
        description="a folder for manifests that something else applies; or context instead",
        examples=["manifests"],
    )

    @model_validator(mode="after")
    def _has_one_target(self) -> Self:
        if (self.context is None) == (self.render_to is None):
            raise problem("needs exactly one of context and renderTo; write one and drop the other")
        return self


class Buckets(_Model):
    """What every bucket of the stack is like."""

    versioning: bool = Field(
        rules.BucketRules.versioning,
        description="whether overwritten and deleted objects stay as noncurrent versions",
        examples=[True],
    )
    noncurrent_versions_kept: int = Field(
        rules.BucketRules.noncurrent_versions_kept,
        ge=1,
        le=100,
        description="how many noncurrent versions of an object never expire",
        examples=[30],
    )
    noncurrent_days: int = Field(
        rules.BucketRules.noncurrent_days,
        ge=1,
        le=_MOST_DAYS,
        description="after how many days the noncurrent versions beyond those expire",
        examples=[30],
    )
    abort_uploads_after_days: int = Field(
        rules.BucketRules.abort_uploads_after_days,
        ge=1,
        le=_MOST_DAYS,
        description="after how many days an unfinished upload is thrown away",
        examples=[7],
    )
    soft_delete_days: int = Field(
        rules.BucketRules.soft_delete_days,
        ge=7,
        le=90,
        description="how many days what is deleted for good can be restored; Google Cloud only",
        examples=[7],
    )
    labels: dict[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")],
        Annotated[str, Field(pattern=_LABEL)],
    ] = Field(
        {},
        max_length=40,
        description="labels (tags on AWS) of every bucket and role; values are quoted text",
        examples=[{"cost-centre": "physics"}],
    )

    @field_validator("labels")
    @classmethod
    def _are_free(cls, labels: dict[str, str]) -> dict[str, str]:
        if taken := sorted(labels.keys() & rules.OWN_LABELS):
            raise problem(f"sets {', '.join(taken)}, which this stack sets itself; use another key")
        return labels

    def rules(self) -> rules.BucketRules:
        """Return the same as the runtime knows it."""
        return rules.BucketRules(**self.model_dump(exclude={"labels"}))


class User(_Model):
    """One researcher."""

    id: str = Field(
        min_length=1,
        max_length=254,
        description="the user's id as the hub knows it",
        examples=["ann@example.org"],
    )

    @field_validator("id")
    @classmethod
    def _is_printable(cls, user: str) -> str:
        if user != user.strip() or not user.isprintable():
            raise problem("has spaces around it or characters that do not print; write it without")
        return user


def _user_of(value: Any) -> Any:
    return {"id": value} if isinstance(value, str) else value


class StackConfig(_Model):
    """All that the program knows of the world: one stack's config, checked."""

    platform: str = Field(
        pattern=r"^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$",
        description="the hub these users belong to; part of every name",
        examples=["cmbcluster"],
    )
    cloud: Cloud = Field(description="where the buckets are: the keys of one provider")
    kubernetes: Kubernetes = Field(description="namespace and context or renderTo")
    buckets: Buckets = Field(
        default_factory=lambda: Buckets.model_validate({}), description="what every bucket is like"
    )
    users: tuple[Annotated[User, BeforeValidator(_user_of)], ...] = Field(
        (), description="one entry per user: an id, or an object with id", examples=[["ann"]]
    )

    @property
    def scope(self) -> str:
        """The scope in which the users' names are unique."""
        return self.cloud.scope(self.platform)

    @field_validator("buckets")
    @classmethod
    def _fit_the_cloud(cls, buckets: Buckets, info: ValidationInfo) -> Buckets:
        on_aws = isinstance(info.data.get("cloud"), AwsCloud)
        if on_aws and "soft_delete_days" in buckets.model_fields_set:
            raise problem("sets softDeleteDays, which AWS does not have; drop it")
        return buckets

    @field_validator("users")
    @classmethod
    def _are_distinct(cls, users: tuple[User, ...], info: ValidationInfo) -> tuple[User, ...]:
        if not {"platform", "cloud"} <= info.data.keys():
            return users  # the scope is wrong, and said to be, so names mean nothing
        scope = info.data["cloud"].scope(info.data["platform"])
        seen: dict[str, int] = {}
        for index, user in enumerate(users):
            # People cannot tell such ids apart; everything of a user is called by name or slug.
            for label in (
                unicodedata.normalize("NFKC", user.id).casefold(),
                names.user_name(scope, user.id),
                names.user_slug(scope, user.id),
            ):
                if (first := seen.setdefault(label, index)) != index:
                    raise problem(
                        f"{users[first].id!r} and {user.id!r} are one user to this stack; "
                        "keep one line"
                    )
        return users
