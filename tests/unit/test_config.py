"""The keys of a stack file: which there are, what they mean when absent, and every misspelling."""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pulumi
import pytest
from cmbcluster_storage import rules
from cures import (
    ACCOUNT,
    CLOUD,
    LOCATION,
    NAMESPACE,
    NO_ACCOUNT,
    NUMBER,
    PLATFORM,
    PROJECT,
    PROVIDER,
    REGION,
    USER,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_camel
from stack_trees import (
    CLOUD_KMS_KEY,
    CLOUDS,
    COMMITTED,
    EXCLUDED,
    ISSUER,
    KMS_KEY,
    LEAST,
    LEAST_ON,
    MOST,
    MOST_ON,
    STACK_FILES,
    Tree,
    Way,
    changed,
    dotted,
    engine_values,
    key_paths,
    on_each_cloud,
    problems,
    problems_of,
    renamed,
    without,
)

from infra.config import ConfigError, parse
from infra.settings import StackConfig


def misspelt(key: str) -> list[str]:
    """Return the key without its last letter, with two swapped, and with one too many."""
    middle = len(key) // 2
    swapped = key[: middle - 1] + key[middle] + key[middle - 1] + key[middle + 1 :]
    spellings = {key[:-1], swapped, f"{key}s", f"{key[:middle]}x{key[middle:]}"}
    return sorted(spellings - {key, ""})


CLOUD_READ: dict[str, Tree] = {
    "aws": {
        "provider": "aws",
        "account_id": "123456789012",
        "region": "us-east-1",
        "identity": "irsa",
        "oidc_issuer": ISSUER,
        "cluster_name": None,
        "bucket_namespace": "accountRegional",
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
            "scratch_days": None,
            "storage_class": "STANDARD",
            "encryption_key": None,
            "access_logs_to": None,
            "labels": {},
        },
        "review": {"max_deletes": 0, "max_replaces": 0, "max_users": 25, "consent": ()},
        "extends": None,
        "users": (),
    }


@pytest.mark.parametrize(
    ("cloud", "cloud_read", "soft_delete_days", "key"),
    [
        # Soft deletion is of no use on AWS, so it stays the default.
        ("aws", {**CLOUD_READ["aws"], "bucket_namespace": "global"}, 7, KMS_KEY),
        ("gcp", {**CLOUD_READ["gcp"], "identity": "serviceAccount"}, 14, CLOUD_KMS_KEY),
    ],
    ids=CLOUDS,
)
def test_every_key_is_read(cloud: str, cloud_read: Tree, soft_delete_days: int, key: str):
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
            "scratch_days": 14,
            "storage_class": "COLDLINE",
            "encryption_key": key,
            "access_logs_to": "cmbcluster-access-logs",
            "labels": {"cost-centre": "physics"},
        },
        "review": {"max_deletes": 1, "max_replaces": 2, "max_users": 3, "consent": ("dan",)},
        "extends": cloud,
        "users": (
            {"id": "ann@example.org", "state": "active", "bucket": None, "adopt": ()},
            {
                "id": "bob",
                "state": "suspended",
                "bucket": "old-data",
                "adopt": ("bucket", "policy"),
            },
        ),
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
    assert written | EXCLUDED == set(keys_of(StackConfig))


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
        scratch_days=14,
        storage_class="COLDLINE",
        encryption_key=CLOUD_KMS_KEY,
        access_logs_to="cmbcluster-access-logs",
    )


def test_a_config_does_not_change():
    made = parse(engine_values(MOST))
    with pytest.raises(ValidationError, match="frozen"):
        made.platform = "other"
    with pytest.raises(ValidationError, match="frozen"):
        made.cloud.provider = "gcp"


@pytest.mark.parametrize("text", ["", "{}", "[]"])
@pytest.mark.parametrize("key", ["buckets", "review", "extends", "users"])
def test_the_defaults_of_the_project_file_mean_absent(key: str, text: str):
    values = {**engine_values(LEAST), f"cmbcluster-storage:{key}": text}
    assert parse(values) == parse(engine_values(LEAST))


