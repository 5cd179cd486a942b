import json
import uuid
from concurrent import futures

import grpc
import pytest
from gcp_hand import (
    ACCOUNT,
    ACCOUNT_POLICY,
    BUCKET,
    BUCKET_POLICY,
    BY_IDENTITY,
    DAY_SECONDS,
    NUMBER,
    OTHER_PROJECT,
    POLICIES,
    PROJECT,
    TOKENS,
    account_of,
    email_of,
    found_by,
    id_of,
    program_inputs,
    repaired,
)
from plugin import entries, failed_init
from pulumi.runtime.proto import provider_pb2

from sandbox import gcp
from sandbox.properties import UNKNOWN
from sandbox.resource import ProviderError

pytest_plugins = ("gcp_fixtures",)

# --- the types and their lives ------------------------------------------------------------


def test_the_stack_uses_every_type():
    assert sorted(TOKENS) == sorted(gcp.TYPES)


@pytest.mark.parametrize(("identity", "token"), BY_IDENTITY)
def test_check_accepts_what_the_stack_registers(plugin, name, identity, token):
    assert plugin.check(token, program_inputs(name, identity)[token]) == {}


@pytest.mark.parametrize("token", TOKENS)
def test_a_preview_makes_nothing_and_leaves_the_outputs_unknown(plugin, program, name, token):
    resource_id, state = plugin.create(token, program[token], preview=True)

    assert resource_id == ""
    assert {key: state[key] for key in program[token]} == program[token]
    assert {value for key, value in state.items() if key not in program[token]} == {UNKNOWN}
    assert plugin.read(token, id_of(token, name), program[token]) == ("", {}, {})


@pytest.mark.parametrize(
    ("token", "unknown"),
    [
        (BUCKET_POLICY, "bucket"),
        (BUCKET_POLICY, "policyData"),
        (ACCOUNT_POLICY, "serviceAccountId"),
    ],
)
def test_a_preview_takes_inputs_that_only_the_real_run_will_know(plugin, program, token, unknown):
    inputs = program[token] | {unknown: UNKNOWN}

    assert plugin.check(token, inputs) == {}
    assert plugin.create(token, inputs, preview=True)[1][unknown] == UNKNOWN
    state = plugin.update(token, "any", program[token], inputs, preview=True)
    assert state[unknown] == UNKNOWN


@pytest.mark.parametrize(("identity", "token"), BY_IDENTITY)
def test_what_was_created_reads_back_as_the_program_wrote_it(plugin, name, made, identity, token):
    wanted = program_inputs(name, identity)[token]
    resource_id = made(token, identity)
    found_id, inputs, state = plugin.read(token, resource_id, wanted)

    assert resource_id == found_id == id_of(token, name)
    assert inputs == wanted
    assert plugin.diff(token, inputs, wanted) == {}
    assert {key: state[key] for key in wanted} == wanted
    assert UNKNOWN not in state.values()


@pytest.mark.parametrize("token", TOKENS)
def test_create_promises_in_a_preview_what_it_returns_of_what_the_stack_uses(
    plugin, program, made, token
):
    used = {
        BUCKET: {"projectNumber", "selfLink", "url"},
        ACCOUNT: {"email", "member", "name", "uniqueId"},
    }.get(token, {"etag"})
    _, promised = plugin.create(token, program[token], preview=True)
    resource_id = made(token)
    state = plugin.read(token, resource_id, program[token])[2]

    assert used <= promised.keys() & state.keys()
    assert state.keys() <= promised.keys()


def test_create_makes_the_bucket_that_was_asked_for(plugin, program, name, hand):
    _, state = plugin.create(BUCKET, program[BUCKET])
    bucket = hand.bucket(name)
    access, soft_delete = bucket["iamConfiguration"], bucket["softDeletePolicy"]

    assert bucket["labels"] == program[BUCKET]["labels"]
    assert bucket["location"] == "EUROPE-WEST4"
    assert bucket["projectNumber"] == NUMBER
    assert bucket["storageClass"] == "STANDARD"
    assert bucket["versioning"] == {"enabled": True}
    assert access["publicAccessPrevention"] == "enforced"
    assert access["uniformBucketLevelAccess"]["enabled"]
    assert soft_delete["retentionDurationSeconds"] == "604800"
    assert bucket["lifecycle"]["rule"] == [
        {
            "action": {"type": "Delete"},
            "condition": {"isLive": False, "daysSinceNoncurrentTime": 30, "numNewerVersions": 31},
        },
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
    ]
    assert state == program[BUCKET] | {
        "effectiveLabels": program[BUCKET]["labels"],
        "projectNumber": int(NUMBER),
        "pulumiLabels": program[BUCKET]["labels"],
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{name}",
        "timeCreated": bucket["timeCreated"],
        "updated": bucket["updated"],
        "url": f"gs://{name}",
    }


def test_create_makes_the_account_that_was_asked_for(plugin, program, name, hand):
    _, state = plugin.create(ACCOUNT, program[ACCOUNT])
    account = hand.account(name)

    assert account["description"] == program[ACCOUNT]["description"]
    assert state == program[ACCOUNT] | {
        "email": email_of(name),
        "member": f"serviceAccount:{email_of(name)}",
        "name": account_of(name),
        "uniqueId": account["uniqueId"],
    }


@pytest.mark.parametrize("token", POLICIES)
def test_a_policy_overwrites_every_grant_there_was(plugin, program, name, made, hand, token):
    made(token)

    assert hand.policy(token, name)["bindings"] == _bindings(program, token)


@pytest.mark.parametrize("token", TOKENS)
def test_what_was_never_made_reads_as_gone(plugin, program, name, token):
    assert plugin.read(token, id_of(token, name), program[token]) == ("", {}, {})


