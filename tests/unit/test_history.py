"""Whom a stack holds, and the stack files that it refuses because somebody is lost by them."""

import json
from typing import Any

import pytest
from cmbcluster_storage import names

from infra.config import ConfigError, parse
from infra.history import Recorded, check, recorded_in
from infra.settings import StackConfig

URN = "urn:pulumi:aws::cmbcluster-storage::"
STORAGE = "cmbcluster-storage:index:UserStorage"
CLOUD = {
    "provider": "aws",
    "accountId": "123456789012",
    "region": "us-east-1",
    "oidcIssuer": "oidc.example.org",
}
CLOUD_ON_GCP = {
    "provider": "gcp",
    "project": "cmbcluster-research",
    "projectNumber": "123456789012",
    "location": "europe-west4",
}
SCOPE = names.aws_scope("cmbcluster", "123456789012", "us-east-1")
BOBS_BUCKET = "ara-planet-8c71157f-123456789012-us-east-1-an"


def config(*users: str | dict[str, str], on: dict[str, str] = CLOUD, **cloud: str) -> StackConfig:
    tree: dict[str, Any] = {
        "cloud": {**on, **cloud},
        "kubernetes": {"namespace": "hub", "context": "cmbcluster"},
        "users": users,
    }
    values = {f"cmbcluster-storage:{key}": json.dumps(value) for key, value in tree.items()}
    return parse({"cmbcluster-storage:platform": "cmbcluster", **values})


def before(user: str, state: str = "active", bucket: str = "") -> Recorded:
    name = names.user_name(SCOPE, user)
    return Recorded(
        slug=names.user_slug(SCOPE, user),
        user=user,
        state=state,
        place="us-east-1",
        bucket_name=bucket or names.aws_bucket_name(name, "123456789012", "us-east-1"),
    )


BOB_ON_GCP = Recorded(
    slug="bob-de6f66ce",
    user="bob",
    state="active",
    place="EUROPE-WEST4",
    bucket_name="fornax-pulsar-de6f66ce",
)


def problems(now: StackConfig, *recorded: Recorded) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        check(now, list(recorded))
    first, *rest = str(caught.value).splitlines()
    assert first == "the stack's config cannot be used:"
    return rest


def storage(slug: str, outputs: dict[str, str] | None) -> dict[str, Any]:
    resource: dict[str, Any] = {"type": STORAGE}
    return {f"{URN}{STORAGE}::{slug}": resource | ({} if outputs is None else {"outputs": outputs})}


BOB = {
    "user": "bob",
    "state": "suspended",
    "place": "us-east-1",
    "bucketName": BOBS_BUCKET,
    "bucketUrl": f"s3://{BOBS_BUCKET}",
}


def test_the_users_of_a_state_are_its_storages():
    outputs_by_urn = {
        f"{URN}pulumi:pulumi:Stack::cmbcluster-storage-aws": {
            "type": "pulumi:pulumi:Stack",
            "outputs": {"users": {"bob": {}}, "user": "x"},
        },
        **storage("bob-8c71157f", BOB),
        f"{URN}{STORAGE}$aws:s3/bucket:Bucket::bob-8c71157f-bucket": {
            "type": "aws:s3/bucket:Bucket",
            "outputs": BOB,
        },
    }
    assert recorded_in(outputs_by_urn) == [before("bob", "suspended")]


BUCKET = {
    f"{URN}{STORAGE}$aws:s3/bucket:Bucket::bob-8c71157f-bucket": {
        "type": "aws:s3/bucket:Bucket",
        "outputs": {},
    }
}


@pytest.mark.parametrize("outputs", [None, {}, BOB], ids=["no outputs", "empty outputs", "all"])
def test_a_user_whose_bucket_could_not_be_made_is_nobody(outputs: dict[str, str] | None):
    # Or a line whose bucket's name is taken could never be dropped again.
    assert recorded_in(storage("bob-8c71157f", outputs)) == []


@pytest.mark.parametrize("outputs", [None, {}], ids=["no outputs", "empty outputs"])
def test_a_user_whom_a_killed_run_left_with_a_bucket_is_somebody(outputs: dict[str, str] | None):
    [bob] = recorded_in(storage("bob-8c71157f", outputs) | BUCKET)
    check(config("bob"), [bob])
    [line] = problems(config("ann"), bob)
    assert line == (
        "cmbcluster-storage:users: 'bob-8c71157f' is unfinished in this stack and has no line "
        "any more; put it back. To take the user out of service, write {id: bob-8c71157f, "
        "state: suspended}; to delete the bucket as well, write state: deleted, run up, then drop "
        "the line; to move the user to another stack file, run python -m infra.move"
    )


