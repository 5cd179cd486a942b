"""A bucket that the runtime makes is the one that the stack makes: both are made, and read back.

The stack's is made by the program and the sandbox's provider, with no engine between them, and
deleted; the runtime's has the same name. So all that may differ is when they were made.
"""

import asyncio
import json
import uuid

import pytest
from aws_program import LOGS, client_of, configured, plugin_with, variables
from botocore import xform_name
from botocore.exceptions import ClientError
from cmbcluster_storage import Settings, StorageManager
from gcp_hand import PROJECT
from program import VARIANTS, Cloud, run

pytest_plugins = ("gcp_fixtures",)

STORAGE = ("aws:s3/", "gcp:storage/", "gcp:serviceaccount/")
WHEN = {
    *("timeCreated", "updated", "lockedTime", "effectiveTime"),
    *("etag", "generation", "metageneration"),
}


class Making(Cloud):
    """Answers as a cloud, and makes what of it is storage."""

    def __init__(self, plugin):
        super().__init__()
        self._plugin = plugin

    def new_resource(self, args):
        if not args.typ.startswith(STORAGE):
            return super().new_resource(args)
        assert self._plugin.check(args.typ, args.inputs) == {}
        self.inputs_by_type[args.typ] = args.inputs
        return self._plugin.create(args.typ, args.inputs)


def made_by_the_stack(plugin, variant, user):
    """Return the stack's outputs and what it asked for, by type."""
    cloud = Making(plugin)
    _, outputs = run(variant.config(user), cloud)
    return json.loads(json.dumps(outputs)), cloud.inputs_by_type


def made_by_the_runtime(outputs, user, folder, member=None):
    """Make a user's bucket in a hub that knows the stack's platform, and nothing of the user."""
    path = folder / "outputs.json"
    path.write_text(json.dumps({**outputs, "users": {}}))
    platform = outputs["platform"]
    settings = Settings(
        CLOUD_PROVIDER=platform["provider"],
        CMBCLUSTER_STORAGE_PLATFORM=path,
        AWS_REGION=platform.get("region"),
    )

    async def made():
        async with StorageManager(settings) as storage:
            name = (await storage.create_user_bucket(user)).name
            if member:
                await storage.ensure_bucket_permissions(name, member)
            return name

    return asyncio.run(made())


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(one) for key, one in value.items() if key not in WHEN}
    return [without_times(one) for one in value] if isinstance(value, list) else value


@pytest.fixture
def user():
    return f"ann-{uuid.uuid4().hex[:8]}@example.org"


@pytest.fixture
def s3(aws_endpoint):
    with variables(aws_endpoint):
        client = client_of("s3", aws_endpoint)
        client.create_bucket(Bucket=LOGS)
        yield client
        client.close()


def of_s3(client, bucket):
    """Return all that S3 tells of a bucket: whatever it can be asked by the name alone."""
    model = client.meta.service_model
    told = {}
    for operation in model.operation_names:
        asked = model.operation_model(operation).input_shape
        if operation.startswith(("Get", "HeadBucket")) and asked.required_members == ["Bucket"]:
            try:
                answer = getattr(client, xform_name(operation))(Bucket=bucket)
            except ClientError as error:
                answer = error.response["Error"]["Code"]
            else:
                del answer["ResponseMetadata"]
                answer.get("TagSet", []).sort(key=str)  # S3's tags have no order
            told[operation] = answer
    return told


@pytest.mark.parametrize("name", ["aws", "aws_everything"])
def test_on_s3(name, s3, aws_endpoint, user, tmp_path):
    with plugin_with(configured(aws_endpoint)) as plugin:
        outputs, _ = made_by_the_stack(plugin, VARIANTS[name], user)
    bucket = outputs["users"][user]["bucketName"]
    stack_s = of_s3(s3, bucket)
    s3.delete_bucket(Bucket=bucket)

    assert made_by_the_runtime(outputs, user, tmp_path) == bucket
    assert of_s3(s3, bucket) == stack_s
    said = {operation for operation, answer in stack_s.items() if isinstance(answer, dict)}
    assert said >= {
        "GetBucketEncryption",
        "GetBucketLifecycleConfiguration",
        "GetBucketLogging",
        "GetBucketOwnershipControls",
        "GetBucketPolicy",
        "GetBucketTagging",
        "GetBucketVersioning",
        "GetPublicAccessBlock",
    }
    assert bool(stack_s["GetBucketLogging"]) is (name == "aws_everything")


@pytest.fixture
def gcs_project(gcs_endpoint, monkeypatch, api):
    """The stack's project, for the runtime, with a bucket for logs."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_endpoint)
    api("POST", f"/storage/v1/b?project={PROJECT}", {"name": LOGS, "location": "europe-west4"})
    return api


def of_gcs(api, bucket):
    """Return all that Cloud Storage tells of a bucket, and its policy."""
    path = f"/storage/v1/b/{bucket}"
    told = api("GET", f"{path}?projection=full").json()
    policy = api("GET", f"{path}/iam?optionsRequestedPolicyVersion=3").json()
    return without_times({"bucket": told, "policy": policy["bindings"]})


@pytest.mark.parametrize("name", ["gcp", "gcp_everything"])
def test_on_cloud_storage(name, gcs_project, plugin, user, tmp_path):
    outputs, inputs = made_by_the_stack(plugin, VARIANTS[name], user)
    bucket = outputs["users"][user]["bucketName"]
    stack_s = of_gcs(gcs_project, bucket)
    gcs_project("DELETE", f"/storage/v1/b/{bucket}")
    (binding,) = json.loads(inputs["gcp:storage/bucketIAMPolicy:BucketIAMPolicy"]["policyData"])[
        "bindings"
    ]

    # Who may use it is the stack's own; a hub says it by itself.
    (member,) = binding["members"]
    assert made_by_the_runtime(outputs, user, tmp_path, member) == bucket
    assert of_gcs(gcs_project, bucket) == stack_s
    assert stack_s["policy"] == [{"role": "roles/storage.objectUser", "members": [member]}]
    assert stack_s["bucket"].keys() >= {
        *("iamConfiguration", "labels", "lifecycle", "location", "softDeletePolicy"),
        *("storageClass", "versioning"),
    }
    assert ({"encryption", "logging"} <= stack_s["bucket"].keys()) is (name == "gcp_everything")
