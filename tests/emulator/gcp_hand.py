"""What the stack registers for one user on Google Cloud, and what a person could do to it."""

import requests

from infra import policies

PROJECT = "cmbcluster-research"
NUMBER = "123456789012"
OTHER_PROJECT = "andromeda-survey"
NAMESPACE = "cmbcluster"
DAY_SECONDS = 24 * 60 * 60

BUCKET = "gcp:storage/bucket:Bucket"
BUCKET_POLICY = "gcp:storage/bucketIAMPolicy:BucketIAMPolicy"
ACCOUNT = "gcp:serviceaccount/account:Account"
ACCOUNT_POLICY = "gcp:serviceaccount/iAMPolicy:IAMPolicy"
POLICIES = (BUCKET_POLICY, ACCOUNT_POLICY)


def email_of(name, project=PROJECT):
    return f"{name}@{project}.iam.gserviceaccount.com"


def account_of(name, project=PROJECT):
    return f"projects/{project}/serviceAccounts/{email_of(name, project)}"


def program_inputs(name, identity="serviceAccount"):
    """What the stack registers for one user: token to inputs."""
    bucket = {
        "name": name,
        "project": PROJECT,
        "location": "EUROPE-WEST4",
        "forceDestroy": False,
        "labels": {
            "cost-centre": "research",
            "managed-by": "cmbcluster-storage",
            "platform": "cmbcluster",
            "user": "ann-example-org-691179ab",
        },
        "publicAccessPrevention": "enforced",
        "uniformBucketLevelAccess": True,
        "versioning": {"enabled": True},
        "lifecycleRules": [
            {
                "action": {"type": "Delete"},
                "condition": {
                    "withState": "ARCHIVED",
                    "daysSinceNoncurrentTime": 30,
                    "numNewerVersions": 31,
                },
            },
            {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
        ],
        "softDeletePolicy": {"retentionDurationSeconds": 7 * DAY_SECONDS},
    }
    if identity == "workloadIdentity":
        member = policies.principal(PROJECT, NUMBER, NAMESPACE, name)
    else:
        member = f"serviceAccount:{email_of(name)}"
    program = {
        BUCKET: bucket,
        BUCKET_POLICY: {
            "bucket": name,
            "policyData": policies.text(policies.object_user(member)),
        },
    }
    if identity == "workloadIdentity":
        return program
    policy = policies.account_policy(PROJECT, NAMESPACE, name)
    return program | {
        ACCOUNT: {
            "accountId": name,
            "project": PROJECT,
            "description": f"Use of the bucket {name} by one user's server",
        },
        ACCOUNT_POLICY: {
            "serviceAccountId": account_of(name),
            "policyData": policies.text(policy),
        },
    }


TOKENS = list(program_inputs("any"))
BY_IDENTITY = [
    (identity, token)
    for identity in ("workloadIdentity", "serviceAccount")
    for token in program_inputs("any", identity)
]


def id_of(token, name):
    return {
        BUCKET: name,
        BUCKET_POLICY: f"b/{name}",
        ACCOUNT: account_of(name),
        ACCOUNT_POLICY: account_of(name),
    }[token]


class Hand:
    """What a person could do behind the stack's back, by Google's own JSON APIs."""

    def __init__(self, url):
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def call(self, method, path, body=None, **parameters):
        answer = self._session.request(method, f"{self._url}{path}", json=body, params=parameters)
        assert answer.ok, answer.text
        return answer.json() if answer.content else {}

    def close(self):
        self._session.close()

    def bucket(self, name):
        return self.call("GET", f"/storage/v1/b/{name}")

    def patch(self, name, **changes):
        return self.call("PATCH", f"/storage/v1/b/{name}", changes)

    def delete_bucket(self, name):
        self.call("DELETE", f"/storage/v1/b/{name}")

    def put_object(self, bucket, key, body=b"map"):
        answer = self._session.post(
            f"{self._url}/upload/storage/v1/b/{bucket}/o",
            params={"uploadType": "media", "name": key},
            data=body,
        )
        assert answer.ok, answer.text

    def objects(self, bucket):
        answer = self.call("GET", f"/storage/v1/b/{bucket}/o", versions="true")
        return sorted((item["name"], item["generation"]) for item in answer.get("items", []))

    def account(self, name):
        return self.call("GET", f"/v1/{account_of(name)}")

    def policy(self, token, name):
        if token == BUCKET_POLICY:
            path = f"/storage/v1/b/{name}/iam"
            return self.call("GET", path, optionsRequestedPolicyVersion="3")
        return self.call("POST", f"/v1/{account_of(name)}:getIamPolicy")

    def set_policy(self, token, name, bindings):
        policy = {"version": 3, "bindings": bindings}
        if token == BUCKET_POLICY:
            self.call("PUT", f"/storage/v1/b/{name}/iam", policy)
        else:
            self.call("POST", f"/v1/{account_of(name)}:setIamPolicy", {"policy": policy})


def found_by(plugin, token, resource_id, wanted):
    """Return what a refresh reads, and what it finds different from the program."""
    found_id, found, _ = plugin.read(token, resource_id, wanted)
    assert found_id == resource_id
    return found, plugin.diff(token, found, wanted)


def repaired(plugin, token, resource_id, found, wanted):
    """Update, and check that nothing differs any more."""
    plugin.update(token, resource_id, found, wanted)
    assert plugin.read(token, resource_id, wanted)[1] == wanted
    assert found_by(plugin, token, resource_id, wanted)[1] == {}
