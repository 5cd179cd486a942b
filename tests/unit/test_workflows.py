"""The workflows: pinned, without a secret, nothing for a fork, and only commands of ours."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from benchmarks.bulk import RUNNERS
from sandbox import engine
from sandbox.workspace import CHECKOUT

WORKFLOWS = {path.stem: path for path in (CHECKOUT / ".github/workflows").iterdir()}
# A check that has passed stays with its commit, so it must be of the base that is merged into.
ON_MAIN = {"branches": ["main"], "types": ["opened", "synchronize", "reopened", "edited"]}
OWN = "github.event.pull_request.head.repo.full_name == github.repository"


def workflow(name: str) -> dict[str, Any]:
    # Texts alone: to YAML 1.1, which is PyYAML's, `on` is true.
    return yaml.load(WORKFLOWS[name].read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - a safe one


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name in sorted(WORKFLOWS):
        for job, content in workflow(name)["jobs"].items():
            yield name, job, content


def steps() -> Iterator[dict[str, Any]]:
    for _, _, job in jobs():
        yield from job["steps"]


def of_action(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield the steps that use an action, with their jobs."""
    for _, _, job in jobs():
        for step in job["steps"]:
            if step.get("uses", "").startswith(f"{name}@"):
                yield job, step


def condition(job: dict[str, Any]) -> str:
    return " ".join(job.get("if", "").split())


def test_the_workflows_are_these():
    assert {name: workflow(name)["on"] for name in WORKFLOWS} == {
        "drift": {"schedule": [{"cron": "17 4 * * *"}], "workflow_dispatch": ""},
        "preview": {"pull_request": ON_MAIN},
        "tests": {"pull_request": ON_MAIN, "push": {"branches": ["main"]}},
        "up": {"push": {"branches": ["main"]}},
    }


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_every_action_is_pinned_by_commit_with_its_version_beside_it(name: str):
    uses = re.findall(r"uses: (.*)", WORKFLOWS[name].read_text("utf-8"))
    assert uses
    assert [
        one for one in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)
    ] == []


def test_an_action_has_one_commit_everywhere():
    uses = {step["uses"] for step in steps() if "uses" in step}
    assert len(uses) == len({one.partition("@")[0] for one in uses})


def test_no_workflow_knows_a_secret():
    known = re.compile(r"\bsecrets\b(?!-provider)")
    assert [name for name, path in WORKFLOWS.items() if known.search(path.read_text("utf-8"))] == []


def test_nobody_has_a_permission_but_by_job():
    assert [workflow(name)["permissions"] for name in WORKFLOWS] == [{}] * len(WORKFLOWS)
    assert {(name, job): content["permissions"] for name, job, content in jobs()} == {
        ("drift", "drift"): {"contents": "read", "id-token": "write", "issues": "write"},
        ("drift", "shards"): {"contents": "read"},
        ("preview", "offline"): {"contents": "read"},
        ("preview", "passed"): {},
        ("preview", "preview"): {"contents": "read", "id-token": "write"},
        ("preview", "review"): {"contents": "read", "pull-requests": "write"},
        ("preview", "shards"): {"contents": "read"},
        ("tests", "tests"): {"contents": "read"},
        ("up", "shards"): {"contents": "read"},
        ("up", "up"): {"contents": "read", "id-token": "write"},
    }


def test_a_fork_gets_no_identity_and_no_token_that_writes():
    for name, job, content in jobs():
        rights = set(content["permissions"].values())
        if "pull_request" in workflow(name)["on"] and rights - {"read"}:
            assert OWN in condition(content).split(" && "), (name, job)
            assert "||" not in condition(content)
    assert condition(workflow("preview")["jobs"]["offline"]).startswith(f"!({OWN}) && ")


def test_the_check_to_require_fails_with_any_job_and_is_never_skipped():
    preview = workflow("preview")["jobs"]
    passed = preview["passed"]
    assert set(passed["needs"]) == set(preview) - {"passed"}
    assert condition(passed) == "always()"
    assert passed["steps"] == [
        {
            "if": "contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled')",
            "run": "exit 1",
        }
    ]


def test_plans_can_be_left_again_by_a_job_that_is_run_again():
    [upload] = [one for one in steps() if one.get("uses", "").startswith("actions/upload-artifact")]
    assert upload["with"]["overwrite"] == "true"
    assert upload["with"]["name"] == "plans-${{ strategy.job-index }}"


def test_checkouts_leave_no_token_behind():
    kept = [
        step
        for step in steps()
        if step.get("uses", "").startswith("actions/checkout@")
        and step["with"]["persist-credentials"] != "false"
    ]
    assert kept == []


def test_steps_are_commands_of_ours():
    commands = {step["run"] for step in steps() if "run" in step}
    module = r"\.venv/bin/python -m infra\.(shards|gitops) [^;|&`]*"
    ours = rf"exit 1|make [a-z]+|pulumi install( --no-plugins)?|{module}"
    assert [one for one in commands if not re.fullmatch(ours, one.strip())] == []
    # What GitHub knows comes as a variable, never as a part of the command.
    assert [one for one in commands if "${{" in one] == []


def test_data_in_commands_is_quoted():
    commands = [step["run"] for step in steps() if "run" in step]
    found = {name for one in commands for name in re.findall(r"\$(\w+)", one)}
    quoted = {name for one in commands for name in re.findall(r'"\$(\w+)"', one)}
    assert found == quoted


def test_only_the_plan_identity_is_asked_for_outside_of_up():
    for name, path in WORKFLOWS.items():
        text = path.read_text("utf-8")
        assert ("_APPLY_" in text) is (name == "up")
        assert ("_PLAN_" in text) is (name in ("drift", "preview"))


def test_credentials_last_as_long_as_their_job():
    # For an hour, if it is not said. Google's are renewed.
    for job, step in of_action("aws-actions/configure-aws-credentials"):
        seconds = int(step["with"].get("role-duration-seconds", "3600"))
        assert seconds >= 60 * int(job["timeout-minutes"])


def test_a_job_that_asks_a_cluster_has_what_its_kubeconfig_calls():
    for name in WORKFLOWS:
        asks = "KUBECONFIG" in workflow(name).get("env", {})
        for job in workflow(name)["jobs"].values():
            found = [step.get("uses", "").partition("@")[0] for step in job["steps"]]
            if asks and "google-github-actions/auth" in found:
                at = found.index("google-github-actions/auth")
                assert found[at + 1] == "google-github-actions/setup-gcloud"
                assert job["steps"][at + 1]["if"] == job["steps"][at]["if"]
    plugins = [step["with"] for _, step in of_action("google-github-actions/setup-gcloud")]
    assert plugins == [{"install_components": "gke-gcloud-auth-plugin"}] * 2


def test_no_two_runs_of_a_stack_and_none_is_broken_off():
    up = workflow("up")["jobs"]["up"]
    assert up["concurrency"] == {"group": "up-${{ matrix.stacks }}", "cancel-in-progress": "false"}
    assert up["environment"] == "production"
    assert up["strategy"]["fail-fast"] == "false"


def test_the_engine_is_the_sdk_s():
    versions = {
        step["with"]["pulumi-version"]
        for step in steps()
        if step.get("uses", "").startswith("pulumi/actions@")
    }
    assert versions == {engine.version()}


def test_so_many_stacks_are_brought_up_at_once_as_the_document_calculates_with():
    assert int(workflow("up")["jobs"]["up"]["strategy"]["max-parallel"]) == RUNNERS
