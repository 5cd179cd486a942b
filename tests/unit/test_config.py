import contextlib
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pulumi
import pytest
import yaml
from cmbcluster_storage import names, rules
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime.settings import SETTINGS
from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_camel

from infra.config import ConfigError, load, parse
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
    "labels": {"cost-centre": "physics"},
}
# Every key that there is but kubernetes.context, which renderTo excludes.
MOST_ON: dict[str, Tree] = {
    "aws": {
        "platform": "cmbcluster",
        "cloud": LEAST_ON["aws"]["cloud"],
        "kubernetes": {"namespace": "hub", "renderTo": "manifests"},
        "buckets": _BUCKETS,
        "users": ["ann@example.org", {"id": "bob"}],
    },
    "gcp": {
        "platform": "cmbcluster",
        "cloud": {**LEAST_ON["gcp"]["cloud"], "identity": "serviceAccount"},
        "kubernetes": {"namespace": "hub", "renderTo": "manifests"},
        "buckets": {**_BUCKETS, "softDeleteDays": 14},
        "users": ["ann@example.org", {"id": "bob"}],
    },
}
# What is the same on both clouds is shown on one.
LEAST, MOST = LEAST_ON["aws"], MOST_ON["aws"]

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


def misspelt(key: str) -> list[str]:
    """Return the key without its last letter, with two swapped, and with one too many."""
    middle = len(key) // 2
    swapped = key[: middle - 1] + key[middle] + key[middle - 1] + key[middle + 1 :]
    spellings = {key[:-1], swapped, f"{key}s", f"{key[:middle]}x{key[middle:]}"}
    return sorted(spellings - {key, ""})


COMMITTED: dict[str, Tree] = {
    cloud: {
        key.removeprefix("cmbcluster-storage:"): value
        for key, value in stack_file["config"].items()
    }
    for cloud, stack_file in STACK_FILES.items()
}

# ---- what is accepted ---------------------------------------------------------------------


CLOUD_READ: dict[str, Tree] = {
    "aws": {
        "provider": "aws",
        "account_id": "123456789012",
        "region": "us-east-1",
        "oidc_issuer": ISSUER,
    },
    "gcp": {
        "provider": "gcp",
        "project": "cmbcluster-research",
        "project_number": "123456789012",
        "location": "europe-west4",
        "identity": "workloadIdentity",
    },
}


@on_each_cloud
def test_the_least_config_has_the_documented_defaults(cloud: str):
    assert parse(engine_values(LEAST_ON[cloud])).model_dump() == {
        "platform": "cmbcluster",
        "cloud": CLOUD_READ[cloud],
        "kubernetes": {"namespace": "hub", "context": f"cmbcluster-{cloud}", "render_to": None},
        "buckets": {
            "versioning": True,
            "noncurrent_versions_kept": 30,
            "noncurrent_days": 30,
            "abort_uploads_after_days": 7,
            "soft_delete_days": 7,
            "labels": {},
        },
        "users": (),
    }


@pytest.mark.parametrize(
    ("cloud", "cloud_read", "soft_delete_days"),
    [
        ("aws", CLOUD_READ["aws"], 7),  # of no use there, so it stays the default
        ("gcp", {**CLOUD_READ["gcp"], "identity": "serviceAccount"}, 14),
    ],
    ids=CLOUDS,
)
def test_every_key_is_read(cloud: str, cloud_read: Tree, soft_delete_days: int):
    assert parse(engine_values(MOST_ON[cloud])).model_dump() == {
        "platform": "cmbcluster",
        "cloud": cloud_read,
        "kubernetes": {"namespace": "hub", "context": None, "render_to": "manifests"},
        "buckets": {
            "versioning": False,
            "noncurrent_versions_kept": 5,
            "noncurrent_days": 60,
            "abort_uploads_after_days": 1,
            "soft_delete_days": soft_delete_days,
            "labels": {"cost-centre": "physics"},
        },
        "users": ({"id": "ann@example.org"}, {"id": "bob"}),
    }


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in models_in(argument)]


def keys_of(model: type[BaseModel], path: Way = ()) -> Iterator[Way]:
    for name, field in model.model_fields.items():
        inner = (*path, to_camel(name))
        yield inner
        entry = (*inner, 1) if name == "users" else inner
        for part in models_in(field.annotation):
            yield from keys_of(part, entry)


def test_the_examples_here_have_every_key_that_there_is():
    written = {path for most in MOST_ON.values() for path in key_paths(most)}
    assert written | {("kubernetes", "context")} == set(keys_of(StackConfig))


@on_each_cloud
def test_the_defaults_of_buckets_are_the_runtimes(cloud: str):
    assert parse(engine_values(LEAST_ON[cloud])).buckets.rules() == rules.BucketRules()


def test_buckets_are_handed_over_as_the_runtime_knows_them():
    assert parse(engine_values(MOST_ON["gcp"])).buckets.rules() == rules.BucketRules(
        versioning=False,
        noncurrent_versions_kept=5,
        noncurrent_days=60,
        abort_uploads_after_days=1,
        soft_delete_days=14,
    )


