"""All of a stack file as one model, and what its parts demand of each other."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from infra.problems import problem
from infra.settings import users as user_settings
from infra.settings.base import Model
from infra.settings.buckets import Buckets
from infra.settings.clouds import AwsCloud, Cloud
from infra.settings.review import Review
from infra.settings.users import User

_DNS_LABEL = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"


class Kubernetes(Model):
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


def _user_of(value: Any) -> Any:
    return {"id": value} if isinstance(value, str) else value


class StackConfig(Model):
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
    review: Review = Field(
        default_factory=lambda: Review.model_validate({}),
        description="what one pull request may do without consent: the limits of the base branch",
    )
    extends: str | None = Field(
        None,
        description=(
            "another stack of this project, whose platform, cloud, kubernetes, buckets and review "
            "this one takes over, and writes none of them itself"
        ),
        examples=["aws"],
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
        if (cloud := info.data.get("cloud")) is None:
            return buckets  # it is wrong, and said to be
        if isinstance(cloud, AwsCloud) and "soft_delete_days" in buckets.model_fields_set:
            raise problem("sets softDeleteDays, which AWS does not have; drop it")
        if wrong := cloud.storage_class_problem(buckets.storage_class):
            raise problem(f"sets storageClass {buckets.storage_class}, which {wrong}")
        if buckets.encryption_key and (wrong := cloud.key_problem(buckets.encryption_key)):
            raise problem(f"sets encryptionKey {buckets.encryption_key}, which {wrong}")
        if buckets.access_logs_to and (wrong := cloud.bucket_problem(buckets.access_logs_to)):
            raise problem(f"sets accessLogsTo {buckets.access_logs_to}, which {wrong}")
        return buckets

    @field_validator("users")
    @classmethod
    def _are_distinct(cls, users: tuple[User, ...], info: ValidationInfo) -> tuple[User, ...]:
        if not {"platform", "cloud"} <= info.data.keys():
            return users  # the scope is wrong, and said to be, so names mean nothing
        logs = info.data["buckets"].access_logs_to if "buckets" in info.data else None
        user_settings.check(users, info.data["cloud"], info.data["platform"], logs)
        return users
