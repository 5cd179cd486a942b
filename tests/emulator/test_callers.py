"""What existing callers do, with only environment variables changed between the clouds."""

import kubernetes_validate
import pytest
from cmbcluster_storage import StorageManager
from pydantic import BaseModel

USER = "hub-user@example.org"
ENVIRONMENTS = {
    "s3": {
        "CLOUD_PROVIDER": "aws",
        "AWS_ACCOUNT_ID": "123456789012",
        "AWS_REGION": "us-east-1",
        "EKS_CLUSTER_NAME": "research",
        "ECR_REGISTRY_URL": "123456789012.dkr.ecr.us-east-1.amazonaws.com",
        "S3_DATABASE_BUCKET": "cmbcluster-database",
        "COGNITO_USER_POOL_ID": "us-east-1_EXAMPLE",
    },
    "gs": {"CLOUD_PROVIDER": "gcp", "PROJECT_ID": "cosmology", "REGION": "europe-west3"},
}


class Answer(BaseModel):
    """How the hub's API hands a record on."""

    bucket: dict[str, object]
    files: list[dict[str, object]]


@pytest.mark.parametrize("cloud", ["aws", "gcp"], indirect=True)
async def test_the_way_of_a_hub(cloud, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name, value in ENVIRONMENTS[cloud.scheme].items():
        monkeypatch.setenv(name, value)
    storage = StorageManager()
    bucket = await storage.create_user_bucket(USER)
    name = bucket["bucket_name"]
    written = await storage.upload_object(name, "notes.txt", b"text", "text/plain")
    answer = Answer(bucket=bucket, files=await storage.list_objects(name))

    assert answer.files[0]["size"] == 4
    assert written["generation"]
    assert answer.bucket["created"]
    assert await storage.download_object(name, "notes.txt") == b"text"
    assert (await storage.get_object_info(name, "notes.txt"))["url"].endswith("/notes.txt")
    assert [one["name"] for one in await storage.list_user_buckets(USER)] == [name]
    assert (await storage.get_bucket_metadata(name))["bucket_name"] == name
    assert storage.get_friendly_display_name(name)
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "server", "annotations": storage.pod_annotations()},
        "spec": {
            "containers": [
                {
                    "name": "notebook",
                    "image": "notebook",
                    "volumeMounts": [storage.get_fuse_volume_mount(name, "/workspace")],
                }
            ],
            "volumes": [storage.get_fuse_volume_spec(name)],
        },
    }
    for manifest in (pod, *await storage.volume_manifests(name, "hub")):
        kubernetes_validate.validate(manifest, "1.34", strict=True)
    await storage.delete_object(name, "notes.txt")
    await storage.delete_user_bucket(name, force=True)
    assert await storage.list_user_buckets(USER) == []
    await storage.aclose()