@pytest.mark.parametrize(
    ("cloud", "scope"),
    [("aws", "cmbcluster/123456789012/us-east-1"), ("gcp", "cmbcluster/cmbcluster-research")],
)
def test_the_scope_is_the_platform_and_its_part_of_the_cloud(cloud: str, scope: str):
    assert parse(engine_values(LEAST_ON[cloud])).scope == scope


def test_a_config_does_not_change():
    made = parse(engine_values(MOST))
    with pytest.raises(ValidationError, match="frozen"):
        made.platform = "other"
    with pytest.raises(ValidationError, match="frozen"):
        made.cloud.provider = "gcp"


@pytest.mark.parametrize("text", ["", "{}", "[]"])
@pytest.mark.parametrize("key", ["buckets", "users"])
def test_the_defaults_of_the_project_file_mean_absent(key: str, text: str):
    values = {**engine_values(LEAST), f"cmbcluster-storage:{key}": text}
    assert parse(values) == parse(engine_values(LEAST))


def test_an_empty_stack_lacks_what_is_required_and_nothing_else():
    empty = {"platform": "", "cloud": {}, "kubernetes": {}, "buckets": {}, "users": []}
    assert problems_of(empty) == problems({})
    assert problems({}) == [
        "cmbcluster-storage:platform: is missing; write the hub these users belong to; "
        'part of every name, like "cmbcluster"',
        f"cmbcluster-storage:cloud: is missing; {CLOUD}",
        "cmbcluster-storage:kubernetes: is missing; write namespace and context or renderTo",
    ]


def test_what_belongs_to_the_engine_is_left_to_it():
    values = {
        **engine_values(LEAST),
        "pulumi:disable-default-providers": '["*"]',
        "pulumi:tags": '{"team":"storage"}',
    }
    roots = ["config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider"]
    assert parse(values, stack_file_keys=roots) == parse(engine_values(LEAST))


ENDS: dict[str, list[tuple[Way, Any]]] = {
    "aws": [
        (("platform",), "a"),
        (("platform",), "a2345678901234567890"),
        (("cloud", "accountId"), "000000000007"),
        (("cloud", "region"), "ap-southeast-1"),
        (("cloud", "oidcIssuer"), "oidc.example.org"),
        (("kubernetes", "namespace"), "n" * 63),
        (("buckets", "noncurrentVersionsKept"), 1),
        (("buckets", "noncurrentVersionsKept"), 100),
        (("buckets", "noncurrentDays"), 1),
        (("buckets", "abortUploadsAfterDays"), 1),
        (("buckets", "labels"), {"a": "0"}),
        (("buckets", "labels"), {"k" * 63: "v" * 63}),
        (("buckets", "labels"), {f"label-{number}": "x" for number in range(40)}),
        (("users",), ["a"]),
        (("users",), ["u" * 254]),
        (("users",), ["\u674e \u96f7", "\U0001f680", "ann+lab@example.org"]),
        (("users",), [{"id": "007"}, "7"]),
    ],
    "gcp": [
        (("cloud", "project"), "abcde6"),
        (("cloud", "project"), "p2345678901234567890-345678-30"),
        (("cloud", "projectNumber"), "000007"),
        (("cloud", "projectNumber"), "9" * 19),
        (("cloud", "location"), "EU"),
        (("cloud", "location"), "us"),
        (("cloud", "location"), "asia"),
        (("cloud", "location"), "NAM4"),
        (("cloud", "location"), "eur4"),
        (("cloud", "location"), "northamerica-northeast1"),
        (("cloud", "location"), "EUROPE-WEST12"),
        (("cloud", "identity"), "workloadIdentity"),
        (("cloud", "identity"), "serviceAccount"),
        (("buckets", "softDeleteDays"), 7),
        (("buckets", "softDeleteDays"), 90),
    ],
}


@pytest.mark.parametrize(
    ("cloud", "path", "value"), [(cloud, *row) for cloud in CLOUDS for row in ENDS[cloud]]
)
def test_the_ends_of_every_range_are_accepted(cloud: str, path: Way, value: Any):
    made = parse(engine_values(changed(MOST_ON[cloud], path, value))).model_dump(by_alias=True)
    for part in path:
        made = made[part]
    if path == ("users",):
        value = tuple({"id": user} if isinstance(user, str) else user for user in value)
    assert made == value


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"),
        ("ap-southeast-1", "aws"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-gov-east-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("cn-northwest-1", "aws-cn"),
    ],
)
def test_the_partition_follows_from_the_region(region: str, partition: str):
    made = parse(engine_values(changed(LEAST, ("cloud", "region"), region)))
    assert made.cloud.partition == partition


# ---- what is refused, and in which words --------------------------------------------------

