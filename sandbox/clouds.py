"""Clouds: which emulator a stack needs, and how programs find it.

Only variables that the SDKs read themselves: what works here works there.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from sandbox.emulator import Emulator
from sandbox.gcs.emulator import GcsEmulator
from sandbox.servers import ServerProcess

Cloud = Mapping[str, object]


def emulator(cloud: Cloud, folder: Path) -> ServerProcess:
    """Start the emulator of a cloud with what `folder` holds of it.

    Args:
        cloud: what the stack file says; checked by nobody yet.
        folder: of all emulators' contents.
    """
    if cloud.get("provider") == "gcp":
        return GcsEmulator(
            folder / "gcs", {str(cloud.get("project")): _digits(cloud, "projectNumber")}
        )
    return Emulator(folder / "aws", _digits(cloud, "accountId"))


def environment(cloud: Cloud, url: str) -> dict[str, str]:
    """Return the variables by which an operator's programs find and enter the cloud."""
    if cloud.get("provider") == "gcp":
        return {
            "STORAGE_EMULATOR_HOST": url,
            # The official provider's; it looks into Compute while it starts.
            "GOOGLE_OAUTH_ACCESS_TOKEN": "sandbox",
            "GOOGLE_COMPUTE_CUSTOM_ENDPOINT": f"{url}/compute/v1/",
            "GOOGLE_IAM_CUSTOM_ENDPOINT": f"{url}/v1/",
            "GOOGLE_STORAGE_CUSTOM_ENDPOINT": f"{url}/storage/v1/",
        }
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_EC2_METADATA_DISABLED": "true",
        # The emulator takes an access key of 12 digits for an account.
        "AWS_ACCESS_KEY_ID": _digits(cloud, "accountId"),
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _digits(cloud: Cloud, key: str) -> str:
    """Return an account's or project's number: the sandbox has any that is asked for."""
    value = cloud.get(key)
    return value if isinstance(value, str) and value.isdigit() else "000000000000"
