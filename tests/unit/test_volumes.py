import dataclasses
from typing import Any

import pytest
from cmbcluster_storage import rules, volumes

NAME = "ara-planet-8c71157f"
BUCKET = f"{NAME}-123456789012-us-east-1-an"


def s3_volume(**chosen: Any) -> volumes.CsiVolume:
    return volumes.s3_volume(
        BUCKET, f"hub-{NAME}", "123456789012", "us-east-1", rules.BucketRules(**chosen)
    )


def test_an_s3_volume_is_mounted_as_the_pod_by_the_notebooks_user():
    assert dataclasses.asdict(s3_volume()) == {
        "driver": "s3.csi.aws.com",
        "volume_handle": "hub-ara-planet-8c71157f",
        "volume_attributes": {
            "bucketName": "ara-planet-8c71157f-123456789012-us-east-1-an",
            "authenticationSource": "pod",
            "stsRegion": "us-east-1",
        },
        "mount_options": (
            "allow-delete",
            "allow-overwrite",
            "allow-other",
            "uid=1000",
            "gid=1000",
            "region us-east-1",
            "expected-bucket-owner 123456789012",
        ),
    }


KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("chosen", "options"),
    [
        ({"storage_class": "NEARLINE"}, ("storage-class STANDARD_IA",)),
        ({"storage_class": "COLDLINE"}, ("storage-class GLACIER_IR",)),
        ({"encryption_key": KEY}, ("sse aws:kms", f"sse-kms-key-id {KEY}")),
        (
            {"storage_class": "NEARLINE", "encryption_key": KEY},
            ("storage-class STANDARD_IA", "sse aws:kms", f"sse-kms-key-id {KEY}"),
        ),
        ({"scratch_days": 1, "access_logs_to": "logs", "versioning": False}, ()),
    ],
    ids=["nearline", "coldline", "key", "both", "what no mount is told"],
)
def test_whoever_writes_by_the_mount_says_class_and_key(
    chosen: dict[str, Any], options: tuple[str, ...]
):
    plain = s3_volume()
    assert s3_volume(**chosen) == dataclasses.replace(
        plain, mount_options=(*plain.mount_options, *options)
    )


def test_a_gcs_volume_is_mounted_by_the_notebooks_user():
    volume = volumes.gcs_volume(NAME, f"hub-{NAME}")
    assert dataclasses.asdict(volume) == {
        "driver": "gcsfuse.csi.storage.gke.io",
        "volume_handle": "ara-planet-8c71157f:hub-ara-planet-8c71157f",
        "volume_attributes": {},
        "mount_options": (
            "implicit-dirs",
            "uid=1000",
            "gid=1000",
            "file-mode=664",
            "dir-mode=775",
        ),
    }


def test_one_bucket_in_two_namespaces_has_two_handles_on_google_cloud():
    handles = {volumes.gcs_volume(NAME, f"{hub}-{NAME}").volume_handle for hub in ("a", "b")}
    assert len(handles) == 2
    assert {handle.partition(":")[0] for handle in handles} == {NAME}


def test_kubernetes_objects_say_whose_they_are():
    assert volumes.object_labels("hub", "bob-8c71157f") == {
        "app.kubernetes.io/instance": "bob-8c71157f",
        "app.kubernetes.io/managed-by": "cmbcluster-storage",
        "app.kubernetes.io/part-of": "hub",
    }


@pytest.mark.parametrize(
    ("bucket", "claim"),
    [
        (BUCKET, NAME),
        (NAME, NAME),
        ("an-older-bucket", "an-older-bucket"),
        ("an.older_bucket", "an-older-bucket"),
    ],
)
def test_a_pod_mounts_the_claim_that_the_bucket_is_called_after(bucket: str, claim: str):
    assert {
        "volume": volumes.pod_volume("aws", bucket),
        "mount": volumes.volume_mount(bucket, "/workspace"),
    } == {
        "volume": {"name": claim, "persistentVolumeClaim": {"claimName": claim}},
        "mount": {"name": claim, "mountPath": "/workspace"},
    }


@pytest.mark.parametrize(
    ("bucket", "name"),
    [
        (NAME, NAME),
        ("an-older-bucket", "an-older-bucket"),
        ("an.older_bucket", "an-older-bucket"),  # a volume's name is a DNS label
    ],
)
def test_a_pod_on_google_cloud_mounts_the_bucket_itself(bucket: str, name: str):
    assert {
        "volume": volumes.pod_volume("gcp", bucket),
        "mount": volumes.volume_mount(bucket, "/workspace"),
    } == {
        "volume": {
            "name": name,
            "csi": {
                "driver": "gcsfuse.csi.storage.gke.io",
                "volumeAttributes": {
                    "bucketName": bucket,
                    "mountOptions": "implicit-dirs,uid=1000,gid=1000,file-mode=664,dir-mode=775",
                },
            },
        },
        "mount": {"name": name, "mountPath": "/workspace"},
    }


def test_only_google_s_driver_asks_for_an_annotation_of_the_pod():
    assert volumes.pod_annotations("gcp") == {"gke-gcsfuse/volumes": "true"}
    assert volumes.pod_annotations("aws") == {}
