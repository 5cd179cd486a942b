"""Every bad program is stopped by the policy pack, in a preview by the real engine.

The good program registers what the committed stack does, from constants; a bad one differs
from it by one thing.
"""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fleet_repository import FleetRepository
from harness import Stack
from test_options import switch_on

from benchmarks import bare

Program = dict[str, Any]
Resource = dict[str, Any]
PACK = ("--policy-pack", "policy")


def of(program: Program, kind: str, name: str) -> Resource:
    """Return the resource of bob, or of who is asked for, that has this class."""
    return next(
        one
        for one in program["resources"]
        if one.get("class") == kind and one["name"].startswith(name)
    )


def put(kind: str, path: str, value: Any, name: str = "bob") -> Callable[[Program], None]:
    """Return a change that sets an argument; None drops it."""

    def change(program: Program) -> None:
        *way, last = path.split(".")
        arguments = of(program, kind, name)["arguments"]
        for key in way:
            arguments = arguments[key]
        arguments.pop(last, None)
        if value is not None:
            arguments[last] = value

    return change


def replaced(kind: str, argument: str, old: str, new: str) -> Callable[[Program], None]:
    """Return a change of a document, which is a text."""

    def change(program: Program) -> None:
        arguments = of(program, kind, "bob")["arguments"]
        assert old in arguments[argument]
        arguments[argument] = arguments[argument].replace(old, new)

    return change


def added(kind: str, argument: str, value: Any) -> Callable[[Program], None]:
    def change(program: Program) -> None:
        of(program, kind, "bob")["arguments"][argument].append(value)

    return change


def unprotected(kind: str) -> Callable[[Program], None]:
    def change(program: Program) -> None:
        of(program, kind, "bob")["options"]["protect"] = False

    return change


def without(kind: str) -> Callable[[Program], None]:
    """Return a change that takes a resource out, on which no other depends."""

    def change(program: Program) -> None:
        gone = program["resources"].index(of(program, kind, "bob"))
        del program["resources"][gone]
        for one in program["resources"]:
            options = one["options"]
            options["dependsOn"] = [index - (index > gone) for index in options["dependsOn"]]
            for key in ("parent", "provider", "deletedWith"):
                if key in options:
                    options[key] -= options[key] > gone

    return change


def same_as_ann(kind: str, path: str) -> Callable[[Program], None]:
    def change(program: Program) -> None:
        value: Any = of(program, kind, "ann")["arguments"]
        for key in path.split("."):
            value = value[key]
        put(kind, path, value)(program)

    return change


def another(token: str) -> Callable[[Program], None]:
    """Return a change that adds a resource of another type; the sandbox has only components."""

    def change(program: Program) -> None:
        options = {"dependsOn": [], "protect": False, "retainOnDelete": False}
        more = {"name": "more", "type": token, "outputs": {}, "options": options}
        program["resources"].append(more)

    return change


DELETES_ALL = {"id": "all", "status": "Enabled", "expiration": {"days": 30}}
DELETES_MOST = {**DELETES_ALL, "filter": {"objectSizeGreaterThan": 1}}
DELETES_ALL_ON_GCS = {"action": {"type": "Delete"}, "condition": {"age": 30}}
ALLOW_ALL = '"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}, '
STRANGER = "serviceAccount:ci@evil-project.iam.gserviceaccount.com"
GIVEN_AWAY = json.dumps({"bindings": [{"role": "roles/storage.objectUser", "members": [STRANGER]}]})
ROLE, ACCESS, PV, PVC = "Role", "RolePolicy", "PersistentVolume", "PersistentVolumeClaim"

