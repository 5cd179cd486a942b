"""What the options of a stack file make of a bucket and its identity."""

import json
from dataclasses import replace

import pytest
from program import (
    AWS,
    AWS_POD_IDENTITY,
    GCP,
    GCP_SERVICE_ACCOUNT,
    KEYS,
    Variant,
    of_type,
    resources_of,
    run,
)

CHANGED_RULES = {
    "versioning": False,
    "noncurrentVersionsKept": 5,
    "noncurrentDays": 60,
    "abortUploadsAfterDays": 1,
}


def test_the_operators_rules_reach_the_bucket_on_aws():
    made = resources_of(AWS.config("bob", buckets=CHANGED_RULES))
    name = "ara-planet-8c71157f-123456789012-us-east-1-an"
    [versioning] = of_type(made, "aws:s3/bucketVersioning:BucketVersioning").values()
    [lifecycle] = of_type(
        made, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    ).values()
    assert versioning["inputs"] == {
        "bucket": name,
        "versioningConfiguration": {"status": "Suspended"},
    }
    assert lifecycle["inputs"] == {
        "bucket": name,
        "rules": [
            {
                "id": "expire-noncurrent-versions",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "noncurrentVersionExpiration": {
                    "noncurrentDays": 60,
                    "newerNoncurrentVersions": 5,
                },
            },
            {
                "id": "abort-unfinished-uploads",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
            },
        ],
    }


def test_the_operators_rules_reach_the_bucket_on_google_cloud():
    made = resources_of(GCP.config("bob", buckets={**CHANGED_RULES, "softDeleteDays": 14}))
    [bucket] = of_type(made, GCP.bucket).values()
    assert bucket["inputs"] == {
        "name": "fornax-pulsar-de6f66ce",
        "project": "cmbcluster-research",
        "location": "EUROPE-WEST4",
        "storageClass": "STANDARD",
        "forceDestroy": False,
        "labels": {
            "managed-by": "cmbcluster-storage",
            "platform": "cmbcluster",
            "user": "bob-de6f66ce",
        },
        "publicAccessPrevention": "enforced",
        "uniformBucketLevelAccess": True,
        "versioning": {"enabled": False},
        "softDeletePolicy": {"retentionDurationSeconds": 14 * 86_400},
        "lifecycleRules": [
            {
                "action": {"type": "Delete"},
                # Six newer ones: the live version and the five that are kept.
                "condition": {
                    "withState": "ARCHIVED",
                    "daysSinceNoncurrentTime": 60,
                    "numNewerVersions": 6,
                },
            },
            {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 1}},
        ],
    }


@pytest.mark.parametrize(
    ("location", "asked"), [("eu", "EU"), ("EU", "EU"), ("us-central1", "US-CENTRAL1")]
)
def test_a_location_is_asked_for_as_google_cloud_answers_it(location: str, asked: str):
    # Else every run would see a difference, and a new location replaces the bucket.
    made = resources_of(GCP.config("bob", cloud={**GCP.cloud, "location": location}))
    [bucket] = of_type(made, GCP.bucket).values()
    assert bucket["inputs"]["location"] == asked


@pytest.mark.parametrize(
    ("chosen", "member"),
    [
        (
            GCP,
            "principal://iam.googleapis.com/projects/123456789012/locations/global/"
            "workloadIdentityPools/cmbcluster-research.svc.id.goog/subject/ns/hub/"
            "sa/fornax-pulsar-de6f66ce",
        ),
        (
            GCP_SERVICE_ACCOUNT,
            "serviceAccount:fornax-pulsar-de6f66ce@cmbcluster-research.iam.gserviceaccount.com",
        ),
    ],
    ids=["workloadIdentity", "serviceAccount"],
)
def test_one_member_and_nobody_else_may_use_a_bucket_on_google_cloud(chosen: Variant, member: str):
    [policy] = of_type(resources_of(chosen.config("bob")), *chosen.guards).values()
    assert json.loads(policy["inputs"]["policyData"]) == {
        "bindings": [{"role": "roles/storage.objectUser", "members": [member]}]
    }


PARTITIONS = [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("eu-west-1", "aws")]


