"""The stack's resources as the engine would be asked for them, without an engine.

A file in `golden` holds all of one user's on one twin. Its diff is read before it is
written anew:

    .venv/bin/python tests/unit/test_stack.py aws > tests/unit/golden/aws.json
"""

import ast
import asyncio
import dataclasses
import inspect
import json
import sys
import types
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
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

from infra import aws, gcp, stack, volumes
from infra.config import parse
from infra.settings import StackConfig

Resources = dict[str, dict[str, Any]]

GOLDEN = Path(__file__).parent / "golden"
STORAGE = "cmbcluster-storage:index:UserStorage"
VOLUME = "cmbcluster-storage:index:UserVolume"
OBJECTS = [
    "kubernetes:core/v1:ServiceAccount",
    "kubernetes:core/v1:PersistentVolume",
    "kubernetes:core/v1:PersistentVolumeClaim",
]


@dataclass(frozen=True)
class Twin:
    """One way to store: what is configured, and what is to be made of it for one user.

    Attributes:
        cloud: the stack's config of that name.
        scope: in which users have their names.
        bucket: the type of what holds the data.
        guards: the types of what guards it, in the order in which the cloud is to be told.
        identity: the types of what may use it.
    """

    cloud: dict[str, str]
    scope: str
    bucket: str
    guards: tuple[str, ...]
    identity: tuple[str, ...]

    @property
    def provider(self) -> str:
        return self.cloud["provider"]

    @property
    def stack(self) -> str:
        return f"pulumi:pulumi:Stack::cmbcluster-storage-{self.provider}"

    @property
    def held(self) -> tuple[str, ...]:
        return self.bucket, *self.guards

    @property
    def resources_of_a_user(self) -> int:
        components = 2
        return components + len(self.held) + len(self.identity) + len(OBJECTS)

    def slug(self, user: str) -> str:
        return names.user_slug(self.scope, user)

    def config(self, *users: str, **changes: Any) -> StackConfig:
        tree = {
            "platform": "cmbcluster",
            "cloud": self.cloud,
            "kubernetes": {"namespace": "hub", "context": f"cmbcluster-{self.provider}"},
            "buckets": {"labels": {"cost-centre": "physics"}},
            **changes,
            "users": list(users),
        }
        return parse(
            {
                f"cmbcluster-storage:{key}": value if isinstance(value, str) else json.dumps(value)
                for key, value in tree.items()
            }
        )


AWS = Twin(
    cloud={
        "provider": "aws",
        "accountId": "123456789012",
        "region": "us-east-1",
        "oidcIssuer": "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
    },
    scope="cmbcluster/123456789012/us-east-1",
    bucket="aws:s3/bucket:Bucket",
    guards=(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketPolicy:BucketPolicy",
    ),
    identity=("aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"),
)
GCP = Twin(
    cloud={
        "provider": "gcp",
        "project": "cmbcluster-research",
        "projectNumber": "123456789012",
        "location": "europe-west4",
    },
    scope="cmbcluster/cmbcluster-research",
    bucket="gcp:storage/bucket:Bucket",
    guards=("gcp:storage/bucketIAMPolicy:BucketIAMPolicy",),
    identity=(),
)
GCP_SERVICE_ACCOUNT = dataclasses.replace(
    GCP,
    cloud={**GCP.cloud, "identity": "serviceAccount"},
    identity=(
        "gcp:serviceaccount/account:Account",
        "gcp:serviceaccount/iAMPolicy:IAMPolicy",
    ),
)
TWINS = {"aws": AWS, "gcp": GCP, "gcp_service_account": GCP_SERVICE_ACCOUNT}