BAD: dict[str, list[tuple[str, Callable[[Program], None]]]] = {
    "aws": [
        ("s3-bucket-protected", unprotected("Bucket")),
        ("s3-bucket-protected", put("Bucket", "force_destroy", True)),
        ("s3-public-access-blocked", put("BucketPublicAccessBlock", "block_public_policy", False)),
        ("s3-no-acl", put("BucketOwnershipControls", "rule.objectOwnership", "ObjectWriter")),
        ("s3-objects-kept", added("BucketLifecycleConfiguration", "rules", DELETES_ALL)),
        ("s3-objects-kept", added("BucketLifecycleConfiguration", "rules", DELETES_MOST)),
        ("s3-tls-only", replaced("BucketPolicy", "policy", '"s3:*"', '"s3:GetObject"')),
        (
            "s3-policy-allows-nobody",
            replaced("BucketPolicy", "policy", '"Statement": [', ALLOW_ALL),
        ),
        ("iam-trust", replaced(ROLE, "assume_role_policy", "StringEquals", "StringLike")),
        ("iam-trust", replaced(ROLE, "assume_role_policy", ":cmbcluster:", ":*:")),
        ("iam-readable", replaced(ACCESS, "policy", '"Sid"', '"sid"')),
        ("iam-actions", replaced(ACCESS, "policy", '"s3:PutObject"', '"s3:*"')),
        ("iam-actions", replaced(ACCESS, "policy", "GetObjectVersion", "DeleteObjectVersion")),
        ("iam-one-bucket", replaced(ACCESS, "policy", "s3:::ara-planet", "s3:::*")),
        ("bucket-one-role", same_as_ann(ACCESS, "policy")),
        ("bucket-own", replaced(ACCESS, "policy", "s3:::ara-planet", "s3:::eve-planet")),
        ("identity-own", put(ACCESS, "role", "eks-node-group-role")),
        ("type-known", another("aws:s3/accessPoint:AccessPoint")),
        ("role-one-policy", same_as_ann(ACCESS, "role")),
        ("role-one-server", same_as_ann(ROLE, "assume_role_policy")),
        ("bucket-settings", without("BucketPolicy")),
        ("bucket-settings-protected", unprotected("BucketVersioning")),
        ("volume-driver", put(PV, "spec.csi.driver", "ebs.csi.aws.com")),
        ("volume-retained", put(PV, "spec.persistentVolumeReclaimPolicy", "Delete")),
        ("volume-reserved", put(PV, "spec.claimRef", None)),
        ("volume-no-class", put(PV, "spec.storageClassName", "gp3")),
        (
            "volume-pod-identity",
            put(PV, "spec.csi.volumeAttributes.authenticationSource", "driver"),
        ),
        ("volume-handle", same_as_ann(PV, "spec.csi.volumeHandle")),
        ("claim-no-class", put(PVC, "spec.storageClassName", None)),
        ("claim-volume", put(PVC, "spec.volumeName", None)),
        ("claim-reserved", put(PVC, "metadata.namespace", "default")),
        ("service-account-own", put("ServiceAccount", "metadata.name", "default")),
        ("identity-one-server", same_as_ann("ServiceAccount", "metadata.annotations")),
    ],
    "gcp": [
        ("gcs-bucket-protected", unprotected("Bucket")),
        ("gcs-public-access-prevented", put("Bucket", "public_access_prevention", "inherited")),
        ("gcs-uniform-access", put("Bucket", "uniform_bucket_level_access", False)),
        ("gcs-soft-delete", put("Bucket", "soft_delete_policy.retentionDurationSeconds", 0)),
        ("gcs-versioning-stated", put("Bucket", "versioning", None)),
        (
            "gcs-objects-kept",
            added("Bucket", "lifecycle_rules", DELETES_ALL_ON_GCS),
        ),
        (
            "gcs-iam-member",
            replaced("BucketIAMPolicy", "policy_data", '"principal:', '"allUsers", "principal:'),
        ),
        ("gcs-iam-role", replaced("BucketIAMPolicy", "policy_data", "objectUser", "objectAdmin")),
        (
            "gcp-iam-readable",
            replaced("BucketIAMPolicy", "policy_data", '"bindings"', '"Bindings"'),
        ),
        ("identity-own", put("BucketIAMPolicy", "policy_data", GIVEN_AWAY)),
        ("member-one-bucket", same_as_ann("BucketIAMPolicy", "policy_data")),
        ("bucket-settings", without("BucketIAMPolicy")),
    ],
}


PUBLIC = (
    "policy gcs-public-access-prevented of cmbcluster-storage: No public access, by any way; here "
    'publicAccessPrevention is "inherited": write "enforced" (ann-d0909303-bucket)'
)
VERSIONED = {"aws": "s3-versioned", "gcp": "gcs-versioned"}
VERSIONS = (
    "- `gcp` says: `policy gcs-versioned of cmbcluster-storage: Old versions are kept; here "
    "versioning.enabled is false: write true (ann-d0909303-bucket)`"
)