def test_a_new_stack_has_nobody():
    assert recorded_in({}) == []
    check(config("ann"), [])


@pytest.mark.parametrize("was", ["active", "suspended", "deleted"])
@pytest.mark.parametrize("is_now", ["active", "suspended", "deleted"])
def test_any_state_may_follow_any_other(was: str, is_now: str):
    check(config({"id": "bob", "state": is_now}), [before("bob", was)])


def test_the_line_of_a_deleted_user_may_go():
    check(config("ann"), [before("ann"), before("bob", "deleted")])


@pytest.mark.parametrize("state", ["active", "suspended"])
def test_no_other_line_may_go(state: str):
    assert problems(config("ann"), before("ann"), before("bob", state)) == [
        "cmbcluster-storage:users: "
        f"'bob' is {state} in this stack and has no line any more; put it back. To take "
        "the user out of service, write {id: bob, state: suspended}; to delete the bucket "
        f"{BOBS_BUCKET} as well, write state: deleted, run up, then drop the line; to move the "
        "user to another stack file, run python -m infra.move"
    ]


def test_an_id_that_is_written_otherwise_is_another_user():
    [line] = problems(config("Bob"), before("bob"))
    assert line.startswith(
        "cmbcluster-storage:users: 'bob' is active in this stack and has no line any more; "
    )


@pytest.mark.parametrize("state", ["active", "suspended", "deleted"])
def test_a_stack_does_not_move_to_another_scope(state: str):
    assert problems(config("bob", accountId="210987654321"), before("bob", state)) == [
        "cmbcluster-storage:users: "
        f"'bob' has the bucket '{BOBS_BUCKET}' in this stack, and would get another, "
        "because platform, account, project or region are not what they were; put them back, "
        "and make a new stack for the new ones"
    ]


@pytest.mark.parametrize(
    ("now", "bucket"),
    [
        (config({"id": "bob", "bucket": "old-data"}), "old-data"),
        (config("bob", bucketNamespace="global"), "ara-planet-8c71157f"),
    ],
    ids=["bucket", "bucketNamespace"],
)
@pytest.mark.parametrize("state", ["active", "suspended", "deleted"])
def test_a_user_keeps_their_bucket(now: StackConfig, bucket: str, state: str):
    assert problems(now, before("bob", state)) == [
        "cmbcluster-storage:users: "
        f"'bob' has the bucket '{BOBS_BUCKET}', and cannot have '{bucket}' instead: the "
        f"data would stay behind; write bucket: {BOBS_BUCKET}"
    ]


@pytest.mark.parametrize("location", ["europe-west4", "EUROPE-WEST4"])
def test_a_location_may_be_written_in_any_case(location: str):
    check(config("bob", on=CLOUD_ON_GCP, location=location), [BOB_ON_GCP])


@pytest.mark.parametrize(("location", "place"), [("europe-west1", "EUROPE-WEST1"), ("eu", "EU")])
def test_a_bucket_does_not_move_to_another_location(location: str, place: str):
    # Names there do not depend on it, and the provider would replace the bucket.
    assert problems(config("bob", on=CLOUD_ON_GCP, location=location), BOB_ON_GCP) == [
        "cmbcluster-storage:users: "
        "'bob' has the bucket 'fornax-pulsar-de6f66ce' in EUROPE-WEST4, and a bucket cannot "
        f"move, here to {place}; put it back, and make a new stack for new buckets there"
    ]


def test_a_user_keeps_the_bucket_that_was_adopted():
    adopted = before("bob", bucket="old-data")
    check(config({"id": "bob", "bucket": "old-data"}), [adopted])
    assert problems(config("bob"), adopted) == [
        "cmbcluster-storage:users: "
        f"'bob' has the bucket 'old-data', and cannot have '{BOBS_BUCKET}' instead: the "
        "data would stay behind; write bucket: old-data"
    ]


def test_a_buckets_own_name_may_be_written_down():
    # The cure of the problems above.
    written = {"id": "bob", "bucket": BOBS_BUCKET}
    check(config(written), [before("bob")])
    check(config(written, bucketNamespace="global"), [before("bob")])


def test_everybody_who_is_lost_is_told_in_the_same_order_every_time():
    recorded = [before("eve"), before("bob", "suspended"), before("ann", "deleted")]
    assert [line.split()[1] for line in problems(config(), *recorded)] == ["'bob'", "'eve'"]
