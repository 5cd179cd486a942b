"""The clouds, with buckets and objects in them, for every test of this ring."""

import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest
from clouds import Aws, Gcp
from cmbcluster_storage import StorageManager
from gcs_client import Api, client_of
from google.cloud.storage import Bucket, Client


@pytest.fixture(params=["aws", "gcp"])
def cloud(request, monkeypatch):
    """Each cloud in turn."""
    if request.param == "aws":
        opened = Aws(request.getfixturevalue("aws_endpoint"), monkeypatch)
    else:
        opened = Gcp(request.getfixturevalue("gcs_endpoint"), monkeypatch)
    with closing(opened):
        yield opened


@pytest.fixture
async def storage(cloud):
    async with StorageManager(cloud.settings) as manager:
        yield manager


@pytest.fixture
def absent():
    """The name of a bucket that there is not."""
    return f"objects-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def bucket(cloud, absent):
    cloud.create_bucket(absent, versioned=True)
    return absent


@pytest.fixture
def unversioned_bucket(cloud, absent):
    cloud.create_bucket(absent, versioned=False)
    return absent


@pytest.fixture
def gcs(gcs_endpoint: str) -> Iterator[Client]:
    """Google's own client, of a project that nobody else uses."""
    with client_of(gcs_endpoint) as client:
        yield client


@pytest.fixture
def api(gcs_endpoint: str) -> Iterator[Api]:
    """The JSON API without a client in between."""
    api = Api(gcs_endpoint)
    yield api
    api.session.close()


@pytest.fixture
def name() -> str:
    return f"nebula-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def gcs_bucket(gcs: Client, name: str) -> Bucket:
    return gcs.create_bucket(name)
