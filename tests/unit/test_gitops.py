"""The steps of the workflows: what they run, write, and leave to others."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fleets import hub, shard, write
from gitops_commands import Commands

from infra.gitops.command import main
from infra.gitops.drift import mark
from infra.review.comment import MARK

LOCKED = ("pyproject.toml", "requirements-dev.txt")
NEW = {("stack", "--show-name", "aws-002"): (255, "", "error: no stack named 'aws-002' found")}


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    found = Commands()
    monkeypatch.setattr(subprocess, "run", found.run)
    return found


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for stack in ("Pulumi", "Pulumi.aws", "Pulumi.aws-002"):
        (tmp_path / f"{stack}.yaml").write_text("config: {}\n")
    for name in LOCKED:
        (tmp_path / name).write_text("")
    return tmp_path


@pytest.fixture
def history(project: Path) -> Path:
    """Let aws be changed, and an empty stack go, by the last commit."""
    stacks = {"aws": hub("ann"), "aws-002": shard("aws", "carol")}
    write(project, {**stacks, "old": shard("aws")})
    commit(project)
    (project / "Pulumi.old.yaml").unlink()
    write(project, {**stacks, "aws": hub("ann", "bob")})
    commit(project)
    return project


def commit(project: Path) -> None:
    author = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    for arguments in (["init", "--quiet"], ["add", "--all"], [*author, "commit", "-qmx"]):
        subprocess.run(["git", *arguments], cwd=project, check=True)


@pytest.mark.parametrize("base", [[], ["0" * 40]])
def test_a_matrix_is_of_all_stacks(
    commands: Commands, capsys: pytest.CaptureFixture[str], base: list[str]
):
    assert main(["matrix", *base]) == 0
    assert capsys.readouterr().out == 'stacks=["aws aws-002"]\n'
    assert commands.ran == []


def test_a_matrix_of_many_has_ten_in_a_job(project: Path, capsys: pytest.CaptureFixture[str]):
    for number in range(19):
        (project / f"Pulumi.s{number:02}.yaml").write_text("")
    assert main(["matrix"]) == 0
    jobs = capsys.readouterr().out
    assert jobs.startswith('stacks=["aws s01 s04 s07 s10 s13 s16", "aws-002 s02')
    assert jobs.count(",") == 2


def test_a_matrix_names_stacks_alone(project: Path, capsys: pytest.CaptureFixture[str]):
    (project / 'Pulumi.a"; b.yaml').write_text("")
    assert main(["matrix"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith('"Pulumi.a\\"; b.yaml": is no name of a stack file')


def test_a_matrix_is_of_what_a_change_concerns(history: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["matrix", "HEAD^1"]) == 0
    told = capsys.readouterr()
    assert told.out == 'stacks=["aws"]\n'
    assert told.err == (
        "Pulumi.old.yaml is deleted and all of its users have a line elsewhere. Whom the stack "
        "still has must be moved first: put the file back with no users in it, and run python -m "
        "infra.move. When old has nobody any more, `pulumi destroy --stack old` and `pulumi stack "
        "rm old --preserve-config` end it, never with --force\n"
    )


def test_what_a_change_concerns_cannot_be_told(history: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["matrix", "nowhere"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("nowhere: is no commit")


def test_there_is_a_plan_of_each_also_of_one_that_failed(commands: Commands, project: Path):
    commands.answers = {
        ("preview", "aws"): (255, '{"diagnostics": []}', ""),
        ("preview", "aws-002"): (0, '{"steps": []}', ""),
    }
    assert main(["preview", "--to", "plans", "aws aws-002"]) == 0
    assert {path.name: path.read_text() for path in (project / "plans").iterdir()} == {
        "aws.json": '{"diagnostics": []}',
        "aws-002.json": '{"steps": []}',
    }
    log = (project / "plans/aws.events").resolve()
    assert commands.of("pulumi")[:2] == [
        "stack --show-name --stack aws --non-interactive",
        f"preview --stack aws --json --ignore-protect --show-sames --policy-pack {project}/policy "
        f"--event-log {log} --non-interactive",
    ]
    assert commands.environments[1]["PULUMI_DEBUG_COMMANDS"] == "true"


def test_a_stack_that_is_new_is_previewed_over_an_empty_state(commands: Commands, project: Path):
    file = project / "Pulumi.aws-002.yaml"
    commands.answers = {**NEW, ("preview",): (0, "{}", "")}

    def salt(command: tuple[str, ...]) -> None:
        file.write_text("encryptionsalt: v1\n")

    commands.effects = {"init": salt}
    assert main(["preview", "--to", "plans", "aws-002"]) == 0
    assert [command.partition(" --")[0] for command in commands.of("pulumi")] == [
        "stack",
        "stack init aws-002",
        "preview",
    ]
    backends = [one.get("PULUMI_BACKEND_URL", "") for one in commands.environments]
    assert backends[0] == ""
    assert backends[1] == backends[2]
    assert backends[1].startswith("file://")
    assert file.read_text() == "config: {}\n"
    assert (project / "plans/aws-002.json").read_text() == "{}"


def test_no_empty_state_is_no_plan(commands: Commands, project: Path):
    commands.answers = {**NEW, ("init",): (1, "", "")}
    assert main(["preview", "--to", "plans", "aws-002"]) == 1
    assert list((project / "plans").iterdir()) == []


def test_what_left_no_plan_does_not_pass(project: Path, capsys: pytest.CaptureFixture[str]):
    commit(project)
    assert main(["review", "--base", "HEAD", "--from", "plans", "aws aws-002"]) == 3
    comment = capsys.readouterr().out
    assert comment.startswith(MARK)
    assert "> - 2 previews failed" in comment


@dataclass
class Base:
    """Makes the work tree that `git worktree add` would make, of aws alone.

    Attributes:
        lock: its requirements-dev.txt.
        links: where it looked for an environment when `up` ran.
    """

    lock: str = ""
    links: list[Path] = field(default_factory=list)
    _folder: Path = Path()

    def add(self, command: tuple[str, ...]) -> None:
        if "add" in command:
            self._folder = Path(command[-2])
            self._folder.mkdir()
            for name in ("Pulumi.aws.yaml", *LOCKED):
                (self._folder / name).write_text("")
            (self._folder / "requirements-dev.txt").write_text(self.lock)

    def up(self, command: tuple[str, ...]) -> None:
        link = self._folder / ".venv"
        self.links += [link.readlink()] if link.is_symlink() else []


@pytest.fixture
def base(commands: Commands, history: Path) -> Base:
    made = Base()
    commands.effects = {"worktree": made.add, "up": made.up}
    return made


def test_a_fork_s_stacks_are_where_the_base_is_before_the_preview(
    commands: Commands, base: Base, project: Path
):
    commands.answers = {("preview",): (0, "{}", "")}
    assert main(["preview", "--offline", "HEAD^1", "--to", "plans", "aws aws-002"]) == 0
    assert commands.of(sys.executable) == [
        "-m sandbox up --stack aws --skip-preview",
        *(
            f"-m sandbox preview --stack {stack} --json --ignore-protect --show-sames "
            f"--policy-pack {project}/policy --event-log {project}/plans/{stack}.events "
            "--non-interactive"
            for stack in ("aws", "aws-002")
        ),
    ]
    worlds = {one["SANDBOX_FOLDER"] for one in commands.environments if one}
    assert len(worlds) == 1
    assert [one.split()[:2] for one in commands.of("git")] == [
        ["worktree", "add"],
        ["worktree", "remove"],
    ]


@pytest.mark.parametrize(("lock", "shared"), [("", True), ("boto3==1\n", False)])
def test_a_base_of_other_dependencies_has_an_environment_of_its_own(
    commands: Commands, base: Base, project: Path, lock: str, shared: bool
):
    base.lock = lock
    assert main(["preview", "--offline", "HEAD^1", "--to", "plans", "aws"]) == 0
    assert base.links == ([project / ".venv"] if shared else [])


@pytest.mark.parametrize(
    ("failing", "code", "told"),
    [
        (("worktree", "add"), 2, "`git worktree` failed: "),
        (("sandbox", "up"), 1, "aws: the base commit's `up` failed"),
    ],
)
def test_a_base_that_cannot_be_made_is_told(
    commands: Commands,
    base: Base,
    capsys: pytest.CaptureFixture[str],
    failing: tuple[str, ...],
    code: int,
    told: str,
):
    commands.answers = {failing: (1, "", "")}
    assert main(["preview", "--offline", "HEAD^1", "--to", "plans", "aws"]) == code
    assert told in capsys.readouterr().err


def test_one_stack_that_fails_does_not_stop_the_next(
    commands: Commands, project: Path, capsys: pytest.CaptureFixture[str]
):
    commands.answers = {**NEW, ("up", "aws"): (1, "", "")}
    assert main(["up", "--secrets-provider", "awskms://alias/x", "aws aws-002"]) == 1
    assert capsys.readouterr().err == "failed: aws\n"
    assert commands.of("pulumi") == [
        "stack --show-name --stack aws --non-interactive",
        f"up --stack aws --yes --continue-on-error --policy-pack {project}/policy "
        "--non-interactive",
        "stack --show-name --stack aws-002 --non-interactive",
        "stack init aws-002 --no-select --secrets-provider awskms://alias/x --non-interactive",
        f"up --stack aws-002 --yes --continue-on-error --policy-pack {project}/policy "
        "--non-interactive",
    ]


def test_a_stack_that_cannot_be_made_is_not_brought_up(commands: Commands):
    commands.answers = {**NEW, ("init",): (1, "", "")}
    assert main(["up", "aws-002"]) == 1
    assert commands.of("pulumi")[1:] == ["stack init aws-002 --no-select --non-interactive"]


def test_what_a_later_commit_concerns_is_left_to_its_run(
    commands: Commands, history: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["up", "--sandbox", "--of", "HEAD^1", "aws aws-002 old"]) == 1
    assert commands.of(sys.executable) == [
        f"-m sandbox up --stack aws-002 --yes --continue-on-error --policy-pack {history}/policy "
        "--non-interactive",
    ]
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(" commit")[0] for line in told] == [
        "aws: left alone: a later",
        "old: left alone: a later",
    ]


def test_drift_is_a_report_and_none_an_empty_one(
    commands: Commands, project: Path, capsys: pytest.CaptureFixture[str]
):
    commands.answers = {("refresh", "aws"): (7, "- versioning: `on`\n```\n", "")}
    assert main(["drift", "--to", "reports", "aws aws-002"]) == 0
    assert capsys.readouterr().out == "drifted: aws\n"
    report = (project / "reports/aws.md").read_text()
    assert report.startswith(f"{mark('aws')}\n\n## Drift: `aws`\n\n")
    assert "\n````diff\n- versioning: `on`\n```\n````\n" in report
    assert (project / "reports/aws-002.md").read_text() == ""
    assert commands.of("pulumi")[0] == (
        "refresh --preview-only --expect-no-changes --diff --color never --stack aws "
        "--non-interactive"
    )
    commands.answers = {}
    assert main(["drift", "--sandbox", "--to", "reports", "aws"]) == 0
    assert capsys.readouterr().out == "drifted: none\n"


def test_a_look_for_drift_that_fails_finds_none(
    commands: Commands, project: Path, capsys: pytest.CaptureFixture[str]
):
    commands.answers = {("refresh", "aws"): (255, "error: AccessDenied\n", "")}
    assert main(["drift", "--to", "reports", "aws aws-002"]) == 1
    told = capsys.readouterr()
    assert (told.out, told.err) == ("drifted: none\n", "failed: aws\n")
    report = (project / "reports/aws.md").read_text()
    assert report.startswith(f"{mark('aws')}\n\n## Nobody can look for drift: `aws`\n\n")
    assert "\n```text\nerror: AccessDenied\n```\n" in report
    assert (project / "reports/aws-002.md").read_text() == ""


def test_a_folder_without_a_project_is_an_error(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        assert main(["matrix"]) == 2
