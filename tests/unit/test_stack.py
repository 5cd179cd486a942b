"""The stack's resources as the engine would be asked for them, without an engine.

`golden/aws.json` holds all of one user's. Its diff is read before it is written anew:

    .venv/bin/python tests/unit/test_stack.py > tests/unit/golden/aws.json
"""

import ast
import asyncio
import inspect
import json
import sys
import types
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cmbcluster_storage import names
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime import mocks
from pulumi.runtime.settings import set_root_resource

from infra import stack
from infra.config import parse
from infra.settings import StackConfig

Resources = dict[str, dict[str, Any]]

GOLDEN = Path(__file__).parent / "golden" / "aws.json"
URN = "urn:pulumi:aws::cmbcluster-storage::"
STORAGE = "cmbcluster-storage:index:UserStorage"
VOLUME = "cmbcluster-storage:index:UserVolume"

SETTINGS: dict[str, Any] = {
    "platform": "cmbcluster",
    "cloud": {
        "provider": "aws",
        "accountId": "123456789012",
        "region": "us-east-1",
        "oidcIssuer": "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
    },
    "kubernetes": {"namespace": "hub", "context": "cmbcluster-aws"},
    "buckets": {"labels": {"cost-centre": "physics"}},
}
ANN, BOB = "ann-example-org-219ed38f", "bob-8c71157f"

# The bucket and what guards it, in the order in which S3 is to be told.
BUCKET = "aws:s3/bucket:Bucket"
GUARDS = [
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketPolicy:BucketPolicy",
]
IDENTITY = ["aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"]
OBJECTS = [
    "kubernetes:core/v1:ServiceAccount",
    "kubernetes:core/v1:PersistentVolume",
    "kubernetes:core/v1:PersistentVolumeClaim",
]

# What the SDKs say of themselves in every request. `aliases` are pulumi_aws's old types.
NOT_OURS = {
    "acceptResources",
    "acceptSecrets",
    "additionalSecretOutputs",
    "aliases",
    "hooks",
    "propertyDependencies",
    "sourcePosition",
    "stackTrace",
    "supportsPartialValues",
    "supportsResultReporting",
    "version",
}


class Cloud(mocks.Mocks):
    """Answers with the inputs, and the ARN of a role."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise AssertionError(f"the program asked the cloud for {args.token}")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        state = dict(args.inputs)
        if args.typ == "aws:iam/role:Role":
            state["arn"] = f"arn:aws:iam::123456789012:role/{state['name']}"
        return f"id-of-{args.name}", state


class Recorder(mocks.MockMonitor):
    """Keeps every request by the URN that the real engine would give it."""

    def __init__(self) -> None:
        super().__init__(Cloud())
        self.resources_by_urn: Resources = {}
        self.outputs_by_urn: Resources = {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        parent_type = parent.split("::")[2] if parent else ""
        inside = parent_type not in ("", "pulumi:pulumi:Stack")
        return f"{URN}{parent_type}${type_}::{name}" if inside else f"{URN}{type_}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        response = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            assert response.urn not in self.resources_by_urn
            self.resources_by_urn[response.urn] = MessageToDict(request)
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        if "pulumi:pulumi:Stack" not in request.urn:
            self.outputs_by_urn[request.urn] = MessageToDict(request.outputs)
        return super().RegisterResourceOutputs(request)


def config_of(*users: str, **changes: Any) -> StackConfig:
    tree = {**SETTINGS, **changes, "users": list(users)}
    return parse(
        {
            f"cmbcluster-storage:{key}": value if isinstance(value, str) else json.dumps(value)
            for key, value in tree.items()
        }
    )


@cache
def event_loop() -> asyncio.AbstractEventLoop:
    """Return one loop for all runs: Pulumi leaves loops open in the threads of each."""
    return asyncio.new_event_loop()


def run(config: StackConfig) -> tuple[Recorder, dict[str, Any]]:
    """Return what the engine would see of one run, and the stack's outputs."""
    recorder = Recorder()
    outputs: dict[str, Any] = {}
    asyncio.set_event_loop(event_loop())  # Pulumi wants one, and async tests leave none behind
    set_root_resource(None)  # or the stack of an earlier run would stay the parent
    mocks.set_mocks(Cloud(), project="cmbcluster-storage", stack="aws", monitor=recorder)
    mocks.test(lambda: outputs.update(stack.deploy(config)))()
    return recorder, outputs


