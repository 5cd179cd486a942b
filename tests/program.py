"""The program without an engine: what it asks for, as plain data, for each way to store.

Shared by the rings. `VARIANTS` are the stacks that they go through; a file in `unit/golden` holds
all of one user's on each. Its diff is read before it is written anew:

    .venv/bin/python tests/program.py aws > tests/unit/golden/aws.json
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from cmbcluster_storage import names
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks
from pulumi.runtime.settings import set_root_resource

from infra import stack
from infra.config import parse
from infra.settings import StackConfig

Tree = dict[str, Any]
Resources = dict[str, dict[str, Any]]

STORAGE = "cmbcluster-storage:index:UserStorage"
VOLUME = "cmbcluster-storage:index:UserVolume"
OBJECTS = (
    "kubernetes:core/v1:ServiceAccount",
    "kubernetes:core/v1:PersistentVolume",
    "kubernetes:core/v1:PersistentVolumeClaim",
)


@dataclass(frozen=True)
class Variant:
    """One way to store: what is configured, and what is to be made of it for one user.

    Attributes:
        cloud: the stack's config of that name.
        scope: in which users have their names.
        bucket: the type of what holds the data.
        guards: the types of what guards it, in the order in which the cloud is to be told.
        identity: the types of what may use it.
        settings: the types of what else is set on it, and guards nothing.
        objects: the types of what mounts it.
        buckets: the stack's config of that name.
        line: what stands in each user's line beside the id.
    """

    cloud: Tree
    scope: str
    bucket: str
    guards: tuple[str, ...]
    identity: tuple[str, ...]
    settings: tuple[str, ...] = ()
    objects: tuple[str, ...] = OBJECTS
    buckets: Tree = field(default_factory=lambda: {"labels": {"cost-centre": "physics"}})
    line: Tree = field(default_factory=dict)

    @property
    def provider(self) -> str:
        return self.cloud["provider"]

    @property
    def stack(self) -> str:
        return f"pulumi:pulumi:Stack::cmbcluster-storage-{self.provider}"

    @property
    def state(self) -> str:
        return self.line.get("state", "active")

    @property
    def held(self) -> tuple[str, ...]:
        return self.bucket, *self.guards

    @property
    def of_a_user(self) -> tuple[str, ...]:
        """The types of all that a user has."""
        volume = (VOLUME, *self.objects) if self.objects else ()
        return STORAGE, *self.held, *self.settings, *self.identity, *volume

    def slug(self, user: str) -> str:
        return names.user_slug(self.scope, user)

    def entry(self, user: str) -> Tree:
        """Return a user's line; an adopted bucket is the user's own, under a name of old."""
        old = {"bucket": f"planck.{self.slug(user)}"} if "adopt" in self.line else {}
        return {"id": user, **old, **self.line}

    def config(self, *users: str | Tree, **changes: Any) -> StackConfig:
        """Return the config of a stack with these users: ids, or whole lines."""
        tree = {
            "platform": "cmbcluster",
            "cloud": self.cloud,
            "kubernetes": {"namespace": "hub", "context": f"cmbcluster-{self.provider}"},
            "buckets": self.buckets,
            **changes,
            "users": [self.entry(one) if isinstance(one, str) else one for one in users],
        }
        return parse(
            {
                f"cmbcluster-storage:{key}": value if isinstance(value, str) else json.dumps(value)
                for key, value in tree.items()
            }
        )


AWS = Variant(
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
AWS_POD_IDENTITY = replace(
    AWS,
    cloud={
        "provider": "aws",
        "accountId": "123456789012",
        "region": "us-east-1",
        "identity": "podIdentity",
        "clusterName": "research",
    },
    identity=(*AWS.identity, "aws:eks/podIdentityAssociation:PodIdentityAssociation"),
)
GCP = Variant(
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
GCP_SERVICE_ACCOUNT = replace(
    GCP,
    cloud={**GCP.cloud, "identity": "serviceAccount"},
    identity=(
        "gcp:serviceaccount/account:Account",
        "gcp:serviceaccount/iAMPolicy:IAMPolicy",
    ),
)

# Every option at another value than its default.
EVERYTHING: Tree = {
    "versioning": False,
    "noncurrentVersionsKept": 5,
    "noncurrentDays": 60,
    "abortUploadsAfterDays": 1,
    "scratchDays": 14,
    "storageClass": "COLDLINE",
    "accessLogsTo": "cmbcluster-access-logs",
    "labels": {"cost-centre": "physics", "team": "planck"},
}
KEYS = {
    "aws": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "gcp": "projects/cmbcluster-keys/locations/europe-west4/keyRings/hub/cryptoKeys/users",
}
AWS_EVERYTHING = replace(
    AWS_POD_IDENTITY,
    cloud={**AWS_POD_IDENTITY.cloud, "bucketNamespace": "global"},
    settings=("aws:s3/bucketLogging:BucketLogging",),
    buckets={**EVERYTHING, "encryptionKey": KEYS["aws"]},
)
GCP_EVERYTHING = replace(
    GCP_SERVICE_ACCOUNT,
    buckets={**EVERYTHING, "encryptionKey": KEYS["gcp"], "softDeleteDays": 14},
)


def out_of_service(variant: Variant, state: str) -> Variant:
    """Return the same for users without identity and volume."""
    return replace(variant, line={"state": state}, identity=(), objects=())


VARIANTS = {
    "aws": AWS,
    "aws_pod_identity": AWS_POD_IDENTITY,
    "aws_everything": AWS_EVERYTHING,
    "aws_suspended": out_of_service(AWS, "suspended"),
    "aws_deleted": out_of_service(AWS, "deleted"),
    "aws_adopted": replace(AWS, line={"adopt": ["bucket", "versioning", "lifecycle"]}),
    "gcp": GCP,
    "gcp_service_account": GCP_SERVICE_ACCOUNT,
    "gcp_everything": GCP_EVERYTHING,
    "gcp_suspended": out_of_service(GCP_SERVICE_ACCOUNT, "suspended"),
    "gcp_deleted": out_of_service(GCP_SERVICE_ACCOUNT, "deleted"),
    "gcp_adopted": replace(GCP, line={"adopt": ["bucket"]}),
}

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

OWN_STATE = "pulumi:pulumi:readStackResourceOutputs"
LISTINGS = ("aws:s3/getBuckets:getBuckets", "gcp:storage/getBuckets:getBuckets")


class Cloud(mocks.Mocks):
    """Answers with the inputs, and what a role or service account is called by its cloud.

    Attributes:
        made: the types of what was asked for.
        inputs_by_type: of the last one of each.
        asked: what it was asked, function and arguments, but for the stack's own state.
    """

    def __init__(self, state: Tree | None = None, buckets: list[Tree] | None = None) -> None:
        """Take the stack's state, and what a listing of buckets has: None for any bucket."""
        self._state = state or {}
        self._buckets = buckets
        self.made: list[str] = []
        self.inputs_by_type: dict[str, Tree] = {}
        self.asked: list[tuple[str, Tree]] = []

    def call(self, args: mocks.MockCallArgs) -> Any:
        if args.token == OWN_STATE:
            assert args.args["stackName"] in (
                "organization/cmbcluster-storage/aws",
                "organization/cmbcluster-storage/gcp",
            )
            return {"outputs": self._state}
        assert args.token in LISTINGS, f"the program asked the cloud for {args.token}"
        self.asked.append((args.token, dict(args.args)))
        bucket = {"name": args.args["prefix"], "location": "EUROPE-WEST4"}
        return {
            **args.args,
            "id": "x",
            "buckets": [bucket] if self._buckets is None else self._buckets,
        }

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.made.append(args.typ)
        self.inputs_by_type[args.typ] = args.inputs
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

    def __init__(self, stack_name: str, cloud: Cloud) -> None:
        super().__init__(cloud)
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


