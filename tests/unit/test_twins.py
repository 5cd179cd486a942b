"""Side by side: the two clouds are one thing twice, and what differs is listed here."""

import ast
import dataclasses
import inspect
import json
import subprocess
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic.alias_generators import to_camel

from infra import aws, gcp
from infra.config import parse
from infra.settings import AwsCloud, GcpCloud, StackConfig
from infra.stack import OUTPUTS
from sandbox.workspace import CHECKOUT

TWINS = {"aws": aws, "gcp": gcp}
MODELS = {"aws": AwsCloud, "gcp": GcpCloud}
CLOUDS: dict[str, dict[str, str]] = {
    "aws": {
        "provider": "aws",
        "accountId": "123456789012",
        "region": "us-east-1",
        "oidcIssuer": "oidc.example.org",
    },
    "gcp": {
        "provider": "gcp",
        "project": "cmbcluster-research",
        "projectNumber": "123456789012",
        "location": "europe-west4",
    },
}

each_twin = pytest.mark.parametrize("cloud", TWINS)


def values_of(cloud: str) -> dict[str, str]:
    tree: dict[str, Any] = {
        "platform": "cmbcluster",
        "cloud": CLOUDS[cloud],
        "kubernetes": {"namespace": "hub", "renderTo": "manifests"},
        "users": ["bob"],
    }
    return {
        f"cmbcluster-storage:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in tree.items()
    }


def skeleton(node: ast.AST, depth: int = 0) -> Iterator[str]:
    """Yield the classes, their attributes, and the functions and methods, in order."""
    for inner in ast.iter_child_nodes(node):
        match inner:
            case ast.ClassDef():
                decorators = "".join(f"@{ast.unparse(one)} " for one in inner.decorator_list)
                bases = ", ".join(map(ast.unparse, inner.bases))
                yield f"{'  ' * depth}{decorators}class {inner.name}({bases})"
                yield from skeleton(inner, depth + 1)
            case ast.FunctionDef():
                yield f"{'  ' * depth}def {inner.name}"
            case ast.AnnAssign() if depth:
                yield f"{'  ' * depth}{ast.unparse(inner.target)}"


def skeleton_of(module: types.ModuleType) -> list[str]:
    return list(skeleton(ast.parse(inspect.getsource(module))))


def test_the_skeletons_of_the_twins_do_not_differ():
    assert skeleton_of(aws) == skeleton_of(gcp)


def test_a_skeleton_has_all_that_others_use():
    assert skeleton_of(aws) == [
        "def provider",
        "def platform",
        "@dataclass(frozen=True) class UserStorageArgs()",
        "  config",
        "  cloud",
        "  user",
        "class UserStorage(pulumi.ComponentResource)",
        "  bucket_name",
        "  bucket_url",
        "  service_account_annotations",
        "  volume",
        "  def __init__",
        "  def _bucket",
        "  def _identity",
        "  def _guards",
        "def _lifecycle_rules",
    ]


def test_the_twins_have_the_same_public_names():
    def public(module: types.ModuleType) -> list[str]:
        return [
            name
            for name, thing in vars(module).items()
            if not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__
        ]

    assert public(aws) == public(gcp) == ["provider", "platform", "UserStorageArgs", "UserStorage"]


@each_twin
def test_what_a_users_storage_is_made_from_differs_in_the_cloud_only(cloud: str):
    fields = dataclasses.fields(TWINS[cloud].UserStorageArgs)
    assert [(field.name, field.type) for field in fields] == [
        ("config", StackConfig),
        ("cloud", MODELS[cloud]),
        ("user", str),
    ]


def test_components_have_the_same_attributes_of_the_same_types():
    attributes = inspect.get_annotations(aws.UserStorage)
    assert attributes == inspect.get_annotations(gcp.UserStorage)
    assert list(attributes) == [
        "bucket_name",
        "bucket_url",
        "service_account_annotations",
        "volume",
    ]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("provider", ["cloud"]),
        ("platform", ["cloud", "buckets"]),
        ("UserStorageArgs", ["config", "cloud", "user"]),
        ("UserStorage", ["name", "args", "opts"]),
    ],
)
@each_twin
def test_what_is_public_is_called_alike(cloud: str, name: str, parameters: list[str]):
    assert list(inspect.signature(getattr(TWINS[cloud], name)).parameters) == parameters


