import time
from urllib.parse import quote

import pytest
from google.api_core.exceptions import BadRequest

TREE = ["a", "b/", "b/1", "b/2", "b/c/3", "b/d/4", "e", "é", "z/9"]


@pytest.fixture
def tree(gcs_bucket):
    for key in reversed(TREE):
        gcs_bucket.blob(key).upload_from_string("x")
    return gcs_bucket


def listed(bucket, **options):
    found = bucket.list_blobs(**options)
    return [blob.name for blob in found], sorted(found.prefixes)


def test_names_come_in_order_whatever_came_first(tree):
    assert listed(tree) == (sorted(TREE), [])


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_every_page_size_shows_the_same(tree, size):
    assert listed(tree, page_size=size) == (sorted(TREE), [])
    assert listed(tree, page_size=size, delimiter="/") == (["a", "e", "é"], ["b/", "z/"])
    assert listed(tree, page_size=size, prefix="b/", delimiter="/") == (
        ["b/", "b/1", "b/2"],
        ["b/c/", "b/d/"],
    )


def test_offsets_globs_and_trailing_delimiters(tree):
    assert listed(tree, start_offset="b/2", end_offset="e")[0] == ["b/2", "b/c/3", "b/d/4"]
    assert listed(tree, match_glob="b/*")[0] == ["b/", "b/1", "b/2"]
    assert listed(tree, match_glob="b/**/[34]")[0] == ["b/c/3", "b/d/4"]
    assert listed(tree, match_glob="{a,e}")[0] == ["a", "e"]
    assert listed(tree, delimiter="/", include_trailing_delimiter=True) == (
        ["a", "b/", "e", "é"],
        ["b/", "z/"],
    )


def test_partial_answers(tree):
    blobs = tree.list_blobs(fields="items(name),nextPageToken", page_size=2)
    assert [blob._properties for blob in blobs] == [{"name": key} for key in sorted(TREE)]


def test_a_page_token_that_is_none(tree):
    with pytest.raises(BadRequest):
        list(tree.list_blobs(page_token="!"))  # noqa: S106 - no secret


def test_versions_page_by_name_and_generation(gcs_bucket):
    gcs_bucket.versioning_enabled = True
    gcs_bucket.patch()
    for _ in range(3):
        for key in ("a", "b"):
            gcs_bucket.blob(key).upload_from_string("x")
    whole = [(each.name, each.generation) for each in gcs_bucket.list_blobs(versions=True)]
    paged = [
        (each.name, each.generation) for each in gcs_bucket.list_blobs(versions=True, page_size=1)
    ]
    assert paged == whole == sorted(whole)
    assert len(whole) == 6


def test_ten_thousand_objects_list_no_slower_at_the_end(api, gcs_bucket):
    path = f"/b/{gcs_bucket.name}/o"
    wanted = [f"{index % 100:02}/{index:05}" for index in range(10_000)]
    gcs_bucket.blob("source").upload_from_string("x")
    for start in range(0, len(wanted), 100):
        api.batch(
            ("POST", f"/storage/v1{path}/source/copyTo{path}/{quote(name, safe='')}")
            for name in wanted[start : start + 100]
        )
    gcs_bucket.blob("source").delete()

    names, seconds, token = [], [], ""
    while True:
        start = time.perf_counter()
        page = api("GET", f"/storage/v1{path}?pageToken={token}").json()
        seconds.append(time.perf_counter() - start)
        names += [item["name"] for item in page["items"]]
        if not (token := page.get("nextPageToken")):
            break
    assert len(seconds) == 10
    assert names == sorted(wanted)
    assert min(seconds[-3:]) < 5 * min(seconds[:3])

    folders = api("GET", f"/storage/v1{path}?delimiter=/").json()
    assert folders["prefixes"] == [f"{index:02}/" for index in range(100)]
