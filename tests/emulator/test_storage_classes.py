"""The class of what is written is the platform's, by whichever way it is written."""

import json
import uuid

import pytest
from cmbcluster_storage import StorageManager, UnsupportedError, large_uploads, uploads

pytestmark = pytest.mark.parametrize("cloud", ["aws", "gcp"], indirect=True)

RULES = {
    "versioning": True,
    "noncurrentVersionsKept": 30,
    "noncurrentDays": 30,
    "abortUploadsAfterDays": 7,
    "scratchDays": None,
    "encryptionKey": None,
    "accessLogsTo": None,
    "labels": {},
}


@pytest.fixture
def user():
    return f"ann-{uuid.uuid4().hex[:8]}@example.org"


@pytest.fixture
async def nearline(cloud, tmp_path):
    """The hub of a stack whose buckets are of the class NEARLINE."""
    buckets = {**RULES, "storageClass": "NEARLINE"}
    platform = {"name": "cmbcluster", **cloud.place, "buckets": buckets}
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps({"users": {}, "platform": platform}))
    settings = cloud.settings.model_copy(update={"CMBCLUSTER_STORAGE_PLATFORM": path})
    async with StorageManager(settings) as manager:
        yield manager


async def test_a_bucket_is_of_the_platform_s_class(nearline, user):
    made = await nearline.create_user_bucket(user)

    assert made.storage_class == "NEARLINE"
    assert (await nearline.get_bucket_metadata(made.name)).storage_class == "NEARLINE"
    assert [one.storage_class for one in await nearline.list_user_buckets(user)] == ["NEARLINE"]
    assert await nearline.create_user_bucket(user, storage_class="NEARLINE") == made


async def test_another_class_is_the_caller_s_where_buckets_have_one(nearline, storage, user, cloud):
    for manager, platform_s, other in (
        (nearline, "NEARLINE", "STANDARD"),
        (storage, "STANDARD", "NEARLINE"),
    ):
        if cloud.scheme == "s3":
            with pytest.raises(UnsupportedError, match=f"what is written is {platform_s}"):
                await manager.create_user_bucket(user, storage_class=other)
        else:
            name = f"classes-{uuid.uuid4().hex[:8]}"
            made = await manager.create_user_bucket(user, name, other)
            assert (made.name, made.storage_class) == (name, other)


async def test_whatever_is_written_is_of_that_class(nearline, bucket, user, cloud, monkeypatch):
    """Also what is copied out of a bucket of another class."""
    for module in (uploads, large_uploads):
        monkeypatch.setattr(module, "SMALL_BYTES", 256 * 1024)
    cloud.put(bucket, "standard", b"content")
    name = (await nearline.create_user_bucket(user)).name
    small = await nearline.upload_object(name, "small", b"content")
    await nearline.upload_object(name, "small", b"again", if_version=small)
    await nearline.upload_object(name, "large", b"x" * (300 * 1024))
    await nearline.upload_many(name, [("one of many", b"content")])
    await nearline.copy_object(bucket, "standard", name, "copied")
    await nearline.restore_object(name, "small", small.version_id)

    assert cloud.classes(bucket) == {"STANDARD"}
    assert cloud.classes(name) == {cloud.nearline}


async def test_the_default_is_the_cloud_s_own(storage, bucket, cloud):
    await storage.upload_object(bucket, "small", b"content")
    assert cloud.classes(bucket) == {"STANDARD"}
