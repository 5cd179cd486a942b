"""A pull request's way: preview, comment, the guard's refusal, consent; by the real engine."""

import subprocess
import sys
from typing import Any

import review_plans
from harness import Stack


def git(stack: Stack, *arguments: str) -> None:
    settings = ("user.name=x", "user.email=x@example.org", "commit.gpgsign=false")
    options = [word for one in settings for word in ("-c", one)]
    subprocess.run(["git", *options, *arguments], cwd=stack.stack_files, check=True)


def review(stack: Stack, plan: str) -> tuple[int, str]:
    """Return the exit code and the comment."""
    (stack.stack_files / f"{stack.name}.json").write_text(plan, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "infra.review", "--base", "main", f"{stack.name}.json"],
        cwd=stack.stack_files,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def recorded(stack: Stack, name: str) -> str:
    return (review_plans.PLANS / f"{stack.name}.{name}.md").read_text("utf-8")


def say(stack: Stack, **review: Any) -> None:
    stack.edit(lambda settings: settings["config"].update({"cmbcluster-storage:review": review}))


def test_a_pull_request_is_stopped_until_its_mistake_is_taken_back_and_consent_given(stack: Stack):
    review_plans.prepare(stack)
    git(stack, "init", "--quiet", "--initial-branch", "main")
    git(stack, "add", "Pulumi*.yaml")
    git(stack, "commit", "--quiet", "--message", "what is deployed")

    review_plans.a_mistake(stack)
    assert review(stack, review_plans.plan(stack)) == (3, recorded(stack, "mistake"))

    stack.user("bob", state="suspended")
    assert review(stack, review_plans.plan(stack)) == (3, recorded(stack, "day"))

    say(stack, maxDeletes=9)  # in the same pull request: of no use
    plan = review_plans.plan(stack)
    code, comment = review(stack, plan)
    assert code == 3
    told = f"- From the next pull request on, `maxDeletes` is 9 (before: 0): `{stack.name}`\n"
    assert comment.replace(told, "") == recorded(stack, "day") != comment

    say(stack, consent=["dan"])
    code, comment = review(stack, plan)
    assert code == 0
    assert "The guard lets this pass.\n\n- With consent: `dan`\n" in comment
    stack.pulumi("up", "--skip-preview")
    assert sorted(stack.outputs()["users"]) == ["ann@example.org", "bob", "new@example.org", "sam"]
