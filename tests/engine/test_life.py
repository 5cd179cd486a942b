"""One stack's life: made, left alone, disturbed, repaired, and nobody's data lost."""

import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from harness import Stack

from sandbox.workspace import CHECKOUT


def bucket_of(stack: Stack, user: str) -> str:
    return stack.outputs()["users"][user]["bucketName"]


def test_a_second_preview_and_up_change_nothing_and_rewrite_no_committed_file(stack: Stack):
    committed = {path: path.read_bytes() for path in CHECKOUT.glob("Pulumi*.yaml")}

    stack.pulumi("preview", "--expect-no-changes")

    assert stack.steps("up", "--expect-no-changes") == {}
    assert {path: path.read_bytes() for path in CHECKOUT.glob("Pulumi*.yaml")} == committed


def test_refresh_after_up_finds_no_drift(stack: Stack):
    stack.pulumi("refresh", "--preview-only", "--expect-no-changes")


def test_a_bucket_is_as_the_stack_file_says(stack: Stack):
    settings = stack.hand.settings(bucket_of(stack, "bob"))

    assert settings == EXPECTED[stack.name]


POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "DenyInsecureTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [
                "arn:aws:s3:::ara-planet-8c71157f-123456789012-us-east-1-an",
                "arn:aws:s3:::ara-planet-8c71157f-123456789012-us-east-1-an/*",
            ],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}
