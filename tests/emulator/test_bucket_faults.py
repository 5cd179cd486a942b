"""What goes wrong between the requests of one call about a bucket."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from cmbcluster_storage import (
    AccessDeniedError,
    BucketNotFoundError,
    ConflictError,
    PartialFailureError,
    StorageTimeoutError,
)
from cmbcluster_storage.calls import Patience
from cmbcluster_storage.messages import Upload
from faults import Fault

pytestmark = pytest.mark.parametrize("cloud", ["aws", "gcp"], indirect=True)


def written(proxy):
    return [line for line in proxy.asked if not line.startswith(("GET ", "HEAD "))]


async def test_a_call_that_is_cancelled_sends_nothing_more(through, proxy, bucket, cloud):
    provider = through()
    proxy.delay_seconds = 0.3
    call = asyncio.create_task(provider.ensure_bucket_permissions(bucket, cloud.members[0]))
    while not proxy.asked:  # the policy is read
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await provider.aclose()

    assert len(proxy.asked) == 1


async def test_a_call_past_its_deadline_sends_nothing_more(through, proxy, bucket, cloud):
    provider = through(Patience(deadline_seconds=1, attempts=2))
    proxy.delay_seconds = 0.6
    calls = (provider.ensure_bucket_permissions(bucket, one) for one in cloud.members)
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(outcome, StorageTimeoutError)
    asked = len(proxy.asked)
    await provider.aclose()

    assert len(proxy.asked) == asked


@pytest.mark.parametrize("force", [False, True])
async def test_a_deletion_whose_answer_was_lost_was_ours(through, proxy, bucket, cloud, force):
    provider = through()
    before = {("s3", False): 1, ("s3", True): 3, ("gs", False): 1, ("gs", True): 2}
    proxy.faults = [Fault("lost", after=before[cloud.scheme, force], about=(bucket,))]

    assert (await provider.delete_bucket(bucket, force)).deleted
    assert len([line for line in proxy.asked if line.startswith("DELETE")]) == 2
    with pytest.raises(BucketNotFoundError):
        await provider.delete_bucket(bucket)


async def test_a_bucket_of_another_name_whose_answer_was_lost_is_ours(through, proxy, cloud):
    provider, name = through(), f"own-{uuid.uuid4().hex[:8]}"
    proxy.faults = [Fault("lost", after=int(cloud.scheme == "s3"), about=(name, '"name"'))]
    made = await provider.create_user_bucket("ann", name)

    assert made.versioned
    assert made.labels["platform"] == "cmbcluster"
    assert await provider.create_user_bucket("ann", name) == made


@pytest.mark.parametrize("force", [False, True])
async def test_what_was_deleted_last_can_be_restored_as_long(through, bucket, monkeypatch, force):
    provider, deleted = through(), []
    delete = provider._backend.delete_bucket

    def noted(name):
        delete(name)
        deleted.append(datetime.now(UTC))

    monkeypatch.setattr(provider._backend, "delete_bucket", noted)
    monkeypatch.setattr(provider._backend, "soft_delete_seconds", lambda _: 60)
    done = await provider.delete_bucket(bucket, force)
    assert done.restorable_until >= deleted[0] + timedelta(seconds=60)


async def test_changed_is_what_was_written(through, proxy, bucket, cloud):
    provider, member = through(), cloud.members[0]
    # It is written, but on S3 what is read back does not come, on Google the answer.
    kind, after = ("busy", 2) if cloud.scheme == "s3" else ("lost", 1)
    proxy.faults = [Fault(kind, after=after, about=(bucket,))]
    assert (await provider.ensure_bucket_permissions(bucket, member)).changed
    before = written(proxy)
    proxy.faults = [Fault("reset", about=(bucket,))]
    assert not (await provider.ensure_bucket_permissions(bucket, member)).changed
    assert written(proxy) == before


async def test_who_may_write_keeps_it_and_may_read(through, proxy, bucket, cloud):
    provider, member = through(), cloud.members[0]
    assert (await provider.ensure_bucket_permissions(bucket, member, "read")).changed
    assert (await provider.ensure_bucket_permissions(bucket, member, "write")).changed
    policy = cloud.policy(bucket)
    assert not (await provider.ensure_bucket_permissions(bucket, member, "read")).changed
    assert cloud.policy(bucket) == policy


async def test_an_upload_that_is_gone_is_gone(through, proxy, bucket, cloud):
    if cloud.scheme == "gs":
        return  # it lists none
    cloud.client.create_multipart_upload(Bucket=bucket, Key="a")
    proxy.faults = [Fault("lost", about=("uploadId",))]
    assert (await through().delete_bucket(bucket, True)).upload_count == 1


@pytest.mark.parametrize(
    ("error", "expected"), [(None, ConflictError), (AccessDeniedError("no"), PartialFailureError)]
)
async def test_an_upload_that_stays_ends_the_deletion(
    through, bucket, monkeypatch, error, expected
):
    def aborted(*_):
        if error:
            raise error

    def not_empty(_):
        raise ConflictError("it is not empty")

    provider = through()
    monkeypatch.setattr(provider._backend, "unfinished_uploads", lambda *_: [STAYS])
    monkeypatch.setattr(provider._backend, "abort_unfinished", aborted)
    monkeypatch.setattr(provider._backend, "delete_bucket", not_empty)
    with pytest.raises(expected) as caught:
        await provider.delete_bucket(bucket, True)
    if error:
        assert caught.value.left == ("a (7)",)


STAYS = Upload(key="a", identity="7")


@pytest.mark.parametrize("own", [False, True])
async def test_a_bucket_that_may_not_be_read_is_somebody_else_s_or_an_error(
    through, monkeypatch, own
):
    def refused(_):
        raise AccessDeniedError("not allowed (403)")

    provider = through()
    monkeypatch.setattr(provider._backend, "bucket", refused)
    monkeypatch.setattr(provider._backend, "is_own_bucket", lambda *_: own)
    if not own:
        assert await provider.list_user_buckets("ann") == []
        return
    with pytest.raises(AccessDeniedError, match=r"^list_user_buckets '.*\(403\)"):
        await provider.list_user_buckets("ann")


async def test_who_has_wrong_credentials_is_told_of_them(cloud, through, monkeypatch):
    if cloud.scheme == "gs":
        return  # its answers always have a body
    provider = through()
    refused = AccessDeniedError("the credentials are wrong (InvalidAccessKeyId)")

    def head(**_):
        raise AccessDeniedError("not allowed (403)")

    def location(**_):
        raise refused

    monkeypatch.setattr(provider._backend._client, "head_bucket", head)
    monkeypatch.setattr(provider._backend._client, "get_bucket_location", location)
    with pytest.raises(AccessDeniedError, match="InvalidAccessKeyId"):
        await provider.create_user_bucket("ann", "somebody-s")
    refused = AccessDeniedError("not allowed (AccessDenied)")
    with pytest.raises(AccessDeniedError, match=r"\(403\)"):  # the name is nobody else's
        await provider.create_user_bucket("ann")
    with pytest.raises(AccessDeniedError, match=r"\(403\)"):
        await provider.list_user_buckets("ann")
