import asyncio
import uuid
from datetime import UTC

import boto3
import pytest
from cmbcluster_storage import (
    BucketNotFoundError,
    ObjectNotFoundError,
    Settings,
    StorageManager,
)

SETTINGS = Settings(CLOUD_PROVIDER="aws", AWS_REGION="us-east-1")


@pytest.fixture
def endpoint(aws_endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
async def storage(endpoint):
    async with StorageManager(SETTINGS) as manager:
        yield manager


@pytest.fixture
def client(endpoint):
    """The SDK itself, for what the runtime does not do or should not be asked."""
    client = boto3.client("s3", region_name="us-east-1")
    yield client
    client.close()


@pytest.fixture
def bucket(client):
    name = f"objects-{uuid.uuid4().hex[:8]}"
    client.create_bucket(Bucket=name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


async def test_upload_then_read_back(storage, bucket, client):
    info = await storage.upload_object(bucket, "maps/cmb.csv", b"l,C_l\n")
    listed = (await storage.list_objects(bucket))[0]
    stored = client.head_object(Bucket=bucket, Key="maps/cmb.csv")

    assert await storage.download_object(bucket, "maps/cmb.csv") == b"l,C_l\n"
    assert dict(info) == {
        "bucket_name": bucket,
        "name": "maps/cmb.csv",
        "size_bytes": 6,
        "content_type": "text/csv",
        "updated": info.updated,
        "etag": stored["ETag"].strip('"'),
        "version_id": stored["VersionId"],
        "is_latest": True,
        "url": f"s3://{bucket}/maps/cmb.csv",
        "size": 6,
        "generation": stored["VersionId"],
    }
    assert abs(info.updated - stored["LastModified"]).total_seconds() < 2
    assert stored["ContentType"] == "text/csv"
    assert listed.updated.tzinfo is UTC, "read by dateutil, which is slow"
    assert dict(listed) == dict(info) | {
        "content_type": None,
        "version_id": None,
        "generation": None,
        "updated": listed.updated,
    }


@pytest.mark.parametrize(
    ("name", "given", "stored"),
    [
        ("a.png", None, "image/png"),
        ("a.png", "application/x-own", "application/x-own"),
        ("a", None, "application/octet-stream"),
    ],
)
async def test_content_type(storage, bucket, client, name, given, stored):
    info = await storage.upload_object(bucket, name, b"", given)

    assert info.content_type == stored
    assert client.head_object(Bucket=bucket, Key=name)["ContentType"] == stored


async def test_upload_does_not_wait_for_permission(storage, bucket):
    headers = []
    storage.provider._client.meta.events.register(
        "before-send.s3.PutObject", lambda request, **_: headers.append(request.headers)
    )
    await storage.upload_object(bucket, "a", b"content")

    assert ["Expect" in sent for sent in headers] == [False]


async def test_overwritten_versions_can_be_read(storage, bucket):
    first = await storage.upload_object(bucket, "a", b"first")
    second = await storage.upload_object(bucket, "a", b"second")
    await storage.upload_object(bucket, "b", b"")

    versions = await storage.list_objects(bucket, "a", versions=True)
    assert [(info.version_id, info.size_bytes, info.is_latest) for info in versions] == [
        (second.version_id, 6, True),
        (first.version_id, 5, False),
    ]
    assert await storage.download_object(bucket, "a") == b"second"
    for info, content in ((first, b"first"), (second, b"second")):
        assert await storage.download_object(bucket, "a", version_id=info.version_id) == content


async def test_deleted_object_keeps_its_versions(storage, bucket, client):
    info = await storage.upload_object(bucket, "a", b"kept")
    client.delete_object(Bucket=bucket, Key="a")

    assert await storage.list_objects(bucket) == []
    versions = await storage.list_objects(bucket, versions=True)
    assert [(kept.version_id, kept.is_latest) for kept in versions] == [(info.version_id, False)]
    with pytest.raises(ObjectNotFoundError):
        await storage.download_object(bucket, "a")
    assert await storage.download_object(bucket, "a", version_id=info.version_id) == b"kept"


async def test_bucket_without_versions(storage, client):
    bucket = f"objects-{uuid.uuid4().hex[:8]}"
    client.create_bucket(Bucket=bucket)

    assert (await storage.upload_object(bucket, "a", b"")).version_id is None
    assert [info.version_id for info in await storage.list_objects(bucket, versions=True)] == [
        "null"
    ]


async def test_missing_object(storage, bucket):
    info = await storage.upload_object(bucket, "a", b"")

    with pytest.raises(ObjectNotFoundError) as caught:
        await storage.download_object(bucket, "absent/ü")
    assert str(caught.value).startswith(f"download_object '{bucket}/absent/ü': the object")
    assert caught.value.request_id
    with pytest.raises(ObjectNotFoundError):
        await storage.download_object(bucket, "a", version_id=f"{info.version_id}0")


@pytest.mark.parametrize(
    "call",
    [
        lambda storage, bucket: storage.upload_object(bucket, "a", b""),
        lambda storage, bucket: storage.download_object(bucket, "a"),
        lambda storage, bucket: storage.list_objects(bucket),
        lambda storage, bucket: storage.list_objects(bucket, versions=True),
    ],
)
async def test_missing_bucket(storage, call):
    bucket = f"absent-{uuid.uuid4().hex[:8]}"
    with pytest.raises(BucketNotFoundError) as caught:
        await call(storage, bucket)
    assert caught.value.bucket == bucket


KEYS = [
    "/leading",
    "a b+c%20&=?#;:@.txt",
    "dir//double",
    "line\nbreak",
    "quote'\"<&>",
    "trailing/",
    "été/日本/🌌.fits",
]


async def test_any_key(storage, bucket):
    for key in KEYS:
        await storage.upload_object(bucket, key, key.encode())

    assert [info.name for info in await storage.list_objects(bucket)] == KEYS
    assert [info.name for info in await storage.list_objects(bucket, versions=True)] == KEYS
    assert [info.name for info in await storage.list_objects(bucket, "été/日")] == KEYS[-1:]
    for key in KEYS:
        assert await storage.download_object(bucket, key) == key.encode()


async def test_listing_takes_all_pages(storage, bucket):
    names = [f"n/{number:04}" for number in range(1001)]
    await asyncio.gather(*(storage.upload_object(bucket, name, b"x") for name in names))

    assert [info.name for info in await storage.list_objects(bucket, "n/")] == names
    versions = await storage.list_objects(bucket, "n/", versions=True)
    assert [info.name for info in versions] == names


async def test_many_clients_at_once(endpoint, bucket):
    async def travel(number: int) -> bytes:
        async with StorageManager(SETTINGS) as own:
            await own.upload_object(bucket, f"{number}", b"%d" % number)
            return await own.download_object(bucket, f"{number}")

    contents = await asyncio.gather(*(travel(number) for number in range(32)))
    assert contents == [b"%d" % number for number in range(32)]
