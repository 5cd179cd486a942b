"""Limits of clouds and engine: told before they are met, refused where nobody can raise them."""

import json
from typing import Any

import pytest
from program import AWS, AWS_POD_IDENTITY, Variant, of_type, resources_of
from stack_trees import (
    LEAST,
    LEAST_ON,
    POD_IDENTITY,
    Tree,
    config_of,
    engine_values,
    on_each_cloud,
    problems,
    problems_of,
)

from infra.config import parse
from infra.limits import Use, uses


def use(count: int, most: int | None) -> Use:
    return Use("roles", count, 1_000, most, "ask for more")


@pytest.mark.parametrize("most", [None, 1_000, 5_000])
def test_a_limit_is_told_from_four_fifths_of_it(most: int | None):
    assert use(799, most).warning is None
    for count in (800, 1_000, 1_001, 6_000):
        assert use(count, most).warning == (
            f"this stack has {count:,} roles, and the limit is 1,000; ask for more"
        )


def test_what_nobody_can_raise_is_refused_above_it_only():
    assert use(1_000, 1_000).problem is use(5_000, 5_000).problem is None
    assert use(1_000_000, None).problem is None
    assert use(5_001, 5_000).problem == (
        "cmbcluster-storage:users: "
        "this stack has 5,001 roles, and there can be 5,000; move some to another stack file"
    )


USERS = ["ann", "bob", {"id": "eve", "state": "suspended"}, {"id": "sam", "state": "deleted"}]
BYTES = ("bytes of config", 7, 131_072, 131_072)


@pytest.mark.parametrize(
    ("cloud", "counted"),
    [
        (
            LEAST["cloud"],
            [
                BYTES,
                ("users", 4, 50, None),
                ("buckets", 4, 10_000, 1_000_000),
                ("IAM roles", 2, 1_000, 5_000),
            ],
        ),
        (
            POD_IDENTITY,
            [
                BYTES,
                ("users", 4, 50, None),
                ("buckets", 4, 10_000, 1_000_000),
                ("IAM roles", 2, 1_000, 5_000),
                ("Pod Identity associations", 2, 5_000, 5_000),
            ],
        ),
        (LEAST_ON["gcp"]["cloud"], [BYTES, ("users", 4, 50, None)]),
        (
            {**LEAST_ON["gcp"]["cloud"], "identity": "serviceAccount"},
            [BYTES, ("users", 4, 50, None), ("Google service accounts", 2, 100, None)],
        ),
    ],
    ids=["irsa", "podIdentity", "workloadIdentity", "serviceAccount"],
)
def test_buckets_are_everybodys_and_identities_those_of_active_users(
    cloud: Tree, counted: list[tuple[Any, ...]]
):
    config = config_of({**LEAST, "cloud": cloud, "users": USERS})
    assert [(one.what, one.count, one.limit, one.most) for one in uses(config, 7)] == counted


def many(count: int, **tree: Any) -> Tree:
    return {**LEAST, **tree, "users": [f"u{number}" for number in range(count)]}


def test_every_limit_says_what_to_do():
    pods, accounts = (
        config_of(many(80, cloud=cloud))
        for cloud in (POD_IDENTITY, {**LEAST_ON["gcp"]["cloud"], "identity": "serviceAccount"})
    )
    told = {one.what: one for config in (pods, accounts) for one in uses(config, 104_858)}
    assert {one.warning for one in told.values() if one.warning} == {
        "this stack has 104,858 bytes of config, and the limit is 131,072; move users to another "
        "stack file that extends this one",
        "this stack has 80 users, and the limit is 50; the engine writes the whole state with "
        "every step: move some to another stack file that extends this one",
        "this stack has 80 Google service accounts, and the limit is 100; ask Google for more, or "
        "write identity: workloadIdentity, which needs none",
    }
    assert {what: one.cure for what, one in told.items() if not one.warning} == {
        "buckets": "ask AWS for more in the account",
        "IAM roles": "ask AWS for more in the account, up to 5,000",
        "Pod Identity associations": (
            "a cluster has no more: use identity: irsa, or another cluster"
        ),
    }


def test_more_roles_than_an_account_can_have_are_refused():
    config_of(many(5_000))
    assert problems_of(many(5_001)) == [
        "cmbcluster-storage:users: "
        "this stack has 5,001 IAM roles, and there can be 5,000; move some to another "
        "stack file"
    ]


def test_more_associations_than_a_cluster_can_have_are_refused():
    assert problems_of(many(5_001, cloud=POD_IDENTITY)) == [
        "cmbcluster-storage:users: "
        f"this stack has 5,001 {what}, and there can be 5,000; move some to another stack "
        "file"
        for what in ("IAM roles", "Pod Identity associations")
    ]


@on_each_cloud
def test_a_config_that_the_engine_cannot_hand_over_is_refused(cloud: str):
    users = [f"{number:0250}" for number in range(600)]
    values = engine_values({**LEAST_ON[cloud], "users": users})
    size = len(json.dumps(values).encode())
    assert size > 131_072
    assert problems(values) == [
        "cmbcluster-storage:users: "
        f"this stack has {size:,} bytes of config, and there can be 131,072; move some to "
        "another stack file"
    ]
    parse(engine_values({**LEAST_ON[cloud], "users": users[:500]}))


LONGEST: dict[str, Any] = {
    "accountId": "123456789012",
    "region": f"us-gov-{'n' * 23}-1",
    "bucketNamespace": "global",
}


@pytest.mark.parametrize(
    ("chosen", "keys"),
    [
        (AWS, {"oidcIssuer": "i" * 255}),
        (AWS_POD_IDENTITY, {"clusterName": "c" * 100}),
    ],
    ids=["irsa", "podIdentity"],
)
def test_the_longest_trust_policy_fits_a_role(chosen: Variant, keys: Tree):
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    cloud = {**chosen.cloud, **LONGEST, **keys}
    config = chosen.config("bob", cloud=cloud, kubernetes={"namespace": "n" * 63, "context": "x"})
    [role] = of_type(resources_of(config), "aws:iam/role:Role").values()
    longest_name = 30
    room = longest_name - len(role["inputs"]["name"])
    assert len(role["inputs"]["assumeRolePolicy"]) + room <= 2_048
    for key, value in {**LONGEST, **keys}.items():
        if key != "bucketNamespace":
            [line] = problems_of({**LEAST, "cloud": {**cloud, key: f"{value[:-2]}x{value[-2:]}"}})
            assert line.startswith(f"cmbcluster-storage:cloud.{key}: ")