# What the SDKs say of themselves in every request. `aliases` are their old types.
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
    """Answers with the inputs, and what a role or service account is called by its cloud."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise AssertionError(f"the program asked the cloud for {args.token}")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        state = dict(args.inputs)
        if args.typ == "aws:iam/role:Role":
            state["arn"] = f"arn:aws:iam::123456789012:role/{state['name']}"
        if args.typ == "gcp:serviceaccount/account:Account":
            email = f"{state['accountId']}@{state['project']}.iam.gserviceaccount.com"
            state["email"] = email
            state["member"] = f"serviceAccount:{email}"
            state["name"] = f"projects/{state['project']}/serviceAccounts/{email}"
        return f"id-of-{args.name}", state


class Recorder(mocks.MockMonitor):
    """Keeps every request by the URN that the real engine would give it."""

    def __init__(self, stack_name: str) -> None:
        super().__init__(Cloud())
        self.urn = f"urn:pulumi:{stack_name}::cmbcluster-storage::"
        self.resources_by_urn: Resources = {}
        self.outputs_by_urn: Resources = {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        parent_type = parent.split("::")[2] if parent else ""
        inside = parent_type not in ("", "pulumi:pulumi:Stack")
        return (
            f"{self.urn}{parent_type}${type_}::{name}" if inside else f"{self.urn}{type_}::{name}"
        )

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


@cache
def event_loop() -> asyncio.AbstractEventLoop:
    """Return one loop for all runs: Pulumi leaves loops open in the threads of each."""
    return asyncio.new_event_loop()


def run(config: StackConfig) -> tuple[Recorder, dict[str, Any]]:
    """Return what the engine would see of one run, and the stack's outputs."""
    stack_name = config.cloud.provider
    recorder = Recorder(stack_name)
    outputs: dict[str, Any] = {}
    asyncio.set_event_loop(event_loop())  # Pulumi wants one, and async tests leave none behind
    set_root_resource(None)  # or the stack of an earlier run would stay the parent
    mocks.set_mocks(Cloud(), project="cmbcluster-storage", stack=stack_name, monitor=recorder)
    mocks.test(lambda: outputs.update(stack.deploy(config)))()
    return recorder, outputs


def resources_of(config: StackConfig) -> Resources:
    """Return every resource by its URN, with what the program says of it, as plain data."""
    recorder, _ = run(config)
    made = {
        urn: {key: value for key, value in request.items() if key not in NOT_OURS}
        for urn, request in recorder.resources_by_urn.items()
    }
    for request in made.values():
        request["inputs"] = request.pop("object")
        request.get("dependencies", []).sort()
    return json.loads(json.dumps(made).replace(recorder.urn, ""))


def of_type(resources: Resources, *types: str) -> Resources:
    return {urn: made for urn, made in resources.items() if made["type"] in types}


def of_user(resources: Resources, slug: str) -> Resources:
    return {
        urn: made
        for urn, made in resources.items()
        if made["name"] == slug or made["parent"].endswith(f"::{slug}")
    }


@pytest.fixture(scope="module", params=TWINS)
def twin(request: pytest.FixtureRequest) -> Twin:
    return TWINS[request.param]


@pytest.fixture(scope="module")
def two_users(twin: Twin) -> Resources:
    return resources_of(twin.config("ann@example.org", "bob"))


@pytest.mark.parametrize("name", TWINS)
def test_one_users_resources_are_exactly_the_golden_ones(name: str):
    golden = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    assert resources_of(TWINS[name].config("ann@example.org")) == golden


def test_every_golden_file_is_compared():
    assert {path.stem for path in GOLDEN.iterdir()} == set(TWINS)


PROVIDER_INPUTS = {
    "aws": {
        "allowedAccountIds": '["123456789012"]',
        "region": "us-east-1",
        "skipCredentialsValidation": "false",
        "skipRegionValidation": "true",
    },
    "gcp": {"addPulumiAttributionLabel": "false", "project": "cmbcluster-research"},
}


def test_a_stack_without_users_makes_its_providers_only(twin: Twin):
    cloud = twin.provider
    assert resources_of(twin.config()) == {
        f"pulumi:providers:{cloud}::{cloud}": {
            "type": f"pulumi:providers:{cloud}",
            "name": cloud,
            "parent": twin.stack,
            "custom": True,
            "inputs": PROVIDER_INPUTS[cloud],
        },
        "pulumi:providers:kubernetes::kubernetes": {
            "type": "pulumi:providers:kubernetes",
            "name": "kubernetes",
            "parent": twin.stack,
            "custom": True,
            "inputs": {"context": f"cmbcluster-{cloud}"},
        },
    }


def test_manifests_are_rendered_instead_of_applied(twin: Twin):
    made = resources_of(twin.config(kubernetes={"namespace": "hub", "renderTo": "manifests"}))
    assert made["pulumi:providers:kubernetes::kubernetes"]["inputs"] == {
        "renderYamlToDirectory": "manifests"
    }


