"""What an import reads: a resource that the stack has never seen, by the id that the user wrote."""

import json

import pytest
from gcp_hand import (
    ACCOUNT,
    ACCOUNT_POLICY,
    BUCKET,
    BUCKET_POLICY,
    NUMBER,
    OTHER_PROJECT,
    PROJECT,
    account_of,
    email_of,
    found_by,
    program_inputs,
)

pytest_plugins = ("gcp_fixtures",)

KEY = "projects/observatory/locations/europe-west4/keyRings/hub/cryptoKeys/storage"
EVE = {"role": "roles/storage.objectViewer", "members": ["user:eve@example.org"]}
# False and empty are told as absent: forceDestroy, for one, which no import sets.
NOTHING = {
    "location": "US",
    "project": PROJECT,
    "publicAccessPrevention": "inherited",
    "softDeletePolicy": {"retentionDurationSeconds": 604_800},
    "storageClass": "STANDARD",
    "versioning": {"enabled": False},
}


@pytest.fixture
def foreign(hand, name):
    """Make a bucket by hand, the way somebody else would."""

    def foreign(project=PROJECT, **settings):
        body = {"name": name, "location": "EUROPE-WEST4"} | settings
        hand.call("POST", "/storage/v1/b", body, project=project, enableObjectRetention="true")
        return name

    return foreign


def imported(plugin, token, import_id):
    """Return the id and the inputs that an import finds."""
    resource_id, inputs, state = plugin.read(token, import_id, {})
    assert {key: state[key] for key in inputs} == inputs
    return resource_id, inputs


def test_a_bucket_that_nobody_set_up(plugin, hand, name):
    hand.call("POST", "/storage/v1/b", {"name": name}, project=PROJECT)

    assert imported(plugin, BUCKET, name) == (name, NOTHING | {"name": name})


def test_a_bucket_with_every_setting(plugin, hand, name, foreign):
    foreign(
        storageClass="COLDLINE",
        labels={"a": "1"},
        encryption={"defaultKmsKeyName": KEY},
        logging={"logBucket": "hub-logs"},
        versioning={"enabled": True},
        softDeletePolicy={"retentionDurationSeconds": "0"},
        iamConfiguration={
            "publicAccessPrevention": "enforced",
            "uniformBucketLevelAccess": {"enabled": True},
        },
        lifecycle={
            "rule": [
                {
                    "action": {"type": "SetStorageClass", "storageClass": "ARCHIVE"},
                    "condition": {"age": 1, "isLive": False, "matchesPrefix": ["scratch/"]},
                }
            ]
        },
        cors=[{"origin": ["*"], "method": ["GET"], "responseHeader": ["ETag"]}],
        retentionPolicy={"retentionPeriod": "60"},
        defaultEventBasedHold=True,
        billing={"requesterPays": True},
        hierarchicalNamespace={"enabled": True},
    )
    resource_id, found = imported(plugin, BUCKET, name)

    assert resource_id == name
    assert found == {
        "name": name,
        "project": PROJECT,
        "location": "EUROPE-WEST4",
        "storageClass": "COLDLINE",
        "encryption": {"defaultKmsKeyName": KEY},
        "logging": {"logBucket": "hub-logs", "logObjectPrefix": name},
        "versioning": {"enabled": True},
        "softDeletePolicy": {"retentionDurationSeconds": 0},
        "publicAccessPrevention": "enforced",
        "uniformBucketLevelAccess": True,
        "lifecycleRules": [
            {
                "action": {"type": "SetStorageClass", "storageClass": "ARCHIVE"},
                "condition": {"age": 1, "matchesPrefixes": ["scratch/"], "withState": "ARCHIVED"},
            }
        ],
        "cors": [{"origins": ["*"], "methods": ["GET"], "responseHeaders": ["ETag"]}],
        "retentionPolicy": {"isLocked": False, "retentionPeriod": "60"},
        "defaultEventBasedHold": True,
        "requesterPays": True,
        "hierarchicalNamespace": {"enabled": True},
        "enableObjectRetention": True,
    }
    assert plugin.read(BUCKET, name, {})[2]["effectiveLabels"] == {"a": "1"}
    forced = found | {"forceDestroy": True}
    assert plugin.diff(BUCKET, found, found | {"forceDestroy": False}) == {}
    assert plugin.diff(BUCKET, found, forced) == {"forceDestroy": "update"}


