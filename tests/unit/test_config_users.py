"""The users of a stack file: who may stand side by side, and what may be said of a bucket."""

from typing import Any

import pytest
from cmbcluster_storage import names
from cures import NO_PART, NO_REGION, NO_STATE, PARTS, UNPRINTABLE, USER, USERS
from stack_trees import (
    LEAST,
    LEAST_ON,
    Way,
    changed,
    config_of,
    each_wrong,
    engine_values,
    on_each_cloud,
    problems_of,
)
from test_config_clouds import NO_S3_BUCKET

from infra.config import parse

EVERYTHING_ON_AWS = [
    "bucket",
    "publicAccessBlock",
    "ownership",
    "encryption",
    "versioning",
    "lifecycle",
    "policy",
    "logging",
]


def read_of(*users: Any, cloud: str = "aws", **tree: Any) -> list[dict[str, Any]]:
    config = config_of({**LEAST_ON[cloud], **tree, "users": users})
    return [user.model_dump() for user in config.users]


def problems_with(*users: Any, cloud: str = "aws", **tree: Any) -> list[str]:
    return problems_of({**LEAST_ON[cloud], **tree, "users": users})


def told(*lines: str) -> list[str]:
    return [f"cmbcluster-storage:users: {line}" for line in lines]


@pytest.mark.parametrize(
    "id_", ["a", "u" * 254, "\u674e \u96f7", "\U0001f680", "ann+lab@example.org", "7", "007"]
)
def test_a_line_is_an_id_or_an_object_with_one(id_: str):
    read = {"id": id_, "state": "active", "bucket": None, "adopt": ()}
    assert read_of(id_) == read_of({"id": id_}) == [read]


def test_ids_of_digits_are_no_numbers():
    assert [user["id"] for user in read_of({"id": "007"}, "7")] == ["007", "7"]


@on_each_cloud
@pytest.mark.parametrize("state", ["active", "suspended", "deleted"])
def test_a_user_is_in_one_of_three_states(cloud: str, state: str):
    [user] = read_of({"id": "bob", "state": state}, cloud=cloud)
    assert user == {"id": "bob", "state": state, "bucket": None, "adopt": ()}


WRONG: list[tuple[Way, Any, str]] = [
    (
        ("users",),
        [""],
        f'users[0].id: "" is wrong (String should have at least 1 character); {USER}',
    ),
    (
        ("users",),
        ["ann", "u" * 255],
        f'users[1].id: "{"u" * 255}" is wrong (String should have at most 254 characters); {USER}',
    ),
    (("users",), [" ann"], f'users[0].id: " ann" {UNPRINTABLE}'),
    (("users",), ["ann\t"], f'users[0].id: "ann\\t" {UNPRINTABLE}'),
    (("users",), ["an\u200bn"], f'users[0].id: "an\\u200bn" {UNPRINTABLE}'),
    (("users",), [{"id": "an\nn"}], f'users[0].id: "an\\nn" {UNPRINTABLE}'),
    (("users",), [7], f"users[0]: 7 is wrong (Input should be an object); {USERS}"),
    (("users",), {"ann": {}}, f"users: is wrong (Input should be a valid array); {USERS}"),
    (("users",), "ann", f'users: "ann" is wrong (Input should be a valid array); {USERS}'),
    (
        ("users",),
        [{"id": "bob", "state": "Suspended"}],
        f'users[0].state: "Suspended" {NO_STATE}',
    ),
    (
        ("users",),
        ["ann", {"id": "bob", "state": None}],
        f"users[1].state: null {NO_STATE}",
    ),
    (
        ("users",),
        [{"id": "bob", "adopt": ["bucket", "tags"]}],
        f'users[0].adopt[1]: "tags" {NO_PART}',
    ),
    (
        ("users",),
        [{"id": "bob", "adopt": "bucket"}],
        f'users[0].adopt: "bucket" is wrong (Input should be a valid array); {PARTS}',
    ),
    (
        ("users",),
        [{"id": "bob", "bucket": ""}],
        f"users: 'bob' has the bucket '', which {NO_S3_BUCKET}",
    ),
]


@each_wrong(aws=WRONG)
def test_a_wrong_value_is_named_with_its_key_and_the_cure(
    cloud: str, path: Way, value: Any, line: str
):
    assert problems_of(changed(LEAST_ON[cloud], path, value)) == [f"cmbcluster-storage:{line}"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann", "ann"),
        ("a", "a"),
        ("ann@example.org", "ANN@Example.org"),
        ("stra\u00dfe", "STRASSE"),
        ("jos\u00e9", "jose\u0301"),
        ("\ufb01ona", "fiona"),
        ("ann", "\uff41nn"),
        ("\u212bngstr\u00f6m", "\u00c5ngstr\u00f6m"),
    ],
    ids=ascii,
)
def test_ids_that_people_cannot_tell_apart_are_refused(one: str, other: str):
    for users in ([one, "bob", other], [{"id": one}, other]):
        assert problems_of(changed(LEAST, ("users",), users)) == [
            f"cmbcluster-storage:users: {one!r} and {other!r} are one user to this stack; "
            "keep one line"
        ]


