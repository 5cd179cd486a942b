"""The command line, and the environments that the program must run in."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from harness import STACK, Stack

from sandbox import setup
from sandbox.run import Run
from sandbox.workspace import CHECKOUT, ROOT, Workspace


def sandbox(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        input=stdin,
    )


def test_preview_of_the_committed_stack_prints_json_and_nothing_else():
    done = sandbox("preview", "--stack", STACK, "--json")

    assert done.returncode == 0, done.stderr
    assert {step["op"] for step in json.loads(done.stdout)["steps"]} <= {"create", "same", "read"}


def test_the_exit_code_is_that_of_pulumi():
    assert sandbox("stack", "output", "nothing-of-this-name", "--stack", STACK).returncode != 0


def test_an_unknown_stack_is_named_with_those_there_are():
    done = sandbox("preview", "--stack", "azure")

    assert done.returncode == 2
    assert "--stack: 'azure' is no stack here; choose one of aws" in done.stderr


def test_help_shows_examples():
    assert "python -m sandbox up --stack aws" in sandbox("--help").stdout


def test_in_the_shell_plain_pulumi_means_the_stack():
    done = sandbox(
        "shell", "--stack", STACK, stdin="pulumi stack --show-name; echo $AWS_ENDPOINT_URL"
    )

    assert done.returncode == 0, done.stderr
    name, url = done.stdout.split()
    assert name == STACK
    assert url.startswith("http://127.0.0.1:")


def test_the_command_finds_its_environment_by_itself(monkeypatch: pytest.MonkeyPatch):
    """Any Python will do: it hands over to the one of .venv."""
    base = Path(sys.base_prefix) / "bin" / "python3"
    done = subprocess.run(
        [base, "-m", "sandbox", "--help"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_the_program_runs_in_an_environment_of_requirements_txt_alone(tmp_path: Path):
    venv = ROOT / "requirements-only"
    setup.lock_environment(venv, CHECKOUT / "requirements.txt")
    workspace = Workspace(tmp_path, virtualenv=venv)

    with Run(workspace, STACK) as run:
        done = run.pulumi("preview", "--json", captured=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["changeSummary"]["create"] == 31


def test_two_workspaces_run_at_once_without_disturbing_each_other(stack: Stack, empty_stack: Stack):
    assert stack.pulumi("stack", "output", "users", "--json")
    assert empty_stack.steps("up")
    stack.pulumi("preview", "--expect-no-changes")
