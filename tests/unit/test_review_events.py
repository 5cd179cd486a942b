"""A policy pack's verdicts, from lines as the engine's log of events has them."""

import json

import pytest

from infra.review.events import with_policies
from infra.review.plans import Plan


def event(name: str, level: str, resource: str) -> str:
    begin = "urn:pulumi:aws::cmbcluster-storage::aws:s3/bucket:Bucket::"
    violation = {
        "resourceUrn": f"{begin}{resource}" if resource else "",
        "message": "Make it private.\nblock <b>it</b>\n",
        "color": "never",
        "policyName": name,
        "policyPackName": "cmbcluster-storage",
        "policyPackVersion": "0.0.1",
        "enforcementLevel": level,
    }
    return json.dumps({"sequence": 7, "timestamp": 1, "policyEvent": violation})


def test_what_a_policy_forbids_is_why_the_preview_failed():
    log = "\n".join(
        [
            json.dumps({"sequence": 0, "timestamp": 1, "policyLoadEvent": {}}),
            *[event("private", "mandatory", f"{user}-bucket") for user in "dcba"],
            event("labelled", "advisory", "ann-bucket"),
            event("counted", "remediate", ""),
            '{"sequence": 9, "policyEvent": {"message": "cut o',
        ]
    )
    plan = Plan("aws", errors=("error: preview failed",), warnings=("warning: near",))
    assert with_policies(plan, log) == Plan(
        "aws",
        errors=(
            "policy counted of cmbcluster-storage: Make it private. block <b>it</b> (the stack)",
            "policy private of cmbcluster-storage: Make it private. block <b>it</b> (a-bucket, "
            "b-bucket, c-bucket and 1 more)",
        ),
        warnings=(
            "warning: near",
            "policy labelled of cmbcluster-storage: Make it private. block <b>it</b> (ann-bucket)",
        ),
    )


def test_without_a_log_a_plan_is_as_it_is():
    plan = Plan("aws", errors=("error: preview failed",))
    assert with_policies(plan, "") == plan
    assert with_policies(plan, event("labelled", "advisory", "x")).errors == plan.errors


@pytest.mark.parametrize(
    "line",
    [
        '{"policyEvent": 7}',
        '{"policyEvent": {"message": 7}}',
        '{"policyEvent": {"message": "x"}}',
        '["policyEvent"]',
        '{"policyEvent": ' + "[" * 100_000,
    ],
)
def test_what_is_no_event_is_passed_over(line: str):
    plan = Plan("aws", errors=("error: preview failed",))
    assert with_policies(plan, line) == plan


def test_a_message_may_have_what_ends_lines_elsewhere():
    log = event("private", "mandatory", "x").replace("Make it", "Make\x85it")
    [error] = with_policies(Plan("aws"), log).errors
    assert error.startswith("policy private of cmbcluster-storage: Make it private.")