def test_what_belongs_to_the_engine_is_left_to_it():
    values = {
        **engine_values(LEAST),
        "pulumi:disable-default-providers": '["*"]',
        "pulumi:tags": '{"team":"storage"}',
    }
    roots = ["config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider"]
    assert parse(values, stack_file_keys=roots) == parse(engine_values(LEAST))


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
    # Some need one another: that has its own error.
    for path in optional - {("kubernetes", "renderTo"), ("cloud", "oidcIssuer")}:
        parse(engine_values(without(most, path)))


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


OPTIONAL_TEXT = [7, True, ["x"], {"x": 1}]
TEXT = [None, *OPTIONAL_TEXT]
_NO_NUMBER = ["30", 1.5, True, None, ["x"], {"x": 1}]

# Text at the outermost level reaches the program as text whatever it was in YAML, so
# `platform: true` and `platform: "true"` are one and the same here.
_WRONG_TYPES: dict[Way, list[Any]] = {
    ("platform",): [7, ["x"], {"x": 1}],
    ("cloud",): ["aws", "gcp", 7, ["aws"]],
    ("cloud", "provider"): [7, True, None, ["aws"], {"aws": 1}],
    ("kubernetes",): ["hub", 7, ["hub"]],
    ("kubernetes", "namespace"): TEXT,
    ("kubernetes", "context"): OPTIONAL_TEXT,
    ("kubernetes", "renderTo"): OPTIONAL_TEXT,
    ("buckets",): ["x", 7, ["x"]],
    ("buckets", "versioning"): ["true", 1, 0, None, ["x"], {"x": 1}],
    ("buckets", "noncurrentVersionsKept"): _NO_NUMBER,
    ("buckets", "noncurrentDays"): _NO_NUMBER,
    ("buckets", "abortUploadsAfterDays"): ["7", 1.5, True, None, ["x"], {"x": 1}],
    ("buckets", "labels"): ["x", 7, None, ["x"]],
    ("buckets", "scratchDays"): ["7", 7.5, True, ["x"], {"x": 1}],
    ("buckets", "storageClass"): ["x", "standard", "GLACIER_IR", *TEXT],
    ("buckets", "encryptionKey"): OPTIONAL_TEXT,
    ("buckets", "accessLogsTo"): OPTIONAL_TEXT,
    ("review",): ["x", 7, ["x"]],
    ("review", "maxDeletes"): _NO_NUMBER,
    ("review", "maxReplaces"): _NO_NUMBER,
    ("review", "maxUsers"): _NO_NUMBER,
    ("review", "consent"): ["dan", 7, True, None, {"dan": 1}],
    ("extends",): [],  # whatever is there was text, and a stack of that name has a file or not
    ("users",): ["ann", 7, {"id": "ann"}],
    ("users", 1): [7, True, None, ["ann"]],
    ("users", 1, "id"): [7, True, None, ["ann"], {"x": 1}],
    ("users", 1, "state"): ["x", "Active", *TEXT],
    ("users", 1, "bucket"): OPTIONAL_TEXT,
    ("users", 1, "adopt"): ["bucket", 7, True, None, {"bucket": 1}],
}
WRONG_TYPES_ON: dict[str, dict[Way, list[Any]]] = {
    "aws": {
        **_WRONG_TYPES,
        ("cloud", "accountId"): [123456789012, *TEXT],
        ("cloud", "region"): TEXT,
        ("cloud", "identity"): ["x", "workloadIdentity", *TEXT],
        ("cloud", "oidcIssuer"): OPTIONAL_TEXT,
        ("cloud", "clusterName"): OPTIONAL_TEXT,
        ("cloud", "bucketNamespace"): ["x", "account-regional", *TEXT],
    },
    "gcp": {
        **_WRONG_TYPES,
        ("cloud", "project"): TEXT,
        ("cloud", "projectNumber"): [123456789012, *TEXT],
        ("cloud", "location"): TEXT,
        ("cloud", "identity"): ["x", "irsa", *TEXT],
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
    excluded = {path for path in EXCLUDED if path[0] != "cloud" or cloud == "aws"}
    keys = {*key_paths(MOST_ON[cloud]), *excluded, ("users", 1)}
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
            shown = key if key.isprintable() else json.dumps(key)
            assert f"\n{shown}: is no key of this file; " in str(caught.value)