class Previews:
    """A workspace of one cloud in which nothing exists, and previews of programs in it."""

    def __init__(self, stack: Stack, program: Program) -> None:
        self.program = program
        self._stack = stack
        self._log = stack.workspace.folder / "events"

    def ran(self, *changes: Callable[[Program], None]) -> tuple[bool, set[str]]:
        """Return whether a preview succeeds, and the rules that are broken."""
        program = copy.deepcopy(self.program)
        for change in changes:
            change(program)
        bare.install(program, self._stack.workspace)
        return judged(self._stack, self._log)


def judged(stack: Stack, log: Path, *arguments: str) -> tuple[bool, set[str]]:
    """Return whether a preview with the pack succeeds, and the rules that are broken."""
    log.unlink(missing_ok=True)
    stack.run.environment["PULUMI_DEBUG_COMMANDS"] = "true"
    done = stack.run.pulumi("preview", *PACK, *arguments, "--event-log", str(log), captured=True)
    assert "exception" not in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    events = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    told = {event["policyEvent"]["policyName"] for event in events if "policyEvent" in event}
    return done.returncode == 0, told


CLOUD_OF_BAD = [(cloud, rule, change) for cloud, bad in BAD.items() for rule, change in bad]


@pytest.fixture(scope="module")
def previews(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Previews]]:
    with ExitStack() as running:

        @cache
        def of_cloud(cloud: str) -> Previews:
            stack = Stack(tmp_path_factory.mktemp(cloud), cloud)
            running.enter_context(stack.run)
            stack.pulumi("up", "--skip-preview")
            program = bare.constants(json.loads(stack.pulumi("stack", "export")))
            empty = Stack(tmp_path_factory.mktemp(cloud), cloud)
            running.enter_context(empty.run)
            return Previews(empty, program)

        yield of_cloud


@pytest.mark.parametrize("cloud", BAD)
def test_the_good_program_is_let_through(previews: Callable[[str], Previews], cloud: str):
    assert previews(cloud).ran() == (True, set())


@pytest.mark.parametrize(
    ("cloud", "rule", "change"),
    CLOUD_OF_BAD,
    ids=[f"{cloud}-{rule}" for cloud, rule, _ in CLOUD_OF_BAD],
)
def test_each_bad_program_is_stopped_by_its_rule(
    previews: Callable[[str], Previews], cloud: str, rule: str, change: Callable[[Program], None]
):
    assert previews(cloud).ran(change) == (False, {rule})


def test_the_committed_stacks_are_let_through(empty_stack: Stack, tmp_path: Path):
    assert judged(empty_stack, tmp_path / "events") == (True, set())


def test_every_option_and_state_is_let_through(empty_stack: Stack, tmp_path: Path):
    def most(settings: dict[str, Any]) -> None:
        switch_on(settings)
        buckets = settings["config"]["cmbcluster-storage:buckets"]
        settings["config"]["cmbcluster-storage:buckets"] = buckets | {"versioning": True}

    empty_stack.edit(most)
    empty_stack.user("carol", state="suspended")
    empty_stack.user("dave", state="deleted")

    assert judged(empty_stack, tmp_path / "events") == (True, set())


def test_what_a_stack_may_choose_is_told(empty_stack: Stack, tmp_path: Path):
    empty_stack.edit(switch_on)

    assert judged(empty_stack, tmp_path / "events") == (True, {VERSIONED[empty_stack.name]})


@pytest.mark.parametrize("level", ["disabled", "mandatory"])
def test_a_rule_has_a_level_of_its_own(empty_stack: Stack, tmp_path: Path, level: str):
    empty_stack.edit(switch_on)
    versioned = VERSIONED[empty_stack.name]
    (tmp_path / "levels.json").write_text(json.dumps({versioned: level}))

    told = judged(
        empty_stack, tmp_path / "events", "--policy-pack-config", str(tmp_path / "levels.json")
    )
    assert told == {"disabled": (True, set()), "mandatory": (False, {versioned})}[level]


def test_a_pull_request_is_told_which_rule_stops_it(tmp_path: Path):
    with closing(FleetRepository(tmp_path, "gcp", 1)) as fleet:
        fleet.edit("gcp", users=["ann"], buckets={"versioning": False})
        fleet.commit()
        fleet.rewrite("infra/gcp.py", '="enforced"', '="inherited"')
        fleet.commit("open")

        jobs = fleet.github.run(fleet.pull_request("open"), "shards", "preview", "review")

        assert [job.code for job in jobs["review"]] == [3], jobs["preview"][0].printed
        (comment,) = fleet.github.held("issues/7/comments")
        assert PUBLIC in comment["body"].splitlines()
        assert VERSIONS in comment["body"].splitlines()