def resources_of(config: StackConfig) -> Resources:
    """Return every resource by its URN, with what the program says of it, as plain data."""
    made = {
        urn: {key: value for key, value in request.items() if key not in NOT_OURS}
        for urn, request in run(config)[0].resources_by_urn.items()
    }
    for request in made.values():
        request["inputs"] = request.pop("object")
        request.get("dependencies", []).sort()
    return json.loads(json.dumps(made).replace(URN, ""))


def of_type(resources: Resources, *types: str) -> Resources:
    return {urn: made for urn, made in resources.items() if made["type"] in types}


def of_user(resources: Resources, slug: str) -> Resources:
    return {
        urn: made
        for urn, made in resources.items()
        if made["name"] == slug or made["parent"].endswith(f"::{slug}")
    }


@pytest.fixture(scope="module")
def two_users() -> Resources:
    return resources_of(config_of("ann@example.org", "bob"))


def test_one_users_resources_are_exactly_the_golden_ones():
    assert resources_of(config_of("ann@example.org")) == json.loads(GOLDEN.read_text("utf-8"))


def test_a_stack_without_users_makes_its_providers_only():
    made = resources_of(config_of())
    stack = "pulumi:pulumi:Stack::cmbcluster-storage-aws"
    assert made == {
        "pulumi:providers:aws::aws": {
            "type": "pulumi:providers:aws",
            "name": "aws",
            "parent": stack,
            "custom": True,
            "inputs": {
                "allowedAccountIds": '["123456789012"]',
                "region": "us-east-1",
                "skipCredentialsValidation": "false",
                "skipRegionValidation": "true",
            },
        },
        "pulumi:providers:kubernetes::kubernetes": {
            "type": "pulumi:providers:kubernetes",
            "name": "kubernetes",
            "parent": stack,
            "custom": True,
            "inputs": {"context": "cmbcluster-aws"},
        },
    }


def test_manifests_are_rendered_instead_of_applied():
    made = resources_of(config_of(kubernetes={"namespace": "hub", "renderTo": "manifests"}))
    assert made["pulumi:providers:kubernetes::kubernetes"]["inputs"] == {
        "renderYamlToDirectory": "manifests"
    }


def test_the_outputs_are_what_a_hub_reads():
    config = config_of("ann@example.org", "bob")
    assert run(config)[1] == {
        "users": {
            "ann@example.org": {
                "bucketName": "eridanus-supernova-219ed38f-123456789012-us-east-1-an",
                "bucketUrl": "s3://eridanus-supernova-219ed38f-123456789012-us-east-1-an",
                "namespace": "hub",
                "serviceAccountName": "eridanus-supernova-219ed38f",
                "claimName": "eridanus-supernova-219ed38f",
                "state": "active",
            },
            "bob": {
                "bucketName": "ara-planet-8c71157f-123456789012-us-east-1-an",
                "bucketUrl": "s3://ara-planet-8c71157f-123456789012-us-east-1-an",
                "namespace": "hub",
                "serviceAccountName": "ara-planet-8c71157f",
                "claimName": "ara-planet-8c71157f",
                "state": "active",
            },
        },
        "platform": {
            "name": "cmbcluster",
            "provider": "aws",
            "accountId": "123456789012",
            "region": "us-east-1",
            "buckets": {
                "versioning": True,
                "noncurrentVersionsKept": 30,
                "noncurrentDays": 30,
                "abortUploadsAfterDays": 7,
                "labels": {"cost-centre": "physics"},
            },
        },
    }


def test_the_components_outputs_are_registered():
    assert run(config_of("bob"))[0].outputs_by_urn == {
        f"{URN}{STORAGE}::{BOB}": {
            "bucketName": "ara-planet-8c71157f-123456789012-us-east-1-an",
            "bucketUrl": "s3://ara-planet-8c71157f-123456789012-us-east-1-an",
        },
        f"{URN}{VOLUME}::{BOB}": {},
    }


def test_the_components_types_are_locked(two_users: Resources):
    # They are in the URN of everything in every state file: another one replaces it all.
    components = {urn for urn, made in two_users.items() if not made.get("custom")}
    assert components == {
        f"cmbcluster-storage:index:{what}::{slug}"
        for what in ("UserStorage", "UserVolume")
        for slug in (ANN, BOB)
    }