CLOUD = "write where the buckets are: the keys of one provider"
PROVIDER = 'write the cloud: "aws" or "gcp"'
PLATFORM = 'write the hub these users belong to; part of every name, like "cmbcluster"'
ACCOUNT = (
    "write the AWS account: 12 digits, quoted; credentials of another are refused, "
    'like "123456789012"'
)
REGION = 'write the AWS region of the buckets, like "us-east-1"'
OIDC = (
    "write the cluster's OIDC issuer without https://, known to IAM as a provider, "
    f'like "{ISSUER}"'
)
PROJECT = 'write the project\'s id, like "cmbcluster-research"'
NUMBER = 'write the project\'s number, quoted; principals are named by it, like "123456789012"'
LOCATION = 'write the region, dual-region or multi-region of the buckets, like "europe-west4"'
IDENTITY = (
    "write the Kubernetes service account itself, or a Google one: it can sign URLs, "
    'like "workloadIdentity"'
)
NAMESPACE = 'write the namespace of the users\' servers; exists already, like "cmbcluster"'
KEPT = "write how many noncurrent versions of an object never expire, like 30"
DAYS = "write after how many days the noncurrent versions beyond those expire, like 30"
ABORT = "write after how many days an unfinished upload is thrown away, like 7"
SOFT = "write how many days what is deleted for good can be restored; Google Cloud only, like 7"
LABELS = (
    "write labels (tags on AWS) of every bucket and role; values are quoted text, "
    'like {"cost-centre": "physics"}'
)
USER = 'write the user\'s id as the hub knows it, like "ann@example.org"'
USERS = 'write one entry per user: an id, or an object with id, like ["ann"]'
TARGET = "needs exactly one of context and renderTo; write one and drop the other"
UNPRINTABLE = "has spaces around it or characters that do not print; write it without"

NO_PLATFORM = (
    f"is wrong (String should match pattern '^[a-z]([a-z0-9-]{{0,18}}[a-z0-9])?$'); {PLATFORM}"
)
NO_ISSUER = f"is wrong (String should match pattern '^[a-z0-9.-]+(/[A-Za-z0-9._-]+)*$'); {OIDC}"
NO_NAMESPACE = (
    f"is wrong (String should match pattern '^[a-z0-9]([a-z0-9-]{{0,61}}[a-z0-9])?$'); {NAMESPACE}"
)
NO_REGION = f"is wrong (String should match pattern '^(us-gov|[a-z]{{2}})-[a-z]+-[0-9]$'); {REGION}"
NO_ACCOUNT = f"is wrong (String should match pattern '^[0-9]{{12}}$'); {ACCOUNT}"
NO_PROJECT = f"is wrong (String should match pattern '^[a-z][a-z0-9-]{{4,28}}[a-z0-9]$'); {PROJECT}"
NO_NUMBER = f"is wrong (String should match pattern '^[0-9]{{6,19}}$'); {NUMBER}"
NO_LOCATION = (
    "is wrong (String should match pattern "
    f"'^([a-z]{{2,}}[0-9]?|[A-Z]{{2,}}[0-9]?|[a-z]+-[a-z]+[0-9]+|[A-Z]+-[A-Z]+[0-9]+)$'); "
    f"{LOCATION}"
)
NO_IDENTITY = f"is wrong (Input should be 'workloadIdentity' or 'serviceAccount'); {IDENTITY}"
NO_LABEL = f"is wrong (String should match pattern '^[a-z0-9_-]{{1,63}}$'); {LABELS}"
NO_LABEL_KEY = f"is wrong (String should match pattern '^[a-z][a-z0-9_-]{{0,62}}$'); {LABELS}"