EXPECTED: dict[str, dict[str, Any]] = {
    "aws": {
        "get_bucket_encryption": {
            "ServerSideEncryptionConfiguration": {
                "Rules": [
                    {
                        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
                        "BucketKeyEnabled": False,
                    }
                ]
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
        "get_bucket_logging": {},
        "get_bucket_ownership_controls": {
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        },
        "get_bucket_policy": {"Policy": json.dumps(POLICY, sort_keys=True)},
        "get_bucket_tagging": {
            "TagSet": [
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
    },
    "gcp": {
        "kind": "storage#bucket",
        "selfLink": "https://www.googleapis.com/storage/v1/b/fornax-pulsar-de6f66ce",
        "id": "fornax-pulsar-de6f66ce",
        "name": "fornax-pulsar-de6f66ce",
        "projectNumber": "123456789012",
        "location": "EUROPE-WEST4",
        "locationType": "region",
        "storageClass": "STANDARD",
        "softDeletePolicy": {"retentionDurationSeconds": "604800"},
        "labels": {
            "managed-by": "cmbcluster-storage",
            "platform": "cmbcluster",
            "user": "bob-de6f66ce",
        },
        "lifecycle": {
            "rule": [
                {
                    "action": {"type": "Delete"},
                    "condition": {
                        "daysSinceNoncurrentTime": 30,
                        "numNewerVersions": 31,
                        "isLive": False,
                    },
                },
                {
                    "action": {"type": "AbortIncompleteMultipartUpload"},
                    "condition": {"age": 7},
                },
            ]
        },
        "versioning": {"enabled": True},
        "iamConfiguration": {
            "publicAccessPrevention": "enforced",
            "uniformBucketLevelAccess": {"enabled": True},
        },
        # No legacy grant is left: they would let every viewer of the project read.
        "iam": [
            {
                "role": "roles/storage.objectUser",
                "members": [
                    "principal://iam.googleapis.com/projects/123456789012/locations/global/"
                    "workloadIdentityPools/cmbcluster-research.svc.id.goog/subject/ns/cmbcluster/"
                    "sa/fornax-pulsar-de6f66ce"
                ],
            }
        ],
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


def test_drift_is_found_by_refresh_property_by_property_and_repaired_by_up(stack: Stack):
    bucket, slug = bucket_of(stack, "bob"), stack.hand.slug("bob")
    before = stack.hand.settings(bucket)
    name = stack.outputs()["users"]["bob"]["serviceAccountName"]
    stack.hand.disturb(bucket, name)
    disturb_objects(stack, name)

    stack.failing("refresh", "--preview-only", "--expect-no-changes")
    found = stack.drift()
    repaired = stack.steps("up")

    assert found == {
        **{f"{slug}-{what}": changed for what, changed in stack.hand.drift.items()},
        f"{slug}-service-account": {"metadata"},
        f"{slug}-volume": {"spec"},
        f"{slug}-claim": None,
    }
    assert repaired == {
        name: "create" if changed is None else "update" for name, changed in found.items()
    }
    assert stack.hand.settings(bucket) == before
    stack.pulumi("refresh", "--preview-only", "--expect-no-changes")


def disturb_objects(stack: Stack, name: str) -> None:
    """Change labels, annotations and mount options of a user's objects; delete the claim."""
    account = stack.cluster / "cmbcluster" / f"serviceaccount-{name}.yaml"
    manifest = yaml.safe_load(account.read_text("utf-8"))
    manifest["metadata"]["labels"] = {}
    manifest["metadata"]["annotations"] = {"eks.amazonaws.com/role-arn": "another"}
    account.write_text(yaml.safe_dump(manifest), "utf-8")
    volume = stack.cluster / "_cluster" / f"persistentvolume-cmbcluster-{name}.yaml"
    manifest = yaml.safe_load(volume.read_text("utf-8"))
    manifest["spec"]["mountOptions"] = ["read-only"]
    volume.write_text(yaml.safe_dump(manifest), "utf-8")
    (stack.cluster / "cmbcluster" / f"persistentvolumeclaim-{name}.yaml").unlink()


def test_a_bucket_that_vanished_is_found_and_made_again(stack: Stack):
    bucket = bucket_of(stack, "bob")
    before = stack.hand.settings(bucket)
    stack.hand.delete_bucket(bucket)

    found = stack.drift()
    repaired = stack.steps("up")

    assert f"{stack.hand.slug('bob')}-bucket" in found
    assert set(found.values()) == {None}
    assert repaired == dict.fromkeys(found, "create")
    assert stack.hand.settings(bucket) == before


def test_dropping_a_line_is_refused_in_our_words_before_anything_is_touched(stack: Stack):
    """Without preview as well: the engine would delete what is not protected, and stop then."""
    bucket = bucket_of(stack, "bob")
    before, held = stack.hand.settings(bucket), stack.held("bob")
    stack.drop("bob")

    for told in (stack.failing("preview"), stack.failing("up", "--skip-preview")):
        assert (
            "users: 'bob' is active in this stack and has no line any more; put it back. To take "
            "the user out of service, write {id: bob, state: suspended}; to delete the bucket "
            f"{bucket} as well, write state: deleted, run up, then drop the line; to move the "
            "user to another stack file, run python -m infra.move"
        ) in " ".join(told.split())
        assert "unprotect" not in told
        assert "Traceback" not in told
    assert stack.hand.settings(bucket) == before
    assert stack.held("bob") == held
    stack.restore()
    stack.pulumi("preview", "--expect-no-changes")


def test_a_changed_platform_is_refused_as_it_would_rename_everybody(stack: Stack):
    def change(settings: dict[str, Any]) -> None:
        settings["config"]["cmbcluster-storage:platform"] = "another"

    stack.edit(change)

    told = " ".join(stack.failing("preview").split())

    assert (
        f"users: 'bob' has the bucket {bucket_of(stack, 'bob')!r} in this stack, and would get "
        "another, because platform, account, project or region are not what they were; put them "
        "back, and make a new stack for the new ones"
    ) in told


def test_another_location_is_refused_as_it_would_replace_every_bucket(tmp_path: Path):
    def change(settings: dict[str, Any]) -> None:
        settings["config"]["cmbcluster-storage:cloud"]["location"] = "EU"

    stack = Stack(tmp_path, "gcp")
    with stack.run:
        stack.pulumi("up", "--skip-preview")
        stack.edit(change)

        told = " ".join(stack.failing("up", "--skip-preview").split())

        assert (
            "users: 'bob' has the bucket 'fornax-pulsar-de6f66ce' in EUROPE-WEST4, and a bucket "
            "cannot move, here to EU; put it back, and make a new stack for new buckets there"
        ) in told
        assert "unprotect" not in told
        assert stack.hand.settings("fornax-pulsar-de6f66ce") == EXPECTED["gcp"]


def test_destroy_refuses_the_protected_bucket(stack: Stack):
    bucket = bucket_of(stack, "ann@example.org")
    before = stack.hand.settings(bucket)

    told = stack.failing("destroy", "--skip-preview")

    assert "because it is protected" in told
    assert stack.hand.settings(bucket) == before


def test_adding_a_user_touches_nobody_else(stack: Stack):
    stack.edit(lambda settings: settings["config"]["cmbcluster-storage:users"].insert(0, "eve"))

    steps = stack.steps("up")

    assert len(steps) == stack.hand.resources_per_user - 1  # the two components share a name
    assert set(steps.values()) == {"create"}
    assert all(name.startswith("eve-") for name in steps)


def test_another_retention_is_an_update_in_place(stack: Stack):
    def change(settings: dict[str, Any]) -> None:
        settings["config"]["cmbcluster-storage:buckets"]["noncurrentDays"] = 90

    stack.edit(change)

    part = {"aws": "lifecycle", "gcp": "bucket"}[stack.name]
    assert stack.steps("up") == {
        f"{stack.hand.slug(user)}-{part}": "update" for user in ("ann@example.org", "bob")
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


def test_a_google_service_account_can_stand_between_user_and_bucket(tmp_path: Path):
    """Needed for signed URLs; coming and going leaves the bucket alone."""

    def choose(identity: str) -> Any:
        def change(settings: dict[str, Any]) -> None:
            settings["config"]["cmbcluster-storage:cloud"]["identity"] = identity

        return change

    stack = Stack(tmp_path, "gcp")
    with stack.run:
        stack.edit(choose("serviceAccount"))
        stack.pulumi("up", "--skip-preview")
        stack.pulumi("refresh", "--preview-only", "--expect-no-changes")
        stack.pulumi("preview", "--expect-no-changes")

        bucket, name = bucket_of(stack, "bob"), stack.outputs()["users"]["bob"]["claimName"]
        email = f"{name}@cmbcluster-research.iam.gserviceaccount.com"
        path = stack.cluster / "cmbcluster" / f"serviceaccount-{name}.yaml"
        account = yaml.safe_load(path.read_text("utf-8"))
        assert email in stack.hand.identities()
        assert account["metadata"]["annotations"] == {"iam.gke.io/gcp-service-account": email}
        assert stack.hand.settings(bucket)["iam"] == [
            {"role": "roles/storage.objectUser", "members": [f"serviceAccount:{email}"]}
        ]

        stack.hand.write(bucket, "thesis.tex", b"first")
        stack.edit(choose("workloadIdentity"))
        stack.pulumi("up", "--skip-preview")

        assert stack.hand.identities() == []
        assert stack.hand.settings(bucket) == EXPECTED["gcp"]
        assert stack.hand.bodies(bucket, "thesis.tex") == [b"first"]


def test_a_google_service_account_that_was_deleted_gets_its_bucket_back(tmp_path: Path):
    """Google makes of its grants those of `deleted:serviceAccount:…?uid=…`."""

    def change(settings: dict[str, Any]) -> None:
        settings["config"]["cmbcluster-storage:cloud"]["identity"] = "serviceAccount"

    stack = Stack(tmp_path, "gcp")
    with stack.run:
        stack.edit(change)
        stack.pulumi("up", "--skip-preview")
        bucket = bucket_of(stack, "bob")
        granted = stack.hand.members(bucket)
        stack.hand.delete_identity(stack.outputs()["users"]["bob"]["serviceAccountName"])
        assert stack.hand.members(bucket) != granted

        stack.pulumi("refresh", "--skip-preview")
        stack.pulumi("up", "--skip-preview")

        assert stack.hand.members(bucket) == granted
