"""What S3 alone does with objects."""

import asyncio
import threading

import pytest
from botocore.exceptions import ClientError
from cmbcluster_storage import (
    AccessDeniedError,
    ConflictError,
    InvalidRequestError,
    UnavailableError,
    s3_uploads,
)
from cmbcluster_storage.calls import Patience
from cmbcluster_storage.s3_objects import MARK

pytestmark = pytest.mark.parametrize("cloud", ["aws"], indirect=True)


async def test_upload_does_not_wait_for_permission(storage, bucket):
    headers = []
    storage.provider._backend._client.meta.events.register(
        "before-send.s3.PutObject", lambda request, **_: headers.append(request.headers)
    )
    await storage.upload_object(bucket, "a", b"content")

    assert ["Expect" in sent for sent in headers] == [False]


async def test_what_is_too_large_for_one_copy_is_copied_in_parts(
    storage, bucket, cloud, monkeypatch
):
    content = bytes(range(256)) * (24 * 1024)
    monkeypatch.setattr(s3_uploads, "_MOST_COPIED_AT_ONCE", 1)
    monkeypatch.setattr(s3_uploads, "_COPIED_PART_BYTES", 5 * 1024 * 1024)
    said = {
        "CacheControl": "no-store",
        "ContentDisposition": "inline",
        "ContentEncoding": "identity",
        "ContentLanguage": "de",
        "ContentType": "text/csv",
        "Metadata": {"reviewed": "yes"},
    }
    cloud.client.put_object(Bucket=bucket, Key="a", Body=content, **said)
    told = []
    copied = await storage.copy_object(
        bucket, "a", bucket, "b", progress=lambda *counts: told.append(counts)
    )

    assert copied.etag.endswith("-2")
    assert (len(told), told[-1]) == (2, (len(content), len(content)))
    assert await storage.download_object(bucket, "b") == content
    head = cloud.client.head_object(Bucket=bucket, Key="b")
    assert len(head["Metadata"].pop(MARK)) == 32
    assert {name: head[name] for name in said} == said


async def test_a_copy_in_parts_that_fails_leaves_nothing(storage, bucket, monkeypatch):
    monkeypatch.setattr(s3_uploads, "_MOST_COPIED_AT_ONCE", 1)
    await storage.upload_object(bucket, "a", b"content")
    provider = storage.provider
    monkeypatch.setattr(provider._backend._client, "upload_part_copy", denied)
    with pytest.raises(AccessDeniedError):
        await storage.copy_object(bucket, "a", bucket, "b")
    await provider.aclose()
    assert provider._backend.unfinished_uploads(bucket) == []


@pytest.fixture
def in_parts(monkeypatch):
    """Have every copy be one of two parts."""
    monkeypatch.setattr(s3_uploads, "_MOST_COPIED_AT_ONCE", 1)
    monkeypatch.setattr(s3_uploads, "_COPIED_PART_BYTES", 5 * 1024 * 1024)
    return bytes(range(256)) * (24 * 1024)


@pytest.mark.parametrize("closing", [False, True])
async def test_a_copy_in_parts_that_is_left_leaves_nothing(
    storage, bucket, in_parts, monkeypatch, closing
):
    await storage.upload_object(bucket, "a", in_parts)
    provider, going, over = storage.provider, asyncio.Event(), threading.Event()
    copy_part, loop = provider._backend.copy_part, asyncio.get_running_loop()

    def slow(*arguments):
        loop.call_soon_threadsafe(going.set)
        over.wait(10)
        return copy_part(*arguments)

    monkeypatch.setattr(provider._backend, "copy_part", slow)
    copying = asyncio.create_task(provider.copy_object(bucket, "a", bucket, "b"))
    await going.wait()
    if not closing:
        copying.cancel()
    ending = asyncio.create_task(storage.aclose())
    (outcome,) = await asyncio.gather(copying, return_exceptions=True)
    over.set()
    await ending

    assert type(outcome) is (InvalidRequestError if closing else asyncio.CancelledError)
    assert provider._backend.unfinished_uploads(bucket) == []
    assert [info.name for info in await storage.list_objects(bucket)] == ["a"]


async def test_each_part_of_a_copy_is_tried_by_itself(through, bucket, in_parts, monkeypatch):
    provider = through(Patience(deadline_seconds=20, attempts=2, first_wait_seconds=0.01))
    await provider.upload_object(bucket, "a", in_parts)
    asked, copy_part = [], provider._backend.copy_part

    def first_busy(upload, source, number, span):
        asked.append((upload.identity, number))
        if asked.count(asked[-1]) == 1:
            raise UnavailableError("busy")
        copy_part(upload, source, number, span)

    monkeypatch.setattr(provider._backend, "copy_part", first_busy)
    await provider.copy_object(bucket, "a", bucket, "b")

    assert sorted(number for _, number in asked) == [1, 1, 2, 2]
    assert len({identity for identity, _ in asked}) == 1
    assert await provider.download_object(bucket, "b") == in_parts