RULES = {
    "versioning": True,
    "noncurrentVersionsKept": 30,
    "noncurrentDays": 30,
    "abortUploadsAfterDays": 7,
    "labels": {"cost-centre": "physics"},
}
OUTPUTS: dict[str, dict[str, Any]] = {
    "aws": {
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
            "buckets": RULES,
        },
    },
    "gcp": {
        "users": {
            "ann@example.org": {
                "bucketName": "horologium-nova-691179ab",
                "bucketUrl": "gs://horologium-nova-691179ab",
                "namespace": "hub",
                "serviceAccountName": "horologium-nova-691179ab",
                "claimName": "horologium-nova-691179ab",
                "state": "active",
            },
            "bob": {
                "bucketName": "fornax-pulsar-de6f66ce",
                "bucketUrl": "gs://fornax-pulsar-de6f66ce",
                "namespace": "hub",
                "serviceAccountName": "fornax-pulsar-de6f66ce",
                "claimName": "fornax-pulsar-de6f66ce",
                "state": "active",
            },
        },
        "platform": {
            "name": "cmbcluster",
            "provider": "gcp",
            "project": "cmbcluster-research",
            "projectNumber": "123456789012",
            "location": "europe-west4",
            "buckets": {**RULES, "softDeleteDays": 7},
        },
    },
}


def test_the_outputs_are_what_a_hub_reads(twin: Twin):
    assert run(twin.config("ann@example.org", "bob"))[1] == OUTPUTS[twin.provider]


def test_the_components_outputs_are_registered(twin: Twin):
    recorder, outputs = run(twin.config("bob"))
    bob = outputs["users"]["bob"]
    slug = twin.slug("bob")
    assert recorder.outputs_by_urn == {
        f"{recorder.urn}{STORAGE}::{slug}": {
            "bucketName": bob["bucketName"],
            "bucketUrl": bob["bucketUrl"],
        },
        f"{recorder.urn}{VOLUME}::{slug}": {},
    }


def test_the_components_types_are_locked(twin: Twin, two_users: Resources):
    # They are in the URN of everything in every state file: another one replaces it all.
    components = {urn for urn, made in two_users.items() if not made.get("custom")}
    assert components == {
        f"cmbcluster-storage:index:{what}::{twin.slug(user)}"
        for what in ("UserStorage", "UserVolume")
        for user in ("ann@example.org", "bob")
    }


def test_two_users_share_nothing_but_the_providers(twin: Twin, two_users: Resources):
    ann, bob = (of_user(two_users, twin.slug(user)) for user in ("ann@example.org", "bob"))
    assert len(ann) == len(bob) == twin.resources_of_a_user
    assert {*two_users} - {*ann} - {*bob} == {
        f"pulumi:providers:{twin.provider}::{twin.provider}",
        "pulumi:providers:kubernetes::kubernetes",
    }
    for mine, other in ((ann, "bob"), (bob, "ann@example.org")):
        theirs = names.user_name(twin.scope, other), twin.slug(other), other
        assert [word for word in theirs if word in json.dumps(mine)] == []


def test_two_users_differ_in_their_names_only(twin: Twin, two_users: Resources):
    def as_anybody(user: str) -> Resources:
        slug, name = twin.slug(user), names.user_name(twin.scope, user)
        text = json.dumps(of_user(two_users, slug))
        return json.loads(text.replace(slug, "SLUG").replace(name, "NAME"))

    assert as_anybody("ann@example.org") == as_anybody("bob")


def test_every_resource_of_a_user_has_its_place(twin: Twin, two_users: Resources):
    types = [made["type"] for made in of_user(two_users, twin.slug("bob")).values()]
    assert sorted(types) == sorted([STORAGE, VOLUME, *twin.held, *twin.identity, *OBJECTS])
    for made in of_type(two_users, *twin.held, *twin.identity).values():
        assert made["parent"].startswith(f"{STORAGE}::")
    for made in of_type(two_users, *OBJECTS).values():
        assert made["parent"].startswith(f"{VOLUME}::")
    for made in of_type(two_users, STORAGE, VOLUME).values():
        assert made["parent"] == twin.stack


def test_what_holds_or_guards_data_is_protected_and_kept(twin: Twin, two_users: Resources):
    held = of_type(two_users, *twin.held)
    assert len(held) == 2 * len(twin.held)
    assert {(made.get("protect"), made.get("retainOnDelete")) for made in held.values()} == {
        (True, True)
    }


def test_nothing_else_is_protected_or_kept(twin: Twin, two_users: Resources):
    held = of_type(two_users, *twin.held)
    for urn, made in two_users.items():
        if urn not in held:
            assert not {"protect", "retainOnDelete", "deletedWith"} & made.keys()


