"""What an operator or a programmer gets wrong is refused by name, with nothing made."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import Stack

from sandbox.workspace import CHECKOUT


def keys_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every key, at every depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from keys_of(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from keys_of(item, (*path, index))


def misspelt(key: str) -> str:
    return key[:-2] + key[-1] + key[-2] if key[-1] != key[-2] else key[:-1]


def test_every_misspelt_key_of_the_stack_file_is_named_and_nothing_is_made(empty_stack: Stack):
    committed = CHECKOUT / f"Pulumi.{empty_stack.name}.yaml"
    paths = list(keys_of(yaml.safe_load(committed.read_text("utf-8"))))
    assert len(paths) == 18

    for path in paths:

        def misspell(settings: dict[str, Any], path: tuple[Any, ...] = path) -> None:
            for part in path[:-1]:
                settings = settings[part]
            settings[misspelt(path[-1])] = settings.pop(path[-1])

        empty_stack.restore()
        empty_stack.edit(misspell)

        told = empty_stack.failing("up", "--skip-preview", "--suppress-progress")

        assert misspelt(path[-1]) in told, path
        assert "Traceback" not in told, path
    assert_nothing_was_made(empty_stack)


def assert_nothing_was_made(stack: Stack) -> None:
    assert stack.hand.buckets() == []
    assert stack.hand.identities() == []
    assert list(stack.workspace.clusters.rglob("*.yaml")) == []


def test_credentials_of_another_account_are_refused(tmp_path: Path):
    stack = Stack(tmp_path, "aws")
    with stack.run:
        stack.run.environment["AWS_ACCESS_KEY_ID"] = "999999999999"

        told = stack.failing("up", "--skip-preview")

        assert "AWS account ID not allowed: 999999999999" in told
        assert stack.hand.buckets() == []


def test_a_bucket_that_somebody_else_has_is_not_taken_over_and_its_line_can_go(tmp_path: Path):
    stack = Stack(tmp_path, "gcp")
    with stack.run:
        stack.hand.make_bucket("fornax-pulsar-de6f66ce")

        told = stack.failing("up", "--skip-preview")
        stack.drop("bob")
        stack.pulumi("up", "--skip-preview")

        assert "Error 409" in told
        assert stack.held("bob") == {}
        stack.pulumi("preview", "--expect-no-changes")


PROGRAMS = {
    "aws": """
import pulumi
import pulumi_aws as aws
OPTS = pulumi.ResourceOptions(provider=aws.Provider("aws", region="us-east-1"))
""",
    "gcp": """
