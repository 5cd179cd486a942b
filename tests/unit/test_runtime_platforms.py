import json

import pytest
from cmbcluster_storage.errors import ConfigurationError
from cmbcluster_storage.platforms import Platform, platform
from cmbcluster_storage.rules import BucketRules

RULES = {
    "versioning": True,
    "noncurrentVersionsKept": 5,
    "noncurrentDays": 9,
    "abortUploadsAfterDays": 3,
    "storageClass": "STANDARD",
    "scratchDays": 14,
    "encryptionKey": None,
    "accessLogsTo": None,
}
AWS = {
    "name": "cmb",
    "provider": "aws",
    "accountId": "123456789012",
    "region": "us-east-1",
    "bucketNamespace": "accountRegional",
    "buckets": {**RULES, "labels": {"team": "cmb"}},
}
GCP = {
    "name": "cmb",
    "provider": "gcp",
    "project": "science",
    "projectNumber": "42",
    "location": "europe-west3",
    "buckets": {**RULES, "softDeleteDays": 8, "labels": {}},
}
EVE = {
    "bucketName": "andromeda",
    "bucketUrl": "s3://andromeda",
    "namespace": "hub",
    "serviceAccountName": "fornax-galaxy-996cfa10",
    "claimName": "andromeda",
    "state": "active",
    "nextStep": "any",
}


@pytest.fixture
def file(tmp_path):
    def written(said, users=None):
        path = tmp_path / "outputs.json"
        path.write_text(json.dumps({"platform": said, "users": users or {}}))
        return path

    return written


def test_without_a_stack():
    found = platform("gcp", account="science", region="europe-west3")

    assert found == Platform(provider="gcp", account="science", region="europe-west3")
    assert found.rules == BucketRules()
    assert found.bucket_name("ann") == platform("gcp", account="science").bucket_name("ann")


def test_of_a_stack_on_aws(file):
    found = platform("aws", file(AWS, {"eve": EVE}), region="us-east-1")

    assert (found.required_account, found.required_region) == ("123456789012", "us-east-1")
    assert found.rules == BucketRules(
        noncurrent_versions_kept=5,
        noncurrent_days=9,
        abort_uploads_after_days=3,
        scratch_days=14,
    )
    assert found.bucket_name("eve") == "andromeda"
    assert found.bucket_name("ann").endswith("-123456789012-us-east-1-an")
    labels = found.bucket_labels("ann")
    assert (labels["team"], labels["platform"]) == ("cmb", "cmb")
    assert labels["user"].startswith("ann-")


def test_of_a_stack_on_google_cloud(file):
    found = platform("gcp", file(GCP), account="science", region="EUROPE-WEST3")

    assert found.rules.soft_delete_days == 8
    assert found.bucket_name("ann") == found.bucket_name("ann")


@pytest.mark.parametrize(
    ("kind", "settings", "text"),
    [
        ("gcp", {}, "is of the cloud aws, the settings of gcp"),
        ("aws", {"account": "999999999999"}, "is of the account 123456789012"),
        ("aws", {"region": "eu-west-1"}, "is of the region us-east-1"),
    ],
)
def test_a_file_of_something_else(file, kind, settings, text):
    with pytest.raises(ConfigurationError, match=text):
        platform(kind, file(AWS), **settings)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"platform": {"provider": "aws"}}', '{"platform": 1}'],
)
def test_a_file_that_is_none(tmp_path, text):
    path = tmp_path / "outputs.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="pulumi stack output --json"):
        platform("aws", path)
    with pytest.raises(ConfigurationError, match="CMBCLUSTER_STORAGE_PLATFORM"):
        platform("aws", tmp_path / "absent")


def test_a_rule_that_only_a_newer_stack_has_is_ignored(file):
    newer = AWS | {"buckets": {**AWS["buckets"], "colour": "blue"}}
    assert platform("aws", file(newer)) == platform("aws", file(AWS))


def test_names_in_the_world_wide_namespace_have_no_ending(file):
    found = platform("aws", file(AWS | {"bucketNamespace": "global"}))
    assert found.bucket_name("ann") == platform("aws", file(AWS)).bucket_name("ann").removesuffix(
        "-123456789012-us-east-1-an"
    )


def test_what_is_missing_is_named():
    with pytest.raises(ConfigurationError, match="set AWS_ACCOUNT_ID"):
        platform("aws", region="us-east-1").bucket_name("ann")
    with pytest.raises(ConfigurationError, match="set REGION"):
        _ = platform("gcp", account="science").required_region