def test_guards_fall_with_their_bucket_and_never_before(twin: Twin, two_users: Resources):
    for user in ("ann@example.org", "bob"):
        mine = of_user(two_users, twin.slug(user))
        [bucket] = of_type(mine, twin.bucket)
        assert "deletedWith" not in mine[bucket]
        assert {made.get("deletedWith") for made in of_type(mine, *twin.guards).values()} == {
            bucket
        }


def test_a_buckets_settings_are_written_one_after_the_other(twin: Twin, two_users: Resources):
    mine = of_user(two_users, twin.slug("bob"))
    [bucket] = of_type(mine, twin.bucket)
    assert "dependencies" not in mine[bucket]
    # On Google Cloud the bucket's policy names the service account, where there is one.
    member = set(of_type(mine, "gcp:serviceaccount/account:Account"))
    previous = bucket
    for guard in twin.guards:
        [(urn, made)] = of_type(mine, guard).items()
        assert set(made["dependencies"]) == {bucket, previous} | member
        previous = urn


def test_a_claim_waits_for_its_volume_and_a_service_account_for_its_identity(
    twin: Twin, two_users: Resources
):
    mine = of_user(two_users, twin.slug("bob"))
    account, volume, claim = (next(iter(of_type(mine, kind))) for kind in OBJECTS)
    assert mine[claim]["dependencies"] == [volume]
    assert mine[account].get("dependencies", []) == [*of_type(mine, *twin.identity[:1])]
    assert "dependencies" not in mine[volume]


def test_every_resource_has_an_explicit_provider(twin: Twin, two_users: Resources):
    for urn, made in two_users.items():
        package = made["type"].partition(":")[0]
        if package in (twin.provider, "kubernetes"):
            assert made["provider"] == f"pulumi:providers:{package}::{package}::id-of-{package}"
        else:
            assert package in ("cmbcluster-storage", "pulumi"), urn
            assert "provider" not in made, urn


CHANGED_RULES = {
    "versioning": False,
    "noncurrentVersionsKept": 5,
    "noncurrentDays": 60,
    "abortUploadsAfterDays": 1,
}


def test_the_operators_rules_reach_the_bucket_on_aws():
    made = resources_of(AWS.config("bob", buckets=CHANGED_RULES))
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


def test_the_operators_rules_reach_the_bucket_on_google_cloud():
    made = resources_of(GCP.config("bob", buckets={**CHANGED_RULES, "softDeleteDays": 14}))
    [bucket] = of_type(made, GCP.bucket).values()
    assert bucket["inputs"] == {
        "name": "fornax-pulsar-de6f66ce",
        "project": "cmbcluster-research",
        "location": "EUROPE-WEST4",
        "forceDestroy": False,
        "labels": {
            "managed-by": "cmbcluster-storage",
            "platform": "cmbcluster",
            "user": "bob-de6f66ce",
        },
        "publicAccessPrevention": "enforced",
        "uniformBucketLevelAccess": True,
        "versioning": {"enabled": False},
        "softDeletePolicy": {"retentionDurationSeconds": 14 * 86_400},
        "lifecycleRules": [
            {
                "action": {"type": "Delete"},
                # Six newer ones: the live version and the five that are kept.
                "condition": {
                    "withState": "ARCHIVED",
                    "daysSinceNoncurrentTime": 60,
                    "numNewerVersions": 6,
                },
            },
            {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 1}},
        ],
    }


@pytest.mark.parametrize(
    ("location", "asked"), [("eu", "EU"), ("EU", "EU"), ("us-central1", "US-CENTRAL1")]
)
def test_a_location_is_asked_for_as_google_cloud_answers_it(location: str, asked: str):
    # Else every run would see a difference, and a new location replaces the bucket.
    made = resources_of(GCP.config("bob", cloud={**GCP.cloud, "location": location}))
    [bucket] = of_type(made, GCP.bucket).values()
    assert bucket["inputs"]["location"] == asked


@pytest.mark.parametrize(
    ("chosen", "member"),
    [
        (
            GCP,
            "principal://iam.googleapis.com/projects/123456789012/locations/global/"
            "workloadIdentityPools/cmbcluster-research.svc.id.goog/subject/ns/hub/"
            "sa/fornax-pulsar-de6f66ce",
        ),
        (
            GCP_SERVICE_ACCOUNT,
            "serviceAccount:fornax-pulsar-de6f66ce@cmbcluster-research.iam.gserviceaccount.com",
        ),
    ],
    ids=["workloadIdentity", "serviceAccount"],
)
def test_one_member_and_nobody_else_may_use_a_bucket_on_google_cloud(chosen: Twin, member: str):
    [policy] = of_type(resources_of(chosen.config("bob")), *chosen.guards).values()
    assert json.loads(policy["inputs"]["policyData"]) == {
        "bindings": [{"role": "roles/storage.objectUser", "members": [member]}]
    }


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("eu-west-1", "aws")],
)
def test_every_arn_is_of_the_regions_partition(region: str, partition: str):
    made = resources_of(AWS.config("bob", cloud={**AWS.cloud, "region": region}))
    # A service account's annotation is the role's own answer, so it is not of our making.
    written = json.dumps(of_type(made, *AWS.guards, *AWS.identity))
    assert f"arn:{partition}:s3:::" in written
    assert f"arn:{partition}:iam::123456789012:oidc-provider/" in written
    assert written.count("arn:") == written.count(f"arn:{partition}:")