def test_ids_with_one_name_or_one_slug_are_refused(monkeypatch: pytest.MonkeyPatch):
    tree = changed(LEAST, ("users",), ["ann", "bob"])
    line = "cmbcluster-storage:users: 'ann' and 'bob' are one user to this stack; keep one line"
    for function in ("user_name", "user_slug"):
        with monkeypatch.context() as patch:
            patch.setattr(names, function, lambda scope, user: "one-for-all")
            assert problems_of(tree) == [line]
    assert [user.id for user in parse(engine_values(tree)).users] == ["ann", "bob"]


def test_duplicates_are_not_looked_for_in_a_scope_that_is_wrong():
    tree = changed(LEAST, ("cloud", "region"), "moon")
    assert problems_of(changed(tree, ("users",), ["ann", "ann"])) == [
        f'cmbcluster-storage:cloud.region: "moon" {NO_REGION}'
    ]


# ---- two users and one bucket ---------------------------------------------------------------

BOBS = {
    "aws": "ara-planet-8c71157f-123456789012-us-east-1-an",
    "gcp": "fornax-pulsar-de6f66ce",
}


@on_each_cloud
def test_two_users_with_one_bucket_are_refused_by_name(cloud: str):
    ann, eve = {"id": "ann", "bucket": "old-data"}, {"id": "eve", "bucket": "old-data"}
    assert problems_with(ann, eve, cloud=cloud) == told(
        "'ann' and 'eve' have one bucket; keep one line"
    )


@on_each_cloud
def test_nobody_has_the_bucket_that_another_is_to_get(cloud: str):
    eve = {"id": "eve", "bucket": BOBS[cloud]}
    for users, both in ((("bob", eve), "'bob' and 'eve'"), ((eve, "bob"), "'eve' and 'bob'")):
        assert problems_with(*users, cloud=cloud) == told(f"{both} have one bucket; keep one line")


@pytest.mark.parametrize(
    ("cloud", "one", "other"),
    [
        ("aws", "old.data", "old-data"),
        ("aws", "old-data", "old-data-123456789012-us-east-1-an"),
        ("gcp", "old_data", "old-data"),
        ("gcp", "old_data", "old.data"),
    ],
)
def test_two_buckets_with_one_claim_are_refused_by_name(cloud: str, one: str, other: str):
    users = {"id": "ann", "bucket": one}, {"id": "eve", "bucket": other}
    assert problems_with(*users, cloud=cloud) == told(
        "'ann' and 'eve' have one claim; keep one line"
    )


@on_each_cloud
def test_nobody_has_the_bucket_of_the_logs(cloud: str):
    buckets = {"accessLogsTo": "cmbcluster-logs"}
    bob = {"id": "bob", "bucket": "cmbcluster-logs"}
    refused = told("'bob' has the bucket that accessLogsTo names; use another")
    assert problems_with("ann", bob, cloud=cloud, buckets=buckets) == refused
    assert problems_with("bob", cloud=cloud, buckets={"accessLogsTo": BOBS[cloud]}) == refused


# ---- adoption -------------------------------------------------------------------------------

PARTS_OF = {
    "aws": EVERYTHING_ON_AWS,
    "gcp": ["bucket", "policy"],
}


@on_each_cloud
def test_every_part_of_a_bucket_can_be_adopted(cloud: str):
    parts = PARTS_OF[cloud]
    bob = {"id": "bob", "bucket": "old-data", "adopt": parts}
    [read] = read_of(bob, cloud=cloud, buckets={"accessLogsTo": "cmbcluster-logs"})
    assert read == {"id": "bob", "state": "active", "bucket": "old-data", "adopt": (*parts,)}


@on_each_cloud
@pytest.mark.parametrize("state", ["active", "suspended"])
def test_a_bucket_with_the_users_own_name_can_be_adopted(cloud: str, state: str):
    [read] = read_of({"id": "bob", "state": state, "adopt": ["bucket"]}, cloud=cloud)
    assert read == {"id": "bob", "state": state, "bucket": None, "adopt": ("bucket",)}


def adopting(cloud: str, *parts: str, **line: str) -> list[str]:
    bob = {"id": "bob", "bucket": "old-data", "adopt": parts, **line}
    return problems_with("ann", bob, cloud=cloud, buckets={"accessLogsTo": "cmbcluster-logs"})


@on_each_cloud
def test_parts_of_a_bucket_are_not_adopted_without_it(cloud: str):
    assert adopting(cloud, "policy") == told(
        "'bob' adopts parts of a bucket, but not bucket; write it first"
    )


@on_each_cloud
def test_a_part_is_adopted_once(cloud: str):
    assert adopting(cloud, "bucket", "policy", "policy") == told(
        "'bob' adopts a part twice; write each once"
    )


@on_each_cloud
def test_a_bucket_is_not_adopted_to_be_deleted(cloud: str):
    assert adopting(cloud, "bucket", state="deleted") == told(
        "'bob' adopts a bucket and deletes it at once; write one of adopt and state: deleted"
    )


def test_what_is_part_of_the_bucket_itself_is_not_adopted_on_google_cloud():
    assert adopting("gcp", *EVERYTHING_ON_AWS) == told(
        "'bob' adopts publicAccessBlock, ownership, encryption, versioning, lifecycle, logging, "
        "which no bucket there has as a part of its own; write some of bucket, policy"
    )


def test_logging_is_adopted_by_a_stack_that_logs_only():
    bob = {"id": "bob", "bucket": "old-data", "adopt": ["bucket", "logging"]}
    assert problems_with(bob) == told(
        "'bob' adopts logging, and accessLogsTo is not set; write it, or leave logging out, and "
        "it stays as it is"
    )
