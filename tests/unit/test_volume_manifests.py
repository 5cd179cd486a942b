"""The volume and claim that the runtime gives for a bucket are those that the stack makes."""

import asyncio
import json

import kubernetes_validate
import pytest
from cmbcluster_storage import ConfigurationError, Settings, StorageManager
from program import VARIANTS, of_type, resources_of, run

USER = "ann@example.org"
MOUNTED = [name for name, variant in VARIANTS.items() if variant.objects]
KINDS = ("PersistentVolume", "PersistentVolumeClaim")


def hub(variant, folder, *, before=False):
    """Return the settings of a hub that knows its stack by the outputs alone, and a bucket.

    Of a user whom the stack has, or `before` it has anybody.
    """
    _, outputs = run(variant.config(USER))
    path = folder / "outputs.json"
    path.write_text(json.dumps({**outputs, "users": {}} if before else outputs))
    region = {"AWS_REGION": "us-east-1"} if variant.provider == "aws" else {}
    settings = Settings(CLOUD_PROVIDER=variant.provider, CMBCLUSTER_STORAGE_PLATFORM=path, **region)
    return settings, outputs["users"][USER]["bucketName"]


def manifests(settings, bucket, namespace):
    """Return what a hub gets; the stack's runs have an event loop of their own."""

    async def asked():
        async with StorageManager(settings) as storage:
            return await storage.volume_manifests(bucket, namespace)

    return asyncio.run(asked())


@pytest.mark.parametrize(
    ("name", "before"),
    [
        *((name, False) for name in MOUNTED),
        # Only the stack knows who has adopted what.
        *((name, True) for name in MOUNTED if "adopt" not in VARIANTS[name].line),
    ],
)
def test_they_are_the_stack_s(name, before, tmp_path):
    variant = VARIANTS[name]
    ours = manifests(*hub(variant, tmp_path, before=before), "hub")
    made = resources_of(variant.config(USER))

    assert list(ours) == [
        one["inputs"]
        for kind in KINDS
        for one in of_type(made, f"kubernetes:core/v1:{kind}").values()
    ]
    for manifest in ours:
        kubernetes_validate.validate(manifest, "1.35", strict=True)


@pytest.mark.parametrize("name", ["aws", "gcp"])
def test_of_a_bucket_under_another_name(name, tmp_path):
    settings, _ = hub(VARIANTS[name], tmp_path)
    volume, claim = manifests(settings, "planck.maps", "lab")

    assert volume["metadata"]["name"] == claim["spec"]["volumeName"] == "lab-planck-maps"
    assert volume["spec"]["claimRef"] == {"namespace": "lab", "name": "planck-maps"}
    assert (claim["metadata"]["name"], claim["metadata"]["namespace"]) == ("planck-maps", "lab")
    if name == "aws":  # where a pod names the claim
        mounted = StorageManager(settings).get_fuse_volume_spec("planck.maps")
        assert mounted["persistentVolumeClaim"] == {"claimName": "planck-maps"}


def test_s3_needs_to_know_who_must_own_the_bucket():
    settings = Settings(CLOUD_PROVIDER="aws", AWS_REGION="us-east-1")
    with pytest.raises(ConfigurationError, match="set AWS_ACCOUNT_ID"):
        manifests(settings, "planck", "lab")
