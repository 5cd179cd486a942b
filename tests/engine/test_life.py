"""One stack's life: made, left alone, disturbed, repaired, and nobody's data lost."""

import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from botocore.exceptions import ClientError
from harness import Stack

from sandbox.workspace import CHECKOUT

SETTINGS = (
    "get_bucket_encryption",
    "get_bucket_lifecycle_configuration",
    "get_bucket_ownership_controls",
    "get_bucket_policy",
    "get_bucket_tagging",
    "get_bucket_versioning",
    "get_public_access_block",
)


def bucket_of(stack: Stack, user: str) -> str:
    return stack.outputs()["users"][user]["bucketName"]


def settings_of(stack: Stack, bucket: str) -> dict[str, Any]:
    s3 = stack.client("s3")
    found: dict[str, Any] = {}
    for name in SETTINGS:
        try:
            found[name] = getattr(s3, name)(Bucket=bucket)
        except ClientError as error:
            found[name] = {"none": error.response["Error"]["Code"]}
        found[name].pop("ResponseMetadata", None)
    return found


def drop(user: str) -> Any:
    def change(settings: dict[str, Any]) -> None:
        users = settings["config"]["cmbcluster-storage:users"]
        users[:] = [entry for entry in users if entry not in (user, {"id": user})]

    return change


def test_a_second_preview_and_up_change_nothing_and_rewrite_no_committed_file(stack: Stack):
    committed = {path: path.read_bytes() for path in CHECKOUT.glob("Pulumi*.yaml")}

    stack.pulumi("preview", "--expect-no-changes")

    assert stack.steps("up", "--expect-no-changes") == {}
    assert {path: path.read_bytes() for path in CHECKOUT.glob("Pulumi*.yaml")} == committed


def test_refresh_after_up_finds_no_drift(stack: Stack):
    stack.pulumi("refresh", "--preview-only", "--expect-no-changes")


def test_a_bucket_is_as_the_stack_file_says(stack: Stack):
    bucket = bucket_of(stack, "bob")

    settings = settings_of(stack, bucket)

    policy = json.loads(settings["get_bucket_policy"].pop("Policy"))
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert settings == {
        "get_bucket_encryption": {
            "ServerSideEncryptionConfiguration": {
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            }
        },
        "get_bucket_lifecycle_configuration": {
            "TransitionDefaultMinimumObjectSize": "all_storage_classes_128K",
            "Rules": [
                {
                    "ID": "expire-noncurrent-versions",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "NoncurrentVersionExpiration": {
                        "NoncurrentDays": 30,
                        "NewerNoncurrentVersions": 30,
                    },
                },
                {
                    "ID": "abort-unfinished-uploads",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                },
            ],
        },
        "get_bucket_ownership_controls": {
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        },
        "get_bucket_policy": {},
        "get_bucket_tagging": {
            "TagSet": [
                {"Key": "cost-centre", "Value": "research"},
                {"Key": "managed-by", "Value": "cmbcluster-storage"},
                {"Key": "platform", "Value": "cmbcluster"},
                {"Key": "user", "Value": "bob-8c71157f"},
            ]
        },
        "get_bucket_versioning": {"Status": "Enabled"},
        "get_public_access_block": {
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            }
        },
    }


def test_every_manifest_passes_the_strict_schema_of_kubernetes(stack: Stack):
    manifests = [
        yaml.safe_load(path.read_text("utf-8")) for path in stack.workspace.clusters.rglob("*.yaml")
    ]

    assert len(manifests) == 6
    for manifest in manifests:
        kubernetes_validate.validate(manifest, "1.35", strict=True)
    broken = manifests[0] | {"spek": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.35", strict=True)


def test_drift_is_found_by_refresh_and_repaired_by_up(stack: Stack):
    bucket = bucket_of(stack, "bob")
    before = settings_of(stack, bucket)
    service_account = disturb_everything(stack, bucket)

    stack.failing("refresh", "--preview-only", "--expect-no-changes")
    found = stack.steps("refresh")
    repaired = stack.steps("up")

    slug = "bob-8c71157f"
    assert found == {
        f"{slug}-bucket": "update",
        f"{slug}-public-access-block": "update",
        f"{slug}-ownership": "update",
        f"{slug}-encryption": "update",
        f"{slug}-versioning": "update",
        f"{slug}-lifecycle": "update",
        f"{slug}-policy": "delete",
        f"{slug}-role": "update",
        f"{slug}-access": "update",
        f"{slug}-service-account": "update",
        f"{slug}-claim": "delete",
    }
    assert repaired == {
        name: "create" if step == "delete" else step for name, step in found.items()
    }
    assert settings_of(stack, bucket) == before
    assert yaml.safe_load(service_account.read_text("utf-8"))["metadata"]["annotations"]
    stack.pulumi("refresh", "--preview-only", "--expect-no-changes")


def disturb_everything(stack: Stack, bucket: str) -> Path:
    """Change every part of a user's storage behind the stack's back."""
    s3, iam = stack.client("s3"), stack.client("iam")
    role = stack.outputs()["users"]["bob"]["serviceAccountName"]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "user", "Value": "eve"}]})
    s3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    )
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        },
    )
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={
            "Rules": [
                {"ID": "x", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}},
            ]
        },
    )
    s3.delete_bucket_policy(Bucket=bucket)
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*"}]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(everything))
    iam.put_role_policy(RoleName=role, PolicyName="storage", PolicyDocument=json.dumps(everything))
    cluster = stack.workspace.clusters / "cmbcluster-aws" / "cmbcluster"
    path = cluster / f"serviceaccount-{role}.yaml"
    manifest = yaml.safe_load(path.read_text("utf-8"))
    del manifest["metadata"]["annotations"]
    path.write_text(yaml.safe_dump(manifest), "utf-8")
    (cluster / f"persistentvolumeclaim-{role}.yaml").unlink()
    return path


