"""Everything that is done with objects beyond writing, reading and listing one."""

import asyncio
import errno
import gc
import io
import os
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cmbcluster_storage import (
    BucketNotFoundError,
    InvalidRequestError,
    ObjectNotFoundError,
    PreconditionFailedError,
    StorageError,
    UnsupportedError,
)
from cmbcluster_storage.uploads import SMALL_BYTES

LARGE = os.urandom(1024) * (17 * 1024 + 1)  # two whole parts and a piece


async def pieces(content, size):
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def test_every_kind_of_content(storage, bucket, tmp_path):
    path = tmp_path / "map.csv"
    path.write_bytes(b"l,C_l\n")
    file = io.BytesIO(b"skipped l,C_l\n")
    file.seek(8)
    kinds = {
        "bytes": b"l,C_l\n",
        "bytearray": bytearray(b"l,C_l\n"),
        "view": memoryview(b"l,C_l\n"),
        "path": path,
        "file": file,
        "iterator": pieces(b"l,C_l\n", 4),
    }
    for key, content in kinds.items():
        assert (await storage.upload_object(bucket, key, content)).size_bytes == 6
        assert await storage.download_object(bucket, key) == b"l,C_l\n"

    with pytest.raises(TypeError, match=r"content is str; give bytes, a pathlib\.Path"):
        await storage.upload_object(bucket, "a", "text")
    with pytest.raises(FileNotFoundError) as caught:
        await storage.upload_object(bucket, "a", tmp_path / "absent")
    assert not isinstance(caught.value, StorageError)


@pytest.mark.parametrize("kind", ["bytes", "path", "iterator"])
async def test_large_content(storage, bucket, tmp_path, kind):
    path = tmp_path / "large"
    path.write_bytes(LARGE)
    content = {"bytes": LARGE, "path": path, "iterator": pieces(LARGE, 3_000_000)}[kind]
    seen = []
    info = await storage.upload_object(
        bucket, "large", content, progress=lambda done, total: seen.append((done, total))
    )

    assert info.size_bytes == len(LARGE)
    known = None if kind == "iterator" else len(LARGE)
    assert seen[-1] == (len(LARGE), known)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    seen.clear()
    again = await storage.download_file(
        bucket, "large", tmp_path / "again", progress=lambda done, total: seen.append((done, total))
    )
    assert (tmp_path / "again").read_bytes() == LARGE
    assert (again.version_id, again.size_bytes) == (info.version_id, len(LARGE))
    assert seen[-1] == (len(LARGE), len(LARGE))
    assert b"".join([piece async for piece in storage.stream_object(bucket, "large")]) == LARGE


async def test_content_of_one_part_exactly(storage, bucket):
    content = b"x" * (8 * 1024 * 1024)
    for size in (len(content), len(content) - 1):
        info = await storage.upload_object(bucket, "a", pieces(content[:size], 1_000_000))
        assert info.size_bytes == size
        assert await storage.download_object(bucket, "a") == content[:size]


async def test_large_unversioned_content(storage, unversioned_bucket):
    await storage.upload_object(unversioned_bucket, "large", LARGE)

    assert await storage.download_object(unversioned_bucket, "large") == LARGE


@pytest.mark.parametrize("size", [10, SMALL_BYTES + 10])
async def test_an_iterator_may_use_its_buffer_again(storage, bucket, size):
    content = os.urandom(size)

    async def refilled():
        buffer = bytearray(300_000)
        for start in range(0, size, len(buffer)):
            piece = content[start : start + len(buffer)]
            buffer[: len(piece)] = piece
            yield memoryview(buffer)[: len(piece)]

    await storage.upload_object(bucket, "a", refilled())
    assert await storage.download_object(bucket, "a") == content


@pytest.mark.parametrize("size", [0, 1, 5])
async def test_ranges(storage, bucket, size):
    await storage.upload_object(bucket, "a", b"0123456789")

    assert await storage.download_object(bucket, "a", start=size) == b"0123456789"[size:]
    assert await storage.download_object(bucket, "a", start=size, stop=7) == b"0123456"[size:]
    assert await storage.download_object(bucket, "a", start=size, stop=99) == b"0123456789"[size:]
    pieces = storage.stream_object(bucket, "a", start=size, stop=8)
    assert b"".join([piece async for piece in pieces]) == b"01234567"[size:]


