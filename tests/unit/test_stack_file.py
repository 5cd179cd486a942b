import copy
import json
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic.alias_generators import to_camel

from infra.config import PROJECT, ConfigError, parse
from infra.settings import StackConfig
from infra.settings.users import State

PROJECT_FOLDER = Path(__file__).parents[2]
PROJECT_FILE = yaml.safe_load((PROJECT_FOLDER / "Pulumi.yaml").read_text("utf-8"))
CLOUDS = ("aws", "gcp")
STACK_FILES = {
    cloud: yaml.safe_load((PROJECT_FOLDER / f"Pulumi.{cloud}.yaml").read_text("utf-8"))
    for cloud in CLOUDS
}
each_stack_file = pytest.mark.parametrize("stack_file", STACK_FILES.values(), ids=STACK_FILES)

OWN_KEYS = {
    key: entry for key, entry in PROJECT_FILE["config"].items() if not key.startswith("pulumi:")
}


def engine_values(tree: dict[str, Any]) -> dict[str, str]:
    """Return the config as the engine hands it over: text, or JSON for what has structure."""
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in tree.items()
    }


def covers(read: Any, written: Any) -> bool:
    """Return whether all that was written was read as it was written."""
    if isinstance(written, dict):
        return all(key in read and covers(read[key], written[key]) for key in written)
    if isinstance(written, list):
        return len(read) == len(written) and all(map(covers, read, written))
    return written in (read, read["id"] if isinstance(read, dict) else None)


def test_the_project_is_the_one_whose_config_is_read():
    assert PROJECT_FILE["name"] == PROJECT


def test_the_project_runs_in_the_environment_made_from_requirements():
    assert PROJECT_FILE["runtime"] == {
        "name": "python",
        "options": {"toolchain": "pip", "virtualenv": ".venv"},
    }


def test_default_providers_are_switched_off():
    assert PROJECT_FILE["config"]["pulumi:disable-default-providers"] == {"value": ["*"]}


def test_the_project_file_has_the_keys_that_are_read():
    assert list(OWN_KEYS) == [to_camel(field) for field in StackConfig.model_fields]


@pytest.mark.parametrize("key", OWN_KEYS)
def test_a_key_of_the_project_file_is_described_and_optional(key: str):
    # Without a default the engine requires the key in every stack file; `properties` it refuses.
    entry = dict(OWN_KEYS[key])
    assert entry.pop("description")
    assert entry in (
        {"type": "string", "default": ""},
        {"type": "object", "default": {}},
        {"default": []},
    )


@each_stack_file
def test_the_defaults_of_the_project_file_mean_absent(stack_file: dict[str, Any]):
    defaults = {f"{PROJECT}:{key}": entry["default"] for key, entry in OWN_KEYS.items()}
    with pytest.raises(ConfigError) as with_defaults:
        parse(engine_values(defaults))
    with pytest.raises(ConfigError) as without:
        parse({})
    assert str(with_defaults.value) == str(without.value)
    assert parse(engine_values({**defaults, **stack_file["config"]})) == parse(
        engine_values(stack_file["config"])
    )


def test_every_committed_stack_file_is_tested():
    assert {path.name for path in PROJECT_FOLDER.glob("Pulumi.*.yaml")} == {
        f"Pulumi.{cloud}.yaml" for cloud in CLOUDS
    }


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_stack_is_called_after_its_cloud(cloud: str):
    config = STACK_FILES[cloud]["config"]
    assert config[f"{PROJECT}:cloud"]["provider"] == cloud
    assert config[f"{PROJECT}:kubernetes"]["context"] == f"cmbcluster-{cloud}"


def test_the_stack_files_differ_in_the_cloud_and_the_cluster_only():
    aws, gcp = (STACK_FILES[cloud]["config"] for cloud in CLOUDS)
    assert list(aws) == list(gcp)
    assert {key for key in aws if aws[key] != gcp[key]} == {
        f"{PROJECT}:cloud",
        f"{PROJECT}:kubernetes",
    }


@each_stack_file
def test_the_committed_stack_file_is_accepted_as_it_is(stack_file: dict[str, Any]):
    read = parse(engine_values(stack_file["config"]), stack_file_keys=stack_file)
    assert covers(
        {f"{PROJECT}:{key}": value for key, value in read.model_dump(by_alias=True).items()},
        stack_file["config"],
    )


@each_stack_file
def test_the_committed_stack_file_holds_no_salt_and_no_secret(stack_file: dict[str, Any]):
    assert list(stack_file) == ["config"]
    assert "secure" not in json.dumps(stack_file)


DOCUMENTED: list[Any] = [
    (("platform",), "cmbcluster"),
    (("kubernetes", "namespace"), "cmbcluster"),
    (("kubernetes",), {"namespace": "cmbcluster", "context": "cmbcluster-aws"}),
    (("kubernetes",), {"namespace": "cmbcluster", "renderTo": "manifests"}),
    (("buckets", "versioning"), True),
    (("buckets", "noncurrentVersionsKept"), 30),
    (("buckets", "noncurrentDays"), 30),
    (("buckets", "abortUploadsAfterDays"), 7),
    (("buckets", "scratchDays"), 30),
    *[(("buckets", "storageClass"), name) for name in ("STANDARD", "NEARLINE", "COLDLINE")],
    (("buckets", "accessLogsTo"), "cmbcluster-access-logs"),
    (("buckets", "labels"), {}),
    (("buckets", "labels"), {"cost-centre": "research"}),
    (("users",), ["ann@example.org"]),
    (("users",), [{"id": "bob"}]),
    *[(("users",), [{"id": "bob", "state": state}]) for state in get_args(State)],
    (("users",), [{"id": "eve", "bucket": "andromeda-nebula-0a1b2c3d", "adopt": ["bucket"]}]),
]
DOCUMENTED_ON: dict[str, list[Any]] = {
    "aws": [
        *DOCUMENTED,
        (("cloud", "provider"), "aws"),
        (("cloud", "accountId"), "123456789012"),
        (("cloud", "region"), "us-east-1"),
        (("cloud", "oidcIssuer"), "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE"),
        (("cloud", "identity"), "irsa"),
        (("cloud", "bucketNamespace"), "accountRegional"),
        (("cloud", "bucketNamespace"), "global"),
        (("buckets", "encryptionKey"), "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab"),
    ],
    "gcp": [
        *DOCUMENTED,
        (("cloud", "provider"), "gcp"),
        (("cloud", "project"), "cmbcluster-research"),
        (("cloud", "projectNumber"), "123456789012"),
        (("cloud", "location"), "europe-west4"),
        (("cloud", "identity"), "workloadIdentity"),
        (("cloud", "identity"), "serviceAccount"),
        (("buckets", "softDeleteDays"), 7),
        (("buckets", "storageClass"), "ARCHIVE"),
        (
            ("buckets", "encryptionKey"),
            "projects/cmb/locations/europe-west4/keyRings/buckets/cryptoKeys/users",
        ),
    ],
}


@pytest.mark.parametrize(
    ("cloud", "way", "value"),
    [(cloud, *row) for cloud, rows in DOCUMENTED_ON.items() for row in rows],
    ids=json.dumps,
)
def test_a_documented_key_is_accepted(cloud: str, way: tuple[str, ...], value: Any):
    tree = copy.deepcopy(STACK_FILES[cloud]["config"])
    inner = tree
    *outer, last = f"{PROJECT}:{way[0]}", *way[1:]
    for part in outer:
        inner = inner[part]
    inner[last] = value
    parse(engine_values(tree))
