import asyncio
import re
import sys
import time
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
from cmbcluster_storage import (
    ConfigurationError,
    InvalidRequestError,
    MissingExtraError,
    Settings,
    StorageManager,
    StorageProviderFactory,
    UnsupportedError,
)
from cmbcluster_storage.errors import missing_extra
from cmbcluster_storage.runner import THREADS
from cmbcluster_storage.s3_pages import timestamp
from cmbcluster_storage.uploads import guessed_content_type

AWS = Settings(CLOUD_PROVIDER="aws", AWS_REGION="eu-west-1")
GCP = Settings(CLOUD_PROVIDER="gcp", PROJECT_ID="science")


def forget(monkeypatch):
    """Have the modules that import an SDK imported anew."""
    for module in list(sys.modules):
        if module.startswith(("cmbcluster_storage.s3", "cmbcluster_storage.gcs")):
            monkeypatch.delitem(sys.modules, module)


@pytest.mark.parametrize("kind", ["azure", ""])
def test_unsupported_kind_says_which_there_are(kind):
    with pytest.raises(UnsupportedError, match=f"no storage provider '{kind}'; there are: 'aws'"):
        StorageProviderFactory.create(kind)


@pytest.mark.parametrize(
    ("kind", "named", "cloud"),
    [
        ("GCP", {"project": "science"}, "gcp"),
        ("gcp", {"project_id": "science"}, "gcp"),
        ("AWS", {"region": "eu-west-1", "account_id": "science"}, "aws"),
    ],
)
async def test_older_callers_words_are_taken(kind, named, cloud):
    provider = StorageProviderFactory.create(kind, **named)
    assert (provider._platform.provider, provider._platform.account) == (cloud, "science")
    await provider.aclose()


@pytest.mark.parametrize("region", [None, ""])
def test_missing_region_names_the_variable(region):
    with pytest.raises(ConfigurationError, match="set AWS_REGION"):
        StorageProviderFactory.create_from_config(AWS.model_copy(update={"AWS_REGION": region}))


@pytest.mark.parametrize(
    ("settings", "absent"),
    [
        (AWS, "boto3"),
        (GCP, "google.cloud.storage"),
    ],
)
def test_missing_sdk_names_the_cure(monkeypatch, settings, absent):
    forget(monkeypatch)
    monkeypatch.setitem(sys.modules, absent, None)

    kind = settings.CLOUD_PROVIDER
    with pytest.raises(MissingExtraError, match=rf"'cmbcluster-storage\[{kind}\]'") as caught:
        StorageProviderFactory.create_from_config(settings)
    assert caught.value.provider == kind


@pytest.mark.parametrize("absent", ["google", "google.cloud", "google.auth", "requests"])
def test_sdk_is_missing_with_the_package_that_holds_it(absent):
    with pytest.raises(MissingExtraError), missing_extra("gcp"):
        raise ModuleNotFoundError(name=absent)


@pytest.mark.parametrize(
    ("settings", "absent"),
    [
        (AWS, "botocore.config"),
        (GCP, "google.cloud.exceptions"),
        (GCP, "requests.adapters"),
    ],
)
def test_broken_sdk_is_not_called_missing(monkeypatch, settings, absent):
    forget(monkeypatch)
    monkeypatch.setitem(sys.modules, absent, None)

    with pytest.raises(ModuleNotFoundError, match=re.escape(absent)) as caught:
        StorageProviderFactory.create_from_config(settings)
    assert not isinstance(caught.value, MissingExtraError)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AWS_ENDPOINT_URL", "not a url"),
        ("AWS_PROFILE", "absent"),
        ("AWS_REQUEST_CHECKSUM_CALCULATION", "sometimes"),
    ],
)
def test_wrong_configuration_of_boto3(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError):
        StorageProviderFactory.create("aws", region="us-east-1")


@pytest.mark.parametrize("region", ["not a region", "a_b"])
def test_wrong_region(region):
    with pytest.raises(ConfigurationError, match="AWS_REGION"):
        StorageProviderFactory.create("aws", region=region)