@pytest.mark.parametrize(("cloud", "place"), [("aws", "on AWS: "), ("gcp", "on Google Cloud: ")])
def test_the_runtime_reads_of_a_cloud_what_the_readme_says(cloud: str, place: str):
    config = parse(values_of(cloud))
    [row] = [output for output, meaning in OUTPUTS.items() if meaning.startswith(place)]
    told = TWINS[cloud].platform(config.cloud, config.buckets)
    assert list(told) == ["provider", *row.removeprefix("platform.").split(", "), "buckets"]


def test_platforms_differ_in_nothing_but_what_the_readme_says():
    told = {}
    for cloud, module in TWINS.items():
        config = parse(values_of(cloud))
        told[cloud] = module.platform(config.cloud, config.buckets)
    assert told["aws"].keys() - told["gcp"].keys() == {"accountId", "region"}
    assert told["gcp"].keys() - told["aws"].keys() == {"project", "projectNumber", "location"}
    assert told["gcp"]["buckets"] == {**told["aws"]["buckets"], "softDeleteDays": 7}


def test_the_hub_is_told_all_of_the_cloud_but_what_only_identities_need():
    for cloud, untold in (("aws", {"oidcIssuer"}), ("gcp", {"identity"})):
        config = parse(values_of(cloud))
        keys = {to_camel(name) for name in MODELS[cloud].model_fields}
        assert keys - TWINS[cloud].platform(config.cloud, config.buckets).keys() == untold


# One run of the program in a process of its own: this one has imported both SDKs.
ONE_RUN = """
import asyncio, json, sys
from pulumi.runtime import mocks
from infra import stack
from infra.config import parse

SDKS = ("pulumi_aws", "pulumi_gcp")
assert not {*SDKS} & {*sys.modules}, "imported before the cloud is known"


class Cloud(mocks.Mocks):
    def call(self, args):
        return {}

    def new_resource(self, args):
        return args.name, {**args.inputs, "arn": "arn"}


asyncio.set_event_loop(asyncio.new_event_loop())
mocks.set_mocks(Cloud())
outputs = {}
config = parse(json.loads(sys.argv[1]))
mocks.test(lambda: outputs.update(stack.deploy(config)))()
outputs["imported"] = [name for name in (*SDKS, "infra.aws", "infra.gcp") if name in sys.modules]
print(json.dumps(outputs))
"""


@pytest.fixture(scope="module")
def runs() -> dict[str, dict[str, Any]]:
    return {
        cloud: json.loads(
            subprocess.run(
                [sys.executable, "-c", ONE_RUN, json.dumps(values_of(cloud))],
                cwd=CHECKOUT,
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for cloud in TWINS
    }


@each_twin
def test_only_the_active_clouds_sdk_is_imported(cloud: str, runs: dict[str, dict[str, Any]]):
    assert runs[cloud]["imported"] == [f"pulumi_{cloud}", f"infra.{cloud}"]


def test_the_outputs_of_users_have_the_same_keys(runs: dict[str, dict[str, Any]]):
    on_aws, on_gcp = (list(runs[cloud]["users"]["bob"]) for cloud in TWINS)
    assert on_aws == on_gcp
    assert [f"users.<id>.{key}" for key in on_aws] == [
        row for row in OUTPUTS if row.startswith("users.")
    ]


@pytest.mark.parametrize(("cloud", "scheme"), [("aws", "s3"), ("gcp", "gs")])
def test_a_url_is_the_clouds_scheme_and_the_bucket(
    cloud: str, scheme: str, runs: dict[str, dict[str, Any]]
):
    bob = runs[cloud]["users"]["bob"]
    assert bob["bucketUrl"] == f"{scheme}://{bob['bucketName']}"
    assert bob["claimName"] == bob["serviceAccountName"]


@each_twin
def test_a_twin_knows_neither_the_other_nor_kubernetes(cloud: str):
    tree = ast.parse(inspect.getsource(TWINS[cloud]))
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    assert imported == {
        "dataclasses",
        "typing",
        "pulumi",
        f"pulumi_{cloud}",
        "cmbcluster_storage",
        "infra",
        "infra.settings",
    }
