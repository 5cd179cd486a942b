"""A user's states: what each has, what the next step is said to be, and who cannot leave."""

from functools import cache
from typing import Any

import pytest
from program import (
    OBJECTS,
    STORAGE,
    VARIANTS,
    VOLUME,
    Cloud,
    Resources,
    Variant,
    of_type,
    of_user,
    resources_of,
    run,
)

from infra.config import ConfigError

WAYS = {
    name: VARIANTS[name]
    for name in ("aws", "aws_pod_identity", "aws_everything", "gcp", "gcp_service_account")
}


@pytest.fixture(scope="module", params=WAYS)
def variant(request: pytest.FixtureRequest) -> Variant:
    return WAYS[request.param]


@pytest.fixture(scope="module")
def stacks(variant: Variant) -> dict[str, Resources]:
    """Return the resources of ann, and of bob in each state."""
    return {
        state: resources_of(variant.config("ann", {"id": "bob", "state": state}))
        for state in ("active", "suspended", "deleted")
    }


@pytest.fixture
def active(variant: Variant, stacks: dict[str, Resources]) -> Resources:
    return of_user(stacks["active"], variant.slug("bob"))


@pytest.fixture
def suspended(variant: Variant, stacks: dict[str, Resources]) -> Resources:
    return of_user(stacks["suspended"], variant.slug("bob"))


@pytest.fixture
def deleted(variant: Variant, stacks: dict[str, Resources]) -> Resources:
    return of_user(stacks["deleted"], variant.slug("bob"))


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_active_is_what_a_plain_line_means(cloud: str):
    chosen = WAYS[cloud]
    plain, written = (chosen.config(bob) for bob in ("bob", {"id": "bob", "state": "active"}))
    assert resources_of(plain) == resources_of(written)


def test_a_suspended_user_has_the_bucket_and_what_is_set_on_it_and_no_more(
    variant: Variant, suspended: Resources
):
    types = [made["type"] for made in suspended.values()]
    assert sorted(types) == sorted([STORAGE, *variant.held, *variant.settings])
    held = of_type(suspended, *variant.held).values()
    assert {(made.get("protect"), made.get("retainOnDelete")) for made in held} == {(True, True)}


def test_suspension_takes_identity_and_volume_and_the_grant_and_changes_nothing_else(
    variant: Variant, active: Resources, suspended: Resources
):
    gone = of_type(active, VOLUME, *OBJECTS, *variant.identity)
    assert active.keys() - suspended.keys() == gone.keys()
    assert suspended.keys() <= active.keys()
    changed = {urn for urn, made in suspended.items() if made != active[urn]}
    if variant.provider == "aws":
        assert changed == set()
    else:
        [policy] = changed
        assert suspended[policy]["inputs"]["policyData"] == '{"bindings": []}'
        kept = suspended[policy] | {"inputs": {**active[policy]["inputs"]}}
        kept["dependencies"] = active[policy]["dependencies"]
        assert kept == active[policy]


def test_deletion_unprotects_what_suspension_left_and_empties_the_bucket(
    variant: Variant, suspended: Resources, deleted: Resources
):
    expected = dict(suspended)
    for urn, made in of_type(suspended, *variant.held).items():
        expected[urn] = {**made, "protect": False, "retainOnDelete": False}
    [(urn, bucket)] = of_type(expected, variant.bucket).items()
    expected[urn] = {**bucket, "inputs": {**bucket["inputs"], "forceDestroy": True}}
    assert deleted == expected


def test_one_users_state_is_nothing_to_the_others(variant: Variant, stacks: dict[str, Resources]):
    anns = [of_user(made, variant.slug("ann")) for made in stacks.values()]
    assert len(anns[0]) == len(variant.of_a_user)
    assert anns[0] == anns[1] == anns[2]


ACTIVE = (
    "state: suspended takes identity and volume away and keeps the bucket; the line cannot be "
    "dropped"
)
SUSPENDED = (
    "state: active gives the same bucket, identity and volume again; state: deleted prepares the "
    "bucket's end; the line cannot be dropped"
)
DELETED = (
    "dropping the line deletes the bucket with all that is in it, for ever; state: suspended or "
    "active keeps it"
)
ADOPTED = "dropping adopt, and not bucket, lets old versions and scratch expire in it as in others"


@cache
def outputs_of_bob(cloud: str) -> dict[str, str]:
    return run(WAYS[cloud].config("bob"))[1]["users"]["bob"]


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ({"state": "active"}, ACTIVE),
        ({"state": "suspended"}, SUSPENDED),
        ({"state": "deleted"}, DELETED),
        ({"bucket": "old-data"}, ACTIVE),
        ({"bucket": "old-data", "adopt": ["bucket"]}, f"{ADOPTED}; {ACTIVE}"),
        (
            {"bucket": "old-data", "adopt": ["bucket"], "state": "suspended"},
            f"{ADOPTED}; {SUSPENDED}",
        ),
    ],
)
@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_the_outputs_say_what_the_next_step_does(cloud: str, line: dict[str, Any], step: str):
    chosen = WAYS[cloud]
    plain = outputs_of_bob(cloud)
    bucket = {}
    if name := line.get("bucket"):
        url = plain["bucketUrl"].replace(plain["bucketName"], name)
        bucket = {"bucketName": name, "bucketUrl": url, "claimName": name}
    assert run(chosen.config({"id": "bob", **line}))[1]["users"]["bob"] == {
        **plain,
        **bucket,
        "state": line.get("state", "active"),
        "nextStep": step,
    }


def state_of(variant: Variant, *users: str) -> Resources:
    """Return a stack's state as the engine reads it out, after a run with these users."""
    recorder, _ = run(variant.config(*users))
    return {
        urn: {"type": made["type"], "outputs": recorder.outputs_by_urn.get(urn, {})}
        for urn, made in recorder.resources_by_urn.items()
    }


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_a_stack_file_that_lost_somebody_is_refused_before_anything_is_registered(cloud: str):
    chosen = WAYS[cloud]
    engine = Cloud(state=state_of(chosen, "ann", "bob"))
    with pytest.raises(ConfigError) as caught:
        run(chosen.config("ann"), engine)
    assert engine.made == []
    assert str(caught.value).startswith(
        "the stack's config cannot be used:\n"
        "cmbcluster-storage:users: 'bob' is active in this stack and has no line any more; put "
        "it back. "
    )


@pytest.mark.parametrize("name", ["aws", "aws_adopted", "aws_deleted", "gcp", "gcp_adopted"])
def test_a_run_finds_its_own_users_again(name: str):
    chosen = VARIANTS[name]
    engine = Cloud(state=state_of(chosen, "bob"))
    run(chosen.config("bob"), engine)
    assert len(engine.made) == len(chosen.of_a_user) + 2