async def test_a_copy_in_parts_whose_end_was_not_answered_is_known_again(
    storage, bucket, in_parts, monkeypatch
):
    await storage.upload_object(bucket, "a", in_parts)
    provider, ended = storage.provider, []
    finish_upload = provider._backend.finish_upload

    def first_lost(*arguments):
        if ended:
            raise ConflictError("the upload is not there any more (NoSuchUpload)")
        ended.append(finish_upload(*arguments))
        raise UnavailableError("lost", uncertain=True)

    monkeypatch.setattr(provider._backend, "finish_upload", first_lost)
    copied = await storage.copy_object(bucket, "a", bucket, "b")

    (version,) = await storage.list_objects(bucket, "b", versions=True)
    assert (copied.version_id, copied.size_bytes) == (version.version_id, len(in_parts))


async def test_a_policy_waits_for_no_other_bucket_s(storage, bucket, cloud):
    other, over = f"{bucket}-2", threading.Event()
    cloud.create_bucket(other, versioned=True)
    backend = storage.provider._backend
    put_policy, waiting = backend._client.put_bucket_policy, asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(**arguments):
        if arguments["Bucket"] == bucket:
            loop.call_soon_threadsafe(waiting.set)
            over.wait(20)
        return put_policy(**arguments)

    backend._client.put_bucket_policy = slow
    first = asyncio.create_task(storage.ensure_bucket_permissions(bucket, cloud.members[0]))
    await waiting.wait()
    second = asyncio.create_task(storage.ensure_bucket_permissions(other, cloud.members[0]))
    done, _ = await asyncio.wait([second], timeout=10)
    over.set()

    assert (await first).changed
    assert done


async def test_unfinished_uploads_are_thrown_away_with_their_bucket(storage, bucket, cloud):
    for key in ("a", "ü"):
        cloud.client.create_multipart_upload(Bucket=bucket, Key=key)
    planned = await storage.delete_user_bucket(bucket, True, dry_run=True)

    assert (planned.upload_count, planned.version_count) == (2, 0)
    assert (await storage.delete_user_bucket(bucket, True)).upload_count == 2


async def test_every_unfinished_upload_is_counted(storage, bucket, cloud):
    for key in ("a", "b", "ü", "a", "c", "a/ b+c"):
        cloud.client.create_multipart_upload(Bucket=bucket, Key=key)

    def by_twos(params, **_):
        params["MaxUploads"] = 2

    events = storage.provider._backend._client.meta.events
    events.register("provide-client-params.s3.ListMultipartUploads", by_twos)
    assert (await storage.delete_user_bucket(bucket, True, dry_run=True)).upload_count == 6
    assert (await storage.delete_user_bucket(bucket, True)).upload_count == 6


async def test_keys_that_xml_cannot_name_are_deleted_as_well(storage, bucket):
    keys = ["a", "b\x01", "c", "d\U0001f30c"]
    versions = [await storage.upload_object(bucket, key, b"") for key in keys]

    assert await storage.delete_objects(bucket, keys[:2]) == [None, None]
    assert [info.name for info in await storage.list_objects(bucket)] == keys[2:]
    gone, absent = await storage.delete_objects(bucket, [versions[1], "\x02" * 3])
    assert (gone, absent) == (None, None)
    (refused,) = await storage.delete_objects(bucket, ["\udcff"])
    assert isinstance(refused, InvalidRequestError)


@pytest.mark.parametrize("letter", ["a", "\U0001f30c", "\udcff"])
async def test_no_key_is_longer_than_s3_takes(storage, bucket, letter):
    for call in (
        storage.upload_object(bucket, letter * 1025, b""),
        storage.download_object(bucket, letter * 1025),
        storage.get_object_info(bucket, letter * 1025),
        storage.delete_object(bucket, letter * 1025),
    ):
        with pytest.raises(InvalidRequestError, match="longer than 1024 bytes"):
            await call
    if letter != "\udcff":
        longest = letter * (1024 // len(letter.encode()))
        await storage.upload_object(bucket, longest, b"content")
        assert await storage.download_object(bucket, longest) == b"content"


def denied(**_):
    answer = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    raise ClientError(answer, "UploadPartCopy")