@pytest.mark.parametrize("token", [BUCKET, ACCOUNT])
def test_a_deleted_resource_is_gone_and_deleting_it_again_is_no_error(plugin, program, made, token):
    resource_id = made(token)
    for _ in range(2):
        plugin.delete(token, resource_id, program[token])
        assert plugin.read(token, resource_id, program[token]) == ("", {}, {})


@pytest.mark.parametrize("token", POLICIES)
def test_a_deleted_policy_grants_nothing_and_deleting_it_again_is_no_error(
    plugin, program, name, made, hand, token
):
    resource_id = made(token)
    for _ in range(2):
        plugin.delete(token, resource_id, program[token])
        assert hand.policy(token, name).get("bindings", []) == []


@pytest.mark.parametrize("token", POLICIES)
def test_a_policy_goes_with_its_bucket_or_account(plugin, program, name, made, hand, token):
    resource_id = made(token)
    if token == BUCKET_POLICY:
        hand.delete_bucket(name)
    else:
        hand.call("DELETE", f"/v1/{account_of(name)}")

    assert plugin.read(token, resource_id, program[token]) == ("", {}, {})
    plugin.delete(token, resource_id, program[token])


def test_an_account_deleted_by_hand_is_gone(plugin, program, name, made, hand):
    resource_id = made(ACCOUNT)
    hand.call("DELETE", f"/v1/{account_of(name)}")

    assert plugin.read(ACCOUNT, resource_id, program[ACCOUNT]) == ("", {}, {})


def test_a_bucket_deleted_by_hand_is_gone_also_while_it_could_be_restored(
    plugin, program, name, made, hand
):
    resource_id = made(BUCKET)
    hand.delete_bucket(name)

    assert plugin.read(BUCKET, resource_id, program[BUCKET]) == ("", {}, {})
    plugin.delete(BUCKET, resource_id, program[BUCKET] | {"forceDestroy": True})


@pytest.mark.parametrize(("identity", "token"), BY_IDENTITY)
def test_an_import_reads_everything_that_would_otherwise_differ(
    plugin, name, made, identity, token
):
    wanted = program_inputs(name, identity)[token]
    resource_id = made(token, identity)
    found_id, found, _ = plugin.read(token, resource_id, {})

    assert found_id == resource_id
    # Of labels the official provider reads those alone that a program sets.
    assert plugin.diff(token, found, wanted) == ({"labels": "add"} if token == BUCKET else {})


# --- drift ----------------------------------------------------------------------------------


def _label(key):
    return lambda hand, name: hand.patch(name, labels={key: "by-hand"})


def _rule(index, part, **changes):
    """Change one rule; None takes a condition away."""

    def drift(hand, name):
        rules = hand.bucket(name)["lifecycle"]["rule"]
        assert all(rules[index][part].get(key) != value for key, value in changes.items())
        new = {key: value for key, value in (rules[index][part] | changes).items()}
        rules[index][part] = {key: value for key, value in new.items() if value is not None}
        hand.patch(name, lifecycle={"rule": rules})

    return drift


def _policy_of_others(token, role, member):
    def drift(hand, name):
        hand.set_policy(token, name, [{"role": role, "members": [member]}])

    return drift


# Every property that the stack sets and Google tells: (type, path) to its change by hand.
DRIFT = {
    **{
        (BUCKET, f"labels.{key}"): _label(key)
        for key in ("cost-centre", "managed-by", "platform", "user")
    },
    (BUCKET, "publicAccessPrevention"): lambda hand, name: hand.patch(
        name, iamConfiguration={"publicAccessPrevention": "inherited"}
    ),
    (BUCKET, "uniformBucketLevelAccess"): lambda hand, name: hand.patch(
        name, iamConfiguration={"uniformBucketLevelAccess": {"enabled": False}}
    ),
    (BUCKET, "versioning.enabled"): lambda hand, name: hand.patch(
        name, versioning={"enabled": False}
    ),
    (BUCKET, "softDeletePolicy.retentionDurationSeconds"): lambda hand, name: hand.patch(
        name, softDeletePolicy={"retentionDurationSeconds": 0}
    ),
    (BUCKET, "lifecycleRules[0].action.type"): _rule(
        0, "action", type="SetStorageClass", storageClass="ARCHIVE"
    ),
    (BUCKET, "lifecycleRules[0].condition.withState"): _rule(0, "condition", isLive=True),
    (BUCKET, "lifecycleRules[0].condition.daysSinceNoncurrentTime"): _rule(
        0, "condition", daysSinceNoncurrentTime=1
    ),
    (BUCKET, "lifecycleRules[0].condition.numNewerVersions"): _rule(
        0, "condition", numNewerVersions=1
    ),
    (BUCKET, "lifecycleRules[1].action.type"): _rule(1, "action", type="Delete"),
    (BUCKET, "lifecycleRules[1].condition.age"): _rule(1, "condition", age=1),
    (BUCKET_POLICY, "policyData"): _policy_of_others(
        BUCKET_POLICY, "roles/storage.admin", "user:eve@example.org"
    ),
    (ACCOUNT, "description"): lambda hand, name: hand.call(
        "PATCH",
        f"/v1/{account_of(name)}",
        {"serviceAccount": {"description": "by hand"}, "updateMask": "description"},
    ),
    (ACCOUNT_POLICY, "policyData"): _policy_of_others(
        ACCOUNT_POLICY, "roles/iam.serviceAccountTokenCreator", "user:eve@example.org"
    ),
}

# What a change of one property brings with it.
_WITH = {"lifecycleRules[0].action.type": {"lifecycleRules[0].action.storageClass": "delete"}}

