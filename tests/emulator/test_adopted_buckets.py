"""The adoption command on buckets that a cloud's own SDK made, with settings of all kinds."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
from cmbcluster_storage import gcs_parts, names, s3_parts
from cmbcluster_storage.outputs import BucketParts
from gcs_client import client_of
from google.cloud.storage import Client

from infra.adopt import command
from infra.adopt.words import LIFECYCLE
from sandbox.workspace import CHECKOUT

# Of the committed stack files.
ACCOUNT = PROJECT_NUMBER = "123456789012"
AWS_SCOPE = names.aws_scope("cmbcluster", ACCOUNT, "us-east-1")
GCP_SCOPE = names.gcp_scope("cmbcluster", "cmbcluster-research")
Adopt = Callable[..., tuple[int, str, str]]


@pytest.fixture
def adopt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Adopt:
    """Run the command beside the committed stack files; return exit code, stdout, stderr."""
    for path in CHECKOUT.glob("Pulumi*.yaml"):
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)

    def run(stack: str, user: str, bucket: str) -> tuple[int, str, str]:
        code = command.main(["--stack", stack, user, bucket])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def s3(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("s3", region_name="us-east-1")
    yield client
    client.close()


@pytest.fixture
def storage(gcs_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_endpoint)
    with client_of(gcs_endpoint, "cmbcluster-research") as client:
        yield client


BLOCK = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
)
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Partner",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::*",
        }
    ],
}
KMS = "arn:aws:kms:us-east-1:123456789012:key/1234"


def make_with_everything(s3: Any, name: str) -> None:
    """Make a bucket of which every setting is set."""
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True, ACL="public-read")
    s3.put_public_access_block(
        Bucket=name, PublicAccessBlockConfiguration=BLOCK | {"BlockPublicPolicy": False}
    )
    s3.put_bucket_ownership_controls(
        Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KMS}
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )
    s3.put_bucket_lifecycle_configuration(
        Bucket=name,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "expire-drafts",
                    "Status": "Enabled",
                    "Filter": {"Prefix": "drafts/"},
                    "Expiration": {"Days": 3},
                }
            ]
        },
    )
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(POLICY))
    s3.put_bucket_logging(
        Bucket=name,
        BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "s/"}},
    )
    s3.put_bucket_tagging(
        Bucket=name,
        Tagging={
            "TagSet": [
                {"Key": "owner", "Value": "lab"},
                {"Key": "aws:cloudformation:stack-name", "Value": "of AWS itself"},
            ]
        },
    )


def test_the_parts_of_a_new_bucket_on_aws(s3: Any, name: str):
    s3.create_bucket(Bucket=name)
    assert s3_parts.bucket_parts(s3, name, ACCOUNT) == BucketParts(
        bucket_name=name,
        location="us-east-1",
        # S3 itself also blocks public access of a new bucket; the emulator does not.
        parts=("bucket", "ownership", "encryption", "versioning"),
        settings={
            "publicAccessBlock": None,
            "ownership": "BucketOwnerEnforced",
            "encryption": {"SSEAlgorithm": "AES256"},
            "versioning": "Disabled",
            "lifecycle": None,
            "policy": None,
            "logging": None,
            "labels": {},
            "grants": [],
            "mfaDelete": False,
            "objectLock": False,
        },
    )


def test_all_parts_of_a_bucket_on_aws(s3: Any, name: str):
    make_with_everything(s3, name)
    assert s3_parts.bucket_parts(s3, name, ACCOUNT) == BucketParts(
        bucket_name=name,
        location="us-east-1",
        parts=(
            "bucket",
            "publicAccessBlock",
            "ownership",
            "encryption",
            "versioning",
            "lifecycle",
            "policy",
            "logging",
        ),
        settings={
            "publicAccessBlock": BLOCK | {"BlockPublicPolicy": False},
            "ownership": "ObjectWriter",
            "encryption": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KMS},
            "versioning": "Enabled",
            "lifecycle": [
                {
                    "ID": "expire-drafts",
                    "Status": "Enabled",
                    "Filter": {"Prefix": "drafts/"},
                    "Expiration": {"Days": 3},
                }
            ],
            "policy": POLICY,
            "logging": {"TargetBucket": "logs", "TargetPrefix": "s/"},
            "labels": {"owner": "lab"},
            "grants": [
                {
                    "Grantee": {
                        "Type": "Group",
                        "URI": "http://acs.amazonaws.com/groups/global/AllUsers",
                    },
                    "Permission": "READ",
                }
            ],
            "mfaDelete": False,
            "objectLock": True,
        },
    )


def test_parts_that_were_taken_away_on_aws(s3: Any, name: str):
    s3.create_bucket(Bucket=name)
    s3.delete_bucket_ownership_controls(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
    parts = s3_parts.bucket_parts(s3, name, ACCOUNT)
    assert parts.parts == ("bucket", "encryption", "versioning")
    assert (parts.settings["ownership"], parts.settings["versioning"]) == (None, "Suspended")


def test_every_request_reads_and_names_the_owner(s3: Any, name: str):
    s3.create_bucket(Bucket=name)
    asked: list[tuple[str, str]] = []

    def note(params: dict[str, str], model: Any, **_: Any) -> None:
        asked.append((model.name[:3], params.get("ExpectedBucketOwner", "")))

    s3.meta.events.register("provide-client-params.s3", note)
    s3_parts.bucket_parts(s3, name, ACCOUNT)
    assert len(asked) > 9
    assert set(asked) == {("Get", ACCOUNT)}


def test_a_bucket_with_everything_is_told_on_aws(s3: Any, name: str, adopt: Adopt):
    make_with_everything(s3, name)
    before = s3_parts.bucket_parts(s3, name, ACCOUNT)
    code, out, err = adopt("aws", "eve@example.org", name)
    assert code == 0
    assert out == (
        f"    - {{id: eve@example.org, bucket: {name}, adopt: [bucket, publicAccessBlock, "
        "ownership, encryption, versioning, lifecycle, policy]}\n"
    )
    assert err.splitlines() == [
        f"{name}, in us-east-1",
        "the stack will change:",
        "  public access: partly blocked -> blocked",
        "  ownership: ObjectWriter -> BucketOwnerEnforced",
        f"  encryption: SSE-KMS {KMS} -> SSE-S3",
        f"  lifecycle: 1 rule: expire-drafts -> {LIFECYCLE}",
        "  policy: 1 statement: Partner -> refuses requests without TLS",
        "  labels: owner=lab -> managed-by=cmbcluster-storage, platform=cmbcluster, "
        f"user={names.user_slug(AWS_SCOPE, 'eve@example.org')}",
        "note: its access list lets others in, and S3 takes no BucketOwnerEnforced then; first "
        f"`aws s3api put-bucket-acl --acl private --bucket {name}`",
        "note: Object Lock is on: `state: deleted` waits until every version may go",
        "note: access logs go on to logs/s/",
    ]
    assert s3_parts.bucket_parts(s3, name, ACCOUNT) == before


def test_a_shard_adopts_by_the_settings_that_it_takes_over(s3: Any, name: str, adopt: Adopt):
    s3.create_bucket(Bucket=name)
    # The fixture has left us in a folder of its own.
    Path("Pulumi.aws-002.yaml").write_text("config:\n  cmbcluster-storage:extends: aws\n", "utf-8")
    assert adopt("aws-002", "eve", name) == adopt("aws", "eve", name)
    assert adopt("aws-002", "eve", name)[0] == 0


def refusal(bucket: str, obstacle: str) -> tuple[int, str, str]:
    problem = (
        f'bucket: "{bucket}" cannot be adopted: {obstacle}; list the user without a bucket and '
        "copy the objects into the one that the stack makes\n"
    )
    return 2, "", problem


@pytest.mark.parametrize("stack", ["aws", "gcp"])
@pytest.mark.usefixtures("s3", "storage")
def test_a_bucket_that_does_not_exist_is_refused(stack: str, name: str, adopt: Adopt):
    problem = (
        f'bucket: "{name}" does not exist; check the name, or list the user without a bucket, '
        "and the stack makes one\n"
    )
    assert adopt(stack, "eve", name) == (2, "", problem)


def test_a_bucket_of_another_account_is_refused(s3: Any, name: str, adopt: Adopt):
    theirs = {"aws_access_key_id": "999999999999", "aws_secret_access_key": "test"}
    with closing(boto3.client("s3", region_name="us-east-1", **theirs)) as other:
        other.create_bucket(Bucket=name)
    problem = (
        f'bucket: "{name}" cannot be read: it is of another account than 123456789012, whose '
        "stack alone can adopt it, or the identity may not read it: permit s3:GetBucketLocation\n"
    )
    assert adopt("aws", "eve", name) == (2, "", problem)


def test_a_bucket_in_another_region_is_refused(s3: Any, name: str, adopt: Adopt):
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    obstacle = "it is in eu-central-1, the stack's buckets are in us-east-1"
    assert adopt("aws", "eve", name) == refusal(name, obstacle)


CLOUD_KMS = "projects/observatory/locations/europe-west4/keyRings/hub/cryptoKeys/storage"
WEEK_SECONDS = 7 * 24 * 60 * 60
BINDINGS = [
    {"role": "roles/storage.admin", "members": ["user:eve@example.org"]},
    {
        "role": "roles/storage.objectViewer",
        "members": ["group:a@example.org", "group:b@example.org"],
        "condition": {"title": "drafts", "expression": "resource.name.startsWith('x')"},
    },
]


def make_with_everything_on_google_cloud(storage: Client, name: str) -> None:
    """Make a bucket of which every setting is set."""
    bucket = storage.bucket(name)
    bucket.storage_class = "NEARLINE"
    bucket.default_kms_key_name = CLOUD_KMS
    bucket.labels = {"owner": "lab"}
    bucket.versioning_enabled = True
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.cors = [{"origin": ["*"], "method": ["GET"]}]
    bucket.default_event_based_hold = True
    bucket.requester_pays = True
    bucket.enable_logging("logs", "s")
    bucket.add_lifecycle_delete_rule(age=3)
    bucket.create(location="europe-west4")
    bucket.soft_delete_policy.retention_duration_seconds = 2 * WEEK_SECONDS
    bucket.patch()
    bucket.retention_period = WEEK_SECONDS
    bucket.patch()
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.version = 3
    policy.bindings = BINDINGS
    bucket.set_iam_policy(policy)


def test_the_parts_of_a_new_bucket_on_google_cloud(storage: Client, name: str):
    storage.create_bucket(name)
    assert gcs_parts.bucket_parts(storage, name, PROJECT_NUMBER) == BucketParts(
        bucket_name=name,
        location="US",
        parts=("bucket", "policy"),
        settings={
            "publicAccessPrevention": "inherited",
            "uniformAccess": False,
            "versioning": False,
            "lifecycle": [],
            "softDeleteDays": 7,
            "storageClass": "STANDARD",
            "encryptionKey": None,
            "logging": None,
            "labels": {},
            "policy": [
                {
                    "role": "roles/storage.legacyBucketOwner",
                    "members": [
                        "projectEditor:cmbcluster-research",
                        "projectOwner:cmbcluster-research",
                    ],
                },
                {
                    "role": "roles/storage.legacyBucketReader",
                    "members": ["projectViewer:cmbcluster-research"],
                },
            ],
            "autoclass": False,
            "cors": [],
            "eventBasedHold": False,
            "requesterPays": False,
            "retentionSeconds": None,
            "retentionLocked": False,
            "objectRetention": False,
            "hierarchical": False,
        },
    )


def test_all_parts_of_a_bucket_on_google_cloud(storage: Client, name: str):
    make_with_everything_on_google_cloud(storage, name)
    assert gcs_parts.bucket_parts(storage, name, PROJECT_NUMBER) == BucketParts(
        bucket_name=name,
        location="EUROPE-WEST4",
        parts=("bucket", "policy"),
        settings={
            "publicAccessPrevention": "inherited",
            "uniformAccess": True,
            "versioning": True,
            "lifecycle": [{"action": {"type": "Delete"}, "condition": {"age": 3}}],
            "softDeleteDays": 14,
            "storageClass": "NEARLINE",
            "encryptionKey": CLOUD_KMS,
            "logging": {"logBucket": "logs", "logObjectPrefix": "s"},
            "labels": {"owner": "lab"},
            "policy": BINDINGS,
            "autoclass": False,
            "cors": [{"origin": ["*"], "method": ["GET"]}],
            "eventBasedHold": True,
            "requesterPays": True,
            "retentionSeconds": WEEK_SECONDS,
            "retentionLocked": False,
            "objectRetention": False,
            "hierarchical": False,
        },
    )


def test_a_bucket_with_everything_is_told_on_google_cloud(storage: Client, name: str, adopt: Adopt):
    make_with_everything_on_google_cloud(storage, name)
    before = gcs_parts.bucket_parts(storage, name, PROJECT_NUMBER)
    code, out, err = adopt("gcp", "eve", name)
    assert code == 0
    assert out == f"    - {{id: eve, bucket: {name}, adopt: [bucket, policy]}}\n"
    assert err.splitlines() == [
        f"{name}, in EUROPE-WEST4",
        "the stack will change:",
        "  public access prevention: inherited -> enforced",
        f"  encryption: {CLOUD_KMS} -> a key of Google's",
        f"  lifecycle: 1 rule: Delete -> {LIFECYCLE}",
        "  soft delete: 14 days -> 7 days",
        "  storage class: NEARLINE -> STANDARD",
        "  policy: 2 grants: roles/storage.admin, roles/storage.objectViewer -> "
        "the user's identity alone",
        "  labels: owner=lab -> managed-by=cmbcluster-storage, owner=lab, platform=cmbcluster, "
        f"user={names.user_slug(GCP_SCOPE, 'eve')}",
        "  access logs: logs/s -> none",
        "  CORS: on -> off",
        "  default event-based hold: on -> off",
        "  requester pays: on -> off",
        "  retention policy: on -> off",
        "note: objects that are held stay so, and those under retention are no longer; "
        "`state: deleted` waits for the holds",
    ]
    assert gcs_parts.bucket_parts(storage, name, PROJECT_NUMBER) == before


def test_a_bucket_of_another_project_is_refused(
    gcs_endpoint: str, storage: Client, name: str, adopt: Adopt
):
    with client_of(gcs_endpoint, "somebody-else") as other:
        other.create_bucket(name, location="europe-west4")
    problem = (
        f'bucket: "{name}" cannot be read: it is of another project than 123456789012, whose '
        "stack alone can adopt it\n"
    )
    assert adopt("gcp", "eve", name) == (2, "", problem)


def locked(storage: Client, name: str) -> None:
    bucket = storage.bucket(name)
    bucket.retention_period = 1
    bucket.create(location="europe-west4")
    bucket.lock_retention_policy()


def with_object_retention(storage: Client, name: str) -> None:
    storage.create_bucket(name, location="europe-west4", enable_object_retention=True)


def hierarchical(storage: Client, name: str) -> None:
    bucket = storage.bucket(name)
    bucket.hierarchical_namespace_enabled = True
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.create(location="europe-west4")


def elsewhere(storage: Client, name: str) -> None:
    storage.create_bucket(name, location="us-central1")


def in_two_regions(storage: Client, name: str) -> None:
    storage.create_bucket(name, location="EU", data_locations=["europe-west4", "europe-west1"])


@pytest.mark.parametrize(
    ("make", "obstacle"),
    [
        (elsewhere, "it is in US-CENTRAL1, the stack's buckets are in EUROPE-WEST4"),
        (
            in_two_regions,
            "it is in EUROPE-WEST1+EUROPE-WEST4, the stack's buckets are in EUROPE-WEST4",
        ),
        (locked, "its retention policy is locked for ever"),
        (with_object_retention, "its objects may have a retention of their own, for ever"),
        (hierarchical, "it has a hierarchical namespace, which knows no versions"),
    ],
)
def test_a_bucket_that_would_be_replaced_is_refused(
    storage: Client,
    name: str,
    adopt: Adopt,
    make: Callable[[Client, str], None],
    obstacle: str,
):
    make(storage, name)
    assert adopt("gcp", "eve", name) == refusal(name, obstacle)


def test_the_readme_shows_what_the_command_prints(s3: Any):
    text = (CHECKOUT / "README.md").read_text("utf-8")
    [(bucket, shown)] = re.findall(
        r"^\$ python -m infra\.adopt --stack aws eve (\S+)\n(.*?)^```$", text, re.M | re.S
    )
    s3.create_bucket(Bucket=bucket)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=BLOCK)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "owner", "Value": "lab"}]})
    done = subprocess.run(
        [sys.executable, "-m", "infra.adopt", "--stack", "aws", "eve", bucket],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout + done.stderr == shown


def test_a_refusal_as_a_person_sees_it(s3: Any):
    done = subprocess.run(
        [sys.executable, "-m", "infra.adopt", "--stack", "aws", "bob", "survey"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        'users[1]: "bob" is in the stack file and has a bucket; copy the objects into that, or, '
        "if it was never made, drop the line and run this again\n"
    )
