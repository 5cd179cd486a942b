"""Nothing of ours holds the event loop: what it does there is short."""

import asyncio
import gc
import sys
import time

import pytest

MOST_SECONDS = 0.010
LARGE = b"x" * (40 * 1024 * 1024)

pytestmark = pytest.mark.parametrize("cloud", ["aws", "gcp"], indirect=True)


@pytest.fixture
def longest(monkeypatch):
    """Return the CPU times of this thread's callbacks, in their order.

    Two things would be counted that are the tests' own: the collector, which runs inside
    whatever callback it is due in, looks through all that the other tests left (so that is
    frozen), and the measuring of coverage traces every line (so this thread is let alone).
    """
    run = asyncio.events.Handle._run
    times = []

    def measured(handle):
        before = time.thread_time()
        run(handle)
        times.append(time.thread_time() - before)

    monkeypatch.setattr(asyncio.events.Handle, "_run", measured)
    gc.collect()
    gc.freeze()
    tracer = sys.gettrace()
    sys.settrace(None)
    yield times
    sys.settrace(tracer)
    gc.unfreeze()


async def pieces():
    for start in range(0, len(LARGE), 1024 * 1024):
        yield LARGE[start : start + 1024 * 1024]


async def crumbs():
    for start in range(0, 5_000_000, 1000):
        yield LARGE[start : start + 1000]


async def test_no_callback_is_long(storage, bucket, tmp_path, longest):
    names = [f"k/{number:04}" for number in range(1200)]
    steps = {
        "upload": lambda: storage.upload_object(bucket, "large", LARGE),
        "upload an iterator": lambda: storage.upload_object(bucket, "large", pieces()),
        "upload an iterator of crumbs": lambda: storage.upload_object(bucket, "small", crumbs()),
        "download": lambda: storage.download_object(bucket, "large"),
        "download a file": lambda: storage.download_file(bucket, "large", tmp_path / "large"),
        "upload many": lambda: storage.upload_many(bucket, [(name, b"x") for name in names]),
        "download many": lambda: storage.download_many(bucket, names),
        "list": lambda: storage.list_objects(bucket, versions=True),
        "usage": lambda: storage.get_bucket_metadata(bucket, usage="listing"),
        "delete": lambda: storage.delete_user_bucket(bucket, True),
    }
    assert await too_long(steps, longest) == {}


async def test_no_callback_is_long_for_being_of_many(
    storage, bucket, tmp_path, longest, monkeypatch
):
    """The more there are the longer; so many that the cloud is spared all but one."""
    info = await storage.upload_object(bucket, "a", b"")
    backend = storage.provider._backend
    monkeypatch.setattr(backend, "put", lambda *_: info)
    monkeypatch.setattr(backend, "delete_batch", lambda _, entries: [None] * len(entries))
    (tmp_path / "from").mkdir()
    for number in range(4000):
        (tmp_path / "from" / f"{number:04}").touch()
    keys = [f"k/{number:06}" for number in range(100_000)]
    steps = {
        "upload a directory": lambda: storage.upload_directory(bucket, tmp_path / "from", "to/"),
        "download a directory": lambda: storage.download_directory(bucket, "", tmp_path / "to"),
        "delete": lambda: storage.delete_objects(bucket, keys),
    }
    assert await too_long(steps, longest) == {}


async def too_long(steps, longest):
    """Return the longest callbacks of the steps in which one is too long."""
    found = {}
    for name, step in steps.items():
        await asyncio.sleep(0)  # what the test has done until here is no part of it
        longest.clear()
        await step()
        found[name] = max(longest)
    return {name: most for name, most in found.items() if most > MOST_SECONDS}