import pulumi
import pulumi_gcp as gcp
OPTS = pulumi.ResourceOptions(provider=gcp.Provider("gcp", project="cmbcluster-research"))
""",
}


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        pytest.param(
            'aws.s3.BucketLifecycleConfiguration("x", bucket="b", rules=[{"id": "r", "status": '
            '"Enabled", "noncurrentVersionExpiration": {"noncurrentDay": 1}}], opts=OPTS)',
            "unknown property 'noncurrentDay'; did you mean 'noncurrentDays'?",
            id="misspelt nested argument",
        ),
        pytest.param(
            'aws.s3.BucketPublicAccessBlock("x", bucket="b", block_public_acls="yes", opts=OPTS)',
            'blockPublicAcls value {yes} has a problem: expected boolean, got "yes"',
            id="wrong type",
        ),
        pytest.param(
            'aws.s3.BucketVersioning("x", bucket="b", '
            'versioning_configuration={"status": "On"}, opts=OPTS)',
            "versioningConfiguration.status value {<nil>} has a problem: "
            "expected one of Enabled, Suspended, Disabled",
            id="wrong value",
        ),
        pytest.param(
            'aws.s3.Bucket("x", bucket="b", acl="public-read", opts=OPTS)',
            "property 'acl' of aws:s3/bucket:Bucket is not emulated by the sandbox",
            id="property that is not emulated",
        ),
        pytest.param(
            'aws.sqs.Queue("x", opts=OPTS)',
            "the sandbox knows no type aws:sqs/queue:Queue",
            id="unknown type",
        ),
        pytest.param(
            'aws.s3.Bucket("x", bucket="b", bucket_namespace="account-regional", opts=OPTS)',
            "b is not an account-regional namespace bucket",
            id="name outside of the namespace",
        ),
        pytest.param(
            'aws.s3.Bucket("x", bucket="there-already", opts=OPTS)',
            "creating S3 Bucket (there-already): BucketAlreadyExists",
            id="bucket that exists",
        ),
        pytest.param(
            'aws.s3.Bucket("x", bucket="b")',
            "Default provider for 'aws' disabled",
            id="default provider",
        ),
        pytest.param(
            'gcp.storage.Bucket("x", name="bbb", project="p", location="EU", lifecycle_rules=[{'
            '"action": {"type": "Delete"}, "condition": {"numNewerVersion": 1}}], opts=OPTS)',
            "unknown property 'numNewerVersion'; did you mean 'numNewerVersions'?",
            id="gcp misspelt nested argument",
        ),
        pytest.param(
            'gcp.storage.Bucket("x", name="bbb", project="p", location="EU", rpo="DEFAULT", '
            "opts=OPTS)",
            "property 'rpo' of gcp:storage/bucket:Bucket is not emulated by the sandbox",
            id="gcp property that is not emulated",
        ),
        pytest.param(
            'gcp.pubsub.Topic("x", opts=OPTS)',
            "the sandbox knows no type gcp:pubsub/topic:Topic",
            id="gcp unknown type",
        ),
        pytest.param(
            'gcp.storage.Bucket("x", name="there-already", project="cmbcluster-research", '
            'location="EU", opts=OPTS)',
            "googleapi: Error 409: Your previous request to create the named bucket succeeded",
            id="gcp bucket that exists",
        ),
        pytest.param(
            'gcp.storage.Bucket("x", name="there-already", project="another", location="EU", '
            "opts=OPTS)",
            "googleapi: Error 409: The requested bucket name is not available",
            id="gcp bucket of another project",
        ),
        pytest.param(
            'gcp.storage.Bucket("x", name="googly", project="p", location="EU", opts=OPTS)',
            "not goog… first, got 'googly'",
            id="gcp bucket name that Google keeps",
        ),
    ],
)
def test_a_wrong_program_is_refused_by_name(tmp_path: Path, resource: str, told: str):
    cloud = resource.partition(".")[0]
    stack = Stack(tmp_path / "stack", cloud)
    program = tmp_path / "program"
    program.mkdir()
    (program / "__main__.py").write_text(PROGRAMS[cloud] + resource, "utf-8")
    project = stack.stack_files / "Pulumi.yaml"
    settings = yaml.safe_load(project.read_text("utf-8"))
    project.write_text(yaml.safe_dump(settings | {"main": str(program)}), "utf-8")

    with stack.run:
        stack.hand.make_bucket("there-already")
        output = stack.failing("up", "--skip-preview")

        assert told in output
        assert stack.hand.buckets() == ["there-already"]


@pytest.fixture
def aws_stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "aws", "aws")
    with stack.run:
        yield stack


def test_a_bucket_that_was_made_but_not_tagged_is_kept_and_finished_by_the_next_up(
    aws_stack: Stack, tmp_path: Path
):
    """The state holds what exists, so that nobody makes it twice or forgets it."""
    environment = aws_stack.run.environment
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'sandbox.aws' in ' '.join(sys.orig_argv):\n"
        "    import botocore.client as c, botocore.exceptions as e\n"
        "    call = c.BaseClient._make_api_call\n"
        "    def fail(self, name, kwargs):\n"
        "        if name == 'PutBucketTagging':\n"
        "            raise e.ClientError({'Error': {'Code': 'SlowDown'}}, name)\n"
        "        return call(self, name, kwargs)\n"
        "    c.BaseClient._make_api_call = fail\n",
        "utf-8",
    )
    environment["PYTHONPATH"] = str(broken)

    told = aws_stack.failing("up", "--skip-preview")
    del environment["PYTHONPATH"]
    exported = json.loads(aws_stack.pulumi("stack", "export"))["deployment"]["resources"]
    aws_stack.pulumi("up", "--skip-preview")

    assert "SlowDown" in told
    kept = [resource for resource in exported if resource["type"] == "aws:s3/bucket:Bucket"]
    assert kept  # one or both: the engine starts nothing new once something has failed
    assert all("SlowDown" in resource["initErrors"][0] for resource in kept)
    aws_stack.pulumi("refresh", "--preview-only", "--expect-no-changes")
