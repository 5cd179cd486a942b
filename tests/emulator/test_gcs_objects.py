import gzip
import os

import pytest
from google.api_core.exceptions import (
    BadRequest,
    Forbidden,
    NotFound,
    NotModified,
    PreconditionFailed,
)


def put(bucket, key, data, **options):
    blob = bucket.blob(key)
    blob.upload_from_string(data, **options)
    return blob


def test_put_then_get(gcs_bucket):
    data = os.urandom(100_000)
    blob = put(gcs_bucket, "maps/cmb.fits", data, content_type="application/fits")
    again = gcs_bucket.get_blob("maps/cmb.fits")

    assert again.download_as_bytes() == data
    assert again.download_as_bytes(start=10, end=19) == data[10:20]
    assert again.download_as_bytes(start=99_990) == data[-10:]
    assert (again.size, again.content_type) == (100_000, "application/fits")
    assert (again.generation, again.etag) == (blob.generation, blob.etag)


def test_a_new_object_has_all_that_the_service_fills_in(api, gcs_bucket):
    name = gcs_bucket.name
    path = f"/upload/storage/v1/b/{name}/o?uploadType=media&name=a%2Fb"
    stored = api("POST", path, data=b"hello").json()
    generation = stored["generation"]

    assert stored == {
        "kind": "storage#object",
        "id": f"{name}/a/b/{generation}",
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{name}/o/a%2Fb",
        "mediaLink": (
            f"{api.url}/download/storage/v1/b/{name}/o/a%2Fb?generation={generation}&alt=media"
        ),
        "name": "a/b",
        "bucket": name,
        "generation": generation,
        "metageneration": "1",
        "contentType": "application/octet-stream",
        "storageClass": "STANDARD",
        "size": "5",
        "md5Hash": "XUFAKrxLKna5cZ2REBfFkg==",
        "crc32c": "mnG7TA==",
        "etag": stored["etag"],
        "timeCreated": stored["timeCreated"],
        "updated": stored["timeCreated"],
        "timeStorageClassUpdated": stored["timeCreated"],
        "timeFinalized": stored["timeCreated"],
    }
    media = api("GET", f"/storage/v1/b/{name}/o/a%2Fb?alt=media")
    assert media.content == b"hello"
    assert media.headers["x-goog-generation"] == generation
    assert media.headers["x-goog-metageneration"] == "1"
    assert media.headers["x-goog-hash"] == "crc32c=mnG7TA==,md5=XUFAKrxLKna5cZ2REBfFkg=="
    assert media.headers["x-goog-stored-content-length"] == "5"
    assert media.headers["etag"] == stored["etag"]


def test_generations_only_grow(gcs_bucket):
    generations = [put(gcs_bucket, "a", str(each)).generation for each in range(50)]
    assert generations == sorted(set(generations))