WRONG: list[tuple[Way, Any, str]] = [
    (("platform",), "CMB", f'platform: "CMB" {NO_PLATFORM}'),
    (("platform",), "hub-", f'platform: "hub-" {NO_PLATFORM}'),
    (("platform",), "a" * 21, f'platform: "{"a" * 21}" {NO_PLATFORM}'),
    (("platform",), "7", f'platform: "7" {NO_PLATFORM}'),
    (("cloud", "provider"), "azure", f'cloud.provider: "azure" is wrong; {PROVIDER}'),
    (("cloud", "provider"), "AWS", f'cloud.provider: "AWS" is wrong; {PROVIDER}'),
    (("cloud", "provider"), None, f"cloud.provider: null is wrong; {PROVIDER}"),
    (("cloud",), {"region": "us-east-1"}, f"cloud.provider: is missing; {PROVIDER}"),
    (("cloud",), {"zzz": {"provider": "aws"}}, f"cloud.provider: is missing; {PROVIDER}"),
    (
        ("cloud",),
        {"Provider": "aws"},
        "cloud.Provider: is no key of this file; did you mean cmbcluster-storage:cloud.provider?",
    ),
    (
        ("cloud", "accountId"),
        123456789012,
        f"cloud.accountId: 123456789012 is wrong (Input should be a valid string); {ACCOUNT}",
    ),
    (("cloud", "accountId"), "12345", f'cloud.accountId: "12345" {NO_ACCOUNT}'),
    (("cloud", "accountId"), "1234-5678-9012", f'cloud.accountId: "1234-5678-9012" {NO_ACCOUNT}'),
    (("cloud", "region"), "us-east-1a", f'cloud.region: "us-east-1a" {NO_REGION}'),
    (("cloud", "region"), "US-EAST-1", f'cloud.region: "US-EAST-1" {NO_REGION}'),
    *[
        (
            ("cloud", "region"),
            region,
            f'cloud.region: "{region}" AWS offers no account-regional bucket names there; '
            "use another region",
        )
        for region in ("me-south-1", "me-central-1")
    ],
    (
        ("cloud", "oidcIssuer"),
        f"https://{ISSUER}",
        f'cloud.oidcIssuer: "https://{ISSUER}" {NO_ISSUER}',
    ),
    (("cloud", "oidcIssuer"), "example.org/", f'cloud.oidcIssuer: "example.org/" {NO_ISSUER}'),
    (("cloud", "oidcIssuer"), "*", f'cloud.oidcIssuer: "*" {NO_ISSUER}'),
    (("kubernetes", "namespace"), "Hub", f'kubernetes.namespace: "Hub" {NO_NAMESPACE}'),
    (("kubernetes", "namespace"), "n" * 64, f'kubernetes.namespace: "{"n" * 64}" {NO_NAMESPACE}'),
    (("kubernetes", "namespace"), "", f'kubernetes.namespace: "" {NO_NAMESPACE}'),
    (("kubernetes", "renderTo"), "manifests", f"kubernetes: {TARGET}"),
    (("kubernetes",), {"namespace": "hub"}, f"kubernetes: {TARGET}"),
    (
        ("kubernetes", "context"),
        "",
        'kubernetes.context: "" is wrong (String should have at least 1 character); write the '
        'kubeconfig context of the cluster; or renderTo instead, like "cmbcluster-aws"',
    ),
    (
        ("kubernetes",),
        {"namespace": "hub", "renderTo": ""},
        'kubernetes.renderTo: "" is wrong (String should have at least 1 character); write a '
        'folder for manifests that something else applies; or context instead, like "manifests"',
    ),
    (
        ("buckets", "versioning"),
        "yes",
        'buckets.versioning: "yes" is wrong (Input should be a valid boolean); write whether '
        "overwritten and deleted objects stay as noncurrent versions, like true",
    ),
    (
        ("buckets", "noncurrentVersionsKept"),
        0,
        "buckets.noncurrentVersionsKept: 0 is wrong (Input should be greater than or equal to 1); "
        f"{KEPT}",
    ),
    (
        ("buckets", "noncurrentVersionsKept"),
        101,
        "buckets.noncurrentVersionsKept: 101 is wrong (Input should be less than or equal to 100); "
        f"{KEPT}",
    ),
    (
        ("buckets", "noncurrentDays"),
        0,
        f"buckets.noncurrentDays: 0 is wrong (Input should be greater than or equal to 1); {DAYS}",
    ),
    (
        ("buckets", "noncurrentDays"),
        1.5,
        f"buckets.noncurrentDays: 1.5 is wrong (Input should be a valid integer); {DAYS}",
    ),
    (
        ("buckets", "abortUploadsAfterDays"),
        -1,
        "buckets.abortUploadsAfterDays: -1 is wrong (Input should be greater than or equal to 1); "
        f"{ABORT}",
    ),
    (("buckets", "labels"), {"a": "Physics"}, f'buckets.labels.a: "Physics" {NO_LABEL}'),
    (("buckets", "labels"), {"a": ""}, f'buckets.labels.a: "" {NO_LABEL}'),
    (
        ("buckets", "labels"),
        {"a": 7},
        f"buckets.labels.a: 7 is wrong (Input should be a valid string); {LABELS}",
    ),
    (("buckets", "labels"), {"Team": "x"}, f'buckets.labels.Team.[key]: "Team" {NO_LABEL_KEY}'),
    (
        ("buckets", "labels"),
        {"aws:team": "x"},
        f'buckets.labels.aws:team.[key]: "aws:team" {NO_LABEL_KEY}',
    ),
    *[
        (
            ("buckets", "labels"),
            {key: "x"},
            f"buckets.labels: sets {key}, which this stack sets itself; use another key",
        )
        for key in sorted(rules.OWN_LABELS)
    ],
    (
        ("buckets", "labels"),
        {"user": "x", "team": "x", "platform": "x"},
        "buckets.labels: sets platform, user, which this stack sets itself; use another key",
    ),
    (
        ("buckets", "labels"),
        {f"label-{number}": "x" for number in range(41)},
        "buckets.labels: is wrong (Dictionary should have at most 40 items after validation, "
        f"not more); {LABELS}",
    ),
    (
        ("users",),
        [""],
        f'users[0].id: "" is wrong (String should have at least 1 character); {USER}',
    ),
    (
        ("users",),
        ["ann", "u" * 255],
        f'users[1].id: "{"u" * 255}" is wrong (String should have at most 254 characters); {USER}',
    ),
    (("users",), [" ann"], f'users[0].id: " ann" {UNPRINTABLE}'),
    (("users",), ["ann\t"], f'users[0].id: "ann\\t" {UNPRINTABLE}'),
    (("users",), ["an\u200bn"], f'users[0].id: "an\\u200bn" {UNPRINTABLE}'),
    (("users",), [{"id": "an\nn"}], f'users[0].id: "an\\nn" {UNPRINTABLE}'),
    (("users",), [7], f"users[0]: 7 is wrong (Input should be an object); {USERS}"),
    (("users",), {"ann": {}}, f"users: is wrong (Input should be a valid array); {USERS}"),
    (("users",), "ann", f'users: "ann" is wrong (Input should be a valid array); {USERS}'),
    *[
        (
            ("buckets", "softDeleteDays"),
            days,
            "buckets: sets softDeleteDays, which AWS does not have; drop it",
        )
        for days in (7, 90)
    ],
]
WRONG_ON_GCP: list[tuple[Way, Any, str]] = [
    (("cloud", "provider"), "google", f'cloud.provider: "google" is wrong; {PROVIDER}'),
    (("cloud",), {"project": "cmbcluster"}, f"cloud.provider: is missing; {PROVIDER}"),
    *[
        (("cloud", "project"), project, f'cloud.project: "{project}" {NO_PROJECT}')
        for project in (
            "",
            "abcd5",
            "p" * 31,
            "7abcdef",
            "-abcdef",
            "abcdef-",
            "Project",
            "a.com:b",
        )
    ],
    (
        ("cloud", "projectNumber"),
        123456789012,
        f"cloud.projectNumber: 123456789012 is wrong (Input should be a valid string); {NUMBER}",
    ),
    *[
        (("cloud", "projectNumber"), number, f'cloud.projectNumber: "{number}" {NO_NUMBER}')
        for number in ("", "12345", "1" * 20, "-123456", "cmbcluster-research")
    ],
    *[
        (("cloud", "location"), location, f'cloud.location: "{location}" {NO_LOCATION}')
        for location in ("", "e", "europe-west", "Europe-West4", "europe-west4-a", "eu west4", "4")
    ],
    *[
        (("cloud", "identity"), identity, f"cloud.identity: {json.dumps(identity)} {NO_IDENTITY}")
        for identity in ("", "irsa", "WorkloadIdentity", None)
    ],
    (
        ("buckets", "softDeleteDays"),
        6,
        f"buckets.softDeleteDays: 6 is wrong (Input should be greater than or equal to 7); {SOFT}",
    ),
    (
        ("buckets", "softDeleteDays"),
        91,
        f"buckets.softDeleteDays: 91 is wrong (Input should be less than or equal to 90); {SOFT}",
    ),
]


