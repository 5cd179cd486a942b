"""The stack's resources as the engine would be asked for them, without an engine.

What is true on every way to store; each state, adoption and option has its own file.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from cmbcluster_storage import names
from program import (
    AWS,
    GCP,
    OBJECTS,
    STORAGE,
    VARIANTS,
    VOLUME,
    Resources,
    Variant,
    of_type,
    of_user,
    resources_of,
    run,
)

GOLDEN = Path(__file__).parent / "golden"

on_each_cloud = pytest.mark.parametrize("variant", [AWS, GCP], ids=["aws", "gcp"])


@pytest.fixture(scope="module", params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> Variant:
    return VARIANTS[request.param]


@pytest.fixture(scope="module")
def two_users(variant: Variant) -> Resources:
    return resources_of(variant.config("ann@example.org", "bob"))


@pytest.mark.parametrize("name", VARIANTS)
def test_one_users_resources_are_exactly_the_golden_ones(name: str):
    golden = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    assert resources_of(VARIANTS[name].config("ann@example.org")) == golden


def test_every_golden_file_is_compared():
    assert {path.stem for path in GOLDEN.iterdir()} == set(VARIANTS)


PROVIDER_INPUTS = {
    "aws": {
        "allowedAccountIds": '["123456789012"]',
        "region": "us-east-1",
        "skipCredentialsValidation": "false",
        "skipRegionValidation": "true",
    },
    "gcp": {"addPulumiAttributionLabel": "false", "project": "cmbcluster-research"},
}


@on_each_cloud
def test_a_stack_without_users_makes_its_providers_only(variant: Variant):
    cloud = variant.provider
    assert resources_of(variant.config()) == {
        f"pulumi:providers:{cloud}::{cloud}": {
            "type": f"pulumi:providers:{cloud}",
            "name": cloud,
            "parent": variant.stack,
            "custom": True,
            "inputs": PROVIDER_INPUTS[cloud],
        },
        "pulumi:providers:kubernetes::kubernetes": {
            "type": "pulumi:providers:kubernetes",
            "name": "kubernetes",
            "parent": variant.stack,
            "custom": True,
            "inputs": {"context": f"cmbcluster-{cloud}"},
        },
    }


@on_each_cloud
def test_manifests_are_rendered_instead_of_applied(variant: Variant):
    made = resources_of(variant.config(kubernetes={"namespace": "hub", "renderTo": "manifests"}))
    assert made["pulumi:providers:kubernetes::kubernetes"]["inputs"] == {
        "renderYamlToDirectory": "manifests"
    }


RULES = {
    "versioning": True,
    "noncurrentVersionsKept": 30,
    "noncurrentDays": 30,
    "abortUploadsAfterDays": 7,
    "scratchDays": None,
    "storageClass": "STANDARD",
    "encryptionKey": None,
    "accessLogsTo": None,
    "labels": {"cost-centre": "physics"},
}
STEP = (
    "state: suspended takes identity and volume away and keeps the bucket; the line cannot be "
    "dropped"
)
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
                "nextStep": STEP,
            },
            "bob": {
                "bucketName": "ara-planet-8c71157f-123456789012-us-east-1-an",
                "bucketUrl": "s3://ara-planet-8c71157f-123456789012-us-east-1-an",
                "namespace": "hub",
                "serviceAccountName": "ara-planet-8c71157f",
                "claimName": "ara-planet-8c71157f",
                "state": "active",
                "nextStep": STEP,
            },
        },
        "platform": {
            "name": "cmbcluster",
            "provider": "aws",
            "accountId": "123456789012",
            "region": "us-east-1",
            "bucketNamespace": "accountRegional",
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
                "nextStep": STEP,
            },
            "bob": {
                "bucketName": "fornax-pulsar-de6f66ce",
                "bucketUrl": "gs://fornax-pulsar-de6f66ce",
                "namespace": "hub",
                "serviceAccountName": "fornax-pulsar-de6f66ce",
                "claimName": "fornax-pulsar-de6f66ce",
                "state": "active",
                "nextStep": STEP,
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


@on_each_cloud
def test_the_outputs_are_what_a_hub_reads(variant: Variant):
    assert run(variant.config("ann@example.org", "bob"))[1] == OUTPUTS[variant.provider]


def test_the_components_outputs_are_registered(variant: Variant):
    # The next run looks there for whom it holds.
    recorder, outputs = run(variant.config("bob"))
    bob = outputs["users"]["bob"]
    slug = variant.slug("bob")
    volume = {f"{recorder.urn}{VOLUME}::{slug}": {}} if variant.objects else {}
    assert recorder.outputs_by_urn == {
        f"{recorder.urn}{STORAGE}::{slug}": {
            "user": "bob",
            "state": variant.state,
            "place": {"aws": "us-east-1", "gcp": "EUROPE-WEST4"}[variant.provider],
            "bucketName": bob["bucketName"],
            "bucketUrl": bob["bucketUrl"],
        },
        **volume,
    }


def test_the_components_types_are_locked(variant: Variant, two_users: Resources):
    # They are in the URN of everything in every state file: another one replaces it all.
    components = {urn for urn, made in two_users.items() if not made.get("custom")}
    assert components == {
        f"cmbcluster-storage:index:{what}::{variant.slug(user)}"
        for what in ("UserStorage", *(["UserVolume"] if variant.objects else []))
        for user in ("ann@example.org", "bob")
    }


def test_two_users_share_nothing_but_the_providers(variant: Variant, two_users: Resources):
    ann, bob = (of_user(two_users, variant.slug(user)) for user in ("ann@example.org", "bob"))
    assert len(ann) == len(bob) == len(variant.of_a_user)
    assert {*two_users} - {*ann} - {*bob} == {
        f"pulumi:providers:{variant.provider}::{variant.provider}",
        "pulumi:providers:kubernetes::kubernetes",
    }
    for mine, other in ((ann, "bob"), (bob, "ann@example.org")):
        theirs = names.user_name(variant.scope, other), variant.slug(other), other
        assert [word for word in theirs if word in json.dumps(mine)] == []


def test_two_users_differ_in_their_names_only(variant: Variant, two_users: Resources):
    def as_anybody(user: str) -> Resources:
        slug, name = variant.slug(user), names.user_name(variant.scope, user)
        text = json.dumps(of_user(two_users, slug))
        return json.loads(text.replace(slug, "SLUG").replace(name, "NAME"))

    assert as_anybody("ann@example.org") == as_anybody("bob")


def test_every_resource_of_a_user_has_its_place(variant: Variant, two_users: Resources):
    types = [made["type"] for made in of_user(two_users, variant.slug("bob")).values()]
    assert sorted(types) == sorted(variant.of_a_user)
    storage = (*variant.held, *variant.settings, *variant.identity)
    for made in of_type(two_users, *storage).values():
        assert made["parent"].startswith(f"{STORAGE}::")
    for made in of_type(two_users, *OBJECTS).values():
        assert made["parent"].startswith(f"{VOLUME}::")
    for made in of_type(two_users, STORAGE, VOLUME).values():
        assert made["parent"] == variant.stack


def test_what_holds_or_guards_data_is_protected_and_kept_unless_it_is_to_be_deleted(
    variant: Variant, two_users: Resources
):
    held = of_type(two_users, *variant.held)
    assert len(held) == 2 * len(variant.held)
    kept = variant.state != "deleted"
    assert {
        (made.get("protect", False), made.get("retainOnDelete", False)) for made in held.values()
    } == {(kept, kept)}


def test_nothing_else_is_protected_or_kept(variant: Variant, two_users: Resources):
    held = of_type(two_users, *variant.held)
    for urn, made in two_users.items():
        if urn not in held:
            assert not {"protect", "retainOnDelete"} & made.keys()


def test_what_is_set_on_a_bucket_falls_with_it_and_never_before(
    variant: Variant, two_users: Resources
):
    for user in ("ann@example.org", "bob"):
        mine = of_user(two_users, variant.slug(user))
        [bucket] = of_type(mine, variant.bucket)
        assert "deletedWith" not in mine[bucket]
        on_it = of_type(mine, *variant.guards, *variant.settings)
        assert {made.get("deletedWith") for made in on_it.values()} == {bucket}
        assert on_it.keys() == {urn for urn, made in mine.items() if "deletedWith" in made}


def test_a_buckets_settings_are_written_one_after_the_other(variant: Variant, two_users: Resources):
    mine = of_user(two_users, variant.slug("bob"))
    [bucket] = of_type(mine, variant.bucket)
    assert "dependencies" not in mine[bucket]
    # On Google Cloud the bucket's policy names the service account, where there is one.
    member = set(of_type(mine, "gcp:serviceaccount/account:Account"))
    previous = bucket
    for guard in (*variant.guards, *variant.settings):
        [(urn, made)] = of_type(mine, guard).items()
        assert set(made["dependencies"]) == {bucket, previous} | member
        previous = urn


def test_a_claim_waits_for_its_volume_and_a_service_account_for_its_identity(
    variant: Variant, two_users: Resources
):
    mine = of_user(two_users, variant.slug("bob"))
    if not variant.objects:
        assert of_type(mine, *OBJECTS) == {}
        return
    account, volume, claim = (next(iter(of_type(mine, kind))) for kind in OBJECTS)
    assert mine[claim]["dependencies"] == [volume]
    # With Pod Identity the association names the service account, and nothing the role.
    named = {} if "clusterName" in variant.cloud else of_type(mine, *variant.identity[:1])
    assert mine[account].get("dependencies", []) == [*named]
    assert "dependencies" not in mine[volume]


def test_every_resource_has_an_explicit_provider(variant: Variant, two_users: Resources):
    for urn, made in two_users.items():
        package = made["type"].partition(":")[0]
        if package in (variant.provider, "kubernetes"):
            assert made["provider"] == f"pulumi:providers:{package}::{package}::id-of-{package}"
        else:
            assert package in ("cmbcluster-storage", "pulumi"), urn
            assert "provider" not in made, urn