def test_a_bucket_that_vanished_is_found_and_made_again(stack: Stack):
    bucket = bucket_of(stack, "bob")
    before = settings_of(stack, bucket)
    stack.client("s3").delete_bucket(Bucket=bucket)

    found = stack.steps("refresh")
    repaired = stack.steps("up")

    assert set(found.values()) == {"delete"}
    assert repaired == dict.fromkeys(found, "create")
    assert settings_of(stack, bucket) == before


def test_dropping_a_line_fails_in_preview_and_changes_nothing(stack: Stack):
    bucket = bucket_of(stack, "bob")
    before = settings_of(stack, bucket)
    stack.edit(drop("bob"))

    told = stack.failing("preview")
    stack.failing("up")

    # The engine deletes leaves first, and stops at the first that it may not.
    assert "bob-8c71157f-policy" in told
    assert "cannot be deleted" in told
    assert settings_of(stack, bucket) == before


def test_dropping_a_line_without_preview_leaves_data_and_every_guard(stack: Stack):
    bucket = bucket_of(stack, "bob")
    s3 = stack.client("s3")
    for body in (b"first", b"second"):
        s3.put_object(Bucket=bucket, Key="thesis.tex", Body=body)
    before = settings_of(stack, bucket)
    stack.edit(drop("bob"))

    stack.failing("up", "--skip-preview")

    assert settings_of(stack, bucket) == before
    assert bodies_of(s3, bucket) == [b"second", b"first"]

    stack.restore()
    stack.pulumi("up", "--skip-preview")
    stack.pulumi("refresh", "--preview-only", "--expect-no-changes")
    assert settings_of(stack, bucket) == before
    assert bodies_of(s3, bucket) == [b"second", b"first"]


def test_destroy_refuses_the_protected_bucket(stack: Stack):
    bucket = bucket_of(stack, "ann@example.org")
    before = settings_of(stack, bucket)

    told = stack.failing("destroy", "--skip-preview")

    assert "because it is protected" in told
    assert settings_of(stack, bucket) == before


def bodies_of(s3: Any, bucket: str) -> list[bytes]:
    return [
        s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])[
            "Body"
        ].read()
        for version in s3.list_object_versions(Bucket=bucket)["Versions"]
    ]


def test_adding_a_user_touches_nobody_else(stack: Stack):
    stack.edit(lambda settings: settings["config"]["cmbcluster-storage:users"].insert(0, "eve"))

    steps = stack.steps("up")

    assert len(steps) == 13  # 14 resources: the two components share a name
    assert set(steps.values()) == {"create"}
    assert all(name.startswith("eve-") for name in steps)


def test_another_retention_is_an_update_in_place(stack: Stack):
    def change(settings: dict[str, Any]) -> None:
        settings["config"]["cmbcluster-storage:buckets"]["noncurrentDays"] = 90

    stack.edit(change)

    assert stack.steps("up") == {
        "ann-example-org-219ed38f-lifecycle": "update",
        "bob-8c71157f-lifecycle": "update",
    }


def test_another_cluster_gets_new_volumes_and_the_same_buckets(stack: Stack):
    def change(settings: dict[str, Any]) -> None:
        settings["config"]["cmbcluster-storage:kubernetes"]["context"] = "another-cluster"

    stack.edit(change)

    steps = stack.steps("up")

    changed = {name.rpartition("-")[2] for name in steps}
    assert changed == {"kubernetes", "account", "volume", "claim"}
    assert len(list((stack.workspace.clusters / "another-cluster").rglob("*.yaml"))) == 6


def test_manifests_can_be_rendered_for_something_else_to_apply(stack: Stack):
    def change(settings: dict[str, Any]) -> None:
        kubernetes = settings["config"]["cmbcluster-storage:kubernetes"]
        del kubernetes["context"]
        kubernetes["renderTo"] = "manifests"

    stack.edit(change)
    stack.pulumi("up", "--skip-preview")
    stack.pulumi("preview", "--expect-no-changes")

    name = stack.outputs()["users"]["bob"]["claimName"]
    folder = stack.workspace.project / "manifests" / "1-manifest"
    assert {path.name for path in folder.iterdir() if name in path.name} == {
        f"v1-serviceaccount-cmbcluster-{name}.yaml",
        f"v1-persistentvolume-default-cmbcluster-{name}.yaml",
        f"v1-persistentvolumeclaim-cmbcluster-{name}.yaml",
    }
    assert list(stack.workspace.clusters.rglob("*.yaml")) == []
