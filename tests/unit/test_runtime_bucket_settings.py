"""A bucket that the runtime makes is the one that the stack makes: every setting compared."""

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.stub import Stubber
from cmbcluster_storage import StorageProviderFactory
from cmbcluster_storage.gcs_bucket_settings import resource
from cmbcluster_storage.messages import BucketSpec
from cmbcluster_storage.platforms import Platform
from cmbcluster_storage.s3_buckets import S3Buckets
from program import VARIANTS

USER = "ann@example.org"
LABELS = {"cost-centre": "physics"}
AWS = Platform(provider="aws", account="123456789012", region="us-east-1", labels=LABELS)
GCP = Platform(provider="gcp", account="cmbcluster-research", region="europe-west4", labels=LABELS)


def platform_of(variant):
    """Return what the runtime reads of the platform that a golden file is of."""
    buckets = VARIANTS[variant].config(USER).buckets
    plain = AWS if variant.startswith("aws") else GCP
    regional = VARIANTS[variant].config(USER).cloud.model_dump().get("bucket_namespace")
    return dataclasses.replace(
        plain, rules=buckets.rules(), labels=buckets.labels, regional=regional != "global"
    )


def golden(variant):
    """Return what the stack registers, the inputs by their type."""
    path = Path(__file__).parent / "golden" / f"{variant}.json"
    told = json.loads(path.read_text("utf-8")).values()
    return {one["type"].rpartition(":")[2]: one.get("inputs", {}) for one in told}


def spec(platform):
    return BucketSpec(
        name=platform.bucket_name(USER),
        account=platform.required_account,
        location=platform.required_region,
        rules=platform.rules,
        storage_class=platform.rules.storage_class,
        labels=platform.bucket_labels(USER),
    )


def spelt_as_inputs(value):
    """Return what S3's API takes as Pulumi spells it."""
    if isinstance(value, list):
        return [spelt_as_inputs(one) for one in value]
    if not isinstance(value, dict):
        return value
    short = {"ID": "id", "SSEAlgorithm": "sseAlgorithm", "KMSMasterKeyID": "kmsMasterKeyId"}
    return {
        short.get(key, key[0].lower() + key[1:]): spelt_as_inputs(one) for key, one in value.items()
    }


class Recorder:
    """A client that keeps what it is asked; every bucket and policy is missing."""

    def __init__(self):
        self.asked = {}

    def __getattr__(self, name):
        if name == "meta":
            return type("Meta", (), {"partition": "aws"})
        return lambda **arguments: self.asked.update({name: arguments})


def asked_for(platform):
    """Return what S3 is asked for a new bucket."""
    backend = object.__new__(type("Buckets", (S3Buckets,), {"__abstractmethods__": frozenset()}))
    backend._client = Recorder()
    backend._storage_class = platform.rules.storage_class
    backend._exists = lambda _: False
    backend._policy = lambda *_, **__: {}
    backend.create_bucket(spec(platform))
    backend.secure_bucket(spec(platform))
    return backend._client.asked


@pytest.mark.parametrize("variant", ["aws", "aws_everything"])
def test_on_aws(variant):
    asked, stack = asked_for(platform_of(variant)), golden(variant)
    name = stack["Bucket"]["bucket"]

    assert {one["Bucket"] for one in asked.values()} == {name}
    assert (
        asked["create_bucket"].get("BucketNamespace", "global")
        == (stack["Bucket"]["bucketNamespace"])
    )
    tags = asked["put_bucket_tagging"]["Tagging"]["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == stack["Bucket"]["tags"]
    for call, field, kind in (
        ("put_public_access_block", "PublicAccessBlockConfiguration", "BucketPublicAccessBlock"),
        ("put_bucket_versioning", "VersioningConfiguration", "BucketVersioning"),
        ("put_bucket_lifecycle_configuration", "LifecycleConfiguration",
         "BucketLifecycleConfiguration"),
        ("put_bucket_encryption", "ServerSideEncryptionConfiguration",
         "BucketServerSideEncryptionConfiguration"),
    ):  # fmt: skip
        theirs = {key: one for key, one in stack[kind].items() if key != "bucket"}
        ours = spelt_as_inputs(asked[call][field])
        assert ours == theirs.get("versioningConfiguration", theirs)
    rules = asked["put_bucket_ownership_controls"]["OwnershipControls"]["Rules"]
    assert spelt_as_inputs(rules) == [stack["BucketOwnershipControls"]["rule"]]
    logs = {key: one for key, one in stack.get("BucketLogging", {}).items() if key != "bucket"}
    status = asked.get("put_bucket_logging", {}).get("BucketLoggingStatus", {})
    assert spelt_as_inputs(status.get("LoggingEnabled", {})) == logs
    assert asked["put_bucket_policy"]["Policy"] == stack["BucketPolicy"]["policy"]
    assert list(asked)[-1] == "put_bucket_policy"


@pytest.mark.parametrize("variant", ["gcp", "gcp_everything"])
def test_on_google_cloud(variant):
    stack = golden(variant)["Bucket"]
    ours = resource(spec(platform_of(variant)))

    assert ours["name"] == stack["name"]
    assert (ours["location"], ours["labels"]) == (stack["location"], stack["labels"])
    assert ours["versioning"] == stack["versioning"]
    assert ours["iamConfiguration"] == {
        "publicAccessPrevention": stack["publicAccessPrevention"],
        "uniformBucketLevelAccess": {"enabled": stack["uniformBucketLevelAccess"]},
    }
    seconds = int(ours["softDeletePolicy"]["retentionDurationSeconds"])
    assert seconds == stack["softDeletePolicy"]["retentionDurationSeconds"]
    for rule in ours["lifecycle"]["rule"]:  # in the provider's words
        condition = rule["condition"]
        if "isLive" in condition:
            condition["withState"] = "LIVE" if condition.pop("isLive") else "ARCHIVED"
        if "matchesPrefix" in condition:
            condition["matchesPrefixes"] = condition.pop("matchesPrefix")
    assert ours["lifecycle"]["rule"] == stack["lifecycleRules"]
    for key in ("encryption", "logging", "storageClass"):
        assert ours.get(key) == stack.get(key)


async def test_buckets_are_listed_by_pages_on_aws(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    provider = StorageProviderFactory.create("aws", region="us-east-1")
    made, asked = datetime(2026, 1, 2, tzinfo=UTC), {"Prefix": "ara", "MaxBuckets": 10_000}
    pages = [{"Name": name, "CreationDate": made} for name in ("ara-1", "ara-2")]
    with Stubber(provider._backend._client) as stub:
        stub.add_response("list_buckets", {"Buckets": pages[:1], "ContinuationToken": "t"}, asked)
        more = {**asked, "ContinuationToken": "t"}
        stub.add_response("list_buckets", {"Buckets": pages[1:]}, more)
        found = await provider.list_buckets("ara")
    await provider.aclose()

    assert [one.name for one in found] == ["ara-1", "ara-2"]