@pytest.mark.parametrize(
    ("cloud", "path", "value", "line"),
    [
        pytest.param(cloud, *row, id=f"{cloud}-{number}-{row[2][:30]}")
        for cloud, rows in (("aws", WRONG), ("gcp", WRONG_ON_GCP))
        for number, row in enumerate(rows)
    ],
)
def test_a_wrong_value_is_named_with_its_key_and_the_cure(
    cloud: str, path: Way, value: Any, line: str
):
    assert problems_of(changed(LEAST_ON[cloud], path, value)) == [f"cmbcluster-storage:{line}"]


_REQUIRED: dict[Way, str] = {
    ("platform",): PLATFORM,
    ("cloud",): CLOUD,
    ("cloud", "provider"): PROVIDER,
    ("kubernetes",): "write namespace and context or renderTo",
    ("kubernetes", "namespace"): NAMESPACE,
    ("users", 1, "id"): USER,
}
REQUIRED_ON: dict[str, dict[Way, str]] = {
    "aws": {
        **_REQUIRED,
        ("cloud", "accountId"): ACCOUNT,
        ("cloud", "region"): REGION,
        ("cloud", "oidcIssuer"): OIDC,
    },
    "gcp": {
        **_REQUIRED,
        ("cloud", "project"): PROJECT,
        ("cloud", "projectNumber"): NUMBER,
        ("cloud", "location"): LOCATION,
    },
}


@pytest.mark.parametrize(
    ("cloud", "path", "cure"),
    [
        pytest.param(cloud, path, cure, id=f"{cloud}-{dotted(path)}")
        for cloud, required in REQUIRED_ON.items()
        for path, cure in required.items()
    ],
)
def test_a_missing_key_is_named_with_the_cure(cloud: str, path: Way, cure: str):
    assert problems_of(without(MOST_ON[cloud], path)) == [f"{dotted(path)}: is missing; {cure}"]


@on_each_cloud
def test_every_other_key_may_be_left_out(cloud: str):
    most = MOST_ON[cloud]
    optional = set(key_paths(most)) - REQUIRED_ON[cloud].keys()
    # One of context and renderTo must be there: that has its own error above.
    for path in optional - {("kubernetes", "renderTo")}:
        parse(engine_values(without(most, path)))


def test_the_keys_of_the_other_cloud_are_no_keys():
    cloud = {**LEAST_ON["gcp"]["cloud"], "accountId": "123456789012", "region": "us-east-1"}
    known = ", ".join(
        f"cmbcluster-storage:cloud.{key}"
        for key in ("identity", "location", "project", "projectNumber", "provider")
    )
    assert problems_of(changed(LEAST_ON["gcp"], ("cloud",), cloud)) == [
        f"cmbcluster-storage:cloud.{key}: is no key of this file; drop it; known are {known}"
        for key in ("accountId", "region")
    ]


