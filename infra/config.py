"""The stack's config: every check of what an operator wrote, before any resource.

`load()` reads this stack's config from the engine and returns one frozen
`StackConfig`; nothing after it reads a file or the environment. A mistake becomes a
`ConfigError` that lists every problem: which key, which value, what to write instead.
Pulumi's own typing of config lets misspelt keys pass, so all keys are checked here.
"""

import json
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pulumi
import yaml
from cmbcluster_storage import names, rules
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from infra.problems import described, problem, unknown

PROJECT = "cmbcluster-storage"

# What the engine keeps at the root of a stack file.
# Source: https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/
_STACK_FILE_KEYS = (
    "config",
    "encryptedkey",
    "encryptionsalt",
    "environment",
    "secretsprovider",
)

# Regions without the account-regional bucket namespace.
# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
_GLOBAL_NAMESPACE_ONLY = ("me-central-1", "me-south-1")

_DNS_LABEL = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_LABEL = r"^[a-z0-9_-]{1,63}$"


class ConfigError(pulumi.RunError):
    """The stack's config cannot be used; the text lists every problem and its cure."""


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
    """Where the buckets and roles are made."""

    provider: Literal["aws"] = Field(description="the cloud", examples=["aws"])
    account_id: str = Field(
        pattern=r"^\d{12}$",
        description="the AWS account: 12 digits, quoted; credentials of another are refused",
        examples=["123456789012"],
    )
    region: str = Field(
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        description="the AWS region of the buckets",
        examples=["us-east-1"],
    )
    oidc_issuer: str = Field(
        pattern=r"^[a-z0-9.-]+(/[A-Za-z0-9._-]+)*$",
        description="the cluster's OIDC issuer without https://, known to IAM as a provider",
        examples=["oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"],
    )

    @field_validator("region")
    @classmethod
    def _offers_account_regional_names(cls, region: str) -> str:
        if region in _GLOBAL_NAMESPACE_ONLY:
            raise problem("AWS offers no account-regional bucket names there; use another region")
        return region

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
        description="overwritten and deleted objects stay as noncurrent versions",
        examples=[True],
    )
    noncurrent_versions_kept: int = Field(
        rules.BucketRules.noncurrent_versions_kept,
        ge=1,
        le=100,
        description="so many noncurrent versions of an object never expire",
        examples=[30],
    )
    noncurrent_days: int = Field(
        rules.BucketRules.noncurrent_days,
        ge=1,
        description="days after which the noncurrent versions beyond those expire",
        examples=[30],
    )
    abort_uploads_after_days: int = Field(
        rules.BucketRules.abort_uploads_after_days,
        ge=1,
        description="days after which an unfinished upload is thrown away",
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
    cloud: AwsCloud = Field(description="provider, account and region")
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
        return _scope(self.platform, self.cloud)

    @field_validator("users")
    @classmethod
    def _are_distinct(cls, users: tuple[User, ...], info: ValidationInfo) -> tuple[User, ...]:
        if not {"platform", "cloud"} <= info.data.keys():
            return users  # the scope is wrong, and said to be, so names mean nothing
        scope = _scope(info.data["platform"], info.data["cloud"])
        seen: dict[str, str] = {}
        for user in users:
            # People cannot tell such ids apart; everything of a user is called by name or slug.
            for label in (
                unicodedata.normalize("NFKC", user.id).casefold(),
                names.user_name(scope, user.id),
                names.user_slug(scope, user.id),
            ):
                if seen.setdefault(label, user.id) is not user.id:
                    raise problem(
                        f"{seen[label]!r} and {user.id!r} are one user to this stack; keep one line"
                    )
        return users


def _scope(platform: str, cloud: AwsCloud) -> str:
    return names.aws_scope(platform, cloud.account_id, cloud.region)


def load() -> StackConfig:
    """Return the checked config of the stack that the engine runs.

    Raises:
        ConfigError: anything in the stack's config or file is not as it must be.
    """
    path = Path(pulumi.get_root_directory()) / f"Pulumi.{pulumi.get_stack()}.yaml"
    return parse(
        pulumi.runtime.get_config_env(),
        secret_keys=pulumi.runtime.get_config_secret_keys_env(),
        stack_file_keys=yaml.safe_load(path.read_text("utf-8")) or () if path.exists() else (),
    )


def parse(
    values: Mapping[str, str],
    *,
    secret_keys: Iterable[str] = (),
    stack_file_keys: Iterable[str] = (),
) -> StackConfig:
    """Return the checked config.

    Args:
        values: full key to text, or to JSON where the value has structure.
        secret_keys: which of them are encrypted.
        stack_file_keys: the keys at the root of the stack file.

    Raises:
        ConfigError: lists all problems, not the first only.
    """
    raw, problems = _raw(values, secret_keys)
    problems += [
        unknown(key, _STACK_FILE_KEYS) for key in stack_file_keys if key not in _STACK_FILE_KEYS
    ]
    try:
        config = StackConfig.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        problems += [
            described(details, StackConfig, PROJECT) for details in error.errors(include_url=False)
        ]
    else:
        if not problems:
            return config
    raise ConfigError("\n".join(["the stack's config cannot be used:", *problems]))


def _raw(values: Mapping[str, str], secret_keys: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """Return what the model is to check, and the problems of the outermost keys."""
    raw: dict[str, Any] = {}
    problems: list[str] = []
    known = {f"{PROJECT}:{to_camel(field)}": to_camel(field) for field in StackConfig.model_fields}
    for key, text in values.items():
        if key.startswith("pulumi:"):  # the engine's own: tags, disabled providers, …
            continue
        if key not in known:
            problems.append(unknown(key, known))
        elif key in secret_keys:
            problems.append(f"{key}: is encrypted; nothing here is secret, write it plainly")
        elif (value := _value(text)) not in ({}, [], ""):  # defaults of Pulumi.yaml: absent
            raw[known[key]] = value
    return raw, problems


def _value(text: str) -> Any:
    """Return what has structure as such; anything else is the text that it is."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict | list) else text
