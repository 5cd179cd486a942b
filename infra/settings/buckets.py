"""What every bucket of the stack is like."""

from typing import Annotated

from cmbcluster_storage import rules
from pydantic import Field, field_validator

from infra.problems import problem
from infra.settings.base import Model

_MOST_DAYS = 36_500
_LABEL = r"^[a-z0-9_-]{1,63}$"


class Buckets(Model):
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
    scratch_days: int | None = Field(
        rules.BucketRules.scratch_days,
        ge=1,
        le=_MOST_DAYS,
        description=(
            "after how many days objects under `scratch/` are deleted; they stay as noncurrent "
            "versions for noncurrentDays"
        ),
        examples=[30],
    )
    storage_class: rules.StorageClass = Field(
        rules.BucketRules.storage_class,
        description="the class of new objects, in Google's words; see the table below",
        examples=["STANDARD"],
    )
    encryption_key: str | None = Field(
        rules.BucketRules.encryption_key,
        min_length=1,
        description="a KMS key's ARN, or a Cloud KMS key's name, to encrypt with instead",
        examples=[
            "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ],
    )
    access_logs_to: str | None = Field(
        rules.BucketRules.access_logs_to,
        min_length=1,
        description="a bucket that exists and takes the access logs, each bucket's under its name",
        examples=["cmbcluster-access-logs"],
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
