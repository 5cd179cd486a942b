"""What Cloud Storage alone does with objects."""

import gzip
import os
import threading
from dataclasses import replace

import pytest
from cmbcluster_storage import (
    InvalidRequestError,
    UnavailableError,
    gcs_uploads,
    large_uploads,
    uploads,
)
from cmbcluster_storage.calls import Patience
from cmbcluster_storage.uploads import SMALL_BYTES
from google.cloud.storage._bucket_metadata_cache import BucketMetadataCache

pytestmark = pytest.mark.parametrize("cloud", ["gcp"], indirect=True)


async def test_nothing_is_asked_that_a_user_may_not_read(storage, bucket, monkeypatch):
    asked = []
    monkeypatch.setattr(
        BucketMetadataCache, "get_or_queue_fetch", lambda cache, name: asked.append(name)
    )
    await storage.upload_object(bucket, "a", b"")
    await storage.download_object(bucket, "a")
    await storage.list_objects(bucket)

    assert asked == []


async def test_what_is_stored_compressed_is_returned_as_it_is_stored(storage, bucket, cloud):
    content = gzip.compress(b"l,C_l\n" * 1000)
    blob = cloud.client.bucket(bucket).blob("a")
    blob.content_encoding = "gzip"
    blob.upload_from_string(content)

    assert await storage.download_object(bucket, "a") == content
    assert (await storage.list_objects(bucket))[0].size_bytes == len(content)


async def test_updated_is_the_content_s_time_not_the_metadata_s(storage, bucket, cloud):
    info = await storage.upload_object(bucket, "a", b"")
    blob = cloud.client.bucket(bucket).get_blob("a")
    blob.metadata = {"reviewed": "yes"}
    blob.patch()

    listed = (await storage.list_objects(bucket))[0]
    assert blob.updated > listed.updated == info.updated
    assert listed.etag != info.etag


@pytest.mark.parametrize("key", [".", ".."])
async def test_an_object_is_never_taken_for_its_bucket(storage, bucket, key):
    await storage.upload_object(bucket, "a", b"content")
    for call in (
        storage.upload_object(bucket, key, b""),
        storage.upload_object(bucket, key, bytes(SMALL_BYTES + 1)),
        storage.download_object(bucket, key),
        storage.get_object_info(bucket, key),
        storage.copy_object(bucket, "a", bucket, key),
        storage.copy_object(bucket, key, bucket, "b"),
        storage.delete_object(bucket, key),
    ):
        with pytest.raises(InvalidRequestError, match="ValueError"):
            await call
    assert [info.name for info in await storage.list_objects(bucket)] == ["a"]


async def test_of_many_only_what_no_object_is_called_is_not_deleted(storage, bucket):
    info = await storage.upload_object(bucket, "a", b"")
    entries = ["", "a", ".", "never", "..", "\udcff", replace(info, version_id="null")]
    outcomes = await storage.delete_objects(bucket, entries)

    refused = [None if outcome is None else type(outcome) for outcome in outcomes]
    wrong = InvalidRequestError
    assert refused == [wrong, None, wrong, None, wrong, wrong, wrong]
    assert [outcomes[index].key for index in (0, 2, 4, 6)] == ["", ".", "..", "a"]
    assert await storage.list_objects(bucket) == []
    (outcome,) = await storage.delete_objects(bucket, [".."])
    assert (type(outcome), outcome.operation) == (InvalidRequestError, "delete_objects")


async def test_a_large_upload_waits_for_few_answers(storage, bucket, monkeypatch):
    backend = (await storage.opened())._backend
    put_part, sent = backend.put_part, []

    def noted(upload, part, go_on):
        sent.append(len(part.data))
        put_part(upload, part, go_on)

    monkeypatch.setattr(backend, "put_part", noted)
    content = os.urandom(1024) * (49 * 1024)
    await storage.upload_object(bucket, "large", content)

    mib = 1024 * 1024
    assert sent == [8 * mib, 8 * mib, 32 * mib, mib]
    assert await storage.download_object(bucket, "large") == content


async def test_the_next_part_is_read_while_one_is_sent(storage, bucket, monkeypatch):
    part = 256 * 1024
    for module in (uploads, large_uploads):
        monkeypatch.setattr(module, "SMALL_BYTES", part)
    monkeypatch.setattr(gcs_uploads, "_PART_BYTES", part)
    backend, asked, sent = (await storage.opened())._backend, threading.Event(), []
    put_part = backend.put_part

    def waiting(upload, piece, go_on):
        assert asked.wait(30), "the third part is not read before the first is sent"
        sent.append(piece.number)
        put_part(upload, piece, go_on)

    async def pieces():
        for number in range(4):
            if number == 2:
                asked.set()
            yield bytes([number]) * part

    monkeypatch.setattr(backend, "put_part", waiting)
    await storage.upload_object(bucket, "large", pieces())

    assert sent == [1, 2, 3, 4]
    content = await storage.download_object(bucket, "large")
    assert content == b"".join(bytes([number]) * part for number in range(4))


async def test_each_step_of_a_large_copy_is_tried_by_itself(through, bucket, monkeypatch):
    provider = through(Patience(deadline_seconds=20, attempts=2, first_wait_seconds=0.01))
    content = os.urandom(1024) * (3 * 1024)
    await provider.upload_object(bucket, "a", content)
    backend, tokens = provider._backend, []
    send, step = backend._json, {"maxBytesRewrittenPerCall": 1024 * 1024}

    def first_busy(method, path, key, query=None, **options):
        if "/rewriteTo/" not in path:
            return send(method, path, key, query, **options)
        tokens.append(query["rewriteToken"])
        if tokens.count(tokens[-1]) == 1:
            raise UnavailableError("busy")
        return send(method, path, key, query | step, **options)

    monkeypatch.setattr(backend, "_json", first_busy)
    told = []
    await provider.copy_object(
        bucket, "a", bucket, "b", progress=lambda *counts: told.append(counts)
    )

    assert len(tokens) == 2 * len(set(tokens)) == 6
    mib = 1024 * 1024
    assert told == [(mib, 3 * mib), (2 * mib, 3 * mib), (3 * mib, 3 * mib)]
    assert await provider.download_object(bucket, "b") == content


async def test_a_version_that_is_not_told_is_not_compared(storage, bucket):
    info = await storage.upload_object(bucket, "a", b"first")
    with pytest.raises(InvalidRequestError, match="no version_id") as caught:
        await storage.upload_object(bucket, "a", b"2", if_version=replace(info, version_id=None))

    assert (caught.value.operation, caught.value.key) == ("upload_object", "a")
    assert await storage.download_object(bucket, "a") == b"first"