# What cannot drift, as it is what the resource is found by, or what Google does not tell.
_STEADY = {
    "accountId",
    "bucket",
    "forceDestroy",
    "location",
    "name",
    "project",
    "serviceAccountId",
}


def test_drift_is_tried_for_every_property_that_the_stack_sets():
    properties = {
        (token, path)
        for identity, token in BY_IDENTITY
        for path, _ in entries(program_inputs("any", identity)[token])
        if path not in _STEADY
    }

    assert properties == DRIFT.keys()


@pytest.mark.parametrize(("token", "path"), DRIFT, ids=lambda value: value.rpartition(":")[2])
def test_a_change_by_hand_is_found_and_repaired(plugin, program, name, made, hand, token, path):
    resource_id = made(token)
    DRIFT[token, path](hand, name)
    found, changes = found_by(plugin, token, resource_id, program[token])

    assert changes == {path: "update"} | _WITH.get(path, {})
    repaired(plugin, token, resource_id, found, program[token])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"user": None}, {"labels.user": "add"}),
        (
            {"cost-centre": None, "managed-by": None, "platform": None, "user": None},
            {
                "labels.cost-centre": "add",
                "labels.managed-by": "add",
                "labels.platform": "add",
                "labels.user": "add",
            },
        ),
        (
            {"platform": "by-hand", "user": None},
            {"labels.platform": "update", "labels.user": "add"},
        ),
    ],
)
def test_labels_added_or_removed_by_hand_are_found_and_repaired(
    plugin, program, made, hand, changes, expected
):
    bucket = made(BUCKET)
    hand.patch(bucket, labels=changes)
    found, differences = found_by(plugin, BUCKET, bucket, program[BUCKET])

    assert differences == expected
    repaired(plugin, BUCKET, bucket, found, program[BUCKET])
    assert hand.bucket(bucket)["labels"] == program[BUCKET]["labels"]


def test_labels_of_others_are_theirs(plugin, program, made, hand):
    """The official provider tells them in effectiveLabels, and takes none away."""
    bucket = made(BUCKET)
    hand.patch(bucket, labels={"billed-to": "survey", "user": "eve"})
    found, differences = found_by(plugin, BUCKET, bucket, program[BUCKET])
    everybodys = program[BUCKET]["labels"] | {"billed-to": "survey"}

    assert differences == {"labels.user": "update"}
    repaired(plugin, BUCKET, bucket, found, program[BUCKET])
    state = plugin.read(BUCKET, bucket, program[BUCKET])[2]
    assert state["effectiveLabels"] == hand.bucket(bucket)["labels"] == everybodys
    plugin.update(BUCKET, bucket, program[BUCKET], program[BUCKET] | {"labels": {}})
    assert hand.bucket(bucket)["labels"] == {"billed-to": "survey"}


@pytest.mark.parametrize(
    ("drift", "expected"),
    [
        (
            _rule(0, "condition", matchesPrefix=["by-hand/"]),
            {"lifecycleRules[0].condition.matchesPrefixes": "delete"},
        ),
        (
            _rule(0, "condition", matchesSuffix=[".fits"], matchesStorageClass=["NEARLINE"]),
            {
                "lifecycleRules[0].condition.matchesStorageClasses": "delete",
                "lifecycleRules[0].condition.matchesSuffixes": "delete",
            },
        ),
        (
            _rule(0, "condition", createdBefore="2026-01-01"),
            {"lifecycleRules[0].condition.createdBefore": "delete"},
        ),
        (_rule(0, "condition", isLive=None), {"lifecycleRules[0].condition.withState": "add"}),
        (
            _rule(0, "condition", daysSinceNoncurrentTime=None),
            {"lifecycleRules[0].condition.daysSinceNoncurrentTime": "add"},
        ),
        (
            _rule(0, "condition", numNewerVersions=None),
            {"lifecycleRules[0].condition.numNewerVersions": "add"},
        ),
    ],
)
def test_conditions_added_or_removed_by_hand_are_found_and_repaired(
    plugin, program, made, hand, drift, expected
):
    bucket = made(BUCKET)
    drift(hand, bucket)
    found, differences = found_by(plugin, BUCKET, bucket, program[BUCKET])

    assert differences == expected
    repaired(plugin, BUCKET, bucket, found, program[BUCKET])


@pytest.mark.parametrize(
    "rules",
    [
        lambda rules: [*rules, {"action": {"type": "Delete"}, "condition": {"age": 1}}],
        lambda rules: rules[:1],
        lambda rules: [],
    ],
    ids=["added", "one removed", "all removed"],
)
def test_rules_added_or_removed_by_hand_are_found_and_repaired(plugin, program, made, hand, rules):
    bucket = made(BUCKET)
    hand.patch(bucket, lifecycle={"rule": rules(hand.bucket(bucket)["lifecycle"]["rule"])})
    found, differences = found_by(plugin, BUCKET, bucket, program[BUCKET])

    assert differences == {"lifecycleRules": "update"}
    repaired(plugin, BUCKET, bucket, found, program[BUCKET])


def test_settings_cleared_by_hand_are_found_and_repaired(plugin, program, made, hand):
    bucket = made(BUCKET)
    hand.patch(bucket, versioning=None, lifecycle=None, labels=None)
    found, differences = found_by(plugin, BUCKET, bucket, program[BUCKET])

    assert {path.partition(".")[0] for path in differences} == {
        "labels",
        "lifecycleRules",
        "versioning",
    }
    repaired(plugin, BUCKET, bucket, found, program[BUCKET])


