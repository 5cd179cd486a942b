import json
from functools import cache

import pytest
from program import AWS_EVERYTHING, GCP_EVERYTHING, Cloud, run

from sandbox import aws, gcp, kubernetes, schema, sdk_schema
from sandbox.properties import UNKNOWN
from sandbox.schema import Schema

SDKS = {
    "pulumi_aws": aws.TYPES,
    "pulumi_gcp": gcp.TYPES,
    "pulumi_kubernetes": kubernetes.TYPES,
}
TOKENS = [token for types in SDKS.values() for token in types]

# A small provider: every shape there is, and an object that contains itself.
SMALL = Schema(
    {
        "inputs": {"small": "Args"},
        "outputs": {"small": []},
        "objects": {
            "Args": {
                "properties": {
                    "text": "string",
                    "count": "integer",
                    "ratio": "number",
                    "enabled": "boolean",
                    "anything": "any",
                    "tags": {"map": "string"},
                    "names": {"array": "string"},
                    "filter": {"object": "Filter"},
                    "rules": {"array": {"object": "Filter"}},
                    "byName": {"map": {"object": "Filter"}},
                    "policy": {"union": ["string", {"object": "Filter"}]},
                },
                "required": [],
            },
            "Filter": {
                "properties": {"prefix": "string", "days": "integer", "and": {"object": "Filter"}},
                "required": ["prefix"],
            },
        },
    }
)


@cache
def derived(sdk):
    # As it comes out of the file that keeps it.
    return Schema(json.loads(json.dumps(sdk_schema.derived(sdk, SDKS[sdk]))))


def schema_of(token):
    return derived(next(sdk for sdk, types in SDKS.items() if token in types))


@cache
def program_inputs():
    """What the engine would be given for one user, with every option on: token to inputs."""
    registered = {}
    for stack in (AWS_EVERYTHING, GCP_EVERYTHING):
        cloud = Cloud()
        run(stack.config("ann@example.org"), cloud)
        registered |= cloud.inputs_by_type
    return {
        token: inputs
        for token, inputs in registered.items()
        if not token.startswith(("cmbcluster-storage:", "pulumi:"))
    }


def failures(inputs, kind="small", of=SMALL):
    return list(of.failures(kind, inputs))