def run(config: StackConfig, cloud: Cloud | None = None) -> tuple[Recorder, dict[str, Any]]:
    """Return what the engine would see of one run, and the stack's outputs."""
    stack_name = config.cloud.provider
    recorder = Recorder(stack_name, cloud or Cloud())
    outputs: dict[str, Any] = {}
    asyncio.set_event_loop(event_loop())  # Pulumi wants one, and async tests leave none behind
    set_root_resource(None)  # or the stack of an earlier run would stay the parent
    mocks.set_mocks(
        recorder.mocks,
        project="cmbcluster-storage",
        stack=stack_name,
        monitor=recorder,
        organization="organization",
    )
    mocks.test(lambda: outputs.update(stack.deploy(config)))()
    return recorder, outputs


def resources_of(config: StackConfig, cloud: Cloud | None = None) -> Resources:
    """Return every resource by its URN, with what the program says of it, as plain data."""
    recorder, _ = run(config, cloud)
    made = {
        urn: {key: value for key, value in request.items() if key not in NOT_OURS}
        for urn, request in recorder.resources_by_urn.items()
    }
    for request in made.values():
        request["inputs"] = request.pop("object")
        request.get("dependencies", []).sort()
    return json.loads(json.dumps(made).replace(recorder.urn, ""))


def of_type(resources: Mapping[str, Any], *types: str) -> Resources:
    return {urn: made for urn, made in resources.items() if made["type"] in types}


def of_user(resources: Mapping[str, Any], slug: str) -> Resources:
    return {
        urn: made
        for urn, made in resources.items()
        if made["name"] == slug or made["parent"].endswith(f"::{slug}")
    }


if __name__ == "__main__":
    chosen = VARIANTS[sys.argv[1]]
    print(json.dumps(resources_of(chosen.config("ann@example.org")), indent=2, sort_keys=True))