def test_a_storage_class_set_by_hand_is_found_and_repaired(plugin, program, made, hand):
    bucket = made(BUCKET)
    hand.patch(bucket, storageClass="ARCHIVE")
    found, differences = found_by(plugin, BUCKET, bucket, program[BUCKET])

    assert differences == {"storageClass": "update"}
    repaired(plugin, BUCKET, bucket, found, program[BUCKET])
    assert hand.bucket(bucket)["storageClass"] == "STANDARD"


ROLES = {
    BUCKET_POLICY: ("roles/storage.objectUser", "roles/storage.objectViewer"),
    ACCOUNT_POLICY: ("roles/iam.workloadIdentityUser", "roles/iam.serviceAccountTokenCreator"),
}


def _bindings(program, token):
    return json.loads(program[token]["policyData"])["bindings"]


@pytest.mark.parametrize("token", POLICIES)
@pytest.mark.parametrize(
    "by_hand",
    [
        pytest.param(lambda own, other: [], id="all removed"),
        pytest.param(
            lambda own, other: [own, {"role": other, "members": ["user:eve@example.org"]}],
            id="binding added",
        ),
        pytest.param(
            lambda own, other: [own | {"members": [*own["members"], "user:eve@example.org"]}],
            id="member added",
        ),
        pytest.param(
            lambda own, other: [own | {"members": ["user:eve@example.org"]}],
            id="member exchanged",
        ),
        pytest.param(lambda own, other: [own | {"role": other}], id="role exchanged"),
        pytest.param(
            lambda own, other: [
                own | {"condition": {"title": "until", "expression": "request.time < 1"}}
            ],
            id="condition added",
        ),
    ],
)
def test_grants_changed_by_hand_are_found_and_repaired(
    plugin, program, name, made, hand, token, by_hand
):
    own = _bindings(program, token)[-1]
    wanted = program[token] | {"policyData": json.dumps({"bindings": [own]})}
    resource_id = made(token, policyData=wanted["policyData"])
    changed = by_hand(own, ROLES[token][1])
    hand.set_policy(token, name, changed)
    found, differences = found_by(plugin, token, resource_id, wanted)

    assert differences == {"policyData": "update"}
    read = json.loads(found["policyData"])["bindings"]
    assert sorted(map(_grant, read), key=str) == sorted(map(_grant, changed), key=str)
    repaired(plugin, token, resource_id, found, wanted)
    assert hand.policy(token, name)["bindings"] == [own]


def _grant(binding):
    return (binding["role"], sorted(binding["members"]), binding.get("condition"))


def _with_two(role, other, *members):
    return {
        "bindings": [
            {"role": role, "members": [*members]},
            {"role": other, "members": [*members]},
        ]
    }


@pytest.mark.parametrize("token", POLICIES)
@pytest.mark.parametrize(
    "by_hand",
    [
        pytest.param(lambda bindings: bindings[::-1], id="bindings"),
        pytest.param(
            lambda bindings: [each | {"members": each["members"][::-1]} for each in bindings],
            id="members",
        ),
        pytest.param(
            lambda bindings: [
                each | {"members": [member]} for each in bindings for member in each["members"]
            ],
            id="one binding per member",
        ),
    ],
)
def test_a_policy_in_another_order_is_no_drift(plugin, program, name, made, hand, token, by_hand):
    members = [f"user:{name}@example.org" for name in ("zoe", "ann", "bob", "yan", "cy", "eve")]
    policy = _with_two(*ROLES[token][::-1], *members)
    wanted = program[token] | {"policyData": json.dumps(policy)}
    resource_id = made(token, policyData=wanted["policyData"])
    assert plugin.read(token, resource_id, wanted)[1] == wanted

    imported = plugin.read(token, resource_id, {})[1]
    for binding in json.loads(imported["policyData"])["bindings"]:
        assert binding["members"] == sorted(members)

    hand.set_policy(token, name, by_hand(policy["bindings"]))
    assert plugin.read(token, resource_id, wanted)[1] == wanted
    assert plugin.read(token, resource_id, {})[1] == imported


@pytest.mark.parametrize("token", POLICIES)
def test_a_policy_with_a_condition_is_written_read_and_guarded(
    plugin, program, name, made, hand, token
):
    own = _bindings(program, token)[-1]
    condition = {"title": "office hours", "expression": "request.time.getHours() < 18"}
    policy = {"bindings": [own, own | {"condition": condition}]}
    wanted = program[token] | {"policyData": json.dumps(policy)}
    assert plugin.check(token, wanted) == {}
    resource_id = made(token, policyData=wanted["policyData"])

    assert plugin.read(token, resource_id, wanted)[1] == wanted
    other = condition | {"expression": "true"}
    for by_hand in ([own, own | {"condition": other}], [own]):
        hand.set_policy(token, name, by_hand)
        found, differences = found_by(plugin, token, resource_id, wanted)
        assert differences == {"policyData": "update"}
        repaired(plugin, token, resource_id, found, wanted)


def test_a_deleted_account_is_drift_of_the_buckets_policy(plugin, program, name, made, hand):
    resource_id = made(BUCKET_POLICY)
    hand.call("DELETE", f"/v1/{account_of(name)}")
    found, differences = found_by(plugin, BUCKET_POLICY, resource_id, program[BUCKET_POLICY])

    assert f"deleted:serviceAccount:{email_of(name)}?uid=" in found["policyData"]
    assert differences == {"policyData": "update"}


# --- create ---------------------------------------------------------------------------------


