"""What goes wrong between us and the cloud: every fault on every operation.

Each ends in success or in the right error: never in wrong data, nor past the deadline, nor
with an effect that nobody wanted.
"""

import asyncio
import itertools
import threading
import time
import uuid
from contextlib import asynccontextmanager

import pytest
from cmbcluster_storage import (
    AccessDeniedError,
    OutcomeUnknownError,
    PreconditionFailedError,
    StorageError,
    StorageTimeoutError,
    UnavailableError,
    downloads,
    large_uploads,
    reads,
    uploads,
)
from cmbcluster_storage.calls import Patience
from faults import Fault

pytestmark = pytest.mark.parametrize("cloud", ["aws", "gcp"], indirect=True)

PART_BYTES = 256 * 1024
LARGE = bytes(range(256)) * 1025  # two parts
QUICK = Patience(deadline_seconds=20, attempts=4, first_wait_seconds=0.01)
IMPATIENT = Patience(deadline_seconds=4, attempts=4, first_wait_seconds=0.01)
FAULTS = ("busy", "slow_down", "reset", "stall", "short", "damaged", "lost", "expired")


@pytest.fixture
def small_parts(monkeypatch):
    """Have what is large be small, which is quicker to send."""
    for module in (uploads, large_uploads, reads):
        monkeypatch.setattr(module, "SMALL_BYTES", PART_BYTES)


async def streamed(provider, bucket):
    return b"".join([piece async for piece in provider.stream_object(bucket, "large")])


OPERATIONS = {
    "upload": lambda p, b, t, v: p.upload_object(b, "new", b"content"),
    "upload_if_absent": lambda p, b, t, v: p.upload_object(b, "new", b"content", if_absent=True),
    "upload_if_version": lambda p, b, t, v: p.upload_object(b, "old", b"content", if_version=v),
    "upload_large": lambda p, b, t, v: p.upload_object(b, "new", LARGE),
    "upload_large_if_absent": lambda p, b, t, v: p.upload_object(b, "new", LARGE, if_absent=True),
    "upload_many": lambda p, b, t, v: p.upload_many(b, [("new", b"content")]),
    "download": lambda p, b, t, v: p.download_object(b, "old"),
    "download_range": lambda p, b, t, v: p.download_object(b, "old", start=0, stop=3),
    "download_large": lambda p, b, t, v: p.download_object(b, "large"),
    "download_file": lambda p, b, t, v: p.download_file(b, "large", t / "file"),
    "download_many": lambda p, b, t, v: p.download_many(b, ["old"]),
    "stream": lambda p, b, t, v: streamed(p, b),
    "info": lambda p, b, t, v: p.get_object_info(b, "old"),
    "list": lambda p, b, t, v: p.list_objects(b, "old"),
    "versions": lambda p, b, t, v: p.list_objects(b, "old", versions=True),
    "copy": lambda p, b, t, v: p.copy_object(b, "old", b, "new"),
    "restore": lambda p, b, t, v: p.restore_object(b, "old", v.version_id),
    "delete": lambda p, b, t, v: p.delete_object(b, "old"),
    "delete_version": lambda p, b, t, v: p.delete_object(b, "old", version_id=v.version_id),
    "delete_many": lambda p, b, t, v: p.delete_objects(b, ["old"]),
    "delete_versions": lambda p, b, t, v: p.delete_objects(b, [v]),
    "metadata": lambda p, b, t, v: p.get_bucket_metadata(b),
    "create": lambda p, b, t, v: p.create_user_bucket(b),
    "permissions": lambda p, b, t, v: p.ensure_bucket_permissions(
        b, "arn:aws:iam::123456789012:role/ann" if p._backend.scheme == "s3" else "user:ann@x.org"
    ),
    "delete_bucket": lambda p, b, t, v: p.delete_bucket(b, True),
}
WRITES = {
    "upload": b"content",
    "upload_if_absent": b"content",
    "upload_large": LARGE,
    "upload_large_if_absent": LARGE,
    "upload_many": b"content",
    "copy": b"0123456789",
}
LARGE_READS = ("download_large", "download_file", "stream")
READS = {
    "download": b"0123456789",
    "download_range": b"012",
    "download_large": LARGE,
    "download_many": [b"0123456789"],
    "stream": LARGE,
}


