import uuid
from concurrent import futures
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial

import grpc
import pytest
from aws_program import (
    ACCESS_BLOCK,
    ACCOUNT,
    BUCKET,
    BUCKET_POLICY,
    LIFECYCLE,
    LOGGING,
    REGION,
    SETTINGS,
    VERSIONING,
    bucket_of,
    client_of,
    configured,
    plugin_with,
    program_inputs,
)
from plugin import failed_init

GET_BUCKETS = "aws:s3/getBuckets:getBuckets"
OTHER = "999999999999"


@pytest.fixture(scope="module")
def types(aws_endpoint):
    return configured(aws_endpoint)


@pytest.fixture(scope="module")
def plugin(types):
    with plugin_with(types) as plugin:
        yield plugin


@pytest.fixture(scope="module")
def s3(aws_endpoint):
    with closing(client_of("s3", aws_endpoint)) as client:
        yield client


@pytest.fixture(scope="module")
def others(aws_endpoint):
    """The S3 of another account."""
    with closing(client_of("s3", aws_endpoint, account=OTHER)) as client:
        yield client


@pytest.fixture
def name():
    return f"cygnus-pulsar-{uuid.uuid4().hex[:8]}"


# --- namespaces -----------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", [{}, {"bucketNamespace": "global"}])
def test_a_global_bucket_may_say_so(plugin, s3, name, namespace):
    inputs = {"bucket": name, "tags": {"user": "ann"}} | namespace
    resource_id, state = plugin.create(BUCKET, inputs)

    assert resource_id == name
    assert state == inputs | {
        "arn": f"arn:aws:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketNamespace": "global",
        "bucketRegion": REGION,
        "bucketRegionalDomainName": f"{name}.s3.us-east-1.amazonaws.com",
        "region": REGION,
        "tagsAll": {"user": "ann"},
    }
    assert plugin.read(BUCKET, name, inputs)[1] == inputs
    s3.head_bucket(Bucket=name)


@pytest.mark.parametrize("before", [{}, {"bucketNamespace": "global"}])
@pytest.mark.parametrize("after", [{}, {"bucketNamespace": "global"}])
def test_saying_that_a_bucket_is_global_changes_nothing(plugin, name, before, after):
    assert plugin.diff(BUCKET, {"bucket": name} | before, {"bucket": name} | after) == {}


def test_another_namespace_replaces_a_bucket(plugin, name):
    regional = {"bucket": bucket_of(name), "bucketNamespace": "account-regional"}

    assert plugin.diff(BUCKET, {"bucket": bucket_of(name)}, regional) == {
        "bucketNamespace": "add_replace"
    }
    assert plugin.diff(BUCKET, regional, {"bucket": bucket_of(name)}) == {
        "bucketNamespace": "delete_replace"
    }


@pytest.mark.parametrize("namespace", [{}, {"bucketNamespace": "global"}])
def test_an_account_regional_name_is_no_global_one(plugin, name, namespace):
    bucket = bucket_of(name)
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(BUCKET, {"bucket": bucket} | namespace)

    assert refused.value.details() == (
        f"validating S3 Bucket ({bucket}) name: {bucket} is an account-regional namespace bucket"
    )


@pytest.mark.parametrize(
    "suffix", [f"-{OTHER}-us-east-1-an", f"-{ACCOUNT}-eu-west-1-an"], ids=["account", "region"]
)
def test_nobody_makes_a_bucket_in_anothers_namespace(plugin, name, suffix):
    inputs = {"bucket": name + suffix, "bucketNamespace": "account-regional"}
    with pytest.raises(grpc.RpcError, match=r"creating S3 Bucket \(.*InvalidBucketNamespace"):
        plugin.create(BUCKET, inputs)


def test_check_knows_two_namespaces(plugin, name):
    inputs = {"bucket": name, "bucketNamespace": "regional"}

    assert plugin.check(BUCKET, inputs) == {
        "bucketNamespace": "expected account-regional or global, got 'regional'"
    }


# --- other accounts -------------------------------------------------------------------------


def test_a_name_that_another_account_has_is_taken(plugin, others, name):
    others.create_bucket(Bucket=name)
    with pytest.raises(grpc.RpcError, match=r"creating S3 Bucket .* \(BucketAlreadyExists\)") as no:
        plugin.create(BUCKET, {"bucket": name})

    assert failed_init(no.value) is None
    others.head_bucket(Bucket=name)