def test_the_preview_after_an_import_shows_what_changes_and_the_update_does_it(
    plugin, program, hand, name
):
    body = {
        "name": name,
        "location": "EUROPE-WEST4",
        "labels": {"billed-to": "survey"},
        "storageClass": "NEARLINE",
        "encryption": {"defaultKmsKeyName": KEY},
        "cors": [{"origin": ["*"], "method": ["GET"]}],
    }
    hand.call("POST", "/storage/v1/b", body, project=PROJECT)
    hand.put_object(name, "thesis.tex")
    before = hand.objects(name)
    _, found = imported(plugin, BUCKET, name)
    wanted = program[BUCKET] | {"logging": {"logBucket": "hub-logs"}}

    assert plugin.diff(BUCKET, found, wanted) == {
        "cors": "delete",
        "encryption": "delete",
        "labels": "add",
        "lifecycleRules": "add",
        "logging": "add",
        "publicAccessPrevention": "update",
        "storageClass": "update",
        "uniformBucketLevelAccess": "add",
        "versioning.enabled": "update",
    }
    plugin.update(BUCKET, name, found, wanted)
    assert found_by(plugin, BUCKET, name, wanted) == (wanted, {})
    after = hand.bucket(name)
    assert after["labels"] == wanted["labels"] | {"billed-to": "survey"}
    assert {"cors", "encryption"}.isdisjoint(after)
    assert hand.objects(name) == before


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"location": "US"}, "location"),
        ({"hierarchicalNamespace": {"enabled": True}}, "hierarchicalNamespace"),
        (
            {"location": "EU", "customPlacementConfig": {"dataLocations": ["a-b1", "a-b2"]}},
            "customPlacementConfig",
        ),
        ({}, "enableObjectRetention"),
    ],
)
def test_what_cannot_be_changed_in_place_needs_another_bucket(
    plugin, program, name, foreign, settings, path
):
    access = {"uniformBucketLevelAccess": {"enabled": True}}
    foreign(iamConfiguration=access, **settings)
    found = imported(plugin, BUCKET, name)[1]

    assert plugin.diff(BUCKET, found, program[BUCKET])[path].endswith("_replace")


@pytest.mark.parametrize("project", [PROJECT, OTHER_PROJECT])
def test_a_project_may_stand_before_the_bucket_s_name(plugin, name, foreign, project):
    foreign(project)
    resource_id, found = imported(plugin, BUCKET, f"{project}/{name}")

    assert (resource_id, found["project"], found["name"]) == (name, project, name)


def test_a_bucket_of_another_project_tells_by_its_number_alone(plugin, program, name, foreign):
    foreign(OTHER_PROJECT)
    _, found, state = plugin.read(BUCKET, name, {})
    mine, theirs = program[BUCKET] | {"name": f"{name}-m"}, f"{OTHER_PROJECT}/{name}"

    assert found["project"] == PROJECT  # what the official provider says without Compute's API
    assert state["projectNumber"] != int(NUMBER)
    assert plugin.create(BUCKET, mine)[1]["projectNumber"] == int(NUMBER)
    assert plugin.read(BUCKET, theirs, {})[2]["projectNumber"] == state["projectNumber"]
    changes = plugin.diff(BUCKET, imported(plugin, BUCKET, theirs)[1], program[BUCKET])
    assert changes["project"] == "update_replace"