def test_two_users_share_nothing_but_the_providers(two_users: Resources):
    ann, bob = of_user(two_users, ANN), of_user(two_users, BOB)
    assert len(ann) == len(bob) == 14
    assert {*two_users} - {*ann} - {*bob} == {
        "pulumi:providers:aws::aws",
        "pulumi:providers:kubernetes::kubernetes",
    }
    for mine, others in (
        (ann, ("bob", "ara-planet", "8c71157f")),
        (bob, ("ann-", "eridanus", "219ed38f")),
    ):
        assert [word for word in others if word in json.dumps(mine)] == []


def test_two_users_differ_in_their_names_only(two_users: Resources):
    def as_anybody(slug: str, user: str) -> Resources:
        name = names.user_name("cmbcluster/123456789012/us-east-1", user)
        text = json.dumps(of_user(two_users, slug))
        return json.loads(text.replace(slug, "SLUG").replace(name, "NAME"))

    assert as_anybody(ANN, "ann@example.org") == as_anybody(BOB, "bob")


def test_every_resource_of_a_user_has_its_place(two_users: Resources):
    storage = [made["type"] for made in of_user(two_users, BOB).values()]
    assert sorted(storage) == sorted([STORAGE, VOLUME, BUCKET, *GUARDS, *IDENTITY, *OBJECTS])
    for made in of_type(two_users, BUCKET, *GUARDS, *IDENTITY).values():
        assert made["parent"].startswith(f"{STORAGE}::")
    for made in of_type(two_users, *OBJECTS).values():
        assert made["parent"].startswith(f"{VOLUME}::")
    for made in of_type(two_users, STORAGE, VOLUME).values():
        assert made["parent"] == "pulumi:pulumi:Stack::cmbcluster-storage-aws"


def test_what_holds_or_guards_data_is_protected_and_kept(two_users: Resources):
    held = of_type(two_users, BUCKET, *GUARDS)
    assert len(held) == 14
    assert {(made.get("protect"), made.get("retainOnDelete")) for made in held.values()} == {
        (True, True)
    }


def test_nothing_else_is_protected_or_kept(two_users: Resources):
    held = of_type(two_users, BUCKET, *GUARDS)
    for urn, made in two_users.items():
        if urn not in held:
            assert not {"protect", "retainOnDelete", "deletedWith"} & made.keys()


def test_guards_fall_with_their_bucket_and_never_before(two_users: Resources):
    for slug in (ANN, BOB):
        mine = of_user(two_users, slug)
        [bucket] = of_type(mine, BUCKET)
        assert "deletedWith" not in mine[bucket]
        assert {made.get("deletedWith") for made in of_type(mine, *GUARDS).values()} == {bucket}


def test_a_buckets_settings_are_written_one_after_the_other(two_users: Resources):
    mine = of_user(two_users, BOB)
    [bucket] = of_type(mine, BUCKET)
    assert "dependencies" not in mine[bucket]
    previous = bucket
    for guard in GUARDS:
        [(urn, made)] = of_type(mine, guard).items()
        assert set(made["dependencies"]) == {bucket, previous}
        previous = urn


def test_a_claim_waits_for_its_volume_and_a_service_account_for_its_role(two_users: Resources):
    mine = of_user(two_users, BOB)
    account, volume, claim = (next(iter(of_type(mine, kind))) for kind in OBJECTS)
    [role] = of_type(mine, "aws:iam/role:Role")
    assert mine[claim]["dependencies"] == [volume]
    assert mine[account]["dependencies"] == [role]
    assert "dependencies" not in mine[volume]


def test_every_resource_has_an_explicit_provider(two_users: Resources):
    for urn, made in two_users.items():
        package = made["type"].partition(":")[0]
        if package in ("aws", "kubernetes"):
            assert made["provider"] == f"pulumi:providers:{package}::{package}::id-of-{package}"
        else:
            assert "provider" not in made, urn


