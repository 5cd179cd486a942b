"""The stack's outputs as a hub reads them: the model, its JSON Schema, and the stack itself.

The schema's diff is read before it is written anew:

    .venv/bin/python tests/unit/test_outputs.py > runtime/cmbcluster_storage/outputs.schema.json
"""

import copy
import dataclasses
import json
import sys
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from cmbcluster_storage import ConfigurationError, StackOutputs
from cmbcluster_storage.contract import json_schema
from cmbcluster_storage.outputs import (
    AwsPlatformOutputs,
    BucketOutputs,
    GcpPlatformOutputs,
    UserOutputs,
)
from hypothesis import given
from hypothesis import strategies as st
from program import VARIANTS, run
from pydantic.alias_generators import to_camel
from test_stack import OUTPUTS

from infra import stack

Way = tuple[str, ...]

FILE = "outputs.schema.json"
CURE = "run `pulumi up` with the program of this version, or install the runtime of that one"
CLOUDS = st.sampled_from(["aws", "gcp"])


def schema_text() -> str:
    return json.dumps(json_schema(StackOutputs), indent=2, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    return json.loads((files("cmbcluster_storage") / FILE).read_text("utf-8"))


def is_valid(outputs: Any) -> bool:
    return jsonschema.Draft202012Validator(schema()).is_valid(outputs)


def ways(value: Any, way: Way = ()) -> Iterator[Way]:
    """Yield the way to everything inside of a value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*way, key)
            yield from ways(item, (*way, key))


def changed(outputs: dict[str, Any], way: Way, *value: Any) -> dict[str, Any]:
    """Return a copy with another value at a way, or with nothing there."""
    copied = copy.deepcopy(outputs)
    inner = copied
    for key in way[:-1]:
        inner = inner[key]
    if value:
        inner[way[-1]] = value[0]
    else:
        del inner[way[-1]]
    return copied


def as_json(record: Any) -> Any:
    """Return what a record was read from."""
    if dataclasses.is_dataclass(record):
        values = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
        return {
            to_camel(name): as_json(value)
            for name, value in values.items()
            if (name, value) != ("soft_delete_days", None)
        }
    if isinstance(record, dict):
        return {key: as_json(value) for key, value in record.items()}
    return record


def test_the_committed_schema_is_the_models():
    assert (files("cmbcluster_storage") / FILE).read_text("utf-8") == schema_text()
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("name", VARIANTS)
def test_what_the_stack_says_is_what_the_model_and_the_schema_take(name: str):
    outputs = run(VARIANTS[name].config("ann@example.org", "bob"))[1]
    jsonschema.Draft202012Validator(schema()).validate(outputs)
    assert as_json(StackOutputs.read(outputs)) == outputs


def described(properties: dict[str, Any], prefix: str) -> dict[str, str]:
    return {f"{prefix}.{key}": item["description"] for key, item in properties.items()}


def test_the_readme_and_the_schema_say_the_same_of_every_output():
    outputs = schema()["properties"]
    users = described(outputs["users"]["additionalProperties"]["properties"], "users.<id>")
    aws, gcp = (described(kind["properties"], "platform") for kind in outputs["platform"]["anyOf"])
    said = users | aws | gcp
    shared = {path: words for path, words in stack.OUTPUTS.items() if ", " not in path}
    assert shared == {path: said[path] for path in shared}
    # What one cloud alone has is a row for several keys.
    rest = [path.removeprefix("platform.") for path in stack.OUTPUTS if path not in shared]
    assert {f"platform.{key}" for path in rest for key in path.split(", ")} == said.keys() - shared


@pytest.mark.parametrize("name", VARIANTS)
def test_no_output_is_a_secret_or_waits_for_the_cloud(name: str):
    # Plain data: Pulumi wraps what is secret, and prints "[secret]" instead of it.
    outputs = run(VARIANTS[name].config("ann@example.org"))[1]
    assert json.loads(json.dumps(outputs)) == outputs


RULES = {
    "versioning": True,
    "noncurrent_versions_kept": 30,
    "noncurrent_days": 30,
    "abort_uploads_after_days": 7,
    "storage_class": "STANDARD",
    "scratch_days": None,
    "encryption_key": None,
    "access_logs_to": None,
    "labels": {"cost-centre": "physics"},
}


def test_the_outputs_are_read_on_aws():
    read = StackOutputs.read(OUTPUTS["aws"])
    name = "ara-planet-8c71157f"
    assert list(read.users) == ["ann@example.org", "bob"]
    assert read.users["bob"] == UserOutputs(
        bucket_name=f"{name}-123456789012-us-east-1-an",
        bucket_url=f"s3://{name}-123456789012-us-east-1-an",
        namespace="hub",
        service_account_name=name,
        claim_name=name,
        state="active",
        next_step=OUTPUTS["aws"]["users"]["bob"]["nextStep"],
    )
    assert read.platform == AwsPlatformOutputs(
        name="cmbcluster",
        provider="aws",
        account_id="123456789012",
        region="us-east-1",
        bucket_namespace="accountRegional",
        buckets=BucketOutputs(**RULES),
    )


def test_the_outputs_are_read_on_google_cloud():
    assert StackOutputs.read(OUTPUTS["gcp"]).platform == GcpPlatformOutputs(
        name="cmbcluster",
        provider="gcp",
        project="cmbcluster-research",
        project_number="123456789012",
        location="europe-west4",
        buckets=BucketOutputs(**RULES, soft_delete_days=7),
    )


def test_what_only_a_newer_stack_says_is_ignored():
    newer = changed(OUTPUTS["aws"], ("platform", "buckets", "colour"), "blue")
    newer = changed(newer, ("users", "bob", "quota"), {"bytes": 1})
    assert is_valid(newer)
    assert StackOutputs.read(newer) == StackOutputs.read(OUTPUTS["aws"])


def test_a_stack_without_users_is_read():
    assert StackOutputs.read(changed(OUTPUTS["gcp"], ("users",), {})).users == {}


@pytest.mark.parametrize(
    ("way", "value", "problem"),
    [
        (("users",), (), "users: is missing"),
        (("users", "bob", "claimName"), (), "users.bob.claimName: is missing"),
        (("platform", "provider"), (), "platform.provider: is missing"),
        (("platform", "buckets", "scratchDays"), (), "platform.buckets.scratchDays: is missing"),
        (("users",), (["bob"],), 'users: ["bob"] is wrong, it must be an object'),
        (("users", "bob"), ("[secret]",), 'users.bob: "[secret]" is wrong, it must be an object'),
        (
            ("users", "bob", "claimName"),
            (None,),
            "users.bob.claimName: null is wrong, it must be text",
        ),
        (
            ("users", "bob", "state"),
            ("gone",),
            'users.bob.state: "gone" is wrong, it must be "active" or "suspended" or "deleted"',
        ),
        (
            ("platform", "provider"),
            ("azure",),
            'platform.provider: "azure" is wrong, it must be "aws" or "gcp"',
        ),
        (
            ("platform", "provider"),
            ({},),
            'platform.provider: an object is wrong, it must be "aws" or "gcp"',
        ),
        (
            ("platform", "accountId"),
            (7,),
            "platform.accountId: 7 is wrong, it must be text",
        ),
        (
            ("platform", "buckets", "versioning"),
            (1,),
            "platform.buckets.versioning: 1 is wrong, it must be true or false",
        ),
        (
            ("platform", "buckets", "noncurrentDays"),
            (True,),
            "platform.buckets.noncurrentDays: true is wrong, it must be a whole number",
        ),
        (
            ("platform", "buckets", "labels", "cost-centre"),
            (7,),
            "platform.buckets.labels.cost-centre: 7 is wrong, it must be text",
        ),
    ],
)
def test_what_is_broken_is_named_with_its_cure(way: Way, value: tuple[Any, ...], problem: str):
    broken = changed(OUTPUTS["aws"], way, *value)
    with pytest.raises(ConfigurationError) as error:
        StackOutputs.read(broken)
    assert str(error.value) == f"{problem}; {CURE}"
    assert not is_valid(broken)


def test_outputs_that_are_none_at_all_are_named():
    with pytest.raises(ConfigurationError) as error:
        StackOutputs.read([])
    assert str(error.value) == f"the outputs: [] is wrong, it must be an object; {CURE}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "aws", "gcp", "active"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)


@given(CLOUDS, JSON, st.booleans(), st.data())
def test_the_schema_and_the_model_take_the_same(
    cloud: str, value: Any, absent: bool, data: st.DataObject
):
    way = data.draw(st.sampled_from(list(ways(OUTPUTS[cloud]))))
    outputs = changed(OUTPUTS[cloud], way, *(() if absent else (value,)))
    try:
        StackOutputs.read(outputs)
    except ConfigurationError:
        assert not is_valid(outputs)
    else:
        assert is_valid(outputs)


if __name__ == "__main__":
    sys.stdout.write(schema_text())