async def filled(provider, bucket, operation):
    version = await provider.upload_object(bucket, "old", b"0123456789")
    if operation in ("download_large", "download_file", "stream"):
        await provider.upload_object(bucket, "large", LARGE)
    return version


async def prepared(cloud, provider, operation):
    """Return a bucket of its own with what an operation needs in it."""
    bucket = f"faults-{uuid.uuid4().hex[:12]}"
    await asyncio.to_thread(cloud.create_bucket, bucket, versioned=True)
    return bucket, await filled(provider, bucket, operation)


@asynccontextmanager
async def met(proxy, provider, bucket, kind, **how):
    """Have something go wrong with the requests about a bucket, or the one of its user."""
    fault = Fault(kind, about=(bucket, provider._platform.bucket_name(bucket)), **how)
    proxy.faults.append(fault)
    try:
        yield
    finally:
        proxy.faults.remove(fault)


async def outcome(provider, operation, bucket, folder, version):
    """Return what an operation gives, or its error."""
    try:
        told = await OPERATIONS[operation](provider, bucket, folder, version)
    except StorageError as error:
        return error
    return told[0] if isinstance(told, list) and isinstance(told[0], StorageError) else told


async def wrong(provider, operation, kind, bucket, folder, told):
    """Return what is wrong with the outcome of one operation and one fault; None: nothing."""
    if kind == "expired":
        # boto3 asks again by itself after HEAD, in case the bucket is in another region.
        refused = isinstance(told, AccessDeniedError) and told.attempts == 1
        return None if refused or not isinstance(told, Exception) else told
    if kind == "damaged" and operation in LARGE_READS:
        # What is handed on already, or is large, is not read again; it is said, though.
        damaged = isinstance(told, UnavailableError) and "damaged" in told.message
        return None if damaged else told
    if kind == "damaged" and operation == "download_range":
        return None  # nothing to compare a part with
    if isinstance(told, OutcomeUnknownError):
        # The request was lost, or its answer; only looking tells, and the object is there.
        honest = operation in ("delete", "delete_many") and kind in ("reset", "stall")
        return None if honest else told
    if isinstance(told, Exception) or told != READS.get(operation, told):
        return told
    if operation == "download_file" and (folder / "file").read_bytes() != LARGE:
        return "another file"
    if operation not in WRITES:
        return None
    versions = await provider.list_objects(bucket, "new", versions=True)
    same = await provider.download_object(bucket, "new") == WRITES[operation]
    most = 1 if "if_absent" in operation else 2
    return None if same and len(versions) <= most else versions


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("kind", FAULTS)
async def test_a_fault_that_passes(through, proxy, cloud, tmp_path, kind):
    """Every operation at once, each with a bucket of its own, because some faults take time."""
    patient, provider = through(), through(IMPATIENT if kind == "stall" else QUICK)

    async def problem(operation):
        bucket, version = await prepared(cloud, patient, operation)
        folder = tmp_path / operation
        folder.mkdir()
        async with met(proxy, provider, bucket, kind):
            started = time.monotonic()
            told = await outcome(provider, operation, bucket, folder, version)
            late = time.monotonic() - started > provider._patience.deadline_seconds + 2
        return late or await wrong(patient, operation, kind, bucket, folder, told)

    problems = await asyncio.gather(*map(problem, OPERATIONS))
    assert {one: found for one, found in zip(OPERATIONS, problems, strict=True) if found} == {}


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("kind", ["busy", "reset", "short", "lost"])
async def test_a_fault_amid_a_large_object(through, proxy, cloud, tmp_path, kind):
    provider = through()

    async def problem(operation, after):
        bucket, version = await prepared(cloud, provider, operation)
        folder = tmp_path / f"{operation}-{after}"
        folder.mkdir()
        async with met(proxy, provider, bucket, kind, after=after):
            told = await outcome(provider, operation, bucket, folder, version)
        return await wrong(provider, operation, kind, bucket, folder, told)

    operations = ("upload_large", "upload_large_if_absent", "download_file", "stream")
    cases = list(itertools.product(operations, (1, 2, 3)))
    problems = await asyncio.gather(*(problem(*case) for case in cases))
    assert {one: found for one, found in zip(cases, problems, strict=True) if found} == {}