class Pieces:
    """A file that gives these, one at each read."""

    def __init__(self, *pieces):
        self._pieces = list(pieces)

    def read(self, _):
        return self._pieces.pop(0) if self._pieces else b""


@pytest.mark.parametrize("size", [5, SMALL_BYTES, SMALL_BYTES + 5])
async def test_a_file_ends_where_it_has_ended_once(storage, bucket, size):
    content = os.urandom(size)
    growing = Pieces(content[:SMALL_BYTES], content[SMALL_BYTES:], b"", b"grown", b"")
    if size < SMALL_BYTES:
        growing = Pieces(content, b"", b"grown", b"")
    info = await storage.upload_object(bucket, "a", growing)

    assert info.size_bytes == size
    assert await storage.download_object(bucket, "a") == content


async def test_a_file_that_does_not_wait_for_its_data_is_not_cut_short(storage, bucket):
    with pytest.raises(BlockingIOError):
        await storage.upload_object(bucket, "a", Pieces(b"a", None, b"b", b""))
    assert await storage.list_objects(bucket) == []


async def test_a_read_that_hangs_is_left_at_once(storage, bucket, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = os.open(tmp_path / "pipe", os.O_RDWR)
    upload = asyncio.create_task(storage.upload_object(bucket, "a", tmp_path / "pipe"))
    await asyncio.sleep(0.3)
    asyncio.get_running_loop().call_later(0.1, upload.cancel)
    threading.Timer(2, os.close, [writer]).start()
    started = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("kind", ["text/plain\r\nX-Own: 1", "text/été"])
async def test_no_content_is_of_that_type(storage, bucket, kind):
    with pytest.raises(InvalidRequestError, match="no MIME type") as caught:
        await storage.upload_object(bucket, "a", b"", kind)
    assert (caught.value.operation, caught.value.key) == ("upload_object", "a")


async def test_ranges_of_nothing(storage, bucket):
    await storage.upload_object(bucket, "a", b"0123456789")
    await storage.upload_object(bucket, "empty", b"")

    for key in ("a", "empty"):
        with pytest.raises(InvalidRequestError, match="ends before the range"):
            await storage.download_object(bucket, key, start=10)
    with pytest.raises(ValueError, match="no bytes from 3 up to 3"):
        await storage.download_object(bucket, "a", start=3, stop=3)
    for stop in (None, 5):
        seen = []
        content = await storage.download_object(
            bucket, "empty", stop=stop, progress=lambda *done, seen=seen: seen.append(done)
        )
        assert (content, seen) == (b"", [(0, 0)])
        pieces = storage.stream_object(bucket, "empty", stop=stop)
        assert [piece async for piece in pieces] == [b""]


async def test_a_large_range(storage, bucket):
    await storage.upload_object(bucket, "large", LARGE)

    assert await storage.download_object(bucket, "large", start=5) == LARGE[5:]


async def test_a_download_leaves_the_old_file_or_the_new_one(storage, bucket, tmp_path):
    path = tmp_path / "map"
    path.write_bytes(b"old")
    with pytest.raises(ObjectNotFoundError):
        await storage.download_file(bucket, "absent", path)
    assert path.read_bytes() == b"old"
    info = await storage.upload_object(bucket, "a", b"new")
    assert (await storage.download_file(bucket, "a", str(path))).crc32c == info.crc32c

    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FileNotFoundError) as caught:
        await storage.download_file(bucket, "a", tmp_path / "absent" / "map")
    assert not isinstance(caught.value, StorageError)


async def test_a_download_that_is_cancelled_leaves_no_file(storage, bucket, tmp_path):
    provider = await storage.opened()
    await storage.upload_object(bucket, "a", b"content")
    for turns in range(8):
        download = asyncio.create_task(provider.download_file(bucket, "a", tmp_path / "a"))
        for _ in range(turns):
            await asyncio.sleep(0)
        download.cancel()
        await asyncio.gather(download, return_exceptions=True)
    await storage.aclose()
    assert list(tmp_path.iterdir()) == []


