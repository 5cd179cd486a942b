"""Settings of the runtime: read from the environment and from a `.env` file, once.

What the SDKs read themselves (credentials, `AWS_ENDPOINT_URL`, `STORAGE_EMULATOR_HOST`,
proxies) is not repeated here. A `.env` file does not reach the SDKs: it sets only these fields.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from cmbcluster_storage.errors import ConfigurationError

_FILE = ".env"


class Settings(BaseSettings):
    """Choose the cloud that holds the buckets.

    An empty variable counts as absent; variables of other programs are ignored. What an
    operation needs and is not set is named by the error of that operation.
    """

    model_config = SettingsConfigDict(
        frozen=True, env_file=_FILE, env_ignore_empty=True, extra="ignore"
    )

    CLOUD_PROVIDER: Literal["gcp", "aws"] = Field(
        default="gcp", description="The cloud that holds the buckets."
    )
    CMBCLUSTER_STORAGE_PLATFORM: Path | None = Field(
        default=None,
        description="File with the stack's outputs as JSON: the platform's name, the buckets' "
        "rules, the users' buckets. None: the platform 'cmbcluster' with the default rules.",
    )
    PROJECT_ID: str | None = Field(
        default=None,
        description="Google Cloud project of the buckets; work with objects needs none.",
    )
    REGION: str | None = Field(
        default=None, description="Google Cloud location of buckets that are made here."
    )
    AWS_ACCOUNT_ID: str | None = Field(
        default=None, description="AWS account of buckets that are made here: 12 digits."
    )
    AWS_REGION: str | None = Field(
        default=None, description="Region of the buckets, such as us-east-1; S3 requires it."
    )
    S3_DATABASE_BUCKET: str | None = Field(
        default=None, description="A bucket on S3 that is not a user's and is not touched."
    )
    S3_USER_BUCKET_PREFIX: str | None = Field(
        default=None, description="For older callers; not used here: no bucket is found by it."
    )
    EKS_CLUSTER_NAME: str | None = Field(default=None, description="For the hub; not used here.")
    ECR_REGISTRY_URL: str | None = Field(default=None, description="For the hub; not used here.")
    COGNITO_USER_POOL_ID: str | None = Field(
        default=None, description="For the hub; not used here."
    )
    COGNITO_CLIENT_ID: str | None = Field(default=None, description="For the hub; not used here.")
    COGNITO_CLIENT_SECRET: str | None = Field(
        default=None, repr=False, description="For the hub; not used here."
    )
    COGNITO_DOMAIN: str | None = Field(default=None, description="For the hub; not used here.")
    COGNITO_REGION: str | None = Field(default=None, description="For the hub; not used here.")

    def __init__(self, **values: Any) -> None:
        """Read the environment and the file; values that are given come first.

        Raises:
            ConfigurationError: the file is not UTF-8.
            ValidationError: a value is none of its field's.
        """
        try:
            super().__init__(**values)
        except UnicodeDecodeError as error:
            given: Any = values.get("_env_file") or _FILE
            files: list[Any] = [*given] if isinstance(given, list | tuple) else [given]
            shown = " or ".join(str(Path(file).absolute()) for file in files)
            raise ConfigurationError(f"{shown} is not UTF-8; save it as UTF-8") from error

    @property
    def refused_buckets(self) -> tuple[str, ...]:
        """Buckets of the cloud that are not users' and are not touched."""
        if self.CLOUD_PROVIDER == "aws" and self.S3_DATABASE_BUCKET:
            return (self.S3_DATABASE_BUCKET,)
        return ()
