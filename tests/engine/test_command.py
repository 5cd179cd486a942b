"""The command line, and the environments that the program must run in."""

import fcntl
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hands import HANDS
from harness import Stack

from sandbox import setup
from sandbox.run import Run
from sandbox.workspace import CHECKOUT, ROOT, Workspace, plugin_version


def sandbox(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        input=stdin,
    )


@pytest.mark.parametrize("stack", HANDS)
def test_preview_of_the_committed_stack_prints_json_and_nothing_else(stack: str):
    done = sandbox("preview", "--stack", stack, "--json")

    assert done.returncode == 0, done.stderr
    assert {step["op"] for step in json.loads(done.stdout)["steps"]} <= {"create", "same", "read"}


def test_the_exit_code_is_that_of_pulumi():
    assert sandbox("stack", "output", "nothing-of-this-name", "--stack", "aws").returncode != 0


def test_an_unknown_stack_is_named_with_those_there_are():
    done = sandbox("preview", "--stack", "azure")

    assert done.returncode == 2
    assert "--stack: 'azure' is no stack here; choose one of aws, gcp" in done.stderr


def test_help_shows_examples():
    assert "python -m sandbox up --stack aws" in sandbox("--help").stdout


@pytest.mark.parametrize(
    ("stack", "variable"), [("aws", "AWS_ENDPOINT_URL"), ("gcp", "STORAGE_EMULATOR_HOST")]
)
def test_in_the_shell_plain_pulumi_means_the_stack(stack: str, variable: str):
    done = sandbox("shell", "--stack", stack, stdin=f"pulumi stack --show-name; echo ${variable}")

    assert done.returncode == 0, done.stderr
    name, url = done.stdout.split()
    assert name == stack
    assert url.startswith("http://127.0.0.1:")


def test_the_command_finds_its_environment_by_itself(monkeypatch: pytest.MonkeyPatch):
    """Any Python will do: it hands over to the one of .venv."""
    base = Path(sys.base_prefix) / "bin" / "python3"
    done = subprocess.run(
        [base, "-m", "sandbox", "--help"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("stack", "resources"), [("aws", 31), ("gcp", 17)])
def test_the_program_runs_in_an_environment_of_requirements_txt_alone(
    tmp_path: Path, stack: str, resources: int
):
    venv = ROOT / "requirements-only"
    with venv.with_suffix(".lock").open("w") as alone:  # the other cloud's test makes it too
        fcntl.flock(alone, fcntl.LOCK_EX)
        setup.lock_environment(venv, CHECKOUT / "requirements.txt")
    workspace = Workspace(tmp_path, virtualenv=venv)

    with Run(workspace, stack) as run:
        done = run.pulumi("preview", "--json", captured=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["changeSummary"]["create"] == resources


def test_a_move_needs_no_more_than_the_program():
    venv = ROOT / "requirements-only"
    setup.lock_environment(venv, CHECKOUT / "requirements.txt")

    told = subprocess.run(
        [venv / "bin" / "python", "-m", "infra.move", "bob", "--from", "aws", "--to", "aws"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.stderr == "--from and --to are both aws; name two stacks\n"


def test_two_workspaces_run_at_once_without_disturbing_each_other(stack: Stack, empty_stack: Stack):
    assert stack.pulumi("stack", "output", "users", "--json")
    assert empty_stack.steps("up")
    stack.pulumi("preview", "--expect-no-changes")


def test_the_engine_keeps_no_log_of_itself_nor_one_of_an_earlier_run(empty_stack: Stack):
    logs = Path(empty_stack.run.environment["PULUMI_HOME"]) / "logs"
    logs.unlink()
    empty_stack.pulumi("stack", "ls")
    assert list(logs.iterdir()), "the engine writes none any more: drop what prevents it"

    empty_stack.workspace.prepare()
    empty_stack.pulumi("preview")
    assert logs.read_bytes() == b""


def test_an_official_plugin_that_is_not_installed_is_told_with_the_cure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))

    done = sandbox("preview", "--stack", "gcp", "--providers", "official")

    assert done.returncode == 1
    assert done.stderr == (
        f"the official plugin gcp is not in {tmp_path}/plugins, in the version that the SDK wants; "
        "`pulumi install` in the checkout installs it\n"
    )


def test_an_installed_official_plugin_works_on_the_same_state_by_its_own_variables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """The plugin is a stand-in that writes down what it is told and then is ours."""
    plugin = tmp_path / "plugins" / f"resource-gcp-v{plugin_version('pulumi_gcp')}"
    plugin.mkdir(parents=True)
    program = plugin / "pulumi-resource-gcp"
    told = tmp_path / "told"
    program.write_text(
        f'#!/bin/sh\nenv | grep ^GOOGLE_ > {told}\nexec {sys.executable} -m sandbox.gcp "$@"\n',
        "utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    assert sandbox("up", "--stack", "gcp").returncode == 0
    assert not told.exists()

    done = sandbox("up", "--stack", "gcp", "--providers", "official", "--expect-no-changes")

    assert done.returncode == 0, done.stdout + done.stderr
    variables = dict(line.split("=", 1) for line in told.read_text("utf-8").splitlines())
    url = variables["GOOGLE_STORAGE_CUSTOM_ENDPOINT"].removesuffix("/storage/v1/")
    assert variables == {
        "GOOGLE_OAUTH_ACCESS_TOKEN": "sandbox",
        "GOOGLE_COMPUTE_CUSTOM_ENDPOINT": f"{url}/compute/v1/",
        "GOOGLE_IAM_CUSTOM_ENDPOINT": f"{url}/v1/",
        "GOOGLE_STORAGE_CUSTOM_ENDPOINT": f"{url}/storage/v1/",
    }
    told.unlink()
    assert sandbox("up", "--stack", "gcp", "--expect-no-changes").returncode == 0
    assert not told.exists()