async def test_a_download_does_not_wait_for_the_applications_threads(storage, bucket, tmp_path):
    provider = await storage.opened()
    await storage.upload_object(bucket, "a", b"content")
    loop, over = asyncio.get_running_loop(), threading.Event()
    loop.set_default_executor(ThreadPoolExecutor(1))
    loop.run_in_executor(None, over.wait, 20)
    await asyncio.wait_for(provider.download_file(bucket, "a", tmp_path / "kept"), 10)
    download = asyncio.create_task(provider.download_file(bucket, "a", tmp_path / "left"))
    await asyncio.sleep(0)
    download.cancel()
    done, _ = await asyncio.wait([download], timeout=10)
    over.set()
    await storage.aclose()

    assert done
    assert list(tmp_path.iterdir()) == [tmp_path / "kept"]


async def test_a_file_may_have_the_longest_name_there_is(storage, bucket, tmp_path):
    await storage.upload_object(bucket, "a", b"content")
    path = tmp_path / ("ü" * 127)
    await storage.download_file(bucket, "a", path)
    assert path.read_bytes() == b"content"


async def test_what_is_told_of_an_object(storage, bucket, absent):
    first = await storage.upload_object(bucket, "a.csv", b"first")
    second = await storage.upload_object(bucket, "a.csv", b"second")
    told = await storage.get_object_info(bucket, "a.csv")

    assert (told.name, told.size_bytes, told.content_type) == ("a.csv", 6, "text/csv")
    assert (told.version_id, told.etag, told.crc32c) == (
        second.version_id,
        second.etag,
        second.crc32c,
    )
    older = await storage.get_object_info(bucket, "a.csv", version_id=first.version_id)
    assert (older.size_bytes, older.is_latest) in [(5, None), (5, False)]
    with pytest.raises(ObjectNotFoundError):
        await storage.get_object_info(bucket, "absent")
    with pytest.raises(BucketNotFoundError):
        await storage.get_object_info(f"{absent}-not", "a")


async def test_delete(storage, bucket, absent):
    info = await storage.upload_object(bucket, "a", b"1")
    assert await storage.delete_object(bucket, "a") is True  # as older callers want
    assert await storage.delete_object(bucket, "never") is True

    assert await storage.list_objects(bucket) == []
    await storage.delete_object(bucket, "a", version_id=info.version_id)
    assert await storage.list_objects(bucket, versions=True) == []
    with pytest.raises(BucketNotFoundError):
        await storage.delete_object(f"{absent}-not", "a")


async def test_only_if_absent(storage, bucket):
    info = await storage.upload_object(bucket, "lock", b"mine", if_absent=True)
    with pytest.raises(PreconditionFailedError) as caught:
        await storage.upload_object(bucket, "lock", b"yours", if_absent=True)

    assert (caught.value.operation, caught.value.key) == ("upload_object", "lock")
    assert caught.value.attempts == 1
    assert await storage.download_object(bucket, "lock") == b"mine"
    assert (await storage.get_object_info(bucket, "lock")).version_id == info.version_id


async def test_one_of_many_writers_wins(storage, bucket):
    outcomes = await asyncio.gather(
        *(storage.upload_object(bucket, "lock", b"same", if_absent=True) for _ in range(8)),
        return_exceptions=True,
    )
    won = [outcome for outcome in outcomes if not isinstance(outcome, PreconditionFailedError)]
    assert len(won) == 1
    assert (await storage.get_object_info(bucket, "lock")).version_id == won[0].version_id


@pytest.mark.parametrize("content", [b"new", LARGE])
async def test_only_if_the_version_is_there(storage, bucket, content):
    first = await storage.upload_object(bucket, "a", b"first")
    second = await storage.upload_object(bucket, "a", b"second", if_version=first)
    third = await storage.upload_object(bucket, "a", content, if_version=second.version_id)
    for stale in (first, second.version_id):
        with pytest.raises(PreconditionFailedError):
            await storage.upload_object(bucket, "a", content, if_version=stale)
    with pytest.raises(PreconditionFailedError):
        await storage.upload_object(bucket, "absent", content, if_version=first)

    assert (await storage.get_object_info(bucket, "a")).version_id == third.version_id