@pytest.mark.parametrize("project", [PROJECT, OTHER_PROJECT])
def test_create_refuses_a_bucket_that_exists_and_changes_nothing(
    plugin, program, name, made, hand, project
):
    resource_id = made(BUCKET)
    before = hand.bucket(name)
    other = program[BUCKET] | {
        "project": project,
        "labels": {"user": "eve"},
        "versioning": {"enabled": False},
    }
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(BUCKET, other)

    reason = {
        PROJECT: "Your previous request to create the named bucket succeeded and you already own",
        OTHER_PROJECT: "The requested bucket name is not available.",
    }[project]
    assert refused.value.details().startswith(f"googleapi: Error 409: {reason}")
    assert failed_init(refused.value) is None
    assert hand.bucket(name) == before
    assert plugin.read(BUCKET, resource_id, program[BUCKET])[1] == program[BUCKET]


def test_create_refuses_an_account_that_exists_and_changes_nothing(
    plugin, program, name, made, hand
):
    made(ACCOUNT)
    before = hand.account(name)
    with pytest.raises(grpc.RpcError, match=r"googleapi: Error 409: .* already exists") as refused:
        plugin.create(ACCOUNT, program[ACCOUNT] | {"description": "other"})

    assert failed_init(refused.value) is None
    assert hand.account(name) == before


def test_another_project_has_accounts_of_its_own(plugin, program, name, made):
    made(ACCOUNT)
    resource_id, state = plugin.create(ACCOUNT, program[ACCOUNT] | {"project": OTHER_PROJECT})

    assert resource_id == account_of(name, OTHER_PROJECT)
    assert state["email"] == email_of(name, OTHER_PROJECT)


@pytest.mark.parametrize("token", POLICIES)
def test_create_of_a_policy_overwrites_what_is_there(plugin, program, name, made, hand, token):
    made(token)
    DRIFT[token, "policyData"](hand, name)
    resource_id, _ = plugin.create(token, program[token])

    assert plugin.read(token, resource_id, program[token])[1] == program[token]


@pytest.mark.parametrize("token", POLICIES)
def test_create_fails_without_the_bucket_or_account(plugin, program, token):
    with pytest.raises(grpc.RpcError, match=r"googleapi: Error 404: ") as refused:
        plugin.create(token, program[token])

    assert failed_init(refused.value) is None


@pytest.mark.parametrize("token", TOKENS)
def test_update_fails_without_the_resource(plugin, program, name, token):
    with pytest.raises(grpc.RpcError, match=r"googleapi: Error 404: "):
        plugin.update(token, id_of(token, name), program[token], program[token])


def _refuse(*_, **__):
    raise ProviderError("googleapi: Error 403: by the test")


@pytest.mark.parametrize("token", TOKENS)
def test_what_cannot_be_read_after_it_was_made_is_kept(
    plugin, program, name, made, types, monkeypatch, token
):
    made(token)
    plugin.delete(token, id_of(token, name), program[token])
    with monkeypatch.context() as patch:
        patch.setattr(types[token], "outputs", _refuse)
        with pytest.raises(grpc.RpcError, match="Error 403: by the test") as partial:
            plugin.create(token, program[token])

    assert failed_init(partial.value).id == id_of(token, name)
    assert plugin.read(token, id_of(token, name), program[token])[1] == program[token]


@pytest.mark.parametrize("token", TOKENS)
def test_a_read_that_is_refused_is_an_error_and_no_disappearance(
    plugin, program, made, types, monkeypatch, token
):
    resource_id = made(token)
    monkeypatch.setattr(types[token]._api, "call", _refuse)
    with pytest.raises(grpc.RpcError, match="Error 403: by the test"):
        plugin.read(token, resource_id, program[token])


def test_32_users_are_made_at_once(plugin):
    names = [f"cygnus-quasar-{uuid.uuid4().hex[:8]}" for _ in range(32)]

    def create(name):
        program = program_inputs(name)
        order = (BUCKET, ACCOUNT, ACCOUNT_POLICY, BUCKET_POLICY)
        return {token: plugin.create(token, program[token])[0] for token in order}

    with futures.ThreadPoolExecutor(32) as pool:
        made = list(pool.map(create, names))

    assert made == [{token: id_of(token, name) for token in TOKENS} for name in names]
    for name in names:
        wanted = program_inputs(name)
        for token in (BUCKET, BUCKET_POLICY):
            assert plugin.read(token, id_of(token, name), wanted[token])[1] == wanted[token]


@pytest.mark.parametrize("token", [BUCKET, ACCOUNT])
def test_of_32_creates_of_one_name_a_single_one_succeeds(plugin, program, name, token):
    def create(_):
        try:
            return plugin.create(token, program[token])[0]
        except grpc.RpcError as error:
            return "refused" if "Error 409" in error.details() else error.details()

    with futures.ThreadPoolExecutor(32) as pool:
        answers = sorted(pool.map(create, range(32)))

    assert answers == sorted([id_of(token, name), *["refused"] * 31])


# --- update, delete -------------------------------------------------------------------------

_BINDING = {"role": "roles/storage.objectViewer", "members": ["user:bob@example.org"]}