def test_the_operators_rules_reach_the_bucket():
    buckets = {
        "versioning": False,
        "noncurrentVersionsKept": 5,
        "noncurrentDays": 60,
        "abortUploadsAfterDays": 1,
    }
    made = resources_of(config_of("bob", buckets=buckets))
    name = "ara-planet-8c71157f-123456789012-us-east-1-an"
    [versioning] = of_type(made, "aws:s3/bucketVersioning:BucketVersioning").values()
    [lifecycle] = of_type(
        made, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    ).values()
    assert versioning["inputs"] == {
        "bucket": name,
        "versioningConfiguration": {"status": "Suspended"},
    }
    assert lifecycle["inputs"] == {
        "bucket": name,
        "rules": [
            {
                "id": "expire-noncurrent-versions",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "noncurrentVersionExpiration": {
                    "noncurrentDays": 60,
                    "newerNoncurrentVersions": 5,
                },
            },
            {
                "id": "abort-unfinished-uploads",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
            },
        ],
    }


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("eu-west-1", "aws")],
)
def test_every_arn_is_of_the_regions_partition(region: str, partition: str):
    made = resources_of(config_of("bob", cloud={**SETTINGS["cloud"], "region": region}))
    # A service account's annotation is the role's own answer, so it is not of our making.
    written = json.dumps(of_type(made, *GUARDS, *IDENTITY))
    assert f"arn:{partition}:s3:::" in written
    assert f"arn:{partition}:iam::123456789012:oidc-provider/" in written
    assert written.count("arn:") == written.count(f"arn:{partition}:")


def as_people_read_it(user: str) -> str:
    return unicodedata.normalize("NFKC", user).casefold()


@settings(max_examples=5, deadline=None)
@given(
    st.lists(
        st.text("abZ0@.-\u00e9\u674e", min_size=1, max_size=8),
        min_size=2,
        max_size=3,
        unique_by=as_people_read_it,
    ),
    st.data(),
)
def test_the_order_of_users_does_not_matter_and_one_less_touches_only_theirs(
    users: list[str], data: st.DataObject
):
    everyone = resources_of(config_of(*users))
    assert resources_of(config_of(*data.draw(st.permutations(users)))) == everyone

    leaver = data.draw(st.sampled_from(users))
    slug = names.user_slug("cmbcluster/123456789012/us-east-1", leaver)
    theirs = of_user(everyone, slug)
    assert len(theirs) == 14
    assert resources_of(config_of(*(user for user in users if user != leaver))) == {
        urn: made for urn, made in everyone.items() if urn not in theirs
    }


if __name__ == "__main__":
    print(json.dumps(resources_of(config_of("ann@example.org")), indent=2, sort_keys=True))


SDKS = {"aws", "kubernetes", "v1", "ObjectMetaArgs", "ResourceOptions"}


def arguments_of(module: types.ModuleType) -> Iterator[ast.keyword]:
    """Yield every argument that a module hands to one of Pulumi's SDKs, at every depth."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).partition(".")[0] in SDKS:
            yield from (keyword for keyword in node.keywords if keyword.arg)


@pytest.mark.parametrize(
    ("module", "argument"),
    [
        pytest.param(module, argument, id=f"{module.__name__}:{argument.lineno}-{argument.arg}")
        for module in (stack.aws, stack.volumes)
        for argument in arguments_of(module)
    ],
)
def test_a_misspelt_argument_of_a_resource_stops_the_program_and_is_named(
    module: types.ModuleType, argument: ast.keyword, monkeypatch: pytest.MonkeyPatch
):
    lines = inspect.getsource(module).splitlines(keepends=True)
    line = lines[argument.lineno - 1]
    misspelt = f"{argument.arg}x"
    lines[argument.lineno - 1] = line[: argument.col_offset] + line[argument.col_offset :].replace(
        argument.arg, misspelt, 1
    )
    wrong = types.ModuleType(module.__name__)
    monkeypatch.setitem(sys.modules, module.__name__, wrong)  # dataclasses look there
    exec(compile("".join(lines), str(module.__file__), "exec"), vars(wrong))  # noqa: S102 - ours
    monkeypatch.setattr(stack, module.__name__.rpartition(".")[2], wrong)

    with pytest.raises(TypeError, match=rf"'{misspelt}'"):
        run(config_of("ann@example.org"))


def test_the_arguments_that_are_misspelt_above_are_all_there_are():
    found = [argument.arg for argument in arguments_of(stack.aws)]
    assert {"noncurrent_days", "sse_algorithm", "object_ownership", "protect"} <= set(found)
    assert len(found) > 40
