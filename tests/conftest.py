"""What every ring shares: its marker, a clean environment, an emulator."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import boto3
import pytest
from botocore import loaders, session

from sandbox.emulator import Emulator
from sandbox.gcs import GcsEmulator

_TESTS = Path(__file__).parent
_FOREIGN = (
    "AWS_", "CLOUD_", "CLOUDSDK_", "COGNITO_", "ECR_", "EKS_", "GCE_", "GCLOUD_", "GOOGLE_",
    "PROJECT_", "PULUMI_", "REGION", "S3_", "STORAGE_",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        ring = item.path.relative_to(_TESTS).parts[0]
        item.add_marker(ring)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(_FOREIGN):
            monkeypatch.delenv(name)
    # It keeps the credentials that it found first for every later client of the process.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture(scope="session", autouse=True)
def _models_are_read_once() -> Iterator[None]:
    """Have the AWS SDK's sessions share its files: reading them is most of what a client costs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "create_loader", cache(loaders.create_loader))
        yield


@pytest.fixture(scope="session")
def aws_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start an emulator of AWS for the whole session and return its address."""
    emulator = Emulator(tmp_path_factory.mktemp("emulator") / "aws")
    yield emulator.url
    emulator.close()


@pytest.fixture(scope="session")
def gcs_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a Cloud Storage for the whole session and return its address."""
    folder = tmp_path_factory.mktemp("emulator")
    numbers = {"cmbcluster-research": "123456789012", "cosmology": "210987654321"}
    emulator = GcsEmulator(folder / "gcs", numbers)
    yield emulator.url
    emulator.close()
