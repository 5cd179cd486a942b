import uuid
from contextlib import closing

import grpc
import pytest
from aws_program import (
    ACCOUNT,
    BUCKET,
    ENCRYPTION,
    LIFECYCLE,
    LOGGING,
    client_of,
    configured,
    plugin_with,
)

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture(scope="module")
def plugin(aws_endpoint):
    with plugin_with(configured(aws_endpoint)) as plugin:
        yield plugin


@pytest.fixture(scope="module")
def s3(aws_endpoint):
    with closing(client_of("s3", aws_endpoint)) as client:
        yield client


@pytest.fixture
def name():
    return f"fornax-pulsar-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def bucket(plugin, name):
    return plugin.create(BUCKET, {"bucket": name})[0]


def assert_read_back(plugin, token, inputs):
    """Assert that neither a refresh nor an import sees a difference."""
    resource_id, state = plugin.create(token, inputs)

    assert plugin.check(token, inputs) == {}
    assert state == inputs
    assert plugin.read(token, resource_id, inputs) == (resource_id, inputs, state)
    _, imported, _ = plugin.read(token, resource_id, {})
    assert plugin.diff(token, imported, inputs) == {}
    return imported


# --- encryption -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bucket_key", [{}, {"bucketKeyEnabled": True}, {"bucketKeyEnabled": False}]
)
@pytest.mark.parametrize("algorithm", ["aws:kms", "aws:kms:dsse"])
def test_a_key_of_ones_own_reads_back(plugin, s3, bucket, bucket_key, algorithm):
    default = {"sseAlgorithm": algorithm, "kmsMasterKeyId": KEY}
    rule = {"applyServerSideEncryptionByDefault": default} | bucket_key
    assert_read_back(plugin, ENCRYPTION, {"bucket": bucket, "rules": [rule]})

    stored = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    sdk_names = {"SSEAlgorithm": algorithm, "KMSMasterKeyID": KEY}
    assert stored["Rules"][0]["ApplyServerSideEncryptionByDefault"] == sdk_names


@pytest.mark.parametrize(
    ("rule", "path", "reason"),
    [
        (
            {
                "applyServerSideEncryptionByDefault": {
                    "sseAlgorithm": "AES256",
                    "kmsMasterKeyId": KEY,
                }
            },
            "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId",
            "a key is not applicable if sseAlgorithm is not aws:kms",
        ),
        (
            {"blockedEncryptionTypes": ["SSE-C"]},
            "rules[0].blockedEncryptionTypes",
            "property 'blockedEncryptionTypes' is not emulated by the sandbox",
        ),
    ],
)
def test_check_refuses_an_encryption_that_would_be_ignored(plugin, rule, path, reason):
    assert plugin.check(ENCRYPTION, {"bucket": "any", "rules": [rule]}) == {path: reason}


# --- lifecycle ------------------------------------------------------------------------------

