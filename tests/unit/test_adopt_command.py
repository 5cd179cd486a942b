"""The adoption command without a cloud: what it refuses, and what it says of what it found."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.stub import Stubber
from cmbcluster_storage import AccessDeniedError, s3_parts
from cmbcluster_storage.calls import Patience
from cmbcluster_storage.outputs import BucketParts
from cmbcluster_storage.s3_client import s3_client, s3_session
from hypothesis import given
from hypothesis import strategies as st
from program import AWS, GCP, KEYS, VARIANTS, Variant, of_type, resources_of

from infra.adopt import aws, command, gcp, words
from infra.adopt.command import AdoptionError, adoption
from infra.adopt.words import LIFECYCLE, Change

TWINS = {"aws": aws, "gcp": gcp}
PRIVATE = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
)
# A bucket as each cloud makes it when nothing is asked for.
PLAIN = {
    "aws": BucketParts(
        bucket_name="survey",
        location="us-east-1",
        parts=("bucket", "publicAccessBlock", "ownership", "encryption", "versioning"),
        settings={
            "publicAccessBlock": PRIVATE,
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
    ),
    "gcp": BucketParts(
        bucket_name="survey",
        location="EUROPE-WEST4",
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
            "policy": [],
            "autoclass": False,
            "cors": [],
            "eventBasedHold": False,
            "requesterPays": False,
            "retentionSeconds": None,
            "retentionLocked": False,
            "objectRetention": False,
            "hierarchical": False,
        },
    ),
}
OWN_LABELS = {
    cloud: f"managed-by=cmbcluster-storage, platform=cmbcluster, user={slug}"
    for cloud, slug in (("aws", AWS.slug("eve")), ("gcp", GCP.slug("eve")))
}


def like(cloud: str, **settings: Any) -> BucketParts:
    """Return a plain bucket but for some settings."""
    plain = PLAIN[cloud]
    assert settings.keys() <= plain.settings.keys()
    return dataclasses.replace(plain, settings={**plain.settings, **settings})


def changed(
    cloud: str, parts: BucketParts, variant: Variant | None = None
) -> dict[str, tuple[str, str]]:
    """Return what the command says will change in a stack, as it is and as it will be."""
    config = (variant or with_buckets(cloud, {})).config()
    return {
        change.what: (change.now, change.then)
        for change in TWINS[cloud].changes(config, config.cloud, "eve", parts)
        if change.now != change.then
    }


def with_buckets(cloud: str, buckets: dict[str, Any]) -> Variant:
    """Return a stack of which only `buckets` is written beside what must be."""
    return dataclasses.replace(VARIANTS[cloud], buckets=buckets)


@pytest.mark.parametrize(
    ("user", "bucket", "parts", "line"),
    [
        (
            "eve",
            "andromeda-nebula-0a1b2c3d",
            ("bucket", "versioning", "lifecycle"),
            "    - {id: eve, bucket: andromeda-nebula-0a1b2c3d, "
            "adopt: [bucket, versioning, lifecycle]}",
        ),
        (
            "eve@example.org",
            "survey",
            ("bucket",),
            "    - {id: eve@example.org, bucket: survey, adopt: [bucket]}",
        ),
        # What some reader of YAML takes for a number, a truth or more keys is quoted.
        ("007", "2024", (), '    - {id: "007", bucket: "2024", adopt: []}'),
        ("yes", "1e3", (), '    - {id: "yes", bucket: "1e3", adopt: []}'),
        ("a, b: c", "survey", (), '    - {id: "a, b: c", bucket: survey, adopt: []}'),
        ("李\\", "survey", (), '    - {id: "李\\\\", bucket: survey, adopt: []}'),
    ],
)
def test_the_entry(user: str, bucket: str, parts: tuple[str, ...], line: str):
    assert words.entry(user, bucket, parts) == line


@given(st.text(min_size=1).filter(str.isprintable))
def test_an_entry_is_read_as_it_was_meant(user: str):
    line = words.entry(user, "survey", ["bucket", "policy"])
    assert yaml.safe_load(line) == [{"id": user, "bucket": "survey", "adopt": ["bucket", "policy"]}]


def test_the_report_leaves_out_what_stays():
    changes = [Change("versioning", "off", "on"), Change("ownership", "ours", "ours")]
    assert words.report("survey, in EU", changes, ["it is old"]) == (
        "survey, in EU\nthe stack will change:\n  versioning: off -> on\nnote: it is old"
    )


def test_the_report_says_that_nothing_changes():
    assert words.report("survey, in EU", [Change("versioning", "on", "on")], []) == (
        "survey, in EU\nthe stack will change nothing"
    )


def test_a_plain_bucket_on_aws():
    assert changed("aws", PLAIN["aws"]) == {
        "versioning": ("off", "on"),
        "lifecycle": ("none", LIFECYCLE),
        "policy": ("none", "refuses requests without TLS"),
        "labels": ("none", OWN_LABELS["aws"]),
    }


def test_a_plain_bucket_on_google_cloud():
    assert changed("gcp", PLAIN["gcp"]) == {
        "public access prevention": ("inherited", "enforced"),
        "uniform access": ("off", "on"),
        "versioning": ("off", "on"),
        "lifecycle": ("none", LIFECYCLE),
        "policy": ("none", "the user's identity alone"),
        "labels": ("none", OWN_LABELS["gcp"]),
    }


KEY = KEYS["aws"]
LOGS = {"TargetBucket": "logs", "TargetPrefix": "eve/"}


@pytest.mark.parametrize(
    ("setting", "value", "what", "change"),
    [
        ("publicAccessBlock", None, "public access", ("not blocked", "blocked")),
        (
            "publicAccessBlock",
            {**PRIVATE, "BlockPublicPolicy": False},
            "public access",
            ("partly blocked", "blocked"),
        ),
        ("ownership", "ObjectWriter", "ownership", ("ObjectWriter", "BucketOwnerEnforced")),
        ("ownership", None, "ownership", ("by object", "BucketOwnerEnforced")),
        ("encryption", None, "encryption", ("none", "SSE-S3")),
        ("encryption", {"SSEAlgorithm": "aws:kms"}, "encryption", ("SSE-KMS", "SSE-S3")),
        (
            "encryption",
            {"SSEAlgorithm": "aws:kms:dsse", "KMSMasterKeyID": KEY},
            "encryption",
            (f"DSSE-KMS {KEY}", "SSE-S3"),
        ),
        ("encryption", {"SSEAlgorithm": "new"}, "encryption", ("new", "SSE-S3")),
        ("versioning", "Suspended", "versioning", ("suspended", "on")),
        (
            "lifecycle",
            [{"ID": "old"}, {}],
            "lifecycle",
            ("2 rules: old, without a name", LIFECYCLE),
        ),
        (
            "policy",
            {"Statement": [{"Sid": "Partner", "Effect": "Allow"}, {"Effect": "Deny"}]},
            "policy",
            ("2 statements: Partner, Deny", "refuses requests without TLS"),
        ),
        (
            "policy",
            {"Statement": {"Effect": "Allow"}},
            "policy",
            ("1 statement: Allow", "refuses requests without TLS"),
        ),
        ("labels", {"owner": "lab", "a": "b"}, "labels", ("a=b, owner=lab", OWN_LABELS["aws"])),
    ],
)
def test_a_setting_that_differs_on_aws(
    setting: str, value: Any, what: str, change: tuple[str, str]
):
    assert changed("aws", like("aws", **{setting: value}))[what] == change


@pytest.mark.parametrize(
    ("setting", "value", "what", "change"),
    [
        ("encryptionKey", "projects/p/k", "encryption", ("projects/p/k", "a key of Google's")),
        (
            "lifecycle",
            [{"action": {"type": "Delete"}, "condition": {"age": 1}}],
            "lifecycle",
            ("1 rule: Delete", LIFECYCLE),
        ),
        ("softDeleteDays", 0, "soft delete", ("0 days", "7 days")),
        ("storageClass", "NEARLINE", "storage class", ("NEARLINE", "STANDARD")),
        (
            "policy",
            [{"role": "roles/storage.admin", "members": ["user:eve@example.org"]}],
            "policy",
            ("1 grant: roles/storage.admin", "the user's identity alone"),
        ),
        (
            "labels",
            {"a": "b", "user": "x"},
            "labels",
            ("a=b, user=x", f"a=b, {OWN_LABELS['gcp']}"),
        ),
        (
            "logging",
            {"logBucket": "logs", "logObjectPrefix": "eve"},
            "access logs",
            ("logs/eve", "none"),
        ),
        ("autoclass", True, "autoclass", ("on", "off")),
        ("cors", [{"origin": ["*"]}], "CORS", ("on", "off")),
        ("eventBasedHold", True, "default event-based hold", ("on", "off")),
        ("requesterPays", True, "requester pays", ("on", "off")),
        ("retentionSeconds", 86_400, "retention policy", ("on", "off")),
    ],
)
def test_a_setting_that_differs_on_google_cloud(
    setting: str, value: Any, what: str, change: tuple[str, str]
):
    assert changed("gcp", like("gcp", **{setting: value}))[what] == change


def test_the_stacks_choices_are_what_changes_on_aws():
    chosen = {"versioning": False, "encryptionKey": KEY, "accessLogsTo": "logs"}
    assert changed(
        "aws", like("aws", versioning="Enabled", logging=LOGS), with_buckets("aws", chosen)
    ) == {
        "encryption": ("SSE-S3", f"SSE-KMS {KEY}"),
        "versioning": ("on", "suspended"),
        "lifecycle": ("none", LIFECYCLE),
        "policy": ("none", "refuses requests without TLS"),
        "labels": ("none", OWN_LABELS["aws"]),
        "access logs": ("logs/eve/", "logs/survey/"),
    }


def test_the_stacks_choices_are_what_changes_on_google_cloud():
    key = KEYS["gcp"]
    chosen = {
        "versioning": False,
        "encryptionKey": key,
        "accessLogsTo": "logs",
        "storageClass": "COLDLINE",
        "softDeleteDays": 30,
        "labels": {"owner": "lab"},
    }
    assert changed("gcp", like("gcp", uniformAccess=True), with_buckets("gcp", chosen)) == {
        "public access prevention": ("inherited", "enforced"),
        "encryption": ("a key of Google's", key),
        "lifecycle": ("none", LIFECYCLE),
        "soft delete": ("7 days", "30 days"),
        "storage class": ("STANDARD", "COLDLINE"),
        "policy": ("none", "the user's identity alone"),
        "labels": ("none", OWN_LABELS["gcp"].replace("platform", "owner=lab, platform")),
        "access logs": ("none", "logs/survey"),
    }


def inputs_of(variant: Variant) -> dict[str, Any]:
    """Return what the stack asks for of a user's bucket, by the last word of the type."""
    made = of_type(resources_of(variant.config("eve")), *variant.held, *variant.settings)
    return {one["type"].rpartition(":")[2]: one["inputs"] for one in made.values()}


