"""The paper calculation of docs/gitops.md."""

import re
from pathlib import Path
from typing import Any

import yaml
from fleets import write
from stack_trees import LEAST_ON, PROJECT_FOLDER, changed, config_of

from benchmarks.bulk import Bulk, rows
from infra.review import base, guard
from infra.review.effects import Effect, Kind
from infra.review.plans import Resource, Step

DOCUMENT = (PROJECT_FOLDER / "docs/gitops.md").read_text("utf-8")
STEP = Step("create", "aws:s3/bucket:Bucket", "x-bucket", "x", None, Resource())
FIFTY = [f"user-{number}" for number in range(50)]


def bulk(cloud: str, users: int = 10_000, identity: str | None = None) -> Bulk:
    tree = {**LEAST_ON[cloud], "users": FIFTY}
    if identity:
        tree = changed(tree, ("cloud", "identity"), identity)
    return Bulk(config_of(tree), users)


def test_a_fleet_takes_what_the_slowest_rate_takes():
    found = bulk("gcp")
    assert (found.shards, found.resources, found.writes) == (200, 70_600, 706)
    assert (found.bucket_seconds, found.shard_seconds, found.at_once) == (20_000, 706, 7)
    assert list(found.owners()) == []
    assert list(bulk("gcp", identity="serviceAccount").owners()) == [
        ("Google service accounts", 100, None)
    ]


def test_where_no_rate_is_named_none_is_made_up():
    found = bulk("aws", users=120)
    assert (found.shards, found.resources, found.writes) == (3, 2_109, 1_406)
    assert (found.bucket_seconds, found.shard_seconds, found.at_once) == (None, None, None)
    assert list(bulk("aws").owners()) == [("buckets", 1, 1), ("IAM roles", 10, 2)]


def test_the_engine_takes_its_time_on_any_cloud():
    told = [line for line in rows([bulk("gcp"), bulk("aws")]) if "the engine alone" in line]
    assert told == [
        "| one stack, the engine alone | 16 s | 32 s |",
        "| one stack after the other, the engine alone | 54 min | 1 h 47 min |",
        "| 7 at once, the engine alone | 8 min | 15 min |",
    ]


def test_the_first_step_lets_new_stacks_pass(tmp_path: Path):
    found = re.search(r"`cmbcluster-storage:(review): (\{.*?\})`", DOCUMENT)
    assert found
    hub = {**LEAST_ON["aws"], "users": []}
    new = {"aws": hub, "aws-002": {"extends": "aws", "users": FIFTY}}
    for commit in ("base", "head"):
        (tmp_path / commit).mkdir()
    write(tmp_path / "head", new)
    users = [Effect("aws-002", user, Kind.ADDED, (STEP,)) for user in FIFTY]

    def refused(on_main: dict[str, Any]) -> list[str]:
        write(tmp_path / "base", {"aws": on_main})
        limits = base.limits(tmp_path / "base", tmp_path / "head", "aws-002")
        return [one.key for one in guard.refusals("aws-002", users, limits, ())]

    assert refused(hub) == ["maxUsers"]
    assert refused({**hub, found[1]: yaml.safe_load(found[2])}) == []


def test_the_table_of_the_document_is_this_one():
    table = re.search(r"<!-- bulk table -->\n(.*?)<!-- end -->", DOCUMENT, re.S)
    assert table
    assert table[1].splitlines() == list(rows([bulk("gcp"), bulk("aws")]))
