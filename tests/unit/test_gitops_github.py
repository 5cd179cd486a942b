"""What is written to GitHub: one comment of a pull request, one issue of a stack."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from gitops_commands import Commands

from infra.gitops.command import main
from infra.gitops.drift import mark
from infra.gitops.github import BOT
from infra.review.comment import MARK, NOTHING

COMMENT = ["comment", "--repository", "lab/storage", "--pull-request", "7", "review.md"]
ISSUES = ["issues", "--repository", "lab/storage", "--from", "reports", "aws"]
LIST = (
    "api --paginate --slurp repos/lab/storage/issues"
    "?state=open&creator=github-actions%5Bbot%5D&per_page=100"
)
REPORT = f"{mark('aws')}\n\n## Drift: `aws`\n\nwhat differs\n"
SOMEBODY = {"id": 1, "number": 1, "user": {"login": "mallory"}}


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Commands:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("")
    (tmp_path / "review.md").write_text(f"{MARK}\n\n## 1 user added\n")
    (tmp_path / "reports").mkdir()
    found = Commands()
    monkeypatch.setattr(subprocess, "run", found.run)
    return found


def there_are(commands: Commands, *entries: dict[str, Any]) -> None:
    """Let GitHub have these, one on a page."""
    commands.answers = {("--paginate",): (0, json.dumps([[entry] for entry in entries]), "")}


def test_the_first_comment_is_made(commands: Commands):
    there_are(commands, {**SOMEBODY, "body": MARK})
    assert main(COMMENT) == 0
    assert commands.of("gh") == [
        "api --paginate --slurp repos/lab/storage/issues/7/comments",
        "api --method POST repos/lab/storage/issues/7/comments --input -",
    ]
    assert commands.given == [{"body": f"{MARK}\n\n## 1 user added\n"}]


def test_the_next_one_is_written_over_it(commands: Commands):
    own = {"id": 42, "user": {"login": BOT}}
    gone = {"id": 40, "user": None, "body": MARK}  # of an account that is deleted
    there_are(commands, gone, {**own, "id": 41, "body": None}, {**own, "body": f"{MARK}\n\nold"})
    assert main(COMMENT) == 0
    assert commands.of("gh")[1:] == [
        "api --method PATCH repos/lab/storage/issues/comments/42 --input -"
    ]


def test_what_is_no_review_is_not_written(commands: Commands, tmp_path: Path):
    (tmp_path / "review.md").write_text("")
    assert main(COMMENT) == 1
    assert commands.ran == []


def test_github_s_refusal_is_told(commands: Commands, capsys: pytest.CaptureFixture[str]):
    commands.answers = {("gh",): (1, "", "HTTP 403\n")}
    assert main(COMMENT) == 1
    assert capsys.readouterr().err.endswith("failed: HTTP 403\n")


@pytest.mark.parametrize(
    ("is_open", "report", "request_", "given"),
    [
        (False, "", None, None),
        (False, REPORT, "POST repos/lab/storage/issues", {"title": "Drift: aws", "body": REPORT}),
        (True, REPORT, "PATCH repos/lab/storage/issues/5", {"title": "Drift: aws", "body": REPORT}),
        (True, "", "PATCH repos/lab/storage/issues/5", {"state": "closed"}),
    ],
)
def test_an_issue_is_opened_updated_and_closed(
    commands: Commands,
    tmp_path: Path,
    is_open: bool,
    report: str,
    request_: str | None,
    given: dict[str, str] | None,
):
    (tmp_path / "reports/aws.md").write_text(report)
    own = {"number": 5, "user": {"login": BOT}, "body": f"{mark('aws')}\n"}
    other = {**own, "number": 6, "body": f"{mark('aws-002')}\n"}
    forged = {**SOMEBODY, "body": mark("aws")}
    there_are(commands, forged, other, *([own] if is_open else []))
    assert main(ISSUES) == 0
    assert commands.of("gh") == [
        LIST,
        *([f"api --method {request_} --input -"] if request_ else []),
    ]
    assert commands.given == ([given] if given else [])


def test_github_is_asked_once_and_told_what_is_new(commands: Commands, tmp_path: Path):
    reports = {f"aws-{number}": REPORT.replace("aws", f"aws-{number}") for number in range(10)}
    for stack, report in reports.items():
        (tmp_path / f"reports/{stack}.md").write_text(report)
    # As GitHub may give back what it was sent.
    bodies = [report.strip().replace("\n", "\r\n") for report in reports.values()]
    there_are(commands, *({"number": 1, "user": {"login": BOT}, "body": one} for one in bodies))
    assert main([*ISSUES[:-1], " ".join(reports)]) == 0
    assert commands.of("gh") == [LIST]


def test_a_stack_whose_issue_is_not_taken_does_not_stop_the_next(
    commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    own = {"number": 5, "user": {"login": BOT}, "body": f"{mark('aws')}\nold"}
    there_are(commands, own)
    commands.answers[("repos/lab/storage/issues/5",)] = (1, "", "HTTP 403\n")
    for stack in ("aws", "aws-002"):
        (tmp_path / f"reports/{stack}.md").write_text(REPORT.replace(mark("aws"), mark(stack)))
    assert main([*ISSUES[:-1], "aws aws-002 aws-003"]) == 1
    assert commands.of("gh")[1:] == [
        "api --method PATCH repos/lab/storage/issues/5 --input -",
        "api --method POST repos/lab/storage/issues --input -",
    ]
    assert capsys.readouterr().err.splitlines() == [
        "aws: `gh api --method PATCH repos/lab/storage/issues/5 --input -` failed: HTTP 403",
        "nobody has looked for drift in aws-003",
    ]


def test_a_stack_without_a_report_is_told(commands: Commands, capsys: pytest.CaptureFixture[str]):
    assert main(ISSUES) == 1
    assert capsys.readouterr().err == "nobody has looked for drift in aws\n"
    assert commands.ran == []


def test_what_concerns_nobody_is_told_only_where_something_else_was(
    commands: Commands, tmp_path: Path
):
    (tmp_path / "review.md").write_text(NOTHING)
    there_are(commands)
    assert main(COMMENT) == 0
    assert len(commands.of("gh")) == 1

    there_are(commands, {"id": 42, "user": {"login": BOT}, "body": f"{MARK}\n\nrefused"})
    assert main(COMMENT) == 0
    assert commands.given == [{"body": NOTHING}]
