"""Volumes: CSI drivers, mount options, the volume and claim of a bucket, the pod's side.

Pure, standard library only. `infra.volumes` registers what `manifests` returns, a hub
applies it for a bucket that it made; pods mount with `pod_volume` and `volume_mount`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cmbcluster_storage import names, rules

# The notebook images' user: without it only root may use a mount.
_MOUNT_UID = _MOUNT_GID = 1000

_GCS_DRIVER = "gcsfuse.csi.storage.gke.io"
_GCS_MOUNT_OPTIONS = (
    "implicit-dirs",
    f"uid={_MOUNT_UID}",
    f"gid={_MOUNT_GID}",
    "file-mode=664",
    "dir-mode=775",
)


# Required by the API, ignored by the drivers: a bucket has no size.
_CAPACITY = "1Pi"


@dataclass(frozen=True)
class CsiVolume:
    """What a PersistentVolume of one bucket says to the CSI driver.

    Attributes:
        driver: name of the CSI driver.
        volume_handle: unique in the cluster.
        volume_attributes: for the driver; never holds a credential.
        mount_options: for the file system, one option an entry.
    """

    driver: str
    volume_handle: str
    volume_attributes: dict[str, str]
    mount_options: tuple[str, ...]


def s3_volume(
    bucket_name: str,
    volume_handle: str,
    account_id: str,
    region: str,
    bucket_rules: rules.BucketRules,
) -> CsiVolume:
    """Return the volume of one S3 bucket, mounted with the pod's own identity.

    The driver's default identity is its own and serves every volume: no isolation. S3's
    buckets have no storage class: whoever writes says it, so the mount does.

    Source: https://github.com/awslabs/mountpoint-s3-csi-driver/blob/main/docs/CONFIGURATION.md
    """
    storage_class = rules.S3_STORAGE_CLASSES[bucket_rules.storage_class]
    options: list[str] = []
    if storage_class != "STANDARD":
        options.append(f"storage-class {storage_class}")
    if key := bucket_rules.encryption_key:
        options += ["sse aws:kms", f"sse-kms-key-id {key}"]
    return CsiVolume(
        driver="s3.csi.aws.com",
        volume_handle=volume_handle,
        volume_attributes={
            "bucketName": bucket_name,
            "authenticationSource": "pod",
            "stsRegion": region,
        },
        mount_options=(
            "allow-delete",
            "allow-overwrite",
            "allow-other",
            f"uid={_MOUNT_UID}",
            f"gid={_MOUNT_GID}",
            f"region {region}",
            f"expected-bucket-owner {account_id}",
            *options,
        ),
    )


def gcs_volume(bucket_name: str, volume_handle: str) -> CsiVolume:
    """Return the volume of one Cloud Storage bucket, mounted with the pod's own identity.

    The driver reads the bucket's name off the handle, up to its colon.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/cloud-storage-fuse-csi-driver-pv
    """
    return CsiVolume(
        driver=_GCS_DRIVER,
        volume_handle=f"{bucket_name}:{volume_handle}",
        volume_attributes={},
        mount_options=_GCS_MOUNT_OPTIONS,
    )


def object_labels(platform: str, name: str) -> dict[str, str]:
    """Return the labels of one user's Kubernetes objects.

    Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
    """
    return {
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/managed-by": "cmbcluster-storage",
        "app.kubernetes.io/part-of": platform,
    }


def manifests(
    volume: CsiVolume,
    *,
    name: str,
    claim_name: str,
    namespace: str,
    labels: Mapping[str, str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a PersistentVolume and its claim, which are reserved for each other.

    Args:
        volume: the bucket as its CSI driver mounts it.
        name: the PersistentVolume's, unique in the cluster; see `names.volume_name`.
        claim_name: what a pod mounts.
        namespace: of the claim and its pods.
        labels: of both.

    Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reserving-a-persistentvolume
    """
    access_modes = ["ReadWriteMany"]
    # Empty, not absent: the default class would make a disk instead.
    storage_class_name = ""
    persistent_volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "accessModes": access_modes,
            "capacity": {"storage": _CAPACITY},
            # Without it a claim of another namespace could take the bucket.
            "claimRef": {"namespace": namespace, "name": claim_name},
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": storage_class_name,
            "mountOptions": list(volume.mount_options),
            "csi": {
                "driver": volume.driver,
                "volumeHandle": volume.volume_handle,
                "volumeAttributes": dict(volume.volume_attributes),
            },
        },
    }
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": claim_name, "namespace": namespace, "labels": dict(labels)},
        "spec": {
            "accessModes": access_modes,
            "resources": {"requests": {"storage": _CAPACITY}},
            "storageClassName": storage_class_name,
            "volumeName": name,
        },
    }
    return persistent_volume, claim


def pod_volume(provider: Literal["gcp", "aws"], bucket_name: str) -> dict[str, Any]:
    """Return the entry of a pod's `spec.volumes` that mounts a user's bucket.

    On Google Cloud inline, so that a bucket without a claim can be mounted too. The S3
    driver rejects inline volumes, so there the pod names the user's claim, whose name
    follows from the bucket's.
    """
    name = names.name_of_bucket(bucket_name)
    if provider == "aws":
        return {"name": name, "persistentVolumeClaim": {"claimName": name}}
    return {
        "name": name,
        "csi": {
            "driver": _GCS_DRIVER,
            "volumeAttributes": {
                "bucketName": bucket_name,
                "mountOptions": ",".join(_GCS_MOUNT_OPTIONS),
            },
        },
    }


def pod_annotations(provider: Literal["gcp", "aws"]) -> dict[str, str]:
    """Return the annotations without which a pod's `pod_volume` is not mounted.

    On the pod itself: Google's driver looks for it there to add its sidecar.
    """
    return {"gke-gcsfuse/volumes": "true"} if provider == "gcp" else {}


def volume_mount(bucket_name: str, mount_path: str) -> dict[str, Any]:
    """Return the entry of a container's `volumeMounts` that belongs to `pod_volume`."""
    return {"name": names.name_of_bucket(bucket_name), "mountPath": mount_path}