async def test_a_condition_on_a_version_that_is_not_there(storage, bucket):
    first = await storage.upload_object(bucket, "a", b"first")
    with pytest.raises(PreconditionFailedError) as caught:
        await storage.upload_object(bucket, "b", b"next", if_version=first.version_id)
    assert (caught.value.operation, caught.value.key) == ("upload_object", "b")
    with pytest.raises(ValueError, match="one condition"):
        await storage.upload_object(bucket, "a", b"", if_version=first, if_absent=True)


async def test_a_version_is_restored_by_copying_it_forward(storage, bucket):
    first = await storage.upload_object(bucket, "a.csv", b"first")
    await storage.upload_object(bucket, "a.csv", b"second")
    await storage.delete_object(bucket, "a.csv")
    restored = await storage.restore_object(bucket, "a.csv", first.version_id)

    assert await storage.download_object(bucket, "a.csv") == b"first"
    assert restored.version_id not in (None, first.version_id)
    assert (await storage.get_object_info(bucket, "a.csv")).content_type == "text/csv"
    assert len(await storage.list_objects(bucket, versions=True)) == 3
    with pytest.raises(ObjectNotFoundError):
        await storage.restore_object(bucket, "a.csv", f"{first.version_id}0")


async def test_copy(storage, bucket, unversioned_bucket, absent):
    await storage.upload_object(bucket, "ü/a b", LARGE, "application/x-own")
    progress = []
    copied = await storage.copy_object(
        bucket, "ü/a b", unversioned_bucket, "é+c", progress=lambda *told: progress.append(told)
    )
    assert progress == [(len(LARGE), len(LARGE))]
    told = await storage.get_object_info(unversioned_bucket, "é+c")

    assert await storage.download_object(unversioned_bucket, "é+c") == LARGE
    assert (copied.size_bytes, told.content_type) == (len(LARGE), "application/x-own")
    with pytest.raises(ObjectNotFoundError):
        await storage.copy_object(bucket, "absent", bucket, "b")
    with pytest.raises(BucketNotFoundError) as caught:
        await storage.copy_object(bucket, "ü/a b", f"{absent}-2", "b")
    assert (caught.value.bucket, caught.value.key) == (f"{absent}-2", "b")


async def test_pages_with_folders(storage, bucket):
    for key in ("a/1", "a/2", "b/1", "c", "d"):
        await storage.upload_object(bucket, key, b"")
    pages = [page async for page in storage.iter_objects(bucket, delimiter="/", page_size=2)]

    assert len(pages) > 1
    assert [prefix for page in pages for prefix in page.prefixes] == ["a/", "b/"]
    assert [info.name for page in pages for info in page.objects] == ["c", "d"]
    below = [page async for page in storage.iter_objects(bucket, "a/", delimiter="/")]
    assert [info.name for page in below for info in page.objects] == ["a/1", "a/2"]
    with pytest.raises(ValueError, match="a page has 1-1000"):
        await anext(storage.iter_objects(bucket, page_size=0))


async def test_versions_across_pages_are_newest_first(storage, bucket):
    written = [await storage.upload_object(bucket, "a", b"%d" % number) for number in range(5)]
    await storage.upload_object(bucket, "b", b"")
    pages = [page async for page in storage.iter_objects(bucket, versions=True, page_size=2)]
    versions = [info.version_id for page in pages for info in page.objects]

    assert versions[:-1] == [info.version_id for info in reversed(written)]
    assert len(versions) == 6


async def test_many(storage, bucket, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"file")
    contents = [(f"k/{number:03}", b"%d" % number) for number in range(50)]
    mixed = [
        *contents,
        ("", b"no key"),
        ("path", path),
        ("absent", tmp_path / "absent"),
        ("large", LARGE),
        ("iterator", pieces(b"abc", 2)),
    ]
    seen = []
    written = await storage.upload_many(
        bucket, mixed, progress=lambda done, total: seen.append((done, total))
    )

    assert [info.name for info in written[:50]] == [key for key, _ in contents]
    assert isinstance(written[50], InvalidRequestError)
    assert isinstance(written[52], FileNotFoundError)
    assert [info.size_bytes for info in (written[51], *written[53:])] == [4, len(LARGE), 3]
    assert seen[-1] == (55, 55)
    names = [key for key, _ in contents]
    read = await storage.download_many(bucket, [*names, "never", "large"])
    assert read[:50] == [content for _, content in contents]
    assert isinstance(read[50], ObjectNotFoundError)
    assert (read[50].key, read[50].operation) == ("never", "download_many")
    assert read[51] == LARGE
    assert await storage.upload_many(bucket, []) == []


