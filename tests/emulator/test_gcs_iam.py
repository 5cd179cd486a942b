import pytest
from google.api_core.exceptions import BadRequest, PreconditionFailed

ACCOUNTS = "/v1/projects/cosmology/serviceAccounts"
VIEWER = "roles/storage.objectViewer"


@pytest.fixture
def uniform(gcs, name):
    bucket = gcs.bucket(f"{name}-u")
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.create()
    return bucket


@pytest.fixture
def account(api, name):
    made = api("POST", ACCOUNTS, {"accountId": name, "serviceAccount": {"displayName": "Ann"}})
    assert made.status_code == 200
    return made.json()


def grant(bucket, *members, role=VIEWER):
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": role, "members": set(members)})
    return bucket.set_iam_policy(policy)


def test_a_new_bucket_has_the_legacy_grants(api, gcs_bucket, uniform):
    def policy(bucket):
        return api("GET", f"/storage/v1/b/{bucket.name}/iam").json()

    owners = ["projectEditor:cosmology", "projectOwner:cosmology"]
    legacy = [
        {"role": "roles/storage.legacyBucketOwner", "members": owners},
        {"role": "roles/storage.legacyBucketReader", "members": ["projectViewer:cosmology"]},
    ]
    assert policy(gcs_bucket) == {
        "kind": "storage#policy",
        "resourceId": f"projects/_/buckets/{gcs_bucket.name}",
        "version": 1,
        "etag": "CAE=",
        "bindings": legacy,
    }
    assert policy(uniform)["bindings"] == [
        *legacy,
        {"role": "roles/storage.legacyObjectOwner", "members": owners},
        {"role": "roles/storage.legacyObjectReader", "members": ["projectViewer:cosmology"]},
    ]


def test_whoever_comes_second_reads_again(uniform):
    mine, theirs = uniform.get_iam_policy(), uniform.get_iam_policy()
    theirs[VIEWER] = {"user:ann@example.org"}
    saved = uniform.set_iam_policy(theirs)
    mine[VIEWER] = {"user:bob@example.org"}

    with pytest.raises(PreconditionFailed, match="pre-conditions you specified did not hold"):
        uniform.set_iam_policy(mine)
    assert saved.etag == uniform.get_iam_policy().etag != mine.etag
    assert uniform.get_iam_policy()[VIEWER] == {"user:ann@example.org"}


def test_a_policy_replaces_all_grants(api, uniform):
    path = f"/storage/v1/b/{uniform.name}/iam"
    mine = {"bindings": [{"role": VIEWER, "members": ["user:ann@example.org"]}]}
    assert api("PUT", path, mine).json()["bindings"] == mine["bindings"]
    assert api("GET", path).json()["bindings"] == mine["bindings"]


@pytest.mark.parametrize("member", ["ann@example.org", "user:ann", "robot:a@b.c", "principal:x"])
def test_members_that_are_none(uniform, member):
    with pytest.raises(BadRequest, match="is no member"):
        grant(uniform, member)


def test_roles_of_other_services(uniform):
    with pytest.raises(BadRequest, match="is not supported for this resource"):
        grant(uniform, "user:ann@example.org", role="roles/compute.admin")


def test_a_workload_s_principal_needs_uniform_access(gcs_bucket, uniform):
    principal = (
        "principal://iam.googleapis.com/projects/210987654321/locations/global/"
        "workloadIdentityPools/cosmology.svc.id.goog/subject/ns/hub/sa/ann"
    )
    grant(uniform, principal)
    with pytest.raises(PreconditionFailed, match="uniform bucket-level access"):
        grant(gcs_bucket, principal)


def test_nothing_public_where_that_is_prevented(uniform):
    grant(uniform, "allUsers")
    policy = uniform.get_iam_policy()
    uniform.iam_configuration.public_access_prevention = "enforced"
    uniform.patch()
    with pytest.raises(PreconditionFailed, match="public access prevention is enforced"):
        grant(uniform, "allUsers")
    assert policy[VIEWER] == {"allUsers"}


def test_a_service_account_must_exist(uniform, account):
    grant(uniform, f"serviceAccount:{account['email']}")
    with pytest.raises(BadRequest, match=r"Service account .* does not exist"):
        grant(uniform, "serviceAccount:nobody-here@cosmology.iam.gserviceaccount.com")


