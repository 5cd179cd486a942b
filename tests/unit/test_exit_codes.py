"""How the commands of CI end: alike, and as their help says."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fleets import Repository, hub, shard, write

from infra import exit_codes
from infra.commits import CommitError
from infra.exit_codes import exit_code
from infra.gitops import command as gitops
from infra.gitops.errors import GitopsError
from infra.review import command as review
from infra.shards import command as shards
from infra.shards.errors import FoundError, RequestError, ShardsError

COMMANDS = [gitops.main, review.main, shards.main]
NAMES = ["gitops", "review", "shards"]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = Repository(tmp_path / "checkout")
    write(made.folder, {"aws": hub("ann"), "aws-002": shard("aws", "bob")})
    made.commit()
    monkeypatch.chdir(made.folder)
    return made


@pytest.mark.parametrize("main", COMMANDS, ids=NAMES)
def test_every_command_shows_them(main: Callable[..., int], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == exit_codes.DONE
    assert exit_codes.HELP in capsys.readouterr().out


@pytest.mark.parametrize("main", COMMANDS, ids=NAMES)
def test_an_argument_that_is_unknown_is_wrong(main: Callable[..., int]):
    with pytest.raises(SystemExit) as ended:
        main(["--unknown"])
    assert ended.value.code == exit_codes.WRONG


def raises(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (GitopsError("no"), 1, "no\n"),
        (FoundError("found"), 1, "found\n"),
        (RequestError("asked"), 2, "asked\n"),
        (CommitError("lacks"), 2, "lacks\n"),
        (KeyboardInterrupt(), 130, "interrupted; the same command goes on where it was\n"),
    ],
)
def test_an_error_is_told_and_has_its_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, told: str
):
    failed, wrong = (FoundError, GitopsError), (ShardsError, CommitError)
    assert exit_code(lambda: raises(error), failed, wrong) == code
    assert capsys.readouterr() == ("", told)


def test_what_the_work_returns_is_the_code_and_other_errors_are_nobody_s():
    assert exit_code(lambda: exit_codes.REFUSED, (), ()) == 3
    with pytest.raises(KeyError):
        exit_code(lambda: raises(KeyError()), (FoundError,), (RequestError,))


@pytest.mark.parametrize(
    "command",
    [
        (gitops.main, "matrix", "nowhere"),
        (gitops.main, "review", "--base", "nowhere", "--from", "plans", "aws"),
        (gitops.main, "up", "--of", "nowhere", "aws"),
        (gitops.main, "preview", "--offline", "nowhere", "--to", "plans", "aws"),
        (review.main, "--base", "nowhere", "aws.json"),
        (shards.main, "touched", "nowhere"),
    ],
    ids=lambda command: " ".join([command[0].__module__.split(".")[1], command[1]]),
)
def test_a_commit_that_is_not_there_is_wrong_to_every_command(
    repository: Repository,
    capsys: pytest.CaptureFixture[str],
    command: tuple[Callable[..., int], str],
):
    main, *arguments = command
    assert main(arguments) == exit_codes.WRONG
    assert capsys.readouterr() == (
        "",
        "nowhere: is no commit of this repository; check its name, or `git fetch` it (in CI, "
        "fetch-depth: 0 of actions/checkout fetches all)\n",
    )


def test_users_that_a_change_loses_fail_every_command(repository: Repository):
    (repository.folder / "Pulumi.aws-002.yaml").unlink()
    repository.commit()
    assert gitops.main(["matrix", "HEAD~1"]) == exit_codes.FAILED
    assert shards.main(["touched", "HEAD~1"]) == exit_codes.FAILED


def test_files_that_are_wrong_together_fail_and_one_that_is_none_is_wrong(repository: Repository):
    write(repository.folder, {"aws-002": shard("aws", "ann")})
    assert shards.main(["check"]) == exit_codes.FAILED
    (repository.folder / "Pulumi.aws-002.yaml").write_text("config: [", "utf-8")
    assert shards.main(["check"]) == exit_codes.WRONG


def test_a_file_that_is_not_there_is_wrong(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    arguments = ("--repository", "lab/storage", "--pull-request", "7", "review.md")
    assert gitops.main(["comment", *arguments]) == exit_codes.WRONG
    assert review.main(["--base", "HEAD", "aws.json"]) == exit_codes.WRONG
    assert capsys.readouterr().err.count("No such file or directory: ") == 2