@pytest.mark.parametrize("written", ["b/{}", "{}"])
def test_the_policy_of_a_bucket(plugin, hand, name, foreign, written):
    foreign()
    bindings = [EVE, EVE | {"members": ["user:bob@example.org"]}]
    hand.set_policy(BUCKET_POLICY, name, bindings)
    resource_id, found = imported(plugin, BUCKET_POLICY, written.format(name))
    members = ["user:bob@example.org", "user:eve@example.org"]

    assert (resource_id, found["bucket"]) == (f"b/{name}", name)
    assert json.loads(found["policyData"]) == {"bindings": [EVE | {"members": members}]}
    wanted = {"bucket": name, "policyData": json.dumps({"bindings": bindings[::-1]})}
    assert plugin.diff(BUCKET_POLICY, found, wanted) == {}


def test_the_policy_that_a_bucket_comes_with(plugin, name, foreign):
    foreign()
    found = imported(plugin, BUCKET_POLICY, f"b/{name}")[1]

    roles = [binding["role"] for binding in json.loads(found["policyData"])["bindings"]]
    assert roles == ["roles/storage.legacyBucketOwner", "roles/storage.legacyBucketReader"]


def test_a_policy_that_grants_nothing(plugin, hand, name, foreign):
    foreign()
    hand.set_policy(BUCKET_POLICY, name, [])

    found = {"bucket": name, "policyData": '{"bindings": []}'}
    assert imported(plugin, BUCKET_POLICY, f"b/{name}") == (f"b/{name}", found)


@pytest.mark.parametrize(
    "written",
    ["projects/{project}/serviceAccounts/{email}", "{project}/{email}", "{email}"],
)
def test_an_account(plugin, hand, name, written):
    texts = {"displayName": "Ann", "description": "hers"}
    body = {"accountId": name, "serviceAccount": texts}
    hand.call("POST", f"/v1/projects/{PROJECT}/serviceAccounts", body)
    import_id = written.format(project=PROJECT, email=email_of(name))

    found = {"accountId": name, "project": PROJECT} | texts
    assert imported(plugin, ACCOUNT, import_id) == (account_of(name), found)


def test_the_policy_of_an_account(plugin, program, hand, name, made):
    made(ACCOUNT)
    binding = json.loads(program[ACCOUNT_POLICY]["policyData"])["bindings"]
    hand.set_policy(ACCOUNT_POLICY, name, binding)
    resource_id, found = imported(plugin, ACCOUNT_POLICY, account_of(name))

    assert (resource_id, found["serviceAccountId"]) == (account_of(name), account_of(name))
    assert json.loads(found["policyData"]) == {"bindings": binding}
    assert plugin.diff(ACCOUNT_POLICY, found, program[ACCOUNT_POLICY]) == {}


@pytest.mark.parametrize(
    ("token", "written"),
    [
        (BUCKET, "{name}"),
        (BUCKET, f"{PROJECT}/{{name}}"),
        (BUCKET_POLICY, "b/{name}"),
        (BUCKET_POLICY, "{name}"),
        (ACCOUNT, f"projects/{PROJECT}/serviceAccounts/{{email}}"),
        (ACCOUNT, "{email}"),
        (ACCOUNT_POLICY, f"projects/{PROJECT}/serviceAccounts/{{email}}"),
    ],
)
def test_what_does_not_exist_is_not_found(plugin, name, token, written):
    import_id = written.format(name=name, email=email_of(name))

    assert plugin.read(token, import_id, {}) == ("", {}, {})


def test_every_type_can_be_imported_as_the_stack_makes_it(plugin, name, made):
    made(ACCOUNT_POLICY)
    made(BUCKET)
    plugin.create(BUCKET_POLICY, program_inputs(name)[BUCKET_POLICY])
    ids = {
        BUCKET: name,
        BUCKET_POLICY: f"b/{name}",
        ACCOUNT: account_of(name),
        ACCOUNT_POLICY: account_of(name),
    }

    for token, wanted in program_inputs(name).items():
        resource_id, found = imported(plugin, token, ids[token])
        labels = {"labels": "add"} if token == BUCKET else {}
        assert (resource_id, plugin.diff(token, found, wanted)) == (ids[token], labels)