def test_preconditions(gcs_bucket):
    blob = put(gcs_bucket, "a", "one", if_generation_match=0)
    with pytest.raises(PreconditionFailed, match="pre-conditions you specified did not hold"):
        put(gcs_bucket, "a", "two", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        put(gcs_bucket, "a", "two", if_generation_match=blob.generation + 1)
    with pytest.raises(PreconditionFailed):
        blob.delete(if_metageneration_match=9)
    with pytest.raises(NotModified):
        blob.reload(if_etag_not_match=blob.etag)
    with pytest.raises(PreconditionFailed):
        put(gcs_bucket, "b", "x", if_generation_match=5)
    assert gcs_bucket.blob("a").download_as_bytes() == b"one"
    put(gcs_bucket, "a", "two", if_generation_match=blob.generation)
    assert gcs_bucket.blob("a").download_as_bytes() == b"two"


def test_a_patch_counts_and_merges_metadata(gcs_bucket):
    blob = put(gcs_bucket, "a", "x")
    blob.metadata = {"l": "1", "m": "2"}
    blob.patch()
    blob.metadata = {"l": None, "n": "3"}
    blob.patch()

    assert blob.metadata == {"m": "2", "n": "3"}
    assert (blob.metageneration, blob.generation) == (3, gcs_bucket.get_blob("a").generation)


def test_versions_are_kept_where_the_bucket_says_so(gcs_bucket):
    gcs_bucket.versioning_enabled = True
    gcs_bucket.patch()
    first, second = put(gcs_bucket, "a", "one"), put(gcs_bucket, "a", "two")
    gcs_bucket.blob("a").delete()
    versions = list(gcs_bucket.list_blobs(versions=True))

    assert list(gcs_bucket.list_blobs()) == []
    assert [each.generation for each in versions] == [first.generation, second.generation]
    assert all(each.time_deleted for each in versions)
    old = gcs_bucket.blob("a", generation=first.generation)
    assert old.download_as_bytes() == b"one"
    old.delete()
    assert len(list(gcs_bucket.list_blobs(versions=True))) == 1
    assert [each.generation for each in gcs_bucket.list_blobs(soft_deleted=True)] == [
        first.generation
    ]


def test_what_is_overwritten_or_deleted_can_be_restored(gcs_bucket):
    first = put(gcs_bucket, "a", "one")
    put(gcs_bucket, "a", "two").delete()
    deleted = list(gcs_bucket.list_blobs(soft_deleted=True))

    assert len(deleted) == 2
    assert all(each.hard_delete_time > each.soft_delete_time for each in deleted)
    with pytest.raises(NotFound, match="No such object"):
        gcs_bucket.blob("a").reload()
    back = gcs_bucket.restore_blob("a", generation=first.generation)
    assert back.generation > first.generation
    assert gcs_bucket.blob("a").download_as_bytes() == b"one"
    assert back.soft_delete_time is None


def test_without_soft_delete_nothing_is_kept(gcs_bucket):
    gcs_bucket.soft_delete_policy.retention_duration_seconds = 0
    gcs_bucket.patch()
    put(gcs_bucket, "a", "one").delete()
    assert list(gcs_bucket.list_blobs(soft_deleted=True)) == []


def test_holds_and_retention_keep_an_object(gcs_bucket):
    blob = put(gcs_bucket, "held", "x")
    blob.temporary_hold = True
    blob.patch()
    with pytest.raises(Forbidden, match="active Temporary hold"):
        blob.delete()
    with pytest.raises(Forbidden, match="active Temporary hold"):
        put(gcs_bucket, "held", "y")
    blob.temporary_hold = False
    blob.patch()
    gcs_bucket.retention_period = 3600
    gcs_bucket.patch()
    with pytest.raises(Forbidden, match="retention policy"):
        blob.delete()
    blob.reload()
    assert (blob.retention_expiration_time - blob.time_created).total_seconds() == 3600


def test_compose_copies_nothing_and_knows_the_checksum(gcs_bucket):
    pieces = [os.urandom(size) for size in (0, 5, 70_000, 300_000)]
    sources = [put(gcs_bucket, f"part{index}", data) for index, data in enumerate(pieces)]
    whole = gcs_bucket.blob("whole")
    whole.compose(sources)
    for source in sources:
        source.delete()
    expected = put(gcs_bucket, "same", b"".join(pieces))

    assert whole.download_as_bytes() == b"".join(pieces)
    assert whole.crc32c == expected.crc32c
    assert (whole.component_count, whole.md5_hash) == (4, None)
    assert whole.download_as_bytes(start=69_000, end=71_000) == b"".join(pieces)[69_000:71_001]


def test_rewrite_in_steps(gcs, gcs_bucket, name):
    other = gcs.create_bucket(f"{name}-2")
    data = os.urandom(3 * (1 << 20) + 5)
    source = put(gcs_bucket, "a", data, content_type="text/x")
    copy = other.blob("b")
    path = f"/b/{gcs_bucket.name}/o/a/rewriteTo/b/{other.name}/o/b"
    query = {"maxBytesRewrittenPerCall": 1 << 20}
    steps = []
    while not steps or not steps[-1]["done"]:
        if steps:
            query["rewriteToken"] = steps[-1]["rewriteToken"]
        steps.append(gcs._connection.api_request("POST", path, query, data={}))
    copy.reload()

    assert [int(each["totalBytesRewritten"]) for each in steps] == [
        1 << 20,
        2 << 20,
        3 << 20,
        len(data),
    ]
    assert copy.download_as_bytes() == data
    assert (copy.content_type, copy.crc32c) == ("text/x", source.crc32c)


def test_a_copy_lives_on_without_its_source(gcs_bucket):
    data = os.urandom(200_000)
    source = put(gcs_bucket, "a", data)
    gcs_bucket.copy_blob(source, gcs_bucket, "b")
    gcs_bucket.soft_delete_policy.retention_duration_seconds = 0
    gcs_bucket.patch()
    source.delete()
    assert gcs_bucket.blob("b").download_as_bytes() == data


def test_move(gcs_bucket):
    source = put(gcs_bucket, "a", "x")
    moved = gcs_bucket.move_blob(source, "b/c")
    assert moved.download_as_bytes() == b"x"
    assert [each.name for each in gcs_bucket.list_blobs()] == ["b/c"]


def test_gzip_is_unpacked_for_who_does_not_take_it(api, gcs_bucket):
    blob = gcs_bucket.blob("a")
    blob.content_encoding = "gzip"
    blob.upload_from_string(gzip.compress(b"long" * 100), content_type="text/plain")
    path = f"/storage/v1/b/{gcs_bucket.name}/o/a?alt=media"

    assert blob.download_as_bytes() == b"long" * 100
    assert gzip.decompress(blob.download_as_bytes(raw_download=True)) == b"long" * 100
    plain = api("GET", path, headers={"Accept-Encoding": "identity"})
    assert (plain.content, "content-encoding" in plain.headers) == (b"long" * 100, False)
    packed = api("GET", path, headers={"Accept-Encoding": "gzip"}, stream=True)
    assert gzip.decompress(packed.raw.read()) == b"long" * 100


def test_ranges(api, gcs_bucket):
    put(gcs_bucket, "a", "0123456789")
    put(gcs_bucket, "empty", "")
    path = f"/storage/v1/b/{gcs_bucket.name}/o/a?alt=media"

    for asked, status, got, where in (
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=8-", 206, b"89", "bytes 8-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=0-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, b"Request range not satisfiable", "bytes */10"),
    ):
        response = api("GET", path, headers={"Range": asked})
        assert (response.status_code, response.content) == (status, got)
        assert response.headers["content-range"] == where
    assert gcs_bucket.blob("empty").download_as_bytes() == b""


