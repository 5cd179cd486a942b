"""Policies that mean the same, and accounts that are no longer who they were."""

import json

import grpc
import pytest
from gcp_hand import (
    ACCOUNT,
    BUCKET,
    BUCKET_POLICY,
    POLICIES,
    account_of,
    email_of,
    found_by,
    program_inputs,
    repaired,
)

from sandbox.properties import UNKNOWN

pytest_plugins = ("gcp_fixtures",)

READ, WRITE = "roles/storage.objectViewer", "roles/storage.objectUser"
ANN, BOB, EVE = (f"user:{name}@example.org" for name in ("ann", "bob", "eve"))
BINDINGS = [{"role": READ, "members": [ANN, BOB]}, {"role": WRITE, "members": [EVE]}]
UNTIL = {"title": "until", "expression": "request.time < timestamp('2030-01-01T00:00:00Z')"}


def text(bindings, **options):
    return json.dumps({"bindings": bindings}, **options)


@pytest.mark.parametrize("token", POLICIES)
@pytest.mark.parametrize(
    "same",
    [
        pytest.param(text(BINDINGS[::-1]), id="bindings reordered"),
        pytest.param(
            text([BINDINGS[0] | {"members": [BOB, ANN]}, BINDINGS[1]]), id="members reordered"
        ),
        pytest.param(
            text([BINDINGS[1], *({"role": READ, "members": [who]} for who in (BOB, ANN, BOB))]),
            id="one binding a member",
        ),
        pytest.param(text([*BINDINGS, {"role": "roles/x", "members": []}]), id="of nobody"),
        pytest.param(text(BINDINGS, indent=2, sort_keys=True), id="written otherwise"),
    ],
)
def test_a_policy_that_means_the_same_is_no_difference(plugin, program, token, same):
    wanted = program[token] | {"policyData": text(BINDINGS)}
    other = program[token] | {"policyData": same}

    assert plugin.check(token, other) == {}
    assert plugin.diff(token, wanted, other) == plugin.diff(token, other, wanted) == {}


@pytest.mark.parametrize("token", POLICIES)
@pytest.mark.parametrize(
    "other",
    [
        pytest.param(text(BINDINGS[:1]), id="a binding less"),
        pytest.param(text([]), id="nothing"),
        pytest.param(text([BINDINGS[0] | {"members": [ANN]}, BINDINGS[1]]), id="a member less"),
        pytest.param(text([BINDINGS[0] | {"role": WRITE}, BINDINGS[1]]), id="another role"),
        pytest.param(text([BINDINGS[0] | {"condition": UNTIL}, BINDINGS[1]]), id="a condition"),
        pytest.param(UNKNOWN, id="unknown yet"),
    ],
)
def test_a_policy_that_means_something_else_is_one(plugin, program, token, other):
    wanted = program[token] | {"policyData": text(BINDINGS)}
    changed = program[token] | {"policyData": other}

    assert plugin.diff(token, wanted, changed) == {"policyData": "update"}
    assert plugin.diff(token, changed, wanted) == {"policyData": "update"}


def test_a_policy_without_bindings_takes_every_grant_away(plugin, program, name, made, hand):
    resource_id = made(BUCKET_POLICY)
    none = program[BUCKET_POLICY] | {"policyData": text([])}
    assert plugin.check(BUCKET_POLICY, none) == {}
    plugin.update(BUCKET_POLICY, resource_id, program[BUCKET_POLICY], none)

    assert found_by(plugin, BUCKET_POLICY, resource_id, none) == (none, {})
    assert hand.policy(BUCKET_POLICY, name).get("bindings", []) == []


def gone(name, account):
    return f"deleted:serviceAccount:{email_of(name)}?uid={account['uniqueId']}"


def test_an_account_that_is_made_again_gets_its_grants_by_an_update_alone(
    plugin, program, name, made, hand
):
    resource_id = made(BUCKET_POLICY)
    wanted, first = program[BUCKET_POLICY], hand.account(name)
    plugin.delete(ACCOUNT, account_of(name), program[ACCOUNT])
    _, second = plugin.create(ACCOUNT, program[ACCOUNT])
    found, differences = found_by(plugin, BUCKET_POLICY, resource_id, wanted)

    assert second["uniqueId"] != first["uniqueId"]
    [binding] = json.loads(found["policyData"])["bindings"]
    assert binding["members"] == [gone(name, first)]
    assert differences == {"policyData": "update"}
    repaired(plugin, BUCKET_POLICY, resource_id, found, wanted)
    [binding] = hand.policy(BUCKET_POLICY, name)["bindings"]
    assert binding["members"] == [second["member"]]


def test_a_grant_to_an_account_that_there_is_not_is_refused(plugin, program, name):
    plugin.create(BUCKET, program[BUCKET])
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(BUCKET_POLICY, program[BUCKET_POLICY])

    reason = f"Service account {email_of(name)} does not exist."
    assert refused.value.details() == f"googleapi: Error 400: {reason}, invalid"


def test_an_account_that_somebody_disabled_is_found_and_works_again(
    plugin, program, name, made, hand
):
    resource_id = made(ACCOUNT)
    hand.call("POST", f"/v1/{account_of(name)}:disable")
    found, differences = found_by(plugin, ACCOUNT, resource_id, program[ACCOUNT])

    assert found == program[ACCOUNT] | {"disabled": True}
    assert differences == {"disabled": "delete"}
    repaired(plugin, ACCOUNT, resource_id, found, program[ACCOUNT])
    assert "disabled" not in hand.account(name)


def test_an_empty_policy_is_one_that_the_stack_may_register(plugin, name):
    """A suspended user's bucket grants nobody anything."""
    inputs = program_inputs(name)
    plugin.create(BUCKET, inputs[BUCKET])
    empty = {"bucket": name, "policyData": text([])}
    resource_id, _ = plugin.create(BUCKET_POLICY, empty)

    assert found_by(plugin, BUCKET_POLICY, resource_id, empty) == (empty, {})
