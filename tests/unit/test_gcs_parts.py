"""The pure parts of the sandbox's Cloud Storage."""

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.gcs.contents import Folder, concatenated, content_of
from sandbox.gcs.errors import GcsError
from sandbox.gcs.fields import partial
from sandbox.gcs.globs import glob_pattern
from sandbox.gcs.names import project_number
from sandbox.gcs.preconditions import etag_of
from sandbox.gcs.resources import BUCKET, OBJECT
from sandbox.gcs.schema import checked, merged
from sandbox.gcs.shelf import Listing, Shelf, StoredObject

KEYS = st.lists(st.text("ab/é\U0001f30c", min_size=1, max_size=6), unique=True, max_size=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return Folder(tmp_path_factory.mktemp("contents"))


@given(pieces=st.lists(st.binary(max_size=200), max_size=6))
def test_checksums_add_up(folder, pieces):
    whole = concatenated(content_of(folder, piece) for piece in pieces)
    assert whole.crc32c == google_crc32c.value(b"".join(pieces))
    assert b"".join(whole.read(0, whole.size)) == b"".join(pieces)


@given(pieces=st.lists(st.binary(max_size=20), max_size=6), data=st.data())
def test_any_range_of_a_composed_content(folder, pieces, data):
    whole = concatenated(content_of(folder, piece) for piece in pieces)
    start = data.draw(st.integers(0, whole.size))
    stop = data.draw(st.integers(start, whole.size))
    assert b"".join(whole.read(start, stop)) == b"".join(pieces)[start:stop]


@given(keys=KEYS, size=st.integers(1, 5), prefix=st.sampled_from(["", "a", "/", "a/"]))
def test_pages_of_any_size_say_what_one_page_says(folder, keys, size, prefix):
    shelf = Shelf()
    for key in keys:
        shelf.put(StoredObject({"name": key, "generation": "1"}, content_of(folder, b"")))
    found, prefixes, token = [], [], ""
    while True:
        page = Listing(prefix, "/").page([shelf], size, token)
        assert len(page) <= size
        found += [stored.name for stored in page.objects]
        prefixes += page.prefixes
        if not (token := page.token):
            break
    below = sorted(key for key in keys if key.startswith(prefix))
    assert found == [key for key in below if "/" not in key[len(prefix) :]]
    cut = {
        prefix + key[len(prefix) :].partition("/")[0] + "/"
        for key in below
        if "/" in key[len(prefix) :]
    }
    assert prefixes == sorted(cut)


@given(keys=KEYS)
def test_a_shelf_gives_back_what_it_took(folder, keys):
    shelf = Shelf()
    stored = [
        StoredObject({"name": key, "generation": str(generation)}, content_of(folder, b""))
        for key in keys
        for generation in (1, 2)
    ]
    for each in stored:
        shelf.put(each)
    assert all(shelf.newest(key).generation == 2 for key in keys)
    for each in stored:
        shelf.take(each)
    assert len(shelf) == 0
    assert not any(shelf.newest(key) for key in keys)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("a", {"a": 1}),
        ("a,b", {"a": 1, "b": {"c": 2, "d": 3}}),
        ("b/c", {"b": {"c": 2}}),
        ("b(c,d)", {"b": {"c": 2, "d": 3}}),
        ("e(f)", {"e": [{"f": 4}, {"f": 5}]}),
        ("e/f,a", {"e": [{"f": 4}, {"f": 5}], "a": 1}),
        ("none", {}),
        ("*", None),
    ],
)
def test_selections(fields, expected):
    document = {"a": 1, "b": {"c": 2, "d": 3}, "e": [{"f": 4, "g": 0}, {"f": 5}]}
    assert partial(document, fields) == (document if expected is None else expected)


@pytest.mark.parametrize("fields", ["a(", "a(b", "a)", ",", "a//b", ""])
def test_selections_that_are_none(fields):
    with pytest.raises(GcsError, match="Invalid field selection"):
        partial({}, fields)


@pytest.mark.parametrize(
    ("glob", "matches", "others"),
    [
        ("a*", ["a", "ab"], ["a/b", "b"]),
        ("**", ["a", "a/b"], []),
        ("a/**/c", ["a/c", "a/b/c", "a/b/b/c"], ["a/cc", "c"]),
        ("?b", ["ab"], ["/b", "b"]),
        ("[a-c]x", ["ax", "cx"], ["dx"]),
        ("[!a]x", ["bx"], ["ax"]),
        ("{a,b*}", ["a", "b", "bx"], ["ax"]),
        ("a.b", ["a.b"], ["axb"]),
        ("\\*", ["*"], ["a"]),
    ],
)
def test_globs(glob, matches, others):
    pattern = glob_pattern(glob)
    assert [name for name in matches + others if pattern.fullmatch(name)] == matches


def test_etags_are_written_as_the_service_writes_them():
    assert (etag_of(1), etag_of(2)) == ("CAE=", "CAI=")


def test_values_as_the_service_shows_them():
    assert checked({"softDeletePolicy": {"retentionDurationSeconds": 7}}, BUCKET, "bucket") == {
        "softDeletePolicy": {"retentionDurationSeconds": "7"}
    }
    times = {
        "2021-02-10T12:30:00.000000Z": "2021-02-10T12:30:00Z",
        "2021-02-10T12:30:00.5+01:00": "2021-02-10T11:30:00.500Z",
        "2021-02-10T12:30:00.000123": "2021-02-10T12:30:00.000123Z",
    }
    for given_time, shown in times.items():
        assert checked({"customTime": given_time}, OBJECT, "object") == {"customTime": shown}


def test_a_patch_leaves_what_it_merges_into_alone():
    old = {"a": {"b": 1, "c": 2}, "d": [1]}
    assert merged(old, {"a": {"b": None, "e": 3}, "d": [], "f": {"g": None}}) == {
        "a": {"c": 2, "e": 3},
        "d": [],
        "f": {},
    }
    assert old == {"a": {"b": 1, "c": 2}, "d": [1]}


def test_a_project_keeps_its_number():
    assert project_number("cosmology", {}) == project_number("cosmology", {})
    assert project_number("cosmology", {"cosmology": "42"}) == "42"
    assert project_number("123", {"123": "42"}) == "123"
