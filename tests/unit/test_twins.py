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
from program import (
    AWS,
    AWS_EVERYTHING,
    AWS_POD_IDENTITY,
    GCP,
    GCP_EVERYTHING,
    GCP_SERVICE_ACCOUNT,
    run,
)
from pydantic.alias_generators import to_camel

from infra import aws, aws_rules, gcp, gcp_rules
from infra.config import parse
from infra.settings import AwsCloud, GcpCloud, StackConfig, User
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


# What one of them has alone, and why.
ALONE = {
    "  def _trust",  # a role says itself who may take it, in one of two ways
}


def test_the_skeletons_of_the_twins_do_not_differ():
    assert [line for line in skeleton_of(aws) if line not in ALONE] == skeleton_of(gcp)
    assert set(skeleton_of(aws)) >= ALONE


def test_a_skeleton_has_all_that_others_use():
    assert skeleton_of(gcp) == [
        "def provider",
        "def owns",
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
    ]


def test_the_twins_have_the_same_public_names():
    def public(module: types.ModuleType) -> list[str]:
        return [
            name
            for name, thing in vars(module).items()
            if not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__
        ]

    assert public(aws) == public(gcp)
    assert public(aws) == ["provider", "owns", "platform", "UserStorageArgs", "UserStorage"]


def test_the_twins_rules_are_twins_too():
    # A bucket's key and its logs are settings of their own on AWS, parts of the bucket here.
    assert skeleton_of(aws_rules) == ["def encryption_rule", "def lifecycle_rule"]
    assert skeleton_of(gcp_rules) == ["def encryption", "def logging", "def lifecycle_rule"]


@each_twin
def test_what_a_users_storage_is_made_from_differs_in_the_cloud_only(cloud: str):
    fields = dataclasses.fields(TWINS[cloud].UserStorageArgs)
    assert [(field.name, field.type) for field in fields] == [
        ("config", StackConfig),
        ("cloud", MODELS[cloud]),
        ("user", User),
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
        ("owns", ["cloud", "provider", "bucket_name"]),
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
    assert told["aws"].keys() - told["gcp"].keys() == {"accountId", "region", "bucketNamespace"}
    assert told["gcp"].keys() - told["aws"].keys() == {"project", "projectNumber", "location"}
    assert told["gcp"]["buckets"] == {**told["aws"]["buckets"], "softDeleteDays": 7}


def test_the_hub_is_told_all_of_the_cloud_but_what_only_identities_need():
    on_aws = {"identity", "oidcIssuer", "clusterName"}
    for cloud, untold in (("aws", on_aws), ("gcp", {"identity"})):
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
        return {"outputs": {}}  # a state of nobody

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


EVERYBODY = [
    "ann",
    {"id": "bob", "state": "suspended"},
    {"id": "eve", "state": "deleted"},
    {"id": "kim", "bucket": "kims-data"},
    {"id": "sam", "bucket": "sams-data", "adopt": ["bucket", "policy"]},
]
VARIANTS_OF = {
    "aws": [AWS, AWS_POD_IDENTITY, AWS_EVERYTHING],
    "gcp": [GCP, GCP_SERVICE_ACCOUNT, GCP_EVERYTHING],
}


def walk(node: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the way to every value inside, however deep."""
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from walk(value, (*way, key))
    else:
        yield way, node


def neutral(cloud: str, outputs: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    """Return a stack's outputs by way, in words that are the same on both clouds."""
    words = {"s3://": "URL://", "gs://": "URL://", cloud: "CLOUD"}
    words["-123456789012-us-east-1-an"] = ""  # a bucket's namespace on AWS
    for user, told in outputs["users"].items():
        words[told["serviceAccountName"]] = f"NAME OF {user}"

    def said(value: Any) -> Any:
        for word, instead in words.items() if isinstance(value, str) else ():
            value = value.replace(word, instead)
        return value

    return {way: said(value) for way, value in walk(outputs)}


# What a stack says on one cloud only: see the README's table.
OWN_OUTPUTS = {
    "aws": {
        ("platform", "accountId"),
        ("platform", "region"),
        ("platform", "bucketNamespace"),
    },
    "gcp": {
        ("platform", "project"),
        ("platform", "projectNumber"),
        ("platform", "location"),
        ("platform", "buckets", "softDeleteDays"),
    },
}


@pytest.mark.parametrize("number", range(3), ids=["plain", "other identity", "every option"])
def test_side_by_side_all_that_is_said_is_the_same(number: int):
    told, components = {}, {}
    for cloud, variants in VARIANTS_OF.items():
        chosen = variants[number]
        buckets = {key: value for key, value in chosen.buckets.items() if key != "encryptionKey"}
        recorder, outputs = run(chosen.config(*EVERYBODY, buckets=buckets))
        told[cloud] = neutral(cloud, outputs)
        components[cloud] = sorted(
            (urn.split("::")[2], *sorted(said)) for urn, said in recorder.outputs_by_urn.items()
        )
        assert told[cloud].keys() >= OWN_OUTPUTS[cloud]
    on_aws, on_gcp = (
        {way: value for way, value in told[cloud].items() if way not in OWN_OUTPUTS[cloud]}
        for cloud in ("aws", "gcp")
    )
    assert on_aws == on_gcp
    assert len(on_aws) >= len(EVERYBODY) * 7 + 10
    assert components["aws"] == components["gcp"]


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
        "infra.held",
        "infra.settings",
    }