def test_a_deleted_account_stays_in_policies_as_such(api, uniform, account):
    grant(uniform, f"serviceAccount:{account['email']}")
    api("DELETE", f"{ACCOUNTS}/{account['email']}")
    gone = f"deleted:serviceAccount:{account['email']}?uid={account['uniqueId']}"
    assert uniform.get_iam_policy()[VIEWER] == {gone}


def test_permissions_are_all_granted(uniform):
    asked = ["storage.buckets.get", "storage.objects.create"]
    assert uniform.test_iam_permissions(asked) == asked


def test_an_account_from_birth_to_death(api, name, account):
    path = f"{ACCOUNTS}/{account['email']}"
    email = f"{name}@cosmology.iam.gserviceaccount.com"

    assert account == {
        "name": f"projects/cosmology/serviceAccounts/{email}",
        "projectId": "cosmology",
        "uniqueId": account["uniqueId"],
        "email": email,
        "displayName": "Ann",
        "etag": account["etag"],
        "oauth2ClientId": account["uniqueId"],
    }
    assert api("GET", path).json() == account
    assert api("GET", f"/v1/projects/-/serviceAccounts/{account['uniqueId']}").json() == account
    assert account in api("GET", f"{ACCOUNTS}?pageSize=100").json()["accounts"]
    patch = {"serviceAccount": {"description": "hers"}, "updateMask": "description"}
    patched = api("PATCH", path, patch).json()
    assert (patched["description"], patched["displayName"]) == ("hers", "Ann")
    assert patched["etag"] != account["etag"]
    assert api.refused("POST", ACCOUNTS, {"accountId": name}) == (
        409,
        f"Service account {name} already exists within project projects/cosmology.",
    )
    assert api("DELETE", path).json() == {}
    assert api.refused("GET", path)[0] == 404


@pytest.mark.parametrize("wrong", ["short", "a" * 31, "1nebula", "Nebula", "nebula-", ""])
def test_ids_that_no_account_can_have(api, wrong):
    status, message = api.refused("POST", ACCOUNTS, {"accountId": wrong})
    assert (status, message.startswith(f'The account ID "{wrong}" does not')) == (400, True)


def test_the_policy_of_an_account(api, account):
    path = f"{ACCOUNTS}/{account['email']}"
    binding = {
        "role": "roles/iam.workloadIdentityUser",
        "members": ["serviceAccount:cosmology.svc.id.goog[hub/ann]"],
    }
    assert api("POST", f"{path}:getIamPolicy", {}).json() == {"etag": "ACAB"}
    policy = {"bindings": [binding], "etag": "ACAB"}
    saved = api("POST", f"{path}:setIamPolicy", {"policy": policy}).json()
    assert saved["bindings"] == [binding]
    assert api("POST", f"{path}:getIamPolicy", {}).json() == saved
    stale = api.refused("POST", f"{path}:setIamPolicy", {"policy": policy})
    assert (stale[0], "concurrent policy changes" in stale[1]) == (409, True)
    asked = {"permissions": ["iam.serviceAccounts.get"]}
    assert api("POST", f"{path}:testIamPermissions", asked).json() == asked


def test_accounts_page(api, name):
    project = f"/v1/projects/{name}/serviceAccounts"
    for index in range(5):
        api("POST", project, {"accountId": f"nebula-{index}"})
    emails, token = [], ""
    while True:
        page = api("GET", f"{project}?pageSize=2&pageToken={token}").json()
        emails += [each["email"] for each in page["accounts"]]
        if not (token := page.get("nextPageToken")):
            break
    assert emails == [f"nebula-{i}@{name}.iam.gserviceaccount.com" for i in range(5)]
    assert api("GET", "/v1/projects/empty-project/serviceAccounts").json() == {}


def test_signing_by_the_service(api, account):
    path = f"/v1/projects/-/serviceAccounts/{account['email']}:signBlob"
    signed = api("POST", path, {"payload": "aGVsbG8="}).json()
    assert signed == api("POST", path, {"payload": "aGVsbG8="}).json()
    assert signed["signedBlob"] != api("POST", path, {"payload": "b3RoZXI="}).json()["signedBlob"]


def test_hmac_keys(gcs):
    key, secret = gcs.create_hmac_key("ann@example.org")
    assert len(secret) == 40
    with pytest.raises(BadRequest):
        key.delete()
    key.state = "INACTIVE"
    key.update()
    key.delete()
    assert not key.exists()