@pytest.mark.usefixtures("small_parts")
async def test_a_fault_that_stays(through, proxy, cloud, tmp_path):
    provider = through()

    async def failure(operation):
        bucket, version = await prepared(cloud, provider, operation)
        async with met(proxy, provider, bucket, "busy", times=-1):
            return await outcome(provider, operation, bucket, tmp_path, version)

    failures = await asyncio.gather(*map(failure, OPERATIONS))
    for operation, failed in zip(OPERATIONS, failures, strict=True):
        assert type(failed) is UnavailableError, operation
        assert failed.attempts == QUICK.attempts
        assert failed.retryable
        assert failed.seconds > 0
        assert failed.operation
        assert failed.bucket


async def test_a_silent_server_is_left_at_the_deadline(through, proxy, bucket):
    await through().upload_object(bucket, "old", b"content")
    provider = through(Patience(deadline_seconds=1, first_wait_seconds=0.01))
    proxy.faults.append(Fault("stall", times=-1))
    started = time.monotonic()
    with pytest.raises(StorageError) as caught:
        await provider.download_object(bucket, "old")
    assert time.monotonic() - started < 3
    assert isinstance(caught.value, TimeoutError)


@pytest.mark.usefixtures("small_parts")
async def test_an_answer_that_comes_by_drops_is_left_at_the_deadline(
    through, proxy, cloud, tmp_path
):
    patient = through()
    provider = through(Patience(deadline_seconds=1, attempts=4, first_wait_seconds=0.01))

    async def failure(operation):
        bucket, version = await prepared(cloud, patient, operation)
        async with met(proxy, provider, bucket, "drip", times=-1):
            return await outcome(provider, operation, bucket, tmp_path, version)

    failures = await asyncio.gather(*map(failure, OPERATIONS))
    for operation, failed in zip(OPERATIONS, failures, strict=True):
        assert type(failed) is StorageTimeoutError, operation
        assert "deadline" in failed.message, operation
        assert min(failed.attempts, failed.seconds) >= 1, operation
        assert failed.operation
        assert failed.bucket


@pytest.mark.parametrize("content", [b"same", LARGE])
@pytest.mark.usefixtures("small_parts")
async def test_an_equal_object_of_somebody_else_s_is_not_ours(
    through, proxy, bucket, content, monkeypatch
):
    """The request was lost before it was served, and another's served meanwhile."""
    provider = through()
    backend = provider._backend
    name = (
        "put" if content == b"same" else "finish_upload" if backend.scheme == "s3" else "put_part"
    )
    request = getattr(backend, name)
    lost = []

    def first_lost(*arguments):
        if not lost:
            lost.append(1)
            request_of_another(backend, bucket, content)
            raise UnavailableError("lost", uncertain=True)
        return request(*arguments)

    monkeypatch.setattr(backend, name, first_lost)
    with pytest.raises((OutcomeUnknownError, PreconditionFailedError)) as caught:
        await provider.upload_object(bucket, "lock", content, if_absent=True)
    assert caught.value.operation == "upload_object"
    versions = await provider.list_objects(bucket, "lock", versions=True)
    assert len(versions) == 1


def request_of_another(backend, bucket, content):
    from cmbcluster_storage.messages import Write

    write = Write(bucket=bucket, key="lock", content_type="text/plain", absent=True)
    type(backend).put(backend, write, content, lambda: None)


async def test_a_permission_whose_answer_was_lost_is_changed(through, proxy, bucket, cloud):
    provider = through()
    proxy.faults.append(Fault("lost", after=1, about=("policy", "/iam")))
    given = await provider.ensure_bucket_permissions(bucket, cloud.members[0])
    again = await provider.ensure_bucket_permissions(bucket, cloud.members[0])

    assert (given.changed, again.changed) == (True, False)
    assert proxy.faults[0].times == 0


