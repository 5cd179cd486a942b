"""The clouds, with buckets and objects in them, for every test of this ring."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from clouds import Aws, Gcp
from cmbcluster_storage import StorageManager, StorageProviderFactory, calls
from cmbcluster_storage.calls import Patience
from faults import Proxy
from gaps import GAPS
from gcs_client import Api, client_of
from google.cloud.storage import Bucket, Client

from sandbox import peers

_QUICK = Patience(deadline_seconds=20, attempts=4, first_wait_seconds=0.01)

SERVERS = {
    "aws": (Aws, "aws_endpoint"),
    "gcp": (Gcp, "gcs_endpoint"),
    "moto": (Aws, "moto_endpoint"),
    "seaweedfs": (Aws, "seaweedfs_endpoint"),
}


def pytest_collection_modifyitems(items):
    """Have every gap of a server fail as its row says."""
    for item in items:
        if not item.path.is_relative_to(Path(__file__).parent):
            continue  # another ring's, whose clouds are called otherwise
        server = getattr(item, "callspec", None) and item.callspec.params.get("cloud")
        rows = GAPS.get(server, {})
        rest = item.name.replace(f"[{server}]", "").replace(f"[{server}-", "[")
        if reason := rows.get(item.originalname) or rows.get(rest):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """Have what is tried again be tried soon: these servers need no rest."""
    monkeypatch.setattr(calls, "_MOST_WAIT_SECONDS", 0.05)


@pytest.fixture(scope="session")
def moto_endpoint(tmp_path_factory):
    server = peers.moto(tmp_path_factory.mktemp("moto"))
    yield server.url
    server.close()


@pytest.fixture(scope="session")
def seaweedfs_endpoint(tmp_path_factory):
    server = peers.seaweedfs(tmp_path_factory.mktemp("seaweedfs"))
    yield server.url
    server.close()


@pytest.fixture(params=SERVERS)
def cloud(request, monkeypatch):
    """Each server in turn."""
    kind, endpoint = SERVERS[request.param]
    opened = kind(request.getfixturevalue(endpoint), monkeypatch)
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
    cloud.create_bucket(f"{absent}-plain", versioned=False)
    return f"{absent}-plain"


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


@pytest.fixture
def proxy(cloud, monkeypatch):
    dialect, variable = {
        "s3": ("s3", "AWS_ENDPOINT_URL"),
        "gs": ("gcs", "STORAGE_EMULATOR_HOST"),
    }[cloud.scheme]
    proxy = Proxy(cloud.endpoint, dialect)
    monkeypatch.setenv(variable, proxy.url)
    yield proxy
    proxy.close()
    assert not proxy.broken


@pytest.fixture
async def through(cloud, proxy):
    """Return what makes a provider whose requests pass the proxy."""
    providers = []

    def made(patience=_QUICK):
        settings = cloud.settings
        provider = StorageProviderFactory.create(
            settings.CLOUD_PROVIDER,
            region=settings.AWS_REGION or settings.REGION,
            project=settings.PROJECT_ID,
            account_id=settings.AWS_ACCOUNT_ID,
            patience=patience,
        )
        providers.append(provider)
        return provider

    yield made
    proxy.faults.clear()
    for provider in providers:
        await provider.aclose()
