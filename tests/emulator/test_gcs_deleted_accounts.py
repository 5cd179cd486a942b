"""Service accounts that are deleted and made again: policies mean the account, not its address."""

import pytest
from google.api_core.exceptions import BadRequest

ACCOUNTS = "/v1/projects/cosmology/serviceAccounts"
VIEWER, USER = "roles/storage.objectViewer", "roles/storage.objectUser"
NOBODY = "nobody-here@cosmology.iam.gserviceaccount.com"


@pytest.fixture
def bucket(gcs, name):
    bucket = gcs.bucket(name)
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    return gcs.create_bucket(bucket)


@pytest.fixture
def make(api):
    def make(name):
        made = api("POST", ACCOUNTS, {"accountId": name})
        assert made.status_code == 200
        return made.json()

    return make


def member(account):
    return f"serviceAccount:{account['email']}"


def gone(account):
    return f"deleted:{member(account)}?uid={account['uniqueId']}"


def bindings_of(api, bucket):
    path = f"/storage/v1/b/{bucket.name}/iam?optionsRequestedPolicyVersion=3"
    return api("GET", path).json()["bindings"]


def set_bindings(api, bucket, bindings):
    policy = {"version": 3, "bindings": bindings}
    answer = api("PUT", f"/storage/v1/b/{bucket.name}/iam", policy)
    assert answer.status_code == 200, answer.text


def test_every_policy_that_names_an_account_names_it_as_a_deleted_one(api, gcs, name, bucket, make):
    ann, bob = make(name), make(f"{name}-b")
    condition = {"title": "until", "expression": "request.time < timestamp('2030-01-01T00:00:00Z')"}
    bindings = [
        {"role": VIEWER, "members": ["user:eve@example.org", member(ann), member(bob)]},
        {"role": USER, "members": [member(ann)], "condition": condition},
    ]
    binned = gcs.create_bucket(f"{name}-binned")
    plain = [{"role": VIEWER, "members": [member(ann)]}]
    set_bindings(api, bucket, bindings)
    set_bindings(api, binned, plain)
    may_act = [{"role": "roles/iam.serviceAccountTokenCreator", "members": [member(ann)]}]
    api("POST", f"{ACCOUNTS}/{bob['email']}:setIamPolicy", {"policy": {"bindings": may_act}})
    binned.delete()

    api("DELETE", f"{ACCOUNTS}/{ann['email']}")
    gcs.restore_bucket(binned.name, generation=binned.generation)

    assert bindings_of(api, bucket) == [
        {"role": VIEWER, "members": ["user:eve@example.org", gone(ann), member(bob)]},
        {"role": USER, "members": [gone(ann)], "condition": condition},
    ]
    assert bindings_of(api, binned) == [{"role": VIEWER, "members": [gone(ann)]}]
    policy = api("POST", f"{ACCOUNTS}/{bob['email']}:getIamPolicy").json()
    assert policy["bindings"] == [may_act[0] | {"members": [gone(ann)]}]


def test_an_account_that_is_made_again_is_another_one_without_grants(api, name, bucket, make):
    first = make(name)
    set_bindings(api, bucket, [{"role": VIEWER, "members": [member(first)]}])
    api("DELETE", f"{ACCOUNTS}/{first['email']}")
    second = make(name)

    assert (second["email"], second["name"]) == (first["email"], first["name"])
    assert second["uniqueId"] != first["uniqueId"]
    assert bindings_of(api, bucket) == [{"role": VIEWER, "members": [gone(first)]}]

    # What was read may be written back; a grant is a new one.
    set_bindings(api, bucket, bindings_of(api, bucket))
    both = [{"role": VIEWER, "members": [gone(first), member(second)]}]
    set_bindings(api, bucket, both)
    assert bindings_of(api, bucket) == both
    api("DELETE", f"{ACCOUNTS}/{second['email']}")
    assert bindings_of(api, bucket) == [{"role": VIEWER, "members": [gone(first), gone(second)]}]


@pytest.mark.parametrize("project", ["cosmology", "another-project"])
def test_no_policy_names_an_account_that_there_is_not(api, name, bucket, make, project):
    nobody = NOBODY.replace("cosmology", project)
    binding = {"role": VIEWER, "members": ["user:eve@example.org", f"serviceAccount:{nobody}"]}
    account = f"{ACCOUNTS}/{make(name)['email']}"
    before = bindings_of(api, bucket), api("POST", f"{account}:getIamPolicy").json()
    refused = (400, f"Service account {nobody} does not exist.")

    policy = {"bindings": [binding]}
    assert api.refused("PUT", f"/storage/v1/b/{bucket.name}/iam", policy) == refused
    assert api.refused("POST", f"{account}:setIamPolicy", {"policy": policy}) == refused
    assert (bindings_of(api, bucket), api("POST", f"{account}:getIamPolicy").json()) == before


def test_an_account_that_is_deleted_is_one_that_there_is_not(api, name, bucket, make):
    account = make(name)
    api("DELETE", f"{ACCOUNTS}/{account['email']}")
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": VIEWER, "members": {member(account)}})

    with pytest.raises(BadRequest, match=f"Service account {account['email']} does not exist"):
        bucket.set_iam_policy(policy)


@pytest.mark.parametrize(
    "email",
    [
        "service-210987654321@gs-project-accounts.iam.gserviceaccount.com",
        "210987654321-compute@developer.gserviceaccount.com",
        "cosmology@appspot.gserviceaccount.com",
        "cosmology.svc.id.goog[hub/ann]",
    ],
)
def test_accounts_that_no_project_makes_are_taken_on_trust(api, bucket, email):
    bindings = [{"role": VIEWER, "members": [f"serviceAccount:{email}"]}]
    set_bindings(api, bucket, bindings)

    assert bindings_of(api, bucket) == bindings


@pytest.mark.parametrize("nothing", [{}, {"bindings": []}, {"version": 3, "bindings": []}])
def test_a_policy_may_grant_nothing(api, bucket, nothing):
    set_bindings(api, bucket, [{"role": VIEWER, "members": ["user:eve@example.org"]}])
    answer = api("PUT", f"/storage/v1/b/{bucket.name}/iam", nothing)

    assert answer.status_code == 200
    assert bindings_of(api, bucket) == []
