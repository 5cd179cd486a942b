"""Adoption: what of a bucket that exists already is imported, and from whom it is not taken."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from program import (
    AWS,
    AWS_EVERYTHING,
    GCP,
    Cloud,
    Resources,
    Variant,
    of_type,
    of_user,
    resources_of,
    run,
)

from infra.config import ConfigError

# What `adopt` calls the parts, and the logical names of what is made of them.
PARTS = {
    "aws": {
        "bucket": "bucket",
        "publicAccessBlock": "public-access-block",
        "ownership": "ownership",
        "encryption": "encryption",
        "versioning": "versioning",
        "lifecycle": "lifecycle",
        "policy": "policy",
        "logging": "logging",
    },
    "gcp": {"bucket": "bucket", "policy": "policy"},
}
OLD = "old-data"
IDS = {
    "aws": dict.fromkeys(PARTS["aws"], OLD),
    "gcp": {"bucket": OLD, "policy": f"b/{OLD}"},
}
# With access logs, so that every part is made.
LOGGED = {"accessLogsTo": "cmbcluster-access-logs", "scratchDays": 14}
AWS_LOGGED = replace(AWS, settings=AWS_EVERYTHING.settings, buckets=LOGGED)
GCP_LOGGED = replace(GCP, buckets=LOGGED)
CLOUDS = {"aws": AWS_LOGGED, "gcp": GCP_LOGGED}

on_each_cloud = pytest.mark.parametrize("cloud", CLOUDS)


def bobs(chosen: Variant, cloud: Cloud | None = None, **line: Any) -> Resources:
    made = resources_of(chosen.config({"id": "bob", **line}), cloud)
    return of_user(made, chosen.slug("bob"))


def imported(resources: Resources, slug: str) -> dict[str, str]:
    return {
        made["name"].removeprefix(f"{slug}-"): made["importId"]
        for made in resources.values()
        if "importId" in made
    }


CHOICES = [
    (cloud, ("bucket", *others))
    for cloud, parts in PARTS.items()
    for count in (0, 1, len(parts) - 1)
    for others in combinations(list(parts)[1:], count)
]


@pytest.mark.parametrize(("cloud", "parts"), CHOICES, ids=lambda value: ",".join(value))
def test_exactly_the_parts_that_are_listed_are_imported(cloud: str, parts: tuple[str, ...]):
    chosen = CLOUDS[cloud]
    made = bobs(chosen, bucket=OLD, adopt=parts)
    names = PARTS[cloud]
    assert imported(made, chosen.slug("bob")) == {names[part]: IDS[cloud][part] for part in parts}


@on_each_cloud
def test_every_part_of_a_bucket_can_be_adopted(cloud: str):
    chosen = CLOUDS[cloud]
    made = bobs(chosen, bucket=OLD)
    parts = of_type(made, *chosen.held, *chosen.settings)
    assert {one["name"] for one in parts.values()} == {
        f"{chosen.slug('bob')}-{name}" for name in PARTS[cloud].values()
    }
    assert chosen.config().cloud.adoptable == tuple(PARTS[cloud])


def with_nothing_expiring(resources: Resources) -> Resources:
    """Return the same with every rule switched off, or left out, as each cloud can."""
    off = {}
    for urn, made in resources.items():
        inputs = dict(made["inputs"])
        if made["type"] == "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration":
            assert {rule["status"] for rule in inputs["rules"]} == {"Enabled"}
            inputs["rules"] = [{**rule, "status": "Disabled"} for rule in inputs["rules"]]
        if "lifecycleRules" in inputs:
            assert inputs["lifecycleRules"] != []
            inputs["lifecycleRules"] = []
        off[urn] = {**made, "inputs": inputs}
    return off


@on_each_cloud
@pytest.mark.parametrize("state", ["active", "suspended"])
def test_adoption_is_the_import_and_that_nothing_expires(cloud: str, state: str):
    # So dropping `adopt`, the second edit, switches the rules on and does no more.
    adopted = bobs(CLOUDS[cloud], bucket=OLD, adopt=list(PARTS[cloud]), state=state)
    for made in adopted.values():
        made.pop("importId", None)
    assert adopted == with_nothing_expiring(bobs(CLOUDS[cloud], bucket=OLD, state=state))
    assert adopted != bobs(CLOUDS[cloud], bucket=OLD, state=state)


@on_each_cloud
def test_a_bucket_of_old_changes_names_and_nothing_else(cloud: str):
    chosen = CLOUDS[cloud]
    plain, old = run(chosen.config("bob"))[1], run(chosen.config({"id": "bob", "bucket": OLD}))[1]
    own = plain["users"]["bob"]
    assert old["users"]["bob"] == {
        **own,
        "bucketName": OLD,
        "bucketUrl": f"{own['bucketUrl'].partition(':')[0]}://{OLD}",
        "claimName": OLD,
    }
    assert imported(bobs(chosen, bucket=OLD), chosen.slug("bob")) == {}


@pytest.mark.parametrize(
    ("bucket", "namespace"),
    [
        ("old-data", "global"),
        ("titan", "global"),
        ("old-data-123456789012-us-east-1-an", "account-regional"),
    ],
)
@pytest.mark.parametrize("configured", ["accountRegional", "global"])
def test_the_namespace_follows_from_the_buckets_name(bucket: str, namespace: str, configured: str):
    chosen = replace(AWS, cloud={**AWS.cloud, "bucketNamespace": configured})
    [made] = of_type(bobs(chosen, bucket=bucket), AWS.bucket).values()
    assert made["inputs"]["bucketNamespace"] == namespace


LISTINGS = {
    "aws": ("aws:s3/getBuckets:getBuckets", {"bucketRegion": "us-east-1", "prefix": OLD}),
    "gcp": ("gcp:storage/getBuckets:getBuckets", {"project": "cmbcluster-research", "prefix": OLD}),
}


@on_each_cloud
def test_the_cloud_is_asked_whose_an_adopted_bucket_is_and_of_no_other(cloud: str):
    engine = Cloud()
    config = CLOUDS[cloud].config(
        "ann", {"id": "eve", "bucket": "x-data"}, {"id": "bob", "bucket": OLD, "adopt": ["bucket"]}
    )
    run(config, engine)
    assert engine.asked == [LISTINGS[cloud]]


ELSEWHERE: list[tuple[str, list[dict[str, str]]]] = [
    ("aws", []),
    ("aws", [{"name": "old-data-2"}]),
    ("gcp", []),
    ("gcp", [{"name": "old-data-2", "location": "EUROPE-WEST4"}]),
    ("gcp", [{"name": OLD, "location": "US"}]),
]


@pytest.mark.parametrize(("cloud", "buckets"), ELSEWHERE)
def test_a_bucket_of_somebody_else_is_refused_before_any_user_is_registered(
    cloud: str, buckets: list[dict[str, str]]
):
    engine = Cloud(buckets=buckets)
    config = CLOUDS[cloud].config("ann", {"id": "bob", "bucket": OLD, "adopt": ["bucket"]})
    with pytest.raises(ConfigError) as caught:
        run(config, engine)
    assert str(caught.value) == (
        "the stack's config cannot be used:\n"
        "cmbcluster-storage:users: "
        "'bob' adopts the bucket 'old-data', which is not in this stack's account or "
        "project and its region or location; write the name of one that is, or drop bucket and "
        "adopt, and the user gets a new one"
    )
    assert engine.made == [f"pulumi:providers:{cloud}"]