@pytest.mark.parametrize(
    ("endpoint", "checksums"),
    [
        (None, "when_supported"),
        ("https://bucket.vpce-1.s3.eu-west-1.vpce.amazonaws.com", "when_supported"),
        ("http://127.0.0.1:9", "when_required"),
    ],
)
async def test_client_is_tuned(monkeypatch, endpoint, checksums):
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    provider = StorageProviderFactory.create_from_config(AWS)
    config = provider._backend._client.meta.config

    assert config.region_name == "eu-west-1"
    assert config.request_checksum_calculation == checksums
    assert config.response_checksum_validation == checksums
    assert config.max_pool_connections == THREADS
    assert config.signature_version == "s3v4"
    await provider.aclose()
    await provider.aclose()


@pytest.mark.parametrize(
    "written",
    ["2026-01-02T03:04:05.000Z", "Fri, 02 Jan 2026 03:04:05 GMT", 1767323045],
)
def test_timestamps(written):
    assert timestamp(written) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a/b.csv", "text/csv"),
        ("map.png", "image/png"),
        ("a.csv.gz", "application/octet-stream"),
        ("none", "application/octet-stream"),
        (".csv", "application/octet-stream"),
        ("//[x/a.csv", "text/csv"),
        ("data:te/\r\nX: 1,a", "application/octet-stream"),
        ("data:text/html,a.csv", "text/csv"),
    ],
)
def test_content_type_is_guessed(name, kind):
    assert guessed_content_type(name) == kind


async def test_manager_opens_its_provider_on_entry_only():
    manager = StorageManager(Settings(CLOUD_PROVIDER="aws"))
    await manager.aclose()

    with pytest.raises(ConfigurationError):
        await manager.__aenter__()
    async with StorageManager(AWS) as manager:
        assert manager.provider is manager.provider


async def test_a_manager_can_be_entered_again():
    manager = StorageManager(AWS)
    async with manager:
        first = manager.provider
    with pytest.raises(InvalidRequestError, match=r"^list_buckets: the provider is closed"):
        await first.list_buckets()
    async with manager:
        assert manager.provider is not first


async def test_operations_at_once_open_one_provider(monkeypatch):
    made = []

    def create(settings):
        time.sleep(0.05)
        made.append(settings)
        return object()

    monkeypatch.setattr(StorageProviderFactory, "create_from_config", create)
    # As Python 3.12 has it, which this may not be.
    provider = StorageManager.__dict__["provider"]
    monkeypatch.setattr(provider, "lock", nullcontext(), raising=False)
    manager = StorageManager(Settings())
    opened = await asyncio.gather(*(manager.opened() for _ in range(8)))

    assert len(made) == 1
    assert len({id(one) for one in opened}) == 1


def test_manager_reads_its_settings(monkeypatch):
    monkeypatch.setenv("CLOUD_PROVIDER", "aws")
    assert StorageManager().settings.CLOUD_PROVIDER == "aws"


def test_manager_describes_volumes_without_an_sdk():
    manager = StorageManager(AWS)
    bucket = "andromeda-nebula-0a1b2c3d-123456789012-us-east-1-an"
    name = "andromeda-nebula-0a1b2c3d"

    assert manager.get_fuse_volume_spec(bucket) == {
        "name": name,
        "persistentVolumeClaim": {"claimName": name},
    }
    assert manager.get_fuse_volume_mount(bucket, "/data") == {"name": name, "mountPath": "/data"}
    assert manager.get_friendly_display_name(bucket) == "Andromeda Nebula"
    assert StorageManager(GCP).get_fuse_volume_spec(name)["csi"]["driver"].startswith("gcsfuse.")


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0.0 B"),
        (1023, "1023.0 B"),
        (1024, "1.0 KB"),
        (1536, "1.5 KB"),
        (1024**2 - 1, "1.0 MB"),
        (5 * 1024**3, "5.0 GB"),
        (1024**4, "1.0 TB"),
        (1024**5, "1.0 PB"),
        (3000 * 1024**5, "3000.0 PB"),
    ],
)
def test_manager_formats_sizes(size_bytes, text):
    assert StorageManager(AWS).format_bucket_size(size_bytes) == text


def test_a_bucket_that_is_no_user_s_is_not_mounted():
    manager = StorageManager(AWS.model_copy(update={"S3_DATABASE_BUCKET": "hub"}))
    with pytest.raises(InvalidRequestError) as caught:
        manager.get_fuse_volume_spec("hub")

    told = "get_fuse_volume_spec 'hub': the bucket is not a user's; name another"
    assert (str(caught.value), caught.value.provider) == (told, "aws")
    assert manager.get_fuse_volume_spec("ann")["name"] == "ann"