async def test_what_cannot_be_read_is_an_error_of_its_own(storage, bucket):
    contents = {
        "a": b"1",
        "text": "text",
        "path": Path("a\0b"),
        "file": io.StringIO("text"),
        "iterator": pieces("text", 2),
        "b": b"2",
    }
    first, *wrong, last = await storage.upload_many(bucket, contents.items())

    assert (first.name, last.name) == ("a", "b")
    assert {type(one) for one in wrong} == {InvalidRequestError}
    assert [one.key for one in wrong] == ["text", "path", "file", "iterator"]
    assert str(wrong[0]).startswith(f"upload_many '{bucket}/text': content is str; give bytes")
    assert [info.name for info in await storage.list_objects(bucket)] == ["a", "b"]


async def test_delete_many(storage, bucket, absent):
    keys = [f"ü/{number}<&>" for number in range(30)]
    written = await storage.upload_many(bucket, [(key, b"x") for key in keys])
    kept = await storage.upload_object(bucket, "kept", b"")
    outcomes = await storage.delete_objects(bucket, [*keys[:20], "never"])

    assert outcomes == [None] * 21
    left = [info.name for info in await storage.list_objects(bucket)]
    assert left == sorted([*keys[20:], "kept"], key=str.encode)
    assert await storage.delete_objects(bucket, written) == [None] * 30
    versions = await storage.list_objects(bucket, versions=True)
    assert [info.version_id for info in versions] == [kept.version_id]
    outcomes = await storage.delete_objects(f"{absent}-not", ["a", "b"])
    assert [type(outcome) for outcome in outcomes] == [BucketNotFoundError] * 2


async def test_a_key_is_not_taken_for_many(storage, bucket):
    info = await storage.upload_object(bucket, "a", b"")
    for one in ("abc", info):
        with pytest.raises(TypeError, match="delete_object"):
            await storage.delete_objects(bucket, one)
    assert [info.name for info in await storage.list_objects(bucket)] == ["a"]


async def test_a_listed_object_without_version_is_not_deleted_by_chance(storage, bucket, cloud):
    await storage.upload_object(bucket, "a", b"")
    listed = await storage.list_objects(bucket)
    if cloud.scheme == "gs":
        assert await storage.delete_objects(bucket, listed) == [None]
    else:
        with pytest.raises(ValueError, match="'a' has no version"):
            await storage.delete_objects(bucket, listed)


async def test_directories(storage, bucket, tmp_path):
    folder = tmp_path / "from"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "a.csv").write_bytes(b"a")
    (folder / "deep" / "er" / "ü b").write_bytes(LARGE)
    written = await storage.upload_directory(bucket, folder, "run/")

    assert list(written) == ["run/a.csv", "run/deep/er/ü b"]
    assert written["run/a.csv"].content_type == "text/csv"
    await storage.upload_object(bucket, "run/../escaped", b"")
    await storage.upload_object(bucket, "run/empty/", b"")
    read = await storage.download_directory(bucket, "run/", tmp_path / "to")
    assert isinstance(read.pop("run/../escaped"), InvalidRequestError)
    assert list(read) == ["run/a.csv", "run/deep/er/ü b", "run/empty/"]
    assert (tmp_path / "to/deep/er/ü b").read_bytes() == LARGE
    assert (tmp_path / "to/empty").is_dir()
    assert not (tmp_path / "escaped").exists()
    assert await storage.download_directory(bucket, "none/", tmp_path / "new") == {}
    assert (tmp_path / "new").is_dir()
    with pytest.raises(NotADirectoryError):
        await storage.upload_directory(bucket, tmp_path / "absent")


