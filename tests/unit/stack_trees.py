"""Stack files as trees, and their problems: what the tests of the config share."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.config import ConfigError, parse
from infra.settings import StackConfig

Tree = dict[str, Any]
Way = tuple[str | int, ...]

PROJECT_FOLDER = Path(__file__).parents[2]
CLOUDS = ("aws", "gcp")
STACK_FILES = {
    cloud: yaml.safe_load((PROJECT_FOLDER / f"Pulumi.{cloud}.yaml").read_text("utf-8"))
    for cloud in CLOUDS
}

ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"

# Every key that has no default.
LEAST_ON: dict[str, Tree] = {
    "aws": {
        "platform": "cmbcluster",
        "cloud": {
            "provider": "aws",
            "accountId": "123456789012",
            "region": "us-east-1",
            "oidcIssuer": ISSUER,
        },
        "kubernetes": {"namespace": "hub", "context": "cmbcluster-aws"},
    },
    "gcp": {
        "platform": "cmbcluster",
        "cloud": {
            "provider": "gcp",
            "project": "cmbcluster-research",
            "projectNumber": "123456789012",
            "location": "europe-west4",
        },
        "kubernetes": {"namespace": "hub", "context": "cmbcluster-gcp"},
    },
}
_BUCKETS: Tree = {
    "versioning": False,
    "noncurrentVersionsKept": 5,
    "noncurrentDays": 60,
    "abortUploadsAfterDays": 1,
    "scratchDays": 14,
    "storageClass": "COLDLINE",
    "accessLogsTo": "cmbcluster-access-logs",
    "labels": {"cost-centre": "physics"},
}
_REVIEW: Tree = {"maxDeletes": 1, "maxReplaces": 2, "maxUsers": 3, "consent": ["dan"]}
_USERS: list[Any] = [
    "ann@example.org",
    {"id": "bob", "state": "suspended", "bucket": "old-data", "adopt": ["bucket", "policy"]},
]
KMS_KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CLOUD_KMS_KEY = "projects/cmb/locations/europe-west4/keyRings/hub/cryptoKeys/users"

# Every key that there is but `EXCLUDED`, which others here exclude.
MOST_ON: dict[str, Tree] = {
    "aws": {
        "platform": "cmbcluster",
        "cloud": {
            **LEAST_ON["aws"]["cloud"],
            "identity": "irsa",
            "bucketNamespace": "global",
        },
        "kubernetes": {"namespace": "hub", "renderTo": "manifests"},
        "buckets": {**_BUCKETS, "encryptionKey": KMS_KEY},
        "review": _REVIEW,
        "extends": "aws",
        "users": _USERS,
    },
    "gcp": {
        "platform": "cmbcluster",
        "cloud": {**LEAST_ON["gcp"]["cloud"], "identity": "serviceAccount"},
        "kubernetes": {"namespace": "hub", "renderTo": "manifests"},
        "buckets": {**_BUCKETS, "encryptionKey": CLOUD_KMS_KEY, "softDeleteDays": 14},
        "review": _REVIEW,
        "extends": "gcp",
        "users": _USERS,
    },
}
EXCLUDED: set[Way] = {("kubernetes", "context"), ("cloud", "clusterName")}
# What is the same on both clouds is shown on one.
LEAST = LEAST_ON["aws"]
MOST = MOST_ON["aws"]

POD_IDENTITY: Tree = {
    "provider": "aws",
    "accountId": "123456789012",
    "region": "us-east-1",
    "identity": "podIdentity",
    "clusterName": "research",
}

on_each_cloud = pytest.mark.parametrize("cloud", CLOUDS)


def engine_values(tree: Tree) -> dict[str, str]:
    """Return the config as the engine hands it over: text, or JSON for what has structure."""
    return {
        f"cmbcluster-storage:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in tree.items()
    }


def changed(tree: Tree, path: Way, value: Any) -> Tree:
    tree = copy.deepcopy(tree)
    inner: Any = tree
    for part in path[:-1]:
        inner = inner.setdefault(part, {}) if isinstance(part, str) else inner[part]
    inner[path[-1]] = value
    return tree


def without(tree: Tree, path: Way) -> Tree:
    tree = copy.deepcopy(tree)
    inner: Any = tree
    for part in path[:-1]:
        inner = inner[part]
    del inner[path[-1]]
    return tree


def renamed(tree: Tree, path: Way, key: str) -> Tree:
    inner: Any = tree
    for part in path:
        inner = inner[part]
    return changed(without(tree, path), (*path[:-1], key), inner)


def dotted(path: Way) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"cmbcluster-storage:{text.removeprefix('.')}"


def problems(values: dict[str, str], **more: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(values, **more)
    first, *rest = str(caught.value).splitlines()
    assert first == "the stack's config cannot be used:"
    return rest


def problems_of(tree: Tree) -> list[str]:
    return problems(engine_values(tree))


def key_paths(node: Any, path: Way = ()) -> Iterator[Way]:
    """Yield the way to every key that has a meaning: those under labels are the operator's."""
    if path == ("buckets", "labels"):
        return
    for part, inner in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(part, str):
            yield (*path, part)
        if isinstance(inner, dict | list):
            yield from key_paths(inner, (*path, part))


COMMITTED: dict[str, Tree] = {
    cloud: {
        key.removeprefix("cmbcluster-storage:"): value
        for key, value in stack_file["config"].items()
    }
    for cloud, stack_file in STACK_FILES.items()
}


def config_of(tree: Tree) -> StackConfig:
    return parse(engine_values(tree))


def each_wrong(**rows_on: list[tuple[Way, Any, str]]) -> pytest.MarkDecorator:
    """Return the cases of what is wrong on each cloud: key, value, and the line about them."""
    return pytest.mark.parametrize(
        ("cloud", "path", "value", "line"),
        [
            pytest.param(cloud, *row, id=f"{cloud}-{number}-{row[2][:30]}")
            for cloud, rows in rows_on.items()
            for number, row in enumerate(rows)
        ],
    )