def test_all_problems_are_told_at_once():
    tree = changed(LEAST, ("cloud", "accountId"), "12")
    tree = changed(tree, ("cloud", "regoin"), "us-east-1")
    tree = changed(tree, ("users",), ["ann", ""])
    tree["plaftorm"] = tree.pop("platform")
    assert problems(engine_values(tree), stack_file_keys=["config", "confg"]) == [
        "cmbcluster-storage:plaftorm: is no key of this file; "
        "did you mean cmbcluster-storage:platform?",
        "confg: is no key of this file; did you mean config?",
        f"cmbcluster-storage:platform: is missing; {PLATFORM}",
        f'cmbcluster-storage:cloud.accountId: "12" {NO_ACCOUNT}',
        "cmbcluster-storage:cloud.regoin: is no key of this file; "
        "did you mean cmbcluster-storage:cloud.region?",
        'cmbcluster-storage:users[1].id: "" is wrong (String should have at least 1 character); '
        f"{USER}",
    ]


def test_a_config_error_is_shown_without_a_traceback():
    assert issubclass(ConfigError, pulumi.RunError)


TEXT = [7, True, None, ["x"], {"x": 1}]

# Text at the outermost level reaches the program as text whatever it was in YAML, so
# `platform: true` and `platform: "true"` are one and the same here.
_WRONG_TYPES: dict[Way, list[Any]] = {
    ("platform",): [7, ["x"], {"x": 1}],
    ("cloud",): ["aws", "gcp", 7, ["aws"]],
    ("cloud", "provider"): [7, True, None, ["aws"], {"aws": 1}],
    ("kubernetes",): ["hub", 7, ["hub"]],
    ("kubernetes", "namespace"): TEXT,
    ("kubernetes", "context"): [7, True, ["x"], {"x": 1}],
    ("kubernetes", "renderTo"): [7, True, ["x"], {"x": 1}],
    ("buckets",): ["x", 7, ["x"]],
    ("buckets", "versioning"): ["true", 1, 0, None, ["x"], {"x": 1}],
    ("buckets", "noncurrentVersionsKept"): ["30", 1.5, True, None, ["x"], {"x": 1}],
    ("buckets", "noncurrentDays"): ["30", 1.5, True, None, ["x"], {"x": 1}],
    ("buckets", "abortUploadsAfterDays"): ["7", 1.5, True, None, ["x"], {"x": 1}],
    ("buckets", "labels"): ["x", 7, None, ["x"]],
    ("users",): ["ann", 7, {"id": "ann"}],
    ("users", 1): [7, True, None, ["ann"]],
    ("users", 1, "id"): [7, True, None, ["ann"], {"x": 1}],
}
WRONG_TYPES_ON: dict[str, dict[Way, list[Any]]] = {
    "aws": {
        **_WRONG_TYPES,
        ("cloud", "accountId"): [123456789012, *TEXT],
        ("cloud", "region"): TEXT,
        ("cloud", "oidcIssuer"): TEXT,
    },
    "gcp": {
        **_WRONG_TYPES,
        ("cloud", "project"): TEXT,
        ("cloud", "projectNumber"): [123456789012, *TEXT],
        ("cloud", "location"): TEXT,
        ("cloud", "identity"): TEXT,
        ("buckets", "softDeleteDays"): ["7", 7.5, True, None, ["x"], {"x": 1}],
    },
}
TYPED_KEYS = [(cloud, path) for cloud, types in WRONG_TYPES_ON.items() for path in types]


@pytest.mark.parametrize(
    ("cloud", "path"),
    [pytest.param(*key, id=f"{key[0]}-{dotted(key[1])}") for key in TYPED_KEYS],
)
def test_a_value_of_a_wrong_type_is_refused(cloud: str, path: Way):
    for wrong in WRONG_TYPES_ON[cloud][path]:
        [line] = problems_of(changed(MOST_ON[cloud], path, wrong))
        # "7" stands for 7 at the outermost level, see above
        shown = str(wrong) if len(path) == 1 and isinstance(wrong, int) else wrong
        value = "" if isinstance(shown, dict | list) else f" {json.dumps(shown)}"
        assert re.match(
            rf"{re.escape(dotted(path))}:{re.escape(value)} is wrong( \(.+\))?; write ", line
        )


@on_each_cloud
def test_every_key_has_wrong_types_here(cloud: str):
    keys = {*key_paths(MOST_ON[cloud]), ("kubernetes", "context"), ("users", 1)}
    assert set(WRONG_TYPES_ON[cloud]) == keys


@pytest.mark.parametrize(
    ("path", "tree"),
    [
        pytest.param(path, trees[cloud], id=f"{cloud}-{name}-{dotted(path)}")
        for name, trees in {"committed": COMMITTED, "most": MOST_ON}.items()
        for cloud in CLOUDS
        for path in key_paths(trees[cloud])
    ],
)
def test_a_misspelt_key_is_named_with_the_right_one(path: Way, tree: Tree):
    key = str(path[-1])
    for spelling in misspelt(key):
        answer = f"{dotted((*path[:-1], spelling))}: is no key of this file; "
        [line] = [
            line for line in problems_of(renamed(tree, path, spelling)) if line.startswith(answer)
        ]
        assert key in line.removeprefix(answer)


