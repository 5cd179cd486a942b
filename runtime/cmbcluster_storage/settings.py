"""Settings of the runtime: read from the environment and from a `.env` file, once.

What the SDKs read themselves (credentials, `AWS_ENDPOINT_URL`, `STORAGE_EMULATOR_HOST`,
proxies) is not repeated here. A `.env` file does not reach the SDKs: it sets only these fields.
"""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Choose the cloud that holds the buckets.

    An empty variable counts as absent; variables of other programs are ignored.
    """

    model_config = SettingsConfigDict(
        frozen=True, env_file=".env", env_ignore_empty=True, extra="ignore"
    )

    CLOUD_PROVIDER: Literal["gcp", "aws"] = Field(
        default="gcp", description="The cloud that holds the buckets."
    )
    AWS_REGION: str | None = Field(
        default=None, description="Region of the buckets, such as us-east-1; S3 requires it."
    )
    PROJECT_ID: str | None = Field(
        default=None,
        description="Google Cloud project of the buckets; work with objects needs none.",
    )