@pytest.mark.parametrize(
    ("token", "change"),
    [
        (BUCKET, {"labels": {"user": "bob", "new": "label"}}),
        (BUCKET, {"versioning": {"enabled": False}}),
        (BUCKET, {"publicAccessPrevention": "inherited", "uniformBucketLevelAccess": False}),
        (BUCKET, {"softDeletePolicy": {"retentionDurationSeconds": 90 * DAY_SECONDS}}),
        (BUCKET, {"softDeletePolicy": {"retentionDurationSeconds": 0}}),
        (BUCKET, {"storageClass": "NEARLINE"}),
        (BUCKET, {"forceDestroy": True}),
        (
            BUCKET,
            {
                "lifecycleRules": [
                    {
                        "action": {"type": "SetStorageClass", "storageClass": "ARCHIVE"},
                        "condition": {
                            "withState": "ANY",
                            "age": 1,
                            "matchesPrefixes": ["scratch/", "tmp/"],
                            "matchesSuffixes": [".log"],
                            "matchesStorageClasses": ["STANDARD"],
                            "createdBefore": "2026-01-01",
                        },
                    },
                    {"action": {"type": "Delete"}, "condition": {"withState": "LIVE", "age": 2}},
                ]
            },
        ),
        (BUCKET_POLICY, {"policyData": json.dumps({"bindings": [_BINDING]})}),
        (BUCKET_POLICY, {"policyData": json.dumps({"bindings": []})}),
        (ACCOUNT, {"description": "other", "displayName": "Ann"}),
        (ACCOUNT_POLICY, {"policyData": json.dumps({"bindings": []})}),
    ],
)
def test_an_update_leaves_exactly_what_the_program_now_says(plugin, program, made, token, change):
    resource_id, new = made(token), program[token] | change
    assert plugin.check(token, new) == {}

    state = plugin.update(token, resource_id, program[token], new, preview=True)
    assert {key: state[key] for key in new} == new
    assert plugin.read(token, resource_id, program[token])[1] == program[token]

    state = plugin.update(token, resource_id, program[token], new)
    assert {key: state[key] for key in new} == new
    assert plugin.read(token, resource_id, new)[1] == new


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"labels": {"user": "ann-example-org-691179ab"}}, "labels"),
        ({"labels": None}, "labels"),
        ({"lifecycleRules": program_inputs("any")[BUCKET]["lifecycleRules"][1:]}, "lifecycle"),
        ({"lifecycleRules": []}, "lifecycle"),
        ({"lifecycleRules": None}, "lifecycle"),
    ],
)
def test_what_leaves_the_program_leaves_the_bucket(plugin, program, made, hand, change, path):
    bucket = made(BUCKET)
    new = {key: value for key, value in (program[BUCKET] | change).items() if value is not None}
    assert plugin.diff(BUCKET, program[BUCKET], new) != {}
    plugin.update(BUCKET, bucket, program[BUCKET], new)

    assert found_by(plugin, BUCKET, bucket, new)[1] == {}
    left = hand.bucket(bucket).get(path, {})
    if path == "labels":
        assert left == new.get("labels", {})
    else:
        assert len(left.get("rule", [])) == len(new.get("lifecycleRules", []))


def test_a_storage_class_that_leaves_the_program_is_standard_again(plugin, program, made, hand):
    bucket = made(BUCKET, storageClass="NEARLINE")
    old = program[BUCKET] | {"storageClass": "NEARLINE"}
    plugin.update(BUCKET, bucket, old, program[BUCKET])

    assert hand.bucket(bucket)["storageClass"] == "STANDARD"


def test_texts_that_leave_the_program_leave_the_account(plugin, program, made, hand, name):
    resource_id = made(ACCOUNT, displayName="Ann")
    new = {key: value for key, value in program[ACCOUNT].items() if key != "description"}
    plugin.update(ACCOUNT, resource_id, program[ACCOUNT] | {"displayName": "Ann"}, new)

    assert found_by(plugin, ACCOUNT, resource_id, new) == (new, {})
    assert hand.account(name).keys().isdisjoint({"description", "displayName"})


@pytest.mark.parametrize(
    "key",
    ["publicAccessPrevention", "softDeletePolicy", "uniformBucketLevelAccess", "versioning"],
)
def test_what_the_program_never_set_is_left_alone(plugin, program, made, hand, key):
    """The official provider has these as optional and computed: it keeps what it finds."""
    bucket = made(BUCKET)
    new = {each: value for each, value in program[BUCKET].items() if each != key}
    before = hand.bucket(bucket)
    plugin.update(BUCKET, bucket, program[BUCKET], new)

    after = hand.bucket(bucket)
    for field in ("iamConfiguration", "softDeletePolicy", "versioning"):
        assert after[field] == before[field]
    assert found_by(plugin, BUCKET, bucket, new) == (new, {})


def test_a_location_in_small_letters_is_the_same_place(plugin, program, made):
    bucket = made(BUCKET, location="europe-west4")
    wanted = program[BUCKET] | {"location": "europe-west4"}

    assert plugin.read(BUCKET, bucket, wanted)[1] == wanted


# --- diff -----------------------------------------------------------------------------------

REPLACED = [
    (BUCKET, {"name": "other"}),
    (BUCKET, {"project": OTHER_PROJECT}),
    (BUCKET, {"location": "US"}),
    (BUCKET_POLICY, {"bucket": "other"}),
    (ACCOUNT, {"accountId": "orion-other"}),
    (ACCOUNT, {"project": OTHER_PROJECT}),
    (ACCOUNT_POLICY, {"serviceAccountId": account_of("orion-other")}),
]
CHANGED_IN_PLACE = [
    (BUCKET, {"forceDestroy": True}),
    (BUCKET, {"labels": {}}),
    (BUCKET, {"labels": {"user": "bob"}}),
    (BUCKET, {"lifecycleRules": []}),
    (BUCKET, {"publicAccessPrevention": "inherited"}),
    (BUCKET, {"softDeletePolicy": {"retentionDurationSeconds": 0}}),
    (BUCKET, {"storageClass": "NEARLINE"}),
    (BUCKET, {"uniformBucketLevelAccess": False}),
    (BUCKET, {"versioning": {"enabled": False}}),
    (BUCKET_POLICY, {"policyData": "{}"}),
    (ACCOUNT, {"description": "other"}),
    (ACCOUNT, {"displayName": "Ann"}),
    (ACCOUNT_POLICY, {"policyData": "{}"}),
]


