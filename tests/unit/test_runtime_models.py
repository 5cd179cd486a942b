import copy
import dataclasses
import pickle
from datetime import UTC, datetime

import pytest
from cmbcluster_storage import ObjectInfo
from pydantic import TypeAdapter

FIELDS = {
    "bucket_name": "andromeda-nebula",
    "name": "maps/ü.fits",
    "size_bytes": 3,
    "content_type": None,
    "updated": datetime(2026, 1, 2, tzinfo=UTC),
    "etag": "abc",
    "version_id": "v1",
    "is_latest": True,
    "crc32c": "yZRlqg==",
    "url": "s3://andromeda-nebula/maps/ü.fits",
}
INFO = ObjectInfo(**FIELDS)


def test_answers_every_field_and_the_older_names():
    assert dict(INFO) == {**FIELDS, "size": 3, "generation": "v1", "created": FIELDS["updated"]}
    assert len(INFO) == len(dict(INFO))
    assert INFO["size"] == INFO.size == INFO.size_bytes
    assert INFO["generation"] == INFO.generation == INFO.version_id


@pytest.mark.parametrize("key", ["changed", "keys", "__class__", ""])
def test_other_keys_are_missing(key):
    assert key not in INFO
    assert INFO.get(key) is None
    with pytest.raises(KeyError, match=repr(key)):
        INFO[key]


def test_pydantic_takes_it_for_a_dictionary():
    assert TypeAdapter(dict[str, object]).validate_python(INFO) == dict(INFO)


def test_frozen_hashable_and_copied():
    with pytest.raises(dataclasses.FrozenInstanceError):
        INFO.name = "other"
    assert {INFO, copy.deepcopy(INFO), pickle.loads(pickle.dumps(INFO))} == {INFO}  # noqa: S301 - our own bytes