@pytest.mark.parametrize(("region", "partition"), PARTITIONS)
@pytest.mark.parametrize(
    ("chosen", "cluster"),
    [
        (AWS, "arn:{}:iam::123456789012:oidc-provider/"),
        (AWS_POD_IDENTITY, "arn:{}:eks:{}:123456789012:cluster/research"),
    ],
    ids=["irsa", "podIdentity"],
)
def test_every_arn_is_of_the_regions_partition(
    chosen: Variant, cluster: str, region: str, partition: str
):
    key = f"arn:{partition}:kms:{region}:123456789012:key/1234abcd"
    made = resources_of(
        chosen.config(
            "bob", cloud={**chosen.cloud, "region": region}, buckets={"encryptionKey": key}
        )
    )
    identity = of_type(made, "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy")
    # The role's own ARN, in annotation and association, is its answer, so not of our making.
    written = json.dumps(of_type(made, *chosen.guards) | identity)
    assert f"arn:{partition}:s3:::" in written
    assert cluster.format(partition, region) in written
    assert written.count("arn:") == written.count(f"arn:{partition}:")


def test_a_class_and_a_key_are_the_buckets_own_on_google_cloud():
    key = KEYS["gcp"]
    [plain] = of_type(resources_of(GCP.config("bob")), GCP.bucket).values()
    [chosen] = of_type(
        resources_of(
            GCP.config(
                "bob", buckets={**GCP.buckets, "storageClass": "ARCHIVE", "encryptionKey": key}
            )
        ),
        GCP.bucket,
    ).values()
    assert chosen["inputs"] == plain["inputs"] | {
        "storageClass": "ARCHIVE",
        "encryption": {"defaultKmsKeyName": key},
    }


def test_a_class_and_a_key_are_said_by_who_writes_on_aws():
    key = KEYS["aws"]
    plain = resources_of(AWS.config("bob"))
    chosen = resources_of(
        AWS.config("bob", buckets={**AWS.buckets, "storageClass": "NEARLINE", "encryptionKey": key})
    )
    differ = {
        made["name"].removeprefix(f"{AWS.slug('bob')}-")
        for urn, made in chosen.items()
        if made != plain[urn]
    }
    assert plain.keys() == chosen.keys()
    assert differ == {"encryption", "access", "volume"}
    [volume] = of_type(chosen, "kubernetes:core/v1:PersistentVolume").values()
    [plain_volume] = of_type(plain, "kubernetes:core/v1:PersistentVolume").values()
    assert volume["inputs"]["spec"]["mountOptions"] == [
        *plain_volume["inputs"]["spec"]["mountOptions"],
        "storage-class STANDARD_IA",
        "sse aws:kms",
        f"sse-kms-key-id {key}",
    ]


def test_access_is_logged_where_the_operator_says_each_bucket_under_its_name():
    logged = {"accessLogsTo": "cmbcluster-access-logs"}
    on_aws = resources_of(AWS.config("bob", buckets=logged))
    on_gcp = resources_of(GCP.config("bob", buckets=logged))
    [logging] = of_type(on_aws, "aws:s3/bucketLogging:BucketLogging").values()
    [bucket] = of_type(on_gcp, GCP.bucket).values()
    assert logging["inputs"] == {
        "bucket": "ara-planet-8c71157f-123456789012-us-east-1-an",
        "targetBucket": "cmbcluster-access-logs",
        "targetPrefix": "ara-planet-8c71157f-123456789012-us-east-1-an/",
    }
    assert bucket["inputs"]["logging"] == {
        "logBucket": "cmbcluster-access-logs",
        "logObjectPrefix": "fornax-pulsar-de6f66ce",
    }


def test_in_the_global_namespace_a_bucket_is_called_as_the_user_is():
    chosen = replace(AWS, cloud={**AWS.cloud, "bucketNamespace": "global"})
    recorder, outputs = run(chosen.config("bob"))
    [bucket] = of_type(recorder.resources_by_urn, AWS.bucket).values()
    assert outputs["users"]["bob"]["bucketName"] == "ara-planet-8c71157f"
    assert {key: bucket["object"][key] for key in ("bucket", "bucketNamespace")} == {
        "bucket": "ara-planet-8c71157f",
        "bucketNamespace": "global",
    }


def test_pod_identity_is_one_role_and_one_association_of_one_service_account():
    made = resources_of(AWS_POD_IDENTITY.config("bob"))
    [association] = of_type(made, AWS_POD_IDENTITY.identity[-1]).values()
    [account] = of_type(made, "kubernetes:core/v1:ServiceAccount").values()
    assert association["inputs"] == {
        "clusterName": "research",
        "namespace": "hub",
        "serviceAccount": "ara-planet-8c71157f",
        "roleArn": "arn:aws:iam::123456789012:role/ara-planet-8c71157f",
        "tags": {
            "cost-centre": "physics",
            "managed-by": "cmbcluster-storage",
            "platform": "cmbcluster",
            "user": "bob-8c71157f",
        },
    }
    # An annotation would mean IRSA, which this cluster may not have.
    assert account["inputs"]["metadata"]["annotations"] == {}