def made_on_aws(variant: Variant) -> BucketParts:
    """Return the bucket that the stack makes of a user, as it would be found."""
    made = inputs_of(variant)
    block = made["BucketPublicAccessBlock"]
    [rule] = made["BucketServerSideEncryptionConfiguration"]["rules"]
    default = rule["applyServerSideEncryptionByDefault"]
    names = {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"}
    logging = made.get("BucketLogging")
    return dataclasses.replace(
        PLAIN["aws"],
        bucket_name=made["Bucket"]["bucket"],
        settings={
            **PLAIN["aws"].settings,
            "publicAccessBlock": {
                switch: block[switch[0].lower() + switch[1:]] for switch in PRIVATE
            },
            "ownership": made["BucketOwnershipControls"]["rule"]["objectOwnership"],
            "encryption": {names[key]: value for key, value in default.items()},
            "versioning": made["BucketVersioning"]["versioningConfiguration"]["status"],
            "policy": json.loads(made["BucketPolicy"]["policy"]),
            "labels": made["Bucket"]["tags"],
            "logging": logging
            and {"TargetBucket": logging["targetBucket"], "TargetPrefix": logging["targetPrefix"]},
        },
    )


def made_on_google_cloud(variant: Variant) -> BucketParts:
    """Return the bucket that the stack makes of a user, as it would be found."""
    made = inputs_of(variant)
    bucket = made["Bucket"]
    seconds = bucket["softDeletePolicy"]["retentionDurationSeconds"]
    return dataclasses.replace(
        PLAIN["gcp"],
        bucket_name=bucket["name"],
        settings={
            **PLAIN["gcp"].settings,
            "publicAccessPrevention": bucket["publicAccessPrevention"],
            "uniformAccess": bucket["uniformBucketLevelAccess"],
            "versioning": bucket["versioning"]["enabled"],
            "softDeleteDays": int(seconds) // 86_400,
            "storageClass": bucket["storageClass"],
            "encryptionKey": bucket.get("encryption", {}).get("defaultKmsKeyName"),
            "logging": bucket.get("logging"),
            "labels": bucket["labels"],
            "policy": json.loads(made["BucketIAMPolicy"]["policyData"])["bindings"],
        },
    )


@pytest.mark.parametrize(
    "name", ["aws", "aws_everything", "gcp", "gcp_service_account", "gcp_everything"]
)
def test_what_the_stack_made_changes_in_its_lifecycle_only(name: str):
    # So what the command says that the stack does is what it does.
    variant = VARIANTS[name]
    make = {"aws": made_on_aws, "gcp": made_on_google_cloud}[variant.provider]
    assert list(changed(variant.provider, make(variant), variant)) == ["lifecycle"]


def test_logging_is_adopted_where_the_stack_has_it_too():
    parts = dataclasses.replace(like("aws", logging=LOGS), parts=("bucket", "logging"))
    logging = with_buckets("aws", {"accessLogsTo": "logs"}).config()
    assert aws.adopted(logging, parts) == ["bucket", "logging"]
    assert list(aws.notes(logging, parts)) == []
    assert aws.adopted(AWS.config(), parts) == ["bucket"]
    assert list(aws.notes(AWS.config(), parts)) == ["access logs go on to logs/eve/"]


GRANT = {"Grantee": {"Type": "Group", "URI": "http://…/AllUsers"}, "Permission": "READ"}


@pytest.mark.parametrize(
    ("settings", "notes"),
    [
        ({}, []),
        ({"grants": [GRANT]}, []),
        (
            {"grants": [GRANT], "ownership": "ObjectWriter"},
            [
                "its access list lets others in, and S3 takes no BucketOwnerEnforced then; first "
                "`aws s3api put-bucket-acl --acl private --bucket survey`"
            ],
        ),
        (
            {"mfaDelete": True},
            ["MFA delete is on, and S3 takes no lifecycle rules then; switch it off first"],
        ),
        (
            {"objectLock": True},
            ["Object Lock is on: `state: deleted` waits until every version may go"],
        ),
    ],
)
def test_what_to_know_of_a_bucket_on_aws(settings: dict[str, Any], notes: list[str]):
    assert list(aws.notes(AWS.config(), like("aws", **settings))) == notes


@pytest.mark.parametrize(
    ("settings", "notes"),
    [
        ({}, 0),
        ({"eventBasedHold": True}, 1),
        ({"retentionSeconds": 86_400}, 1),
    ],
)
def test_what_to_know_of_a_bucket_on_google_cloud(settings: dict[str, Any], notes: int):
    said = [
        "objects that are held stay so, and those under retention are no longer; "
        "`state: deleted` waits for the holds"
    ]
    assert list(gcp.notes(GCP.config(), like("gcp", **settings))) == said * notes


@pytest.mark.parametrize(
    ("cloud", "changes", "obstacles"),
    [
        ("aws", {}, []),
        (
            "aws",
            {"location": "eu-west-1"},
            ["it is in eu-west-1, the stack's buckets are in us-east-1"],
        ),
        ("gcp", {}, []),
        ("gcp", {"location": "EU"}, ["it is in EU, the stack's buckets are in EUROPE-WEST4"]),
        ("gcp", {"retentionLocked": True}, ["its retention policy is locked for ever"]),
        (
            "gcp",
            {"objectRetention": True},
            ["its objects may have a retention of their own, for ever"],
        ),
        (
            "gcp",
            {"hierarchical": True},
            ["it has a hierarchical namespace, which knows no versions"],
        ),
    ],
)
def test_what_stands_against_an_import(cloud: str, changes: dict[str, Any], obstacles: list[str]):
    location = changes.pop("location", PLAIN[cloud].location)
    parts = dataclasses.replace(like(cloud, **changes), location=location)
    config = VARIANTS[cloud].config()
    assert list(TWINS[cloud].obstacles(config.cloud, parts)) == obstacles


BOB = {"aws": "ara-planet-8c71157f-123456789012-us-east-1-an", "gcp": "fornax-pulsar-de6f66ce"}


@pytest.mark.parametrize("cloud", BOB)
@pytest.mark.parametrize(
    ("user", "bucket", "problem"),
    [
        (
            "bob",
            "survey",
            'users[1]: "bob" is in the stack file and has a bucket; copy the objects into that, '
            "or, if it was never made, drop the line and run this again",
        ),
        (
            "eve",
            "BOB",
            "with this entry, the stack's config cannot be used:\n"
            "cmbcluster-storage:users: 'bob' and 'eve' have one bucket; keep one line",
        ),
        (
            "eve",
            "maps",
            "with this entry, the stack's config cannot be used:\n"
            "cmbcluster-storage:users: 'zoe' and 'eve' have one bucket; keep one line",
        ),
        (
            "Bob",
            "survey",
            "with this entry, the stack's config cannot be used:\n"
            "cmbcluster-storage:users: 'bob' and 'Bob' are one user to this stack; keep one line",
        ),
        (
            " eve",
            "survey",
            "with this entry, the stack's config cannot be used:\n"
            'cmbcluster-storage:users[3].id: " eve" has spaces around it or characters that do '
            "not print; write it without",
        ),
    ],
)
def test_a_refusal_that_needs_no_cloud(cloud: str, user: str, bucket: str, problem: str):
    users = "ann", "bob", {"id": "zoe", "bucket": "maps", "adopt": ["bucket"]}
    with pytest.raises(AdoptionError) as error:
        adoption(VARIANTS[cloud].config(*users), user, bucket.replace("BOB", BOB[cloud]))
    assert str(error.value) == problem.replace("BOB", BOB[cloud])


@pytest.mark.parametrize(
    ("cloud", "problem"),
    [
        ("aws", "is no name of an S3 bucket: 3-63 characters of [a-z0-9.-]; write its name"),
        ("gcp", "is no name of a bucket that can be mounted: 3-63 characters of [a-z0-9._-]"),
    ],
)
def test_a_name_that_is_too_long_is_refused(cloud: str, problem: str):
    with pytest.raises(AdoptionError) as error:
        adoption(VARIANTS[cloud].config(), "eve", "s" * 64)
    assert str(error.value) == (
        "with this entry, the stack's config cannot be used:\n"
        f"cmbcluster-storage:users: 'eve' has the bucket '{'s' * 64}', which {problem}"
    )


@pytest.mark.parametrize(("cloud", "sdk"), [("aws", "boto3"), ("gcp", "google.cloud.storage")])
def test_a_missing_sdk_names_the_extra(cloud: str, sdk: str, monkeypatch: pytest.MonkeyPatch):
    backend = {"aws": "s3_client", "gcp": "gcs_client"}[cloud]
    for module in (f"infra.adopt.{cloud}", f"cmbcluster_storage.{backend}"):
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr(f"cmbcluster_storage.{backend}")
    monkeypatch.setitem(sys.modules, sdk, None)
    with pytest.raises(AdoptionError) as error:
        adoption(VARIANTS[cloud].config(), "eve", "survey")
    assert str(error.value) == (
        f'provider: "{cloud}" needs {sdk}, which is not installed; '
        f"`pip install -e '.[{cloud}]'` in the checkout"
    )


def test_a_stack_that_there_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.yaml").touch()
    assert command.main(["--stack", "nope", "eve", "survey"]) == 2
    assert capsys.readouterr() == (
        "",
        "the stack's config cannot be used:\n"
        "there is no Pulumi.nope.yaml; stack files here are of: none\n",
    )


def test_a_bucket_of_another_account_is_refused():
    client = s3_client(s3_session("us-east-1"), Patience())
    with Stubber(client) as answers:
        answers.add_client_error(
            "get_bucket_location",
            "AccessDenied",
            http_status_code=403,
            expected_params={"Bucket": "survey", "ExpectedBucketOwner": "123456789012"},
        )
        with pytest.raises(AccessDeniedError) as error:
            s3_parts.bucket_parts(client, "survey", "123456789012")
    assert error.value.message == (
        "it is of another account than 123456789012, whose stack alone can adopt it, or the "
        "identity may not read it: permit s3:GetBucketLocation"
    )


def test_only_an_absent_part_counts_as_none():
    client = s3_client(s3_session("us-east-1"), Patience())
    with Stubber(client) as answers:
        answers.add_response("get_bucket_location", {})
        answers.add_client_error("get_bucket_versioning", "AccessDenied", http_status_code=403)
        with pytest.raises(AccessDeniedError, match="policy must permit it"):
            s3_parts.bucket_parts(client, "survey", "123456789012")


@pytest.mark.parametrize(
    ("told", "region"), [(None, "us-east-1"), ("EU", "eu-west-1"), ("ap-south-1", "ap-south-1")]
)
def test_a_region_is_told_as_it_was_once_called(told: str | None, region: str):
    client = s3_client(s3_session("us-east-1"), Patience())
    with Stubber(client) as answers:
        answers.add_response("get_bucket_location", {"LocationConstraint": told} if told else {})
        assert s3_parts._location(client, "survey", "123456789012") == region


def test_a_folder_without_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert command.main(["--stack", "aws", "eve", "survey"]) == 2
    assert capsys.readouterr() == (
        "",
        f"there is no Pulumi.yaml in {tmp_path} or above; run this in the checkout\n",
    )
