"""Every option of the stack file, switched on for a stack that exists, and off again."""

import copy
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from harness import Stack
from test_life import EXPECTED

LOGS = "cmbcluster-access-logs"
KMS_KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CLOUD_KMS_KEY = "projects/cmbcluster-research/locations/europe-west4/keyRings/hub/cryptoKeys/users"
BUCKETS: dict[str, Any] = {
    "versioning": False,
    "noncurrentVersionsKept": 5,
    "noncurrentDays": 60,
    "abortUploadsAfterDays": 1,
    "scratchDays": 14,
    "storageClass": "COLDLINE",
    "accessLogsTo": LOGS,
    "labels": {"cost-centre": "physics"},
}
ON: dict[str, dict[str, Any]] = {
    "aws": {
        "cloud": {"identity": "podIdentity", "clusterName": "research"},
        "buckets": BUCKETS | {"encryptionKey": KMS_KEY},
    },
    "gcp": {
        "cloud": {"identity": "serviceAccount"},
        "buckets": BUCKETS | {"encryptionKey": CLOUD_KMS_KEY, "softDeleteDays": 30},
    },
}


def switch_on(settings: dict[str, Any]) -> None:
    cloud = settings["config"]["cmbcluster-storage:cloud"]
    cloud.pop("oidcIssuer", None)
    cloud.update(ON[cloud["provider"]]["cloud"])
    settings["config"]["cmbcluster-storage:buckets"] = ON[cloud["provider"]]["buckets"]


def as_switched_on(cloud: str) -> dict[str, Any]:
    """Return what bob's bucket is like with every option on."""
    settings = copy.deepcopy(EXPECTED[cloud])
    if cloud == "aws":
        settings["get_bucket_encryption"]["ServerSideEncryptionConfiguration"]["Rules"] = [
            {
                "ApplyServerSideEncryptionByDefault": {
                    "SSEAlgorithm": "aws:kms",
                    "KMSMasterKeyID": KMS_KEY,
                },
                "BucketKeyEnabled": True,
            }
        ]
        settings["get_bucket_lifecycle_configuration"]["Rules"] = [
            {
                "ID": "expire-noncurrent-versions",
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "NoncurrentVersionExpiration": {
                    "NoncurrentDays": 60,
                    "NewerNoncurrentVersions": 5,
                },
            },
            {
                "ID": "abort-unfinished-uploads",
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            },
            {
                "ID": "expire-scratch",
                "Status": "Enabled",
                "Filter": {"Prefix": "scratch/"},
                "Expiration": {"Days": 14},
            },
            {
                "ID": "expire-scratch-versions",
                "Status": "Enabled",
                "Filter": {"Prefix": "scratch/"},
                "Expiration": {"ExpiredObjectDeleteMarker": True},
                "NoncurrentVersionExpiration": {"NoncurrentDays": 60},
            },
        ]
        settings["get_bucket_logging"] = {
            "LoggingEnabled": {
                "TargetBucket": LOGS,
                "TargetPrefix": "ara-planet-8c71157f-123456789012-us-east-1-an/",
            }
        }
        settings["get_bucket_tagging"]["TagSet"].insert(
            0, {"Key": "cost-centre", "Value": "physics"}
        )
        settings["get_bucket_versioning"]["Status"] = "Suspended"
        return settings
    account = "fornax-pulsar-de6f66ce@cmbcluster-research.iam.gserviceaccount.com"
    settings["iam"][0]["members"] = [f"serviceAccount:{account}"]
    settings["labels"]["cost-centre"] = "physics"
    settings["lifecycle"]["rule"] = [
        {
            "action": {"type": "Delete"},
            "condition": {"daysSinceNoncurrentTime": 60, "numNewerVersions": 6, "isLive": False},
        },
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 1}},
        {
            "action": {"type": "Delete"},
            "condition": {"age": 14, "matchesPrefix": ["scratch/"], "isLive": True},
        },
        {
            "action": {"type": "Delete"},
            "condition": {
                "daysSinceNoncurrentTime": 60,
                "matchesPrefix": ["scratch/"],
                "isLive": False,
            },
        },
    ]
    settings["softDeletePolicy"]["retentionDurationSeconds"] = str(30 * 24 * 60 * 60)
    return settings | {
        "encryption": {"defaultKmsKeyName": CLOUD_KMS_KEY},
        "logging": {"logBucket": LOGS, "logObjectPrefix": "fornax-pulsar-de6f66ce"},
        "storageClass": "COLDLINE",
        "versioning": {"enabled": False},
    }