RULES = {
    "objects after days": {"filter": {"prefix": "scratch/"}, "expiration": {"days": 30}},
    "lonely delete markers": {
        "filter": {"prefix": "scratch/"},
        "expiration": {"expiredObjectDeleteMarker": True},
    },
    "old versions by days alone": {
        "filter": {"prefix": "scratch/"},
        "noncurrentVersionExpiration": {"noncurrentDays": 1},
    },
    "switched off": {
        "status": "Disabled",
        "filter": {"prefix": ""},
        "expiration": {"days": 1},
        "noncurrentVersionExpiration": {"noncurrentDays": 7, "newerNoncurrentVersions": 3},
    },
    "no filter": {"abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}},
    "at a date": {"filter": {}, "expiration": {"date": "2030-01-01T00:00:00Z"}},
    "by a tag": {"filter": {"tag": {"key": "user", "value": "ann"}}, "expiration": {"days": 1}},
    "by several things": {
        "filter": {
            "and": {
                "prefix": "maps/",
                "tags": {"user": "ann", "Keep": "no"},
                "objectSizeLessThan": 9,
            }
        },
        "expiration": {"days": 1},
    },
    "to another class": {
        "filter": {"prefix": "maps/"},
        "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}],
        "noncurrentVersionTransitions": [{"noncurrentDays": 30, "storageClass": "GLACIER"}],
    },
}


@pytest.mark.parametrize("kind", RULES)
def test_a_lifecycle_rule_reads_back(plugin, bucket, kind):
    rule = {"id": "a", "status": "Enabled"} | RULES[kind]

    assert_read_back(plugin, LIFECYCLE, {"bucket": bucket, "rules": [rule]})


def test_rules_keep_their_order_and_switching_one_off_is_an_update(plugin, bucket):
    rules = [{"id": kind, "status": "Enabled"} | rule for kind, rule in RULES.items()]
    inputs = {"bucket": bucket, "rules": rules}
    imported = assert_read_back(plugin, LIFECYCLE, inputs)
    assert [rule["id"] for rule in imported["rules"]] == list(RULES)

    new = inputs | {"rules": [rules[0] | {"status": "Disabled"}, *rules[1:]]}
    assert plugin.diff(LIFECYCLE, inputs, new) == {"rules[0].status": "update"}
    plugin.update(LIFECYCLE, bucket, inputs, new)
    assert plugin.read(LIFECYCLE, bucket, new)[1] == new


@pytest.mark.parametrize(
    ("rules", "path", "reason"),
    [
        ([], "rules", "S3 takes no lifecycle without a rule"),
        *(
            (
                [{"expiration": {"expiredObjectDeleteMarker": True} | other}],
                "rules[0].expiration",
                "expiredObjectDeleteMarker cannot stand beside days or date",
            )
            for other in ({"days": 1}, {"date": "2030-01-01T00:00:00Z"})
        ),
        (
            [{"prefix": "scratch/"}],
            "rules[0].prefix",
            "property 'prefix' is not emulated by the sandbox; use filter.prefix",
        ),
    ],
)
def test_check_refuses_a_lifecycle_that_s3_would_not_take(plugin, rules, path, reason):
    whole = [{"id": "a", "status": "Enabled"} | rule for rule in rules]

    assert plugin.check(LIFECYCLE, {"bucket": "any", "rules": whole}) == {path: reason}


def test_an_expiration_that_leaves_delete_markers_alone_may_have_days(plugin, bucket):
    expiration = {"days": 30, "expiredObjectDeleteMarker": False}
    rule = {"id": "a", "status": "Enabled", "filter": {"prefix": ""}, "expiration": expiration}

    assert plugin.check(LIFECYCLE, {"bucket": bucket, "rules": [rule]}) == {}


# --- access logs ----------------------------------------------------------------------------


@pytest.fixture
def logs(plugin, name):
    return plugin.create(BUCKET, {"bucket": f"{name}-logs"})[0]


def test_access_logs_read_back_and_nothing_is_logged_after_a_delete(plugin, s3, bucket, logs):
    inputs = {"bucket": bucket, "targetBucket": logs, "targetPrefix": f"{bucket}/"}
    assert assert_read_back(plugin, LOGGING, inputs) == inputs

    plugin.delete(LOGGING, bucket, inputs)
    stored = s3.get_bucket_logging(Bucket=bucket)
    stored.pop("ResponseMetadata")
    assert stored == {}
    assert plugin.read(LOGGING, bucket, inputs) == ("", {}, {})


def test_without_access_logs_there_is_nothing_to_import(plugin, bucket):
    assert plugin.read(LOGGING, bucket, {}) == ("", {}, {})


def refused_target(plugin, bucket, target):
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(LOGGING, {"bucket": bucket, "targetBucket": target, "targetPrefix": ""})
    return refused.value.details()


def test_logs_go_to_no_bucket_that_there_is_not(plugin, bucket):
    assert refused_target(plugin, bucket, f"{bucket}-none") == (
        f"creating S3 Bucket Logging ({bucket}): An error occurred (InvalidTargetBucketForLogging) "
        "when calling the PutBucketLogging operation: The target bucket for logging does not exist"
    )


def test_logs_go_to_no_other_account(plugin, aws_endpoint, bucket, name):
    with closing(client_of("s3", aws_endpoint, account="999999999999")) as others:
        others.create_bucket(Bucket=f"{name}-theirs")

    assert refused_target(plugin, bucket, f"{name}-theirs").endswith(
        "The owner for the bucket to be logged and the target bucket must be the same."
    )


def test_logs_go_to_no_other_region(plugin, aws_endpoint, bucket, name):
    with plugin_with(configured(aws_endpoint, region="eu-west-1"), "eu-west-1") as far:
        far.create(BUCKET, {"bucket": f"{name}-far"})

    assert "(CrossLocationLoggingProhibitted)" in refused_target(plugin, bucket, f"{name}-far")
