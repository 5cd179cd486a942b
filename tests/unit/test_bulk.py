"""The paper calculation of docs/gitops.md."""

import re

from stack_trees import LEAST_ON, PROJECT_FOLDER, changed, config_of

from benchmarks.bulk import Bulk, rows

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


def test_the_table_of_the_document_is_this_one():
    text = (PROJECT_FOLDER / "docs/gitops.md").read_text("utf-8")
    table = re.search(r"<!-- bulk table -->\n(.*?)<!-- end -->", text, re.S)
    assert table
    assert table[1].splitlines() == list(rows([bulk("gcp"), bulk("aws")]))