def test_every_option_on_and_off_again(stack: Stack):
    hand, before = stack.hand, stack.outputs()
    bucket, name = (before["users"]["bob"][key] for key in ("bucketName", "serviceAccountName"))
    hand.write(bucket, "thesis.tex", b"first", b"second")
    hand.make_bucket(LOGS)
    stack.edit(switch_on)

    stack.pulumi("up", "--skip-preview")

    assert hand.settings(bucket) == as_switched_on(stack.name)
    stack.pulumi("refresh", "--preview-only", "--expect-no-changes")
    check_objects(stack.cluster, stack.name, name)
    assert stack.outputs()["platform"]["buckets"] == ON[stack.name]["buckets"]
    if stack.name == "aws":
        assert hand.associations("research")[f"cmbcluster/{name}"] == f"role/{name}"

    stack.restore()
    stack.pulumi("up", "--skip-preview")

    assert hand.settings(bucket) == EXPECTED[stack.name]
    assert hand.bodies(bucket, "thesis.tex") == [b"second", b"first"]
    assert stack.outputs() == before
    stack.pulumi("refresh", "--preview-only", "--expect-no-changes")
    stack.pulumi("preview", "--expect-no-changes")
    if stack.name == "aws":
        assert hand.associations("research") == {}


def check_objects(cluster: Path, cloud: str, name: str) -> None:
    """See that manifests are strictly right, and what the options do to them."""
    manifests = [yaml.safe_load(path.read_text("utf-8")) for path in cluster.rglob("*.yaml")]
    assert len(manifests) == 6
    for manifest in manifests:
        kubernetes_validate.validate(manifest, "1.35", strict=True)
    mine = {one["kind"]: one for one in manifests if name in one["metadata"]["name"]}
    annotations = mine["ServiceAccount"]["metadata"].get("annotations", {})
    options = mine["PersistentVolume"]["spec"]["mountOptions"]
    if cloud == "aws":
        assert annotations == {}  # the association says it instead
        assert options[-3:] == [
            "storage-class GLACIER_IR",
            "sse aws:kms",
            f"sse-kms-key-id {KMS_KEY}",
        ]
    else:
        assert list(annotations) == ["iam.gke.io/gcp-service-account"]
        assert options[0] == "implicit-dirs"


@pytest.mark.parametrize(
    ("region", "partition", "namespace"),
    [
        ("us-gov-west-1", "aws-us-gov", "accountRegional"),
        ("cn-north-1", "aws-cn", "global"),
        ("me-south-1", "aws", "global"),
    ],
)
def test_other_regions_and_namespaces(tmp_path: Path, region: str, partition: str, namespace: str):
    def change(settings: dict[str, Any]) -> None:
        cloud = {"region": region, "bucketNamespace": namespace}
        settings["config"]["cmbcluster-storage:cloud"].update(cloud)

    stack = Stack(tmp_path, "aws")
    with stack.run:
        stack.edit(change)
        stack.pulumi("up", "--skip-preview")
        stack.pulumi("refresh", "--preview-only", "--expect-no-changes")

        exported, bob = stack.pulumi("stack", "export"), stack.outputs()["users"]["bob"]
        ending = f"-123456789012-{region}-an" if namespace == "accountRegional" else ""
        assert bob["bucketName"] == bob["claimName"] + ending
        arns = {word for word in exported.split('"') if word.startswith("arn:")}
        assert {arn.split(":")[1] for arn in arns} == {partition}
        account = stack.cluster / "cmbcluster" / f"serviceaccount-{bob['claimName']}.yaml"
        assert f"arn:{partition}:iam::123456789012:role/" in account.read_text("utf-8")


def test_the_namespace_of_a_bucket_that_exists_cannot_change(tmp_path: Path):
    def change(settings: dict[str, Any]) -> None:
        settings["config"]["cmbcluster-storage:cloud"]["bucketNamespace"] = "global"

    stack = Stack(tmp_path, "aws")
    with stack.run:
        stack.pulumi("up", "--skip-preview")
        bucket = stack.outputs()["users"]["bob"]["bucketName"]
        stack.edit(change)

        told = " ".join(stack.failing("up", "--skip-preview").split())

        assert (
            f"users: 'bob' has the bucket '{bucket}', and cannot have 'ara-planet-8c71157f' "
            f"instead: the data would stay behind; write bucket: {bucket}"
        ) in told
        assert bucket in stack.hand.buckets()