def test_keys_are_misspelt_at_every_depth():
    for cloud, key in (("aws", "region"), ("gcp", "projectNumber")):
        assert {("cloud",), ("cloud", key), ("users", 1, "id")} <= {*key_paths(COMMITTED[cloud])}
    assert misspelt("id") == ["di", "i", "ids", "ixd"]
    assert misspelt("region") == ["regio", "regions", "regxion", "reigon"]


@on_each_cloud
@pytest.mark.parametrize(
    "key", ["config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider"]
)
def test_a_misspelt_root_key_of_the_stack_file_is_named_with_the_right_one(cloud: str, key: str):
    for spelling in misspelt(key):
        roots = [root for root in STACK_FILES[cloud] if root != key]
        assert problems(engine_values(COMMITTED[cloud]), stack_file_keys=[*roots, spelling]) == [
            f"{spelling}: is no key of this file; did you mean {key}?"
        ]


def test_a_root_key_like_no_other_is_answered_with_all_of_them():
    assert problems(engine_values(LEAST), stack_file_keys=["config", "zzz"]) == [
        "zzz: is no key of this file; drop it; known are config, encryptedkey, encryptionsalt, "
        "environment, secretsprovider"
    ]


@pytest.mark.parametrize("key", [f"cmbcluster-storage:{key}" for key in MOST])
def test_a_misspelt_project_is_named_with_the_right_one(key: str):
    values = engine_values(MOST)
    wrong = key.replace("storage", "storge")
    values[wrong] = values.pop(key)
    assert f"{wrong}: is no key of this file; did you mean {key}?" in problems(values)


def test_labels_may_have_any_key_of_the_right_form():
    labels = {"cost-center": "x", "cost-centre": "x", "versionning": "x"}
    made = parse(engine_values(changed(LEAST, ("buckets", "labels"), labels)))
    assert made.buckets.labels == labels


@on_each_cloud
@pytest.mark.parametrize("path", [("zzz",), ("cloud", "zzz"), ("users", 1, "zzz")], ids=dotted)
def test_a_key_like_no_other_is_answered_with_the_known_ones(cloud: str, path: Way):
    [line] = problems_of(changed(MOST_ON[cloud], path, "x"))
    assert line.startswith(f"{dotted(path)}: is no key of this file; drop it; known are ")


def test_a_misspelt_key_with_a_dot_is_looked_for_where_it_is():
    assert problems_of(changed(LEAST, ("cloud", "reg.ion"), "x")) == [
        "cmbcluster-storage:cloud.reg.ion: is no key of this file; "
        "did you mean cmbcluster-storage:cloud.region?"
    ]


@pytest.mark.parametrize("key", [f"cmbcluster-storage:{key}" for key in MOST])
def test_an_encrypted_key_is_refused_in_one_line(key: str):
    assert problems(engine_values(MOST), secret_keys=[key]) == [
        f"{key}: is encrypted; nothing here is secret, write it plainly"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann", "ann"),
        ("a", "a"),
        ("ann@example.org", "ANN@Example.org"),
        ("stra\u00dfe", "STRASSE"),
        ("jos\u00e9", "jose\u0301"),
        ("\ufb01ona", "fiona"),
        ("ann", "\uff41nn"),
        ("\u212bngstr\u00f6m", "\u00c5ngstr\u00f6m"),
    ],
    ids=ascii,
)
def test_ids_that_people_cannot_tell_apart_are_refused(one: str, other: str):
    for users in ([one, "bob", other], [{"id": one}, other]):
        assert problems_of(changed(LEAST, ("users",), users)) == [
            f"cmbcluster-storage:users: {one!r} and {other!r} are one user to this stack; "
            "keep one line"
        ]


def test_ids_with_one_name_or_one_slug_are_refused(monkeypatch: pytest.MonkeyPatch):
    tree = changed(LEAST, ("users",), ["ann", "bob"])
    line = "cmbcluster-storage:users: 'ann' and 'bob' are one user to this stack; keep one line"
    for function in ("user_name", "user_slug"):
        with monkeypatch.context() as patch:
            patch.setattr(names, function, lambda scope, user: "one-for-all")
            assert problems_of(tree) == [line]
    assert [user.id for user in parse(engine_values(tree)).users] == ["ann", "bob"]


def test_duplicates_are_not_looked_for_in_a_scope_that_is_wrong():
    tree = changed(LEAST, ("cloud", "region"), "moon")
    assert problems_of(changed(tree, ("users",), ["ann", "ann"])) == [
        f'cmbcluster-storage:cloud.region: "moon" {NO_REGION}'
    ]


def test_soft_deletion_is_not_refused_on_a_cloud_that_is_wrong():
    tree = changed(LEAST, ("buckets", "softDeleteDays"), 14)
    assert problems_of(changed(tree, ("cloud", "region"), "moon")) == [
        f'cmbcluster-storage:cloud.region: "moon" {NO_REGION}'
    ]