def test_keys_that_customers_supply(gcs_bucket):
    key, other = os.urandom(32), os.urandom(32)
    gcs_bucket.blob("a", encryption_key=key).upload_from_string("secret")

    assert gcs_bucket.blob("a", encryption_key=key).download_as_bytes() == b"secret"
    for wrong in (None, other):
        with pytest.raises(BadRequest):
            gcs_bucket.blob("a", encryption_key=wrong).download_as_bytes()
    seen = gcs_bucket.get_blob("a")
    assert (seen.crc32c, seen.md5_hash) == (None, None)
    rotated = gcs_bucket.blob("a", encryption_key=other)
    rotated.rewrite(gcs_bucket.blob("a", encryption_key=key))
    assert gcs_bucket.blob("a", encryption_key=other).download_as_bytes() == b"secret"


@pytest.mark.parametrize("key", ["a b/c?d#e%f+g", "Café", "日本/語", "..a", "a//b", "/a"])
def test_names_that_must_be_encoded(gcs_bucket, key):
    put(gcs_bucket, key, key)
    assert gcs_bucket.blob(key).download_as_text() == key
    assert [each.name for each in gcs_bucket.list_blobs()] == [key]


def test_names_that_no_object_can_have(gcs_bucket):
    for wrong in ("a\nb", "a" * 1025, "."):
        with pytest.raises((BadRequest, NotFound)):
            put(gcs_bucket, wrong, "x")


def test_acls_of_objects(gcs_bucket):
    blob = put(gcs_bucket, "a", "x")
    blob.acl.reload()
    blob.acl.all().grant_read()
    blob.acl.save()
    entries = {entry["entity"]: entry["role"] for entry in gcs_bucket.blob("a").acl}
    assert entries["allUsers"] == "READER"
    assert entries["project-owners-210987654321"] == "OWNER"

    gcs_bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    gcs_bucket.patch()
    with pytest.raises(BadRequest, match="uniform bucket-level access"):
        gcs_bucket.blob("a").acl.reload()