async def test_requests_are_counted(through, proxy, bucket, tmp_path, cloud):
    provider = through()
    content = b"x" * (8 * 1024 * 1024)
    calls = {
        "upload": lambda: provider.upload_object(bucket, "a", content),
        "upload nothing": lambda: provider.upload_object(bucket, "empty", b""),
        "download": lambda: provider.download_object(bucket, "a"),
        "download nothing": lambda: provider.download_object(bucket, "empty"),
        "download a part of nothing": lambda: provider.download_object(bucket, "empty", stop=5),
        "download a file": lambda: provider.download_file(bucket, "a", tmp_path / "a"),
        "info": lambda: provider.get_object_info(bucket, "a"),
        "copy": lambda: provider.copy_object(bucket, "a", bucket, "b"),
        "delete": lambda: provider.delete_object(bucket, "a"),
    }
    counted = {}
    for name, call in calls.items():
        proxy.asked.clear()
        await call()
        counted[name] = len(proxy.asked)
    assert counted == dict.fromkeys(calls, 1) | {"copy": 2}


@pytest.mark.usefixtures("small_parts")
async def test_every_further_range_is_of_one_version(through, proxy, bucket, monkeypatch):
    monkeypatch.setattr(downloads, "_RANGE_BYTES", 2 * PART_BYTES)
    provider = through()
    info = await provider.upload_object(bucket, "large", b"x" * (4 * PART_BYTES))
    proxy.asked.clear()
    await provider.download_object(bucket, "large")

    _, *rest = proxy.asked
    assert len(rest) == 2
    assert all(str(info.version_id) in asked for asked in rest)


@pytest.mark.usefixtures("small_parts")
async def test_a_large_object_of_many_fails_alone(through, bucket, monkeypatch):
    monkeypatch.setattr(downloads, "_RANGE_BYTES", PART_BYTES)
    provider, over = through(), threading.Event()
    content = LARGE * 2  # the first piece, and three ranges
    await provider.upload_many(bucket, [("bad", content), ("good", content)])
    get = provider._backend.get

    def changed(bucket, key, pin, start, stop):
        if key == "bad" and start == PART_BYTES:
            raise PreconditionFailedError("changed")
        if key == "bad" and start:
            over.wait(10)
        return get(bucket, key, pin, start, stop)

    monkeypatch.setattr(provider._backend, "get", changed)
    bad, good = await provider.download_many(bucket, ["bad", "good"])
    over.set()

    assert (type(bad), bad.key) == (PreconditionFailedError, "bad")
    assert good == content


async def test_who_waits_behind_what_hangs_is_told_so_by_name(through, bucket, monkeypatch):
    provider = through(Patience(deadline_seconds=1, attempts=1))
    backend, over = provider._backend, threading.Event()
    put = backend.put

    def hanging(write, *arguments):
        if write.key == "2":
            over.wait(10)
        return put(write, *arguments)

    monkeypatch.setattr(backend, "put", hanging)
    monkeypatch.setattr(backend, "delete_batch", lambda *_: over.wait(10))
    first, *late = await provider.upload_many(bucket, [(str(one), b"") for one in range(1, 5)])
    lost = await provider.delete_objects(bucket, ["a", "b"])
    over.set()

    assert first.name == "1"
    assert {type(one) for one in (*late, *lost)} == {StorageTimeoutError}
    assert [one.key for one in late] == ["2", "3", "4"]
    assert [one.key for one in lost] == ["a", "b"]


async def test_an_upload_that_is_cancelled_stops_at_its_next_piece(through, proxy, bucket):
    provider = through()
    proxy.delay_seconds = 0.2
    upload = asyncio.create_task(provider.upload_object(bucket, "a", b"x" * (33 * 1024 * 1024)))
    await asyncio.sleep(0.5)
    upload.cancel()
    started = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert time.monotonic() - started < 0.2
    await provider.aclose()
    proxy.delay_seconds = 0

    again = through()
    assert await again.list_objects(bucket, versions=True) == []
    assert again._backend.unfinished_uploads(bucket) == []
