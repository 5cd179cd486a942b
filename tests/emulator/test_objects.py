import asyncio
import base64
from datetime import UTC

import google_crc32c
import pytest
from cmbcluster_storage import (
    BucketNotFoundError,
    InvalidRequestError,
    ObjectNotFoundError,
    StorageManager,
)

CRC32C = base64.b64encode(google_crc32c.Checksum(b"l,C_l\n").digest()).decode()


async def test_upload_then_read_back(storage, bucket, cloud):
    info = await storage.upload_object(bucket, "maps/cmb.csv", b"l,C_l\n")
    listed = (await storage.list_objects(bucket))[0]
    stored = cloud.stored(bucket, "maps/cmb.csv")

    assert await storage.download_object(bucket, "maps/cmb.csv") == b"l,C_l\n"
    assert dict(info) == {
        "bucket_name": bucket,
        "name": "maps/cmb.csv",
        "size_bytes": 6,
        "content_type": "text/csv",
        "updated": info.updated,
        "etag": stored.etag,
        "version_id": stored.version_id,
        "is_latest": True,
        "url": f"{cloud.scheme}://{bucket}/maps/cmb.csv",
        "crc32c": CRC32C,
        "size": 6,
        "generation": stored.version_id,
        "created": info.updated,
    }
    assert abs(info.updated - stored.updated).total_seconds() < 2
    assert stored.content_type == "text/csv"
    assert abs(listed.updated - stored.updated).total_seconds() < 1
    assert listed.updated.tzinfo is UTC, "read by dateutil, which is slow"
    assert (
        dict(listed)
        == dict(info)
        | {
            "updated": listed.updated,
            "created": listed.updated,
        }
        | cloud.unlisted
    )


@pytest.mark.parametrize(
    ("name", "given", "stored"),
    [
        ("a.png", None, "image/png"),
        ("a.png", "application/x-own", "application/x-own"),
        ("a", None, "application/octet-stream"),
    ],
)
async def test_content_type(storage, bucket, cloud, name, given, stored):
    info = await storage.upload_object(bucket, name, b"", given)

    assert info.content_type == stored
    assert cloud.stored(bucket, name).content_type == stored


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


async def test_deleted_object_keeps_its_versions(storage, bucket, cloud):
    info = await storage.upload_object(bucket, "a", b"kept")
    cloud.delete(bucket, "a")

    assert await storage.list_objects(bucket) == []
    versions = await storage.list_objects(bucket, versions=True)
    assert [(kept.version_id, kept.is_latest) for kept in versions] == [(info.version_id, False)]
    with pytest.raises(ObjectNotFoundError):
        await storage.download_object(bucket, "a")
    assert await storage.download_object(bucket, "a", version_id=info.version_id) == b"kept"


async def test_bucket_without_versions(storage, unversioned_bucket, cloud):
    await storage.upload_object(unversioned_bucket, "a", b"first")
    second = await storage.upload_object(unversioned_bucket, "a", b"second")

    versions = await storage.list_objects(unversioned_bucket, versions=True)
    assert [(info.size_bytes, info.is_latest) for info in versions] == [(6, True)]
    generation = (second.version_id, second.version_id)
    assert (second.version_id, versions[0].version_id) == (cloud.unversioned or generation)


async def test_missing_object(storage, bucket, cloud):
    info = await storage.upload_object(bucket, "a", b"")

    with pytest.raises(ObjectNotFoundError) as caught:
        await storage.download_object(bucket, "absent/ü")
    assert str(caught.value).startswith(f"download_object '{bucket}/absent/ü': the object")
    assert bool(caught.value.request_id) is cloud.identifies_requests
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
async def test_missing_bucket(storage, absent, call):
    with pytest.raises(BucketNotFoundError) as caught:
        await call(storage, absent)
    assert caught.value.bucket == absent


@pytest.mark.parametrize("name", ["", "a/b", "a?b", "ü"])
async def test_no_bucket_can_be_called_that(storage, name):
    for call in (
        storage.upload_object(name, "a", b""),
        storage.download_object(name, "a"),
        storage.list_objects(name),
    ):
        with pytest.raises(InvalidRequestError):
            await call


@pytest.mark.parametrize("name", ["", "\udcff"])
async def test_no_object_can_be_called_that(storage, bucket, name):
    with pytest.raises(InvalidRequestError):
        await storage.upload_object(bucket, name, b"")
    with pytest.raises(InvalidRequestError):
        await storage.download_object(bucket, name)


async def test_a_wrong_key_keeps_no_other_from_its_deletion(storage, bucket):
    for key in ("a", "b"):
        await storage.upload_object(bucket, key, b"")
    outcomes = await storage.delete_objects(bucket, ["a", "", "\udcff", "b"])

    wrong = InvalidRequestError
    assert [outcome and type(outcome) for outcome in outcomes] == [None, wrong, wrong, None]
    assert await storage.list_objects(bucket) == []


KEYS = [
    ".",
    "..",
    "../above",
    "/leading",
    "a b+c%20&=?#;:@.txt",
    "dir//double",
    "line\nbreak",
    "quote'\"<&>",
    "trailing/",
    "été/日本/🌌.fits",
]


async def test_any_key(storage, bucket, cloud):
    keys = [key for key in KEYS if key not in cloud.refused_keys]
    for key in keys:
        await storage.upload_object(bucket, key, key.encode())
    for key in cloud.refused_keys:
        with pytest.raises(InvalidRequestError):
            await storage.upload_object(bucket, key, b"")

    assert [info.name for info in await storage.list_objects(bucket)] == keys
    assert [info.name for info in await storage.list_objects(bucket, versions=True)] == keys
    assert [info.name for info in await storage.list_objects(bucket, "été/日")] == keys[-1:]
    for key in keys:
        assert await storage.download_object(bucket, key) == key.encode()


async def test_listing_takes_all_pages(storage, bucket):
    names = [f"n/{number:04}" for number in range(1001)]
    await asyncio.gather(*(storage.upload_object(bucket, name, b"x") for name in names))

    assert [info.name for info in await storage.list_objects(bucket, "n/")] == names
    versions = await storage.list_objects(bucket, "n/", versions=True)
    assert [info.name for info in versions] == names


async def test_content_of_many_megabytes(storage, bucket):
    content = bytes(range(256)) * (40 * 1024)
    info = await storage.upload_object(bucket, "large", content)

    assert info.size_bytes == len(content)
    assert await storage.download_object(bucket, "large") == content


async def test_many_clients_at_once(cloud, bucket):
    async def travel(number: int) -> bytes:
        async with StorageManager(cloud.settings) as own:
            await own.upload_object(bucket, f"{number}", b"%d" % number)
            return await own.download_object(bucket, f"{number}")

    contents = await asyncio.gather(*(travel(number) for number in range(8)))
    assert contents == [b"%d" % number for number in range(8)]