@pytest.mark.parametrize(("token", "change"), REPLACED)
def test_what_a_resource_is_known_by_replaces_it_the_old_one_first(plugin, program, token, change):
    [key] = change
    response = plugin.full_diff(token, program[token], program[token] | change)

    assert plugin.diff(token, program[token], program[token] | change) == {key: "update_replace"}
    assert response.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(response.diffs) == list(response.replaces) == [key]
    assert response.deleteBeforeReplace


@pytest.mark.parametrize(("token", "change"), CHANGED_IN_PLACE)
def test_everything_else_changes_in_place(plugin, program, token, change):
    response = plugin.full_diff(token, program[token], program[token] | change)

    assert response.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(response.diffs) == list(change)
    assert list(response.replaces) == []
    assert not response.deleteBeforeReplace
    assert response.hasDetailedDiff
    kinds = plugin.diff(token, program[token], program[token] | change).values()
    assert set(kinds) <= {"add", "update", "delete"}


def test_every_property_that_the_stack_sets_is_in_one_of_the_two_tables():
    tried = {(token, key) for token, change in REPLACED + CHANGED_IN_PLACE for key in change}

    assert {(token, key) for token, inputs in program_inputs("a").items() for key in inputs} <= (
        tried
    )


@pytest.mark.parametrize(
    ("token", "key"),
    [(BUCKET_POLICY, "bucket"), (ACCOUNT_POLICY, "serviceAccountId")],
)
def test_a_name_that_only_the_real_run_will_know_replaces(plugin, program, token, key):
    new = program[token] | {key: UNKNOWN}

    assert plugin.diff(token, program[token], new) == {key: "update_replace"}


def test_what_the_program_ignores_is_no_difference(plugin, program):
    new = program[BUCKET] | {"labels": {"user": "bob"}, "forceDestroy": True}

    changes = plugin.diff(BUCKET, program[BUCKET], new, ignored=["labels"])
    assert changes == {"forceDestroy": "update"}
    assert plugin.diff(BUCKET, program[BUCKET], new, ignored=["labels", "forceDestroy"]) == {}


# --- check ----------------------------------------------------------------------------------


def _rules(action=None, **condition):
    return {
        "lifecycleRules": [
            {"action": action or {"type": "Delete"}, "condition": {"age": 1} | condition}
        ]
    }


_AN_IAM_POLICY = "expected an IAM policy as JSON"


@pytest.mark.parametrize(
    ("token", "change", "path", "reason"),
    [
        (BUCKET, {"forceDestory": True}, "forceDestory", "did you mean 'forceDestroy'?"),
        (
            BUCKET,
            {"versioning": {"enabeld": True, "enabled": True}},
            "versioning.enabeld",
            "unknown property 'enabeld'; did you mean 'enabled'?",
        ),
        (
            BUCKET,
            _rules(numNewerVersion=1),
            "lifecycleRules[0].condition.numNewerVersion",
            "did you mean 'numNewerVersions'?",
        ),
        (
            BUCKET,
            _rules({"type": "Delete", "typ": "Delete"}),
            "lifecycleRules[0].action.typ",
            "did you mean 'type'?",
        ),
        (
            BUCKET,
            {"softDeletePolicy": {"retentionDays": 7}},
            "softDeletePolicy.retentionDays",
            "unknown property 'retentionDays'",
        ),
        (BUCKET_POLICY, {"policy": "{}"}, "policy", "unknown property 'policy'"),
        (ACCOUNT, {"email": "a@example.org"}, "email", "unknown property 'email'"),
        (ACCOUNT_POLICY, {"serviceAccount": "a"}, "serviceAccount", "'serviceAccountId'"),
        (BUCKET, {"labels": ["ann"]}, "labels", "expected map"),
        (BUCKET, {"labels": {"user": 7}}, "labels.user", "expected string, got 7"),
        (BUCKET, {"forceDestroy": "yes"}, "forceDestroy", "expected boolean"),
        (BUCKET, {"versioning": True}, "versioning", "expected an object, got true"),
        (BUCKET, {"lifecycleRules": {}}, "lifecycleRules", "expected array"),
        (BUCKET, _rules(age="1"), "lifecycleRules[0].condition.age", "expected integer"),
        (
            BUCKET,
            {"softDeletePolicy": {"retentionDurationSeconds": 1.5}},
            "softDeletePolicy.retentionDurationSeconds",
            "expected integer, got 1.5",
        ),
        (BUCKET_POLICY, {"policyData": {"bindings": []}}, "policyData", "expected string"),
        (ACCOUNT, {"description": 7}, "description", "expected string"),
        (BUCKET, {"location": None}, "location", "required property 'location' is missing"),
        (BUCKET, {"name": None}, "name", "required property 'name' is missing"),
        (BUCKET, {"project": None}, "project", "required property 'project' is missing"),
        (BUCKET, {"versioning": {}}, "versioning.enabled", "is missing"),
        (
            BUCKET,
            {"lifecycleRules": [{"action": {"type": "Delete"}}]},
            "lifecycleRules[0].condition",
            "is missing",
        ),
        (BUCKET_POLICY, {"bucket": None}, "bucket", "required property 'bucket' is missing"),
        (ACCOUNT, {"project": None}, "project", "required property 'project' is missing"),
        (ACCOUNT_POLICY, {"policyData": None}, "policyData", "is missing"),
        *(
            (BUCKET, {"name": name}, "name", f"got {name!r}")
            for name in ("Ann", "ab", "a" * 64, "goog-maps", "-maps", "maps-", "a b c")
        ),
        (
            BUCKET,
            {"publicAccessPrevention": "on"},
            "publicAccessPrevention",
            'expected one of enforced, inherited, got "on"',
        ),
        (BUCKET, {"labels": {"Cost Centre": "a"}}, "labels.Cost Centre", "invalid label key"),
        (
            BUCKET,
            _rules(withState="archived"),
            "lifecycleRules[0].condition.withState",
            'expected one of LIVE, ARCHIVED, ANY, got "archived"',
        ),
        (
            BUCKET,
            _rules({"type": "Expire"}),
            "lifecycleRules[0].action.type",
            'expected one of AbortIncompleteMultipartUpload, Delete, SetStorageClass, got "Expire"',
        ),
        *(
            (BUCKET, _rules(**{key: 0}), f"lifecycleRules[0].condition.{key}", "drops a zero")
            for key in (
                "age",
                "daysSinceCustomTime",
                "daysSinceNoncurrentTime",
                "numNewerVersions",
            )
        ),
        *(
            (token, {"policyData": text}, "policyData", _AN_IAM_POLICY)
            for token in POLICIES
            for text in (
                "{",
                "",
                "[]",
                "null",
                '{"bindings": {}}',
                '{"bindings": [{}]}',
                '{"bindings": [{"role": "roles/a"}]}',
                '{"bindings": [{"role": "roles/a", "members": "user:ann@example.org"}]}',
            )
        ),
        *(
            (ACCOUNT, {"accountId": name}, "accountId", "expected 6-30 characters of [a-z0-9-]")
            for name in ("short", "a" * 31, "9-maps", "maps-of-", "Ann-Maps", None)
        ),
    ],
)
def test_check_refuses_what_google_would_and_names_the_path(
    plugin, program, token, change, path, reason
):
    failures = plugin.check(token, program[token] | change)

    assert list(failures) == [path]
    assert reason in failures[path]