def test_a_name_of_ones_own_is_taken_in_every_region(plugin, aws_endpoint, name):
    plugin.create(BUCKET, {"bucket": name})
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(BUCKET, {"bucket": name})
    assert refused.value.details() == f"creating S3 Bucket ({name}): BucketAlreadyExists"

    with (
        plugin_with(configured(aws_endpoint, region="eu-west-1"), "eu-west-1") as far,
        pytest.raises(grpc.RpcError, match=r"creating S3 Bucket .* \(BucketAlreadyOwnedByYou\)"),
    ):
        far.create(BUCKET, {"bucket": name})


@pytest.mark.parametrize("token", [BUCKET, *SETTINGS], ids=lambda token: token.partition(":")[2])
@pytest.mark.parametrize("known", [True, False], ids=["refresh", "import"])
def test_another_accounts_bucket_is_neither_read_nor_imported(plugin, others, name, token, known):
    others.create_bucket(Bucket=name)
    inputs = program_inputs("any")[token] | {"bucket": name}
    with pytest.raises(grpc.RpcError, match=rf"reading S3 Bucket.*\({name}\): .*403|AccessDenied"):
        plugin.read(token, name, inputs if known else {})


def test_another_accounts_bucket_is_not_deleted(plugin, others, name):
    others.create_bucket(Bucket=name)
    with pytest.raises(grpc.RpcError, match=r"deleting S3 Bucket .*403"):
        plugin.delete(BUCKET, name, {"bucket": name, "forceDestroy": True})

    others.head_bucket(Bucket=name)


# --- import ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, {}),
        ({"bucketNamespace": "global", "forceDestroy": True}, {}),
        ({"tags": {"user": "ann"}}, {"tags": {"user": "ann"}}),
    ],
)
def test_an_imported_bucket_says_what_s3_tells_and_is_not_the_default(plugin, name, asked, found):
    plugin.create(BUCKET, {"bucket": name} | asked)

    assert plugin.read(BUCKET, name, {})[:2] == (name, {"bucket": name} | found)


def test_an_imported_bucket_says_its_own_namespace(plugin, name):
    inputs = {"bucket": bucket_of(name), "bucketNamespace": "account-regional"}
    plugin.create(BUCKET, inputs)

    assert plugin.read(BUCKET, bucket_of(name), {})[1] == inputs


def test_an_imported_bucket_that_the_sdk_made_is_whole(plugin, s3, name):
    s3.create_bucket(Bucket=name)

    assert plugin.read(BUCKET, name, {})[:2] == (name, {"bucket": name})
    assert plugin.read(VERSIONING, name, {})[:2] == (
        name,
        {"bucket": name, "versioningConfiguration": {"status": "Disabled"}},
    )


@pytest.mark.parametrize("token", [ACCESS_BLOCK, LIFECYCLE, BUCKET_POLICY, LOGGING])
def test_a_setting_that_a_bucket_does_not_have_is_not_imported(plugin, s3, name, token):
    s3.create_bucket(Bucket=name)

    assert plugin.read(token, name, {}) == ("", {}, {})


def test_an_id_that_is_no_buckets_is_an_error_with_the_resource(plugin, name):
    with pytest.raises(grpc.RpcError) as refused:
        plugin.read(BUCKET, f"{name},{ACCOUNT}", {})

    assert refused.value.details().startswith(f"reading S3 Bucket ({name},{ACCOUNT}): ")


# --- partitions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
    ],
)
def test_buckets_are_of_their_regions_partition(aws_endpoint, name, region, partition, suffix):
    bucket = f"{name}-{ACCOUNT}-{region}-an"
    inputs = {"bucket": bucket, "bucketNamespace": "account-regional"}
    with plugin_with(configured(aws_endpoint, region=region), region) as plugin:
        _, state = plugin.create(BUCKET, inputs)
        found, _ = plugin.invoke(GET_BUCKETS, {"prefix": name})

    assert state == inputs | {
        "arn": f"arn:{partition}:s3:::{bucket}",
        "bucketDomainName": f"{bucket}.s3.{suffix}",
        "bucketRegion": region,
        "bucketRegionalDomainName": f"{bucket}.s3.{region}.{suffix}",
        "region": region,
        "tagsAll": {},
    }
    assert [each["bucketArn"] for each in found["buckets"]] == [state["arn"]]


