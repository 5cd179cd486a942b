"""Contenders of the benchmark do what they are timed for, and latency is what it says."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from google.cloud.storage import Client

from benchmarks import stock
from benchmarks.field import FIELD, Contender
from benchmarks.rig import Rig, RunError, Scale
from benchmarks.runtime import TASKS
from benchmarks.work import Work

_SCALE = Scale(keys=20, listed=20, versions=20, large_bytes=9 * 1024 * 1024)
_OTHER = {"aws": "gcp", "gcp": "aws"}
# All tasks in one process: to start one takes longer than any of them.
_ALL = """
import importlib, json, sys
from benchmarks.work import Work
tasks = importlib.import_module(f"benchmarks.contenders.{sys.argv[1]}").TASKS
for task, work in json.loads(sys.argv[2]):
    tasks[task](Work.read(work))()
"""
_CHECKED = [(cloud, contender) for cloud, field in FIELD.items() for contender in field[:2]]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path, _SCALE) as running:
        yield running


def read(cloud: str, bucket: str) -> dict[str, bytes]:
    """Return what a bucket holds, as the SDK tells it."""
    if cloud == "gcp":
        blobs = Client(project="bench").list_blobs(bucket)
        return {blob.name: blob.download_as_bytes() for blob in blobs}
    objects = boto3.resource("s3").Bucket(bucket).objects.all()
    return {each.key: each.get()["Body"].read() for each in objects}


def test_ours_and_the_sdk_do_what_they_are_timed_for(rig: Rig, tmp_path: Path):
    large = (tmp_path / "large").read_bytes()
    for number, (cloud, contender) in enumerate(_CHECKED):
        own = Work(cloud, f"bench-{number}", f"bench-copy-{number}", str(tmp_path), 20, 21)
        emptied = Work(**vars(own) | {"bucket": f"{own.bucket}-emptied"})
        for at, bucket in (
            (cloud, own.bucket),
            (_OTHER[cloud], own.target),
            (cloud, emptied.bucket),
        ):
            stock.make_bucket(at, bucket)
        stock.add_versions(cloud, emptied.bucket, 20)
        own.path.unlink(missing_ok=True)

        tasks = ["up", "large up", "list", "down", "large down", "copy"]
        works = [(task, own.written()) for task in tasks] + [("empty", emptied.written())]
        assert {task for task, _ in works} == set(TASKS)
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _ALL, contender.module, json.dumps(works)],
            check=True,
        )

        assert read(cloud, own.bucket) == dict(own.small) | {"large": large}
        assert own.path.read_bytes() == large
        assert read(_OTHER[cloud], own.target) == {"large": large}
        with pytest.raises(Exception, match=r"NoSuchBucket|404"):
            read(cloud, emptied.bucket)


def test_a_run_tells_its_figures_and_a_failure_its_words(rig: Rig):
    ours, sdk, sequential, *_ = FIELD["aws"]
    assert rig.run("aws", sequential, "list", 0) is None
    boto3.resource("s3").Bucket("bench-read").objects.filter(Prefix="small/").delete()
    with pytest.raises(RunError, match="NoSuchKey"):
        rig.run("aws", sdk, "down", 0)
    with pytest.raises(RunError, match="No module named"):
        rig.run("aws", Contender("nobody", "nobody"), "up", 0)

    began = time.perf_counter()
    near = rig.run("aws", ours, "up", 0)
    whole = time.perf_counter() - began
    assert near
    assert 0 < near.seconds < whole
    assert 0 <= near.server < whole  # in hundredths of a second
    assert near.lag
    assert near.growth > 0

    far = rig.run("aws", sdk, "large up", 20, beside_loop=True)
    assert far
    assert far.seconds > 0.06  # an upload in parts asks three times at the least
    assert far.lag