@pytest.mark.parametrize(
    ("token", "change", "path"),
    [
        (BUCKET, {"autoclass": {"enabled": True}}, "autoclass"),
        (BUCKET, {"cors": []}, "cors"),
        (
            BUCKET,
            {"encryption": {"googleManagedEncryptionEnforcementConfig": {"restrictionMode": "x"}}},
            "encryption.googleManagedEncryptionEnforcementConfig.restrictionMode",
        ),
        (BUCKET, {"retentionPolicy": {"retentionPeriod": "1"}}, "retentionPolicy"),
        (BUCKET, {"hierarchicalNamespace": {"enabled": True}}, "hierarchicalNamespace"),
        (BUCKET, {"website": {"mainPageSuffix": "index.html"}}, "website"),
        (
            BUCKET,
            {"softDeletePolicy": {"effectiveTime": "2026-01-01T00:00:00Z"}},
            "softDeletePolicy.effectiveTime",
        ),
        (BUCKET, _rules(sendAgeIfZero=True), "lifecycleRules[0].condition.sendAgeIfZero"),
        (BUCKET, _rules(sizeAboveBytes=1), "lifecycleRules[0].condition.sizeAboveBytes"),
        (ACCOUNT, {"disabled": True}, "disabled"),
        (ACCOUNT, {"createIgnoreAlreadyExists": True}, "createIgnoreAlreadyExists"),
        *(
            (token, {"policyData": json.dumps({"bindings": [], "auditConfigs": []})}, "policyData")
            for token in POLICIES
        ),
    ],
)
def test_check_refuses_by_name_what_is_not_emulated(plugin, program, token, change, path):
    failures = plugin.check(token, program[token] | change)

    assert list(failures) == [path]
    assert "is not emulated by the sandbox" in failures[path]
    name = "auditConfigs" if path == "policyData" else path.rpartition(".")[2]
    assert repr(name) in failures[path]


def _with(inputs, path, value):
    """Return inputs with another value at a path."""
    inputs = json.loads(json.dumps(inputs))
    parent, keys = inputs, path.replace("[", ".[").split(".")
    keys = [int(key[1:-1]) if key[0] == "[" else key for key in keys]
    for key in keys[:-1]:
        parent = parent[key]
    parent[keys[-1]] = value
    return inputs


@pytest.mark.parametrize("token", TOKENS)
def test_check_accepts_what_only_the_real_run_will_know(plugin, program, token):
    paths = {path for path, _ in entries(program[token])} | set(program[token])
    if token == BUCKET:
        paths |= {
            "lifecycleRules[0]",
            "lifecycleRules[0].action",
            "lifecycleRules[1].condition",
        }
    for path in sorted(paths):
        assert plugin.check(token, _with(program[token], path, UNKNOWN)) == {}, path


@pytest.mark.parametrize(
    ("token", "cure"),
    [
        ("gcp:storage/buckets:Buckets", f"; did you mean {BUCKET}?"),
        ("gcp:storage/bucketIAMBinding:BucketIAMBinding", f"; did you mean {BUCKET_POLICY}?"),
        ("azure:x", "; it knows "),
    ],
)
def test_an_unknown_type_is_refused_by_name(plugin, token, cure):
    calls = [
        lambda: plugin.check(token, {}),
        lambda: plugin.create(token, {}),
        lambda: plugin.create(token, {}, preview=True),
        lambda: plugin.read(token, "a", {}),
        lambda: plugin.diff(token, {}, {}),
        lambda: plugin.update(token, "a", {}, {}),
        lambda: plugin.delete(token, "a", {}),
    ]
    for call in calls:
        with pytest.raises(grpc.RpcError) as refused:
            call()
        assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
        assert refused.value.details().startswith(f"the sandbox knows no type {token}{cure}")
