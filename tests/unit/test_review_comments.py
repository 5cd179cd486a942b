"""Comments on real plans, recorded by `tests/engine/review_plans.py`, word by word.

A comment that is meant to change is written anew with
`REVIEWS=write .venv/bin/pytest tests/unit/test_review_comments.py`, and read.
"""

import json
import os
from pathlib import Path

import pytest

from infra.config import parse
from infra.review.comment import comment
from infra.review.plans import read
from infra.review.report import Report, Subject, report
from infra.settings import Review
from infra.stack_files import EXTENDS

REVIEWS = Path(__file__).parent / "reviews"
PLANS = sorted(path.stem for path in REVIEWS.glob("*.json"))
TOGETHER = {
    "together": ["aws.day", "gcp.mistake"],
    **{
        f"{cloud}.{moment}.together": [f"{cloud}.{moment}", f"{cloud}-002.{moment}"]
        for cloud in ("aws", "gcp")
        for moment in ("unmoved", "moved")
    },
}


def values(name: str) -> dict[str, str]:
    """Return what the stack file of a recorded plan says, with what it extends."""
    own = json.loads((REVIEWS / f"{name}.json").read_text("utf-8"))["config"]
    written = {key: value for key, value in own.items() if value not in ("", "{}")}
    if base := written.get(EXTENDS):
        return values(f"{base}.{name.partition('.')[2]}") | written
    return written


def subject(name: str) -> Subject:
    """Return a recorded plan, and the stack file that it was made with."""
    text = (REVIEWS / f"{name}.json").read_text("utf-8")
    return Subject(
        plan=read(name.partition(".")[0], text),
        config=parse(values(name)),
        limits=Review.model_validate({}),
    )


def reviewed(*names: str) -> Report:
    return report([subject(name) for name in names])


def check(name: str, text: str) -> None:
    path = REVIEWS / f"{name}.md"
    if os.environ.get("REVIEWS") == "write":
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize("name", [name for name in PLANS if "moved" not in name])
def test_a_plan_s_comment(name: str):
    check(name, comment(reviewed(name)))


@pytest.mark.parametrize("name", TOGETHER)
def test_several_stacks_have_one_comment(name: str):
    check(name, comment(reviewed(*TOGETHER[name])))


def test_every_comment_has_its_plan():
    written = {name for name in PLANS if "moved" not in name} | set(TOGETHER)
    assert {path.stem for path in REVIEWS.glob("*.md")} == written


REFUSED = {"day", "mistake", "replaced"}


@pytest.mark.parametrize("name", PLANS)
def test_the_guard_lets_pass_what_is_within_the_limits(name: str):
    scenario = name.partition(".")[2]
    dropped = scenario == "unmoved" and "-" not in name  # in words of the program: move first
    assert reviewed(name).passes is not (scenario in REFUSED or dropped)