# --- getBuckets -----------------------------------------------------------------------------


def test_a_program_is_told_its_accounts_buckets_in_order(plugin, others, name):
    for number in (2, 1):
        plugin.create(BUCKET, {"bucket": f"{name}-{number}"})
    others.create_bucket(Bucket=f"{name}-3")
    result, failures = plugin.invoke(GET_BUCKETS, {"bucketRegion": REGION, "prefix": name})
    made = [each.pop("creationDate") for each in result["buckets"]]

    assert failures == {}
    assert result == {
        "bucketRegion": REGION,
        "prefix": name,
        "region": REGION,
        "buckets": [
            {
                "bucketArn": f"arn:aws:s3:::{name}-{number}",
                "bucketRegion": REGION,
                "name": f"{name}-{number}",
            }
            for number in (1, 2)
        ],
    }
    for date in made:
        age = datetime.now(UTC) - datetime.strptime(date, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        assert timedelta() <= age < timedelta(minutes=1)


def test_at_most_as_many_as_were_asked_for_are_told(plugin, name):
    for number in (1, 2, 3):
        plugin.create(BUCKET, {"bucket": f"{name}-{number}"})
    result, _ = plugin.invoke(GET_BUCKETS, {"prefix": name, "maxBuckets": 2})

    assert [each["name"] for each in result["buckets"]] == [f"{name}-1", f"{name}-2"]
    assert result["maxBuckets"] == 2


def test_only_a_regions_buckets_are_told_if_it_is_named(plugin, aws_endpoint, name):
    plugin.create(BUCKET, {"bucket": f"{name}-near"})
    with plugin_with(configured(aws_endpoint, region="eu-west-1"), "eu-west-1") as far:
        far.create(BUCKET, {"bucket": f"{name}-far"})

    def told(**arguments):
        result, _ = plugin.invoke(GET_BUCKETS, {"prefix": name} | arguments)
        return [each["name"] for each in result["buckets"]]

    assert told() == [f"{name}-far", f"{name}-near"]
    assert told(bucketRegion=REGION) == [f"{name}-near"]


@pytest.mark.parametrize("key", ["bucketRegion", "region"])
def test_another_region_is_not_asked(plugin, key):
    with pytest.raises(grpc.RpcError) as refused:
        plugin.invoke(GET_BUCKETS, {key: "eu-west-1"})

    assert refused.value.details() == (
        f"reading S3 Buckets: {key} 'eu-west-1' is not the provider's region, 'us-east-1': "
        "the sandbox asks there only"
    )


# --- forceDestroy ---------------------------------------------------------------------------


def test_force_destroy_set_by_an_update_empties_the_bucket_of_everything(
    plugin, types, s3, name, monkeypatch
):
    """Of more than one page of it."""
    client = types[BUCKET]._s3
    short = partial(client.list_object_versions, MaxKeys=50)
    monkeypatch.setattr(client, "list_object_versions", short)
    bucket = bucket_of(name)
    kept = program_inputs(name)[BUCKET]
    doomed = kept | {"forceDestroy": True}
    plugin.create(BUCKET, kept)
    plugin.create(VERSIONING, program_inputs(name)[VERSIONING])
    with futures.ThreadPoolExecutor(8) as pool:
        for _ in range(2):
            keys = [f"maps/{index}" for index in range(30)]
            list(pool.map(lambda key: s3.put_object(Bucket=bucket, Key=key, Body=b""), keys))
        list(pool.map(lambda key: s3.delete_object(Bucket=bucket, Key=key), keys[:5]))
        list(pool.map(lambda key: s3.create_multipart_upload(Bucket=bucket, Key=key), keys[:3]))
    with pytest.raises(grpc.RpcError, match="BucketNotEmpty"):
        plugin.delete(BUCKET, bucket, kept)

    assert plugin.diff(BUCKET, kept, doomed) == {"forceDestroy": "update"}
    plugin.update(BUCKET, bucket, kept, doomed)
    plugin.delete(BUCKET, bucket, doomed)
    assert plugin.read(BUCKET, bucket, doomed) == ("", {}, {})
    # The emulator keeps what was left in a deleted bucket for the next one of that name.
    plugin.create(BUCKET, kept)
    left = s3.list_object_versions(Bucket=bucket) | s3.list_multipart_uploads(Bucket=bucket)
    assert not left.keys() & {"Versions", "DeleteMarkers", "Uploads"}
