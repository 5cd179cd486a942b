"""What the benchmark makes of a recorded state and of measured seconds."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import bare, engine, fleet
from benchmarks.contest import Measured, Result, measured
from benchmarks.counted import OpenedFiles
from benchmarks.matrix import Matrix
from benchmarks.memory import Peaks
from benchmarks.shard import STEPS, Counted

ROOT = "urn:pulumi:aws::cmbcluster-storage::"
STACK = f"{ROOT}pulumi:pulumi:Stack::cmbcluster-storage-aws"
PROVIDER = f"{ROOT}pulumi:providers:aws::aws"
STORAGE = f"{ROOT}cmbcluster-storage:index:UserStorage::ann"
BUCKET = f"{ROOT}cmbcluster-storage:index:UserStorage$aws:s3/bucket:Bucket::ann-bucket"
VERSIONING = (
    f"{ROOT}cmbcluster-storage:index:UserStorage$"
    "aws:s3/bucketVersioning:BucketVersioning::ann-versioning"
)
ACCOUNT = f"{ROOT}kubernetes:core/v1:ServiceAccount::ann-service-account"


def state() -> dict[str, Any]:
    """Return a state as `pulumi stack export` prints it, with what matters of it."""
    resources = [
        {
            "urn": STACK,
            "custom": False,
            "type": "pulumi:pulumi:Stack",
            "outputs": {"users": {"ann": {"bucketName": "b"}}},
        },
        {
            "urn": PROVIDER,
            "custom": True,
            "id": "4dd441ef",
            "type": "pulumi:providers:aws",
            "inputs": {
                "__internal": {},
                "allowedAccountIds": '["123456789012"]',
                "region": "us-east-1",
                "skipRegionValidation": "true",
                "version": "7.51.1",
            },
            "outputs": {"region": "us-east-1"},
            "parent": STACK,
        },
        {
            "urn": STORAGE,
            "custom": False,
            "type": "cmbcluster-storage:index:UserStorage",
            "outputs": {"bucketName": "b"},
            "parent": STACK,
        },
        {
            "urn": BUCKET,
            "custom": True,
            "id": "b",
            "type": "aws:s3/bucket:Bucket",
            "inputs": {"bucket": "b", "forceDestroy": False},
            "outputs": {"arn": "arn:aws:s3:::b"},
            "parent": STORAGE,
            "protect": True,
            "retainOnDelete": True,
            "provider": f"{PROVIDER}::4dd441ef",
        },
        {
            "urn": VERSIONING,
            "custom": True,
            "id": "b",
            "type": "aws:s3/bucketVersioning:BucketVersioning",
            "inputs": {"bucket": "b", "versioningConfiguration": {"status": "Enabled"}},
            "outputs": {},
            "parent": STORAGE,
            "provider": f"{PROVIDER}::4dd441ef",
            "dependencies": [BUCKET],
            "deletedWith": BUCKET,
        },
        {
            "urn": ACCOUNT,
            "custom": True,
            "id": "hub/ann",
            "type": "kubernetes:core/v1:ServiceAccount",
            "inputs": {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "ann"}},
            "outputs": {},
            "parent": STACK,
        },
    ]
    return {"version": 3, "deployment": {"resources": resources}}


def test_the_constants_are_what_a_program_would_write():
    plain = {"dependsOn": [], "protect": False, "retainOnDelete": False}

    assert bare.constants(state()) == {
        "resources": [
            {
                "name": "aws",
                "module": "pulumi_aws",
                "class": "Provider",
                "arguments": {
                    "allowed_account_ids": ["123456789012"],
                    "region": "us-east-1",
                    "skip_region_validation": True,
                },
                "options": plain,
            },
            {
                "name": "ann",
                "type": "cmbcluster-storage:index:UserStorage",
                "outputs": {"bucketName": "b"},
                "options": plain,
            },
            {
                "name": "ann-bucket",
                "module": "pulumi_aws.s3",
                "class": "Bucket",
                "arguments": {"bucket": "b", "force_destroy": False},
                "options": {
                    "parent": 1,
                    "provider": 0,
                    "dependsOn": [],
                    "protect": True,
                    "retainOnDelete": True,
                },
            },
            {
                "name": "ann-versioning",
                "module": "pulumi_aws.s3",
                "class": "BucketVersioning",
                "arguments": {"bucket": "b", "versioning_configuration": {"status": "Enabled"}},
                "options": plain | {"parent": 1, "provider": 0, "deletedWith": 2, "dependsOn": [2]},
            },
            {
                "name": "ann-service-account",
                "module": "pulumi_kubernetes.core.v1",
                "class": "ServiceAccount",
                "arguments": {"metadata": {"name": "ann"}},
                "options": plain,
            },
        ],
        "outputs": {"users": {"ann": {"bucketName": "b"}}},
    }


def test_what_providers_made_up_is_not_declared():
    other = state()
    for resource in other["deployment"]["resources"][1:]:
        resource["id"] = "another"
        if resource["custom"]:
            resource["outputs"] = {"another": "output"}
        if "provider" in resource:
            resource["provider"] = f"{PROVIDER}::another"

    assert bare.declared(other) == bare.declared(state())


@pytest.mark.parametrize(
    ("number", "key", "value"),
    [
        (0, "outputs", {}),
        (2, "outputs", {"bucketName": "c"}),
        (3, "inputs", {"bucket": "c"}),
        (3, "protect", False),
        (3, "retainOnDelete", False),
        (3, "provider", f"{ROOT}pulumi:providers:aws::other::4dd441ef"),
        (4, "dependencies", []),
        (4, "deletedWith", None),
        (4, "parent", STACK),
        (5, "urn", f"{ACCOUNT}-2"),
    ],
)
def test_anything_that_a_program_says_is_declared(number: int, key: str, value: object):
    other = state()
    other["deployment"]["resources"][number][key] = value

    assert bare.declared(other) != bare.declared(state())


def test_a_ratio_is_of_neighbours_not_of_medians():
    assert measured([1.0, 3.0, 2.0], [1.0, 2.0, 1.0]) == Measured(ours=2.0, bare=1.0, ratio=1.5)


def result(users: int, preview: float = 1.0, no_op: float = 1.0) -> Result:
    steps = {"preview": preview, "first up": 9.0, "no-op up": no_op}
    return Result(
        users,
        703,
        {step: Measured(ratio * 2, 2.0, ratio) for step, ratio in steps.items()},
        {"engine": 201, "program": 135},
        {"engine": 192, "program": 125},
    )


def test_a_table_has_a_line_for_each_size():
    assert engine.heading("aws").splitlines()[1:] == [
        "aws: ours / bare = ratio",
        "| users | resources | preview, s | first up, s | no-op up, s | engine, MB | program, MB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    assert engine.row(result(50, preview=1.25)) == (
        "| 50 | 703 | 2.5 / 2.0 = 1.25 | 18.0 / 2.0 = 9.00 | 2.0 / 2.0 = 1.00 "
        "| 201 / 192 | 135 / 125 |"
    )


def test_preview_and_no_op_at_50_users_have_a_bar():
    assert list(engine.missed("aws", result(50, preview=1.25, no_op=1.25))) == []
    assert list(engine.missed("aws", result(49, preview=2, no_op=2))) == []
    assert list(engine.missed("gcp", result(50, preview=1.26, no_op=1.3))) == [
        "gcp: preview at 50 users is 1.26, more than 1.25",
        "gcp: no-op up at 50 users is 1.30, more than 1.25",
    ]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_the_peak_of_a_descendant_is_seen_after_it_has_let_go():
    code = "import sys; held = b'x' * (80 << 20); del held; print(flush=True); sys.stdin.read()"
    with (
        Peaks() as peaks,
        subprocess.Popen(
            [sys.executable, "-c", code, "sandbox.program", ""],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process,
    ):
        assert process.stdout
        process.stdout.readline()
        deadline = time.monotonic() + 20
        while peaks.megabytes.get("program", 0) < 80 and time.monotonic() < deadline:
            time.sleep(0.05)

    assert 80 <= peaks.megabytes["program"] < 160
    assert "engine" not in peaks.megabytes


def cost(users: int, seconds: float, requests: int = 4) -> fleet.Result:
    counted = Counted(requests, 11, 5_000_000)
    return fleet.Result(
        users,
        {step: [seconds, seconds * 2, seconds * 3] for step in STEPS},
        {step: [counted] * 3 for step in STEPS},
        {"engine": 171},
        Matrix(1.034, 72),
    )


def test_a_fleet_s_table_has_a_line_for_each_size_and_step():
    results = [cost(100, 1.0), cost(10_000, 1.1)]
    assert list(fleet.table("gcp", results)) == [
        "",
        "gcp: ratio to 100 users, both of one turn",
        "| users | step | seconds | ratio | requests | files | state, kB | engine, MB "
        "| program, MB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| 100 | no-op up | 2.00 | 1.000 | 4 | 11 | 5000.0 | 171 | - |",
        "| 100 | preview | 2.00 | 1.000 | 4 | 11 | 5000.0 | 171 | - |",
        "| 100 | arrival | 2.00 | 1.000 | 4 | 11 | 5000.0 | 171 | - |",
        "| 10,000 | no-op up | 2.20 | 1.100 | 4 | 11 | 5000.0 | 171 | - |",
        "| 10,000 | preview | 2.20 | 1.100 | 4 | 11 | 5000.0 | 171 | - |",
        "| 10,000 | arrival | 2.20 | 1.100 | 4 | 11 | 5000.0 | 171 | - |",
        "100 users, diff to matrix: 1.03 s, 72 MB",
        "10,000 users, diff to matrix: 1.03 s, 72 MB",
    ]


def test_what_a_fleet_costs_more_is_told():
    assert list(fleet.missed("gcp", [cost(100, 1.0), cost(1_000, 1.3), cost(10_000, 1.14)])) == []
    told = list(fleet.missed("gcp", [cost(100, 1.0), cost(10_000, 1.16, requests=5)]))
    assert [line for line in told if "takes" in line] == [
        f"gcp: {step} takes 1.160 times as long, more than 1.15" for step in STEPS
    ]
    assert told[0] == (
        "gcp: no-op up, turn 0: Counted(requests=5, files=11, state_bytes=5000000) with 10,000 "
        "users, Counted(requests=4, files=11, state_bytes=5000000) with 100"
    )
    assert len(told) == 12


@pytest.mark.skipif(sys.platform != "linux", reason="needs inotify")
def test_opened_files_are_seen_whoever_opens_them(tmp_path: Path):
    for name in ("read", "not", "outside/read"):
        path = tmp_path / "watched" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", "utf-8")
    watched = tmp_path / "watched"
    with OpenedFiles([watched]) as opened:
        (watched / "read").read_text("utf-8")
        (watched / "outside/read").read_text("utf-8")
        list(watched.iterdir())
        subprocess.run([sys.executable, "-c", "open('new', 'w')"], cwd=watched, check=True)
    assert opened.paths == {watched / "read", watched / "new"}