def entries(value, path=()):
    """Yield (path, value) of every key and item inside a value, at any depth."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*path, key), item
        if isinstance(item, dict | list):
            yield from entries(item, (*path, key))


def dotted(path):
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)[1:]


def changed(inputs, path, change):
    """Return a copy in which `change(parent, key)` was done where the path ends."""
    copy = json.loads(json.dumps(inputs))
    parent = copy
    for key in path[:-1]:
        parent = parent[key]
    change(parent, path[-1])
    return copy


def rename(new):
    def change(parent, key):
        parent[new] = parent.pop(key)

    return change


def put(value):
    def change(parent, key):
        parent[key] = value

    return change


def is_free(token, path):
    """Tell whether a path's last key is the user's own: a tag, a label, …"""
    shape = {"object": schema_of(token).inputs[token]}
    for key in path[:-1]:
        if "object" in shape:
            shape = schema_of(token).objects[shape["object"]]["properties"][key]
        else:
            shape = shape.get("array") or shape["map"]
    return "map" in shape


def test_the_program_uses_every_type_of_the_sandbox_and_no_other():
    assert sorted(program_inputs()) == sorted(TOKENS)


@pytest.mark.parametrize("token", TOKENS)
def test_what_the_program_registers_passes(token):
    assert failures(program_inputs()[token], token, schema_of(token)) == []


@pytest.mark.parametrize("token", TOKENS)
def test_every_misspelt_key_of_the_program_is_refused_with_the_right_spelling(token):
    inputs, checked = program_inputs()[token], 0
    for path, _ in entries(inputs):
        if isinstance(path[-1], int) or is_free(token, path):
            continue
        misspelt = f"{path[-1]}x"
        found = failures(changed(inputs, path, rename(misspelt)), token, schema_of(token))
        assert (
            dotted((*path[:-1], misspelt)),
            f"unknown property {misspelt!r}; did you mean {path[-1]!r}?",
        ) in found
        checked += 1

    assert checked >= 2


@pytest.mark.parametrize("token", TOKENS)
def test_every_value_of_the_program_is_refused_in_another_type(token):
    inputs, checked = program_inputs()[token], 0
    for path, value in entries(inputs):
        wrong = [7, 0.5, True, "text", ["text"], {"misspelt": 1}]
        if isinstance(value, str | dict | list):
            wrong = [item for item in wrong if not isinstance(item, type(value))]
        elif isinstance(value, bool):
            wrong = [item for item in wrong if item is not True]
        else:
            wrong.remove(7)
        for item in wrong:
            found = failures(changed(inputs, path, put(item)), token, schema_of(token))
            assert dotted(path) in dict(found), f"{dotted(path)} took {item!r}: {found}"
            assert f"got {json.dumps(item)}" in dict(found)[dotted(path)]
            checked += 1

    assert checked >= 8


@pytest.mark.parametrize("token", TOKENS)
def test_every_value_of_the_program_may_be_unknown_in_a_preview(token):
    inputs = program_inputs()[token]
    for path, _ in entries(inputs):
        assert failures(changed(inputs, path, put(UNKNOWN)), token, schema_of(token)) == []


@pytest.mark.parametrize(
    ("token", "path"),
    [
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "bucket"),
        ("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "rule.objectOwnership"),
        (
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm",
        ),
        ("aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration"),
        ("aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration.status"),
        ("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "rules[1].id"),
        ("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "rules[0].status"),
        (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            "rules[0].noncurrentVersionExpiration.noncurrentDays",
        ),
        ("aws:s3/bucketPolicy:BucketPolicy", "policy"),
        ("aws:iam/role:Role", "assumeRolePolicy"),
        ("aws:iam/rolePolicy:RolePolicy", "role"),
        ("aws:iam/rolePolicy:RolePolicy", "policy"),
        ("kubernetes:core/v1:PersistentVolume", "spec.csi.driver"),
        ("kubernetes:core/v1:PersistentVolume", "spec.csi.volumeHandle"),
    ],
)
def test_what_the_providers_require_may_not_be_missing(token, path):
    inputs = program_inputs()[token]
    where = {dotted(each): each for each, _ in entries(inputs)}[path]
    left_out = changed(inputs, where, lambda parent, key: parent.pop(key))
    nothing = changed(inputs, where, put(None))
    missing = [(path, f"required property {where[-1]!r} is missing")]

    assert failures(left_out, token, schema_of(token)) == missing
    assert failures(nothing, token, schema_of(token)) == missing


@pytest.mark.parametrize(
    ("key", "good", "wrong"),
    [
        ("text", ["", "x", "30"], [30, 0.5, True, ["x"], {"x": "y"}]),
        ("count", [0, -1, 30, 30.0], [0.5, True, False, "30", [30], {}]),
        ("ratio", [0, 30, 0.5], [True, "0.5", [0.5], {}]),
        ("enabled", [True, False], [0, 1, "true", [True], {}]),
        ("tags", [{}, {"a": "b"}], ["a", 1, ["a"]]),
        ("names", [[], ["a", "b"]], ["a", 1, {"a": "b"}]),
        ("filter", [{"prefix": ""}], ["a", 1, True, ["a"]]),
        ("policy", ["{}", {"prefix": ""}], [1, True, ["{}"]]),
    ],
)
def test_each_shape_takes_its_own_values_and_no_other(key, good, wrong):
    for value in [*good, None, UNKNOWN]:
        assert failures({key: value}) == []
    for value in wrong:
        [(path, reason)] = failures({key: value})
        assert path == key
        assert reason.startswith("expected ")
        assert reason.endswith(f", got {json.dumps(value)}")


@pytest.mark.parametrize("value", ["x", 1, 0.5, True, ["x"], {"x": [{}]}])
def test_an_untyped_property_takes_anything(value):
    assert failures({"anything": value}) == []


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"enable": True}, [("enable", "unknown property 'enable'; did you mean 'enabled'?")]),
        ({"zzz": 1}, [("zzz", "unknown property 'zzz'")]),
        (
            {"filter": {"prefix": "", "and": {"prefix": "", "dayz": 1}}},
            [("filter.and.dayz", "unknown property 'dayz'; did you mean 'days'?")],
        ),
        (
            {"rules": [{"prefix": ""}, {"prefix": "", "day": 1}]},
            [("rules[1].day", "unknown property 'day'; did you mean 'days'?")],
        ),
        (
            {"byName": {"a": {"prefix": "", "day": 1}}},
            [("byName.a.day", "unknown property 'day'; did you mean 'days'?")],
        ),
        ({"rules": [{"prefix": ""}, 7]}, [("rules[1]", "expected an object, got 7")]),
        ({"rules": [{}]}, [("rules[0].prefix", "required property 'prefix' is missing")]),
        ({"tags": {"a": "b", "c": 1}}, [("tags.c", "expected string, got 1")]),
        ({"names": ["a", 1, 2]}, [(f"names[{i}]", f"expected string, got {i}") for i in (1, 2)]),
        (
            {"policy": {"prefix": "", "day": 1}},
            [("policy", 'expected string, got {"prefix": "", "day": 1}')],
        ),
        (
            {"filter": {"prefx": ""}},
            [
                ("filter.prefx", "unknown property 'prefx'; did you mean 'prefix'?"),
                ("filter.prefix", "required property 'prefix' is missing"),
            ],
        ),
        (
            {"tagz": {}, "count": "many"},
            [
                ("tagz", "unknown property 'tagz'; did you mean 'tags'?"),
                ("count", 'expected integer, got "many"'),
            ],
        ),
    ],
)
def test_a_failure_names_the_path_and_the_cure(inputs, expected):
    assert failures(inputs) == expected


def test_the_engines_own_properties_pass():
    assert failures({"__defaults": [], "filter": {"prefix": "", "__internal": 1}}) == []


def test_a_map_takes_any_key():
    assert failures({"tags": {"cost-centre": "research", "text ": "x", "": "y"}}) == []


@pytest.mark.parametrize("token", TOKENS)
def test_the_outputs_contain_every_input(token):
    assert program_inputs()[token].keys() <= set(schema_of(token).outputs[token])


@pytest.mark.parametrize(
    ("token", "output"),
    [
        ("aws:s3/bucket:Bucket", "arn"),
        ("aws:s3/bucket:Bucket", "bucketRegionalDomainName"),
        ("aws:iam/role:Role", "arn"),
        ("aws:iam/role:Role", "uniqueId"),
    ],
)
def test_what_the_provider_adds_is_an_output(token, output):
    assert output in schema_of(token).outputs[token]


def test_a_functions_schema_is_its_signature_and_its_result():
    function = "aws:s3/getBuckets:getBuckets"
    document = sdk_schema.derived("pulumi_aws", {function: "s3.get_buckets"})
    text = ("bucketRegion", "prefix", "region")

    assert document == {
        "inputs": {function: "pulumi_aws.s3.get_buckets.get_buckets"},
        "outputs": {function: ["bucketRegion", "buckets", "maxBuckets", "prefix", "region"]},
        "objects": {
            "pulumi_aws.s3.get_buckets.get_buckets": {
                "properties": dict.fromkeys(text, "string") | {"maxBuckets": "integer"},
                "required": [],
            }
        },
    }


def test_a_schema_is_kept_and_read_back(tmp_path, monkeypatch):
    folder = tmp_path / "schemas"
    first = schema.load("pulumi_kubernetes", kubernetes.TYPES, folder)

    def never(sdk, tokens):
        raise AssertionError("derived again")

    monkeypatch.setattr(sdk_schema, "derived", never)
    second = schema.load("pulumi_kubernetes", kubernetes.TYPES, folder)

    assert vars(first) == vars(second) == vars(derived("pulumi_kubernetes"))
    assert [path.name for path in folder.iterdir()] == ["pulumi_kubernetes-4.34.2.json"]


def test_a_kept_schema_of_other_types_is_derived_anew(tmp_path):
    one = dict(list(kubernetes.TYPES.items())[:1])

    assert schema.load("pulumi_kubernetes", one, tmp_path).inputs.keys() == one.keys()
    every = schema.load("pulumi_kubernetes", kubernetes.TYPES, tmp_path)
    assert every.inputs.keys() == kubernetes.TYPES.keys()