@pytest.mark.parametrize(
    ("cloud", "key", "value"),
    [
        (
            "aws",
            "accountId",
            "\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660\u0661\u0662",
        ),
        ("aws", "region", "us-east-\u0661"),
        ("gcp", "project", "research\u0661"),
        ("gcp", "projectNumber", "\u0661\u0662\u0663\u0664\u0665\u0666"),
        ("gcp", "location", "europe-west\u0664"),
    ],
)
def test_digits_of_other_scripts_are_refused(cloud: str, key: str, value: str):
    [line] = problems_of(changed(LEAST_ON[cloud], ("cloud", key), value))
    assert line.startswith(f"cmbcluster-storage:cloud.{key}: {json.dumps(value)} is wrong (")


def test_a_region_too_long_for_a_buckets_name_is_refused():
    [line] = problems_of(changed(LEAST, ("cloud", "region"), "aa-northnorthso-1"))
    assert line.startswith('cmbcluster-storage:cloud.region: "aa-northnorthso-1" ')


def test_an_issuer_too_long_for_a_trust_policy_is_refused():
    issuer = "i" * 2000
    [line] = problems_of(changed(LEAST, ("cloud", "oidcIssuer"), issuer))
    assert line.startswith(f'cmbcluster-storage:cloud.oidcIssuer: "{issuer}" is wrong (')


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.sampled_from(TYPED_KEYS), json_values)
def test_any_value_is_taken_or_refused_with_a_config_error(key: tuple[str, Way], value: Any):
    cloud, path = key
    with contextlib.suppress(ConfigError):  # anything else is a traceback for the operator
        parse(engine_values(changed(MOST_ON[cloud], path, value)))


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.text(), max_size=3))
def test_any_foreign_key_is_refused_by_name(foreign: dict[str, str]):
    foreign = {key: text for key, text in foreign.items() if not key.startswith("pulumi:")}
    if foreign:
        with pytest.raises(ConfigError) as caught:
            parse({**engine_values(LEAST), **foreign})
        for key in foreign:
            assert f"\n{key}: is no key of this file; " in str(caught.value)


# ---- load ---------------------------------------------------------------------------------


@pytest.fixture
def stack_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return where the stack file of the running stack would be; the engine's part is done."""
    monkeypatch.setattr(SETTINGS, "root_directory", str(tmp_path))
    monkeypatch.setattr(SETTINGS, "stack", "aws")
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(engine_values(LEAST)))
    return tmp_path / "Pulumi.aws.yaml"


def test_load_reads_what_the_engine_hands_over(monkeypatch: pytest.MonkeyPatch, stack_file: Path):
    stack_file.write_text("config:\n  cmbcluster-storage:platform: not-from-here\n", "utf-8")
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(engine_values(COMMITTED["aws"])))
    assert load() == parse(engine_values(COMMITTED["aws"]))


@on_each_cloud
def test_load_reads_the_committed_stack_file(
    cloud: str, monkeypatch: pytest.MonkeyPatch, stack_file: Path
):
    monkeypatch.setattr(SETTINGS, "root_directory", str(PROJECT_FOLDER))
    monkeypatch.setattr(SETTINGS, "stack", cloud)
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(engine_values(COMMITTED[cloud])))
    made = load()
    assert made.cloud.provider == cloud
    assert [user.id for user in made.users] == ["ann@example.org", "bob"]


def test_load_needs_no_stack_file(stack_file: Path):
    assert not stack_file.exists()
    assert load() == parse(engine_values(LEAST))


def test_load_without_config_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, stack_file: Path
):
    monkeypatch.delenv("PULUMI_CONFIG")
    with pytest.raises(ConfigError, match="cmbcluster-storage:platform: is missing"):
        load()


def test_load_refuses_a_misspelt_root_key_of_this_stacks_file(stack_file: Path):
    stack_file.write_text("encryptionsalt: v1:x\nconfg: {}\n", "utf-8")
    with pytest.raises(ConfigError, match="\nconfg: is no key of this file; did you mean config"):
        load()


def test_load_reads_no_other_stacks_file(stack_file: Path):
    stack_file.with_name("Pulumi.gcp.yaml").write_text("confg: {}\n", "utf-8")
    assert load() == parse(engine_values(LEAST))


def test_load_refuses_what_is_encrypted(monkeypatch: pytest.MonkeyPatch, stack_file: Path):
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(engine_values(MOST)))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", '["cmbcluster-storage:users"]')
    with pytest.raises(ConfigError, match="\ncmbcluster-storage:users: is encrypted; "):
        load()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet\n",
        "config:\n  cmbcluster-storage:users: [2024-99-99]\n",
        "config:\n  cmbcluster-storage:users: [=]\n",
    ],
    ids=["empty", "comment", "a date that is none", "an equals sign"],
)
def test_load_takes_every_stack_file_that_the_engine_takes(stack_file: Path, text: str):
    stack_file.write_text(text, "utf-8")
    assert load() == parse(engine_values(LEAST))


def test_load_names_a_root_key_as_it_was_written(stack_file: Path):
    stack_file.write_text("on: x\n", "utf-8")  # to the engine it is text, to YAML 1.1 a boolean
    with pytest.raises(ConfigError, match="\non: is no key of this file; "):
        load()