async def test_a_file_whose_name_is_no_text(storage, bucket, tmp_path):
    for name in (b"a", b"b\xff", b"c"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    written = await storage.upload_directory(bucket, tmp_path)

    assert isinstance(written.pop("b\udcff"), InvalidRequestError)
    assert [info.name for info in written.values()] == ["a", "c"]


async def test_a_folder_that_cannot_be_read_is_not_passed_over(
    storage, bucket, tmp_path, monkeypatch
):
    (tmp_path / "closed").mkdir()
    (tmp_path / "a").touch()
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "no", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(PermissionError):
        await storage.upload_directory(bucket, tmp_path)
    assert await storage.list_objects(bucket) == []


async def test_a_file_where_a_folder_must_be(storage, bucket, tmp_path):
    for key in ("a", "a/b"):
        await storage.upload_object(bucket, key, b"")
    read = await storage.download_directory(bucket, "", tmp_path)

    assert [isinstance(outcome, OSError) for outcome in read.values()].count(True) == 1


async def fetch(request):
    def send():
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - http on loopback
            return answer.read()

    return await asyncio.to_thread(send)


@pytest.mark.parametrize("cloud", ["aws"], indirect=True)
async def test_links(storage, bucket):
    first = await storage.upload_object(bucket, "a b/ü", b"first")
    await storage.upload_object(bucket, "a b/ü", b"second")
    link = await storage.presigned_url(bucket, "a b/ü", expires_in_seconds=60)
    old = await storage.presigned_url(bucket, "a b/ü", version_id=first.version_id)

    assert await fetch(link.url) == b"second"
    assert await fetch(old.url) == b"first"
    assert abs(link.expires - datetime.now(UTC) - timedelta(seconds=60)) < timedelta(seconds=5)
    put = await storage.presigned_url(
        bucket, "put", method="PUT", headers={"Content-Type": "text/x-own"}
    )
    request = urllib.request.Request(  # noqa: S310 - http on loopback
        put.url, b"put", dict(put.headers), method="PUT"
    )
    await fetch(request)
    assert (await storage.get_object_info(bucket, "put")).content_type == "text/x-own"
    form = await storage.presigned_url(bucket, "form", method="POST", max_size_bytes=3)
    assert form.fields["key"] == "form"
    for wrong in (
        {"expires_in_seconds": 0},
        {"max_size_bytes": 1},
        {"method": "PUT", "version_id": "1"},
        {"method": "HEAD"},
    ):
        with pytest.raises(ValueError, match=r"."):
            await storage.presigned_url(bucket, "a", **wrong)
    with pytest.raises(InvalidRequestError, match="7 days"):
        await storage.presigned_url(bucket, "a", expires_in_seconds=604_801)
    with pytest.raises(InvalidRequestError, match="X-Own"):
        await storage.presigned_url(bucket, "a", headers={"X-Own": "1"})


@pytest.mark.parametrize("cloud", ["gcp"], indirect=True)
async def test_an_identity_that_cannot_sign(storage, bucket):
    with pytest.raises(UnsupportedError, match="identity: serviceAccount"):
        await storage.presigned_url(bucket, "a")


async def test_cancelling_returns_at_once_and_leaves_the_old_object(storage, bucket):
    await storage.upload_object(bucket, "a", b"old")

    async def slow():
        yield LARGE
        await asyncio.sleep(60)

    upload = asyncio.create_task(storage.upload_object(bucket, "a", slow()))
    await asyncio.sleep(0.3)
    upload.cancel()
    started = asyncio.get_running_loop().time()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert asyncio.get_running_loop().time() - started < 0.2
    await storage.provider.aclose()

    backend = storage.provider._backend
    assert backend.unfinished_uploads(bucket) == []
    assert backend.stored(bucket, "a", None).info.size_bytes == 3


@pytest.mark.parametrize("cloud", ["aws", "gcp"], indirect=True)
@pytest.mark.parametrize("cancelled", [False, True])
async def test_closing_ends_a_large_upload_and_leaves_nothing(
    storage, bucket, monkeypatch, cancelled
):
    backend, going, aborted = storage.provider._backend, asyncio.Event(), []
    abort_upload = backend.abort_upload

    async def slow():
        yield LARGE
        going.set()
        await asyncio.sleep(60)

    def noted(upload):
        abort_upload(upload)
        aborted.append(upload.write.key)

    monkeypatch.setattr(backend, "abort_upload", noted)
    upload = asyncio.create_task(storage.upload_object(bucket, "a", slow()))
    await going.wait()
    if cancelled:
        upload.cancel()
    await storage.aclose()
    (outcome,) = await asyncio.gather(upload, return_exceptions=True)

    assert type(outcome) is (asyncio.CancelledError if cancelled else InvalidRequestError)
    assert cancelled or outcome.key == "a"
    assert aborted == ["a"]
    assert backend.unfinished_uploads(bucket) == []
    assert await storage.list_objects(bucket) == []


@pytest.mark.parametrize("cloud", ["aws", "gcp"], indirect=True)
async def test_a_call_that_is_under_way_ends_with_its_provider(storage, bucket):
    going, over = asyncio.Event(), asyncio.Event()

    async def slow(size):
        going.set()
        await over.wait()
        yield LARGE[:size]

    calls = [asyncio.create_task(storage.upload_object(bucket, "a", slow(1)))]
    calls += [asyncio.create_task(storage.upload_object(bucket, "b", slow(len(LARGE))))]
    await going.wait()
    provider = storage.provider
    await storage.aclose()
    over.set()
    for call in (*calls, provider.get_object_info(bucket, "a")):
        with pytest.raises(InvalidRequestError, match="the provider is closed; make a new one"):
            await call
    assert await storage.list_objects(bucket) == []  # by a new one
    assert provider._backend.unfinished_uploads(bucket) == []


async def test_cancelling_many_large_ones_leaves_no_coroutine(storage, bucket, recwarn):
    await storage.upload_object(bucket, "a", LARGE)
    for work in (
        storage.upload_many(bucket, [(f"{number}", LARGE) for number in range(8)]),
        storage.download_many(bucket, ["a"] * 32),
    ):
        task = asyncio.create_task(work)
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await storage.aclose()
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


async def test_a_source_that_fails_leaves_the_old_object(storage, bucket):
    await storage.upload_object(bucket, "a", b"old")

    async def broken():
        yield LARGE
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        await storage.upload_object(bucket, "a", broken())
    while storage.provider._leftovers:
        await asyncio.sleep(0.01)
    assert await asyncio.to_thread(storage.provider._backend.unfinished_uploads, bucket) == []
    assert await storage.download_object(bucket, "a") == b"old"


async def test_a_large_object_is_read_as_one_version(storage, bucket, unversioned_bucket):
    await storage.upload_object(bucket, "a", LARGE)
    stream = storage.stream_object(bucket, "a")
    first = await anext(stream)
    await storage.upload_object(bucket, "a", b"x" * len(LARGE))
    assert first + b"".join([piece async for piece in stream]) == LARGE


@pytest.mark.parametrize("cloud", ["aws", "gcp"], indirect=True)
async def test_an_object_without_versions_that_changes_meanwhile(storage, unversioned_bucket):
    content = os.urandom(1024) * (40 * 1024)
    await storage.upload_object(unversioned_bucket, "a", content)
    stream = storage.stream_object(unversioned_bucket, "a")
    await anext(stream)
    await storage.upload_object(unversioned_bucket, "a", b"x" * len(content))
    with pytest.raises(PreconditionFailedError):
        [piece async for piece in stream]


async def test_an_empty_version_is_none(storage, bucket):
    info = await storage.upload_object(bucket, "a", b"content")
    empty = {"version_id": ""}
    calls = {
        "download_object": storage.download_object(bucket, "a", **empty),
        "download_file": storage.download_file(bucket, "a", "none", **empty),
        "stream_object": anext(storage.stream_object(bucket, "a", **empty)),
        "get_object_info": storage.get_object_info(bucket, "a", **empty),
        "delete_object": storage.delete_object(bucket, "a", **empty),
        "copy_object": storage.copy_object(bucket, "a", bucket, "b", **empty),
        "restore_object": storage.restore_object(bucket, "a", ""),
        "upload_object": storage.upload_object(bucket, "a", b"", if_version=""),
        "presigned_url": storage.presigned_url(bucket, "a", **empty),
    }
    for operation, call in calls.items():
        with pytest.raises(InvalidRequestError, match="empty") as caught:
            await call
        assert (caught.value.operation, caught.value.bucket) == (operation, bucket)
        assert caught.value.key == "a"
    with pytest.raises(ValueError, match="'a' has no version"):
        await storage.delete_objects(bucket, [replace(info, version_id="")])

    versions = await storage.list_objects(bucket, versions=True)
    assert [one.version_id for one in versions] == [info.version_id]