def as_people_read_it(user: str) -> str:
    return unicodedata.normalize("NFKC", user).casefold()


@settings(max_examples=5, deadline=None)
@given(
    st.sampled_from(list(TWINS.values())),
    st.lists(
        st.text("abZ0@.-\u00e9\u674e", min_size=1, max_size=8),
        min_size=2,
        max_size=3,
        unique_by=as_people_read_it,
    ),
    st.data(),
)
def test_the_order_of_users_does_not_matter_and_one_less_touches_only_theirs(
    chosen: Twin, users: list[str], data: st.DataObject
):
    everyone = resources_of(chosen.config(*users))
    assert resources_of(chosen.config(*data.draw(st.permutations(users)))) == everyone

    leaver = data.draw(st.sampled_from(users))
    theirs = of_user(everyone, chosen.slug(leaver))
    assert len(theirs) == chosen.resources_of_a_user
    assert resources_of(chosen.config(*(user for user in users if user != leaver))) == {
        urn: made for urn, made in everyone.items() if urn not in theirs
    }


SDKS = {"aws", "gcp", "kubernetes", "v1", "ObjectMetaArgs", "ResourceOptions"}

# Each with a stack that reaches all of its arguments.
MODULES = [(aws, AWS), (gcp, GCP_SERVICE_ACCOUNT), (volumes, GCP)]


def arguments_of(module: types.ModuleType) -> Iterator[ast.keyword]:
    """Yield every argument that a module hands to one of Pulumi's SDKs, at every depth."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).partition(".")[0] in SDKS:
            yield from (keyword for keyword in node.keywords if keyword.arg)


@pytest.mark.parametrize(
    ("module", "chosen", "argument"),
    [
        pytest.param(
            module,
            chosen,
            argument,
            id=f"{module.__name__}:{argument.lineno}-{argument.arg}",
        )
        for module, chosen in MODULES
        for argument in arguments_of(module)
    ],
)
def test_a_misspelt_argument_of_a_resource_stops_the_program_and_is_named(
    module: types.ModuleType,
    chosen: Twin,
    argument: ast.keyword,
    monkeypatch: pytest.MonkeyPatch,
):
    lines = inspect.getsource(module).splitlines(keepends=True)
    line = lines[argument.lineno - 1]
    misspelt = f"{argument.arg}x"
    lines[argument.lineno - 1] = line[: argument.col_offset] + line[argument.col_offset :].replace(
        argument.arg, misspelt, 1
    )
    wrong = types.ModuleType(module.__name__)
    # There dataclasses look for their module and the stack for its twin; volumes it has by name.
    monkeypatch.setitem(sys.modules, module.__name__, wrong)
    exec(compile("".join(lines), str(module.__file__), "exec"), vars(wrong))  # noqa: S102 - ours
    if module is volumes:
        monkeypatch.setattr(stack, "volumes", wrong)

    with pytest.raises(TypeError, match=rf"'{misspelt}'"):
        run(chosen.config("ann@example.org"))


@pytest.mark.parametrize(
    ("module", "some", "least"),
    [
        (aws, {"noncurrent_days", "sse_algorithm", "object_ownership", "protect"}, 40),
        (gcp, {"num_newer_versions", "policy_data", "account_id", "protect"}, 30),
    ],
    ids=["aws", "gcp"],
)
def test_the_arguments_that_are_misspelt_above_are_all_there_are(
    module: types.ModuleType, some: set[str], least: int
):
    found = [argument.arg for argument in arguments_of(module)]
    assert some <= set(found)
    assert len(found) > least


if __name__ == "__main__":
    chosen_twin = TWINS[sys.argv[1]]
    made = resources_of(chosen_twin.config("ann@example.org"))
    print(json.dumps(made, indent=2, sort_keys=True))
