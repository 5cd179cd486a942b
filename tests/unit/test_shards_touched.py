"""Which stacks a change concerns, told from two commits."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fleets import OTHER_HUB, Repository, Told, hub, run, shard, write
from stack_trees import Tree, changed

from infra.shards.touched import jobs

FLEET = {
    "aws": hub("ann"),
    "aws-002": shard("aws", "bob"),
    "aws-003": shard("aws-002", "carol"),
    "other": hub("ann", of=OTHER_HUB),
}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "checkout")
    write(made.folder, FLEET)
    made.commit(README="hub")
    made.git("tag", "base")
    return made


def told(repository: Repository, capsys: pytest.CaptureFixture[str], *arguments: str) -> Told:
    return run(capsys, repository.folder, "touched", *(arguments or ("base",)))


def stacks(
    repository: Repository, capsys: pytest.CaptureFixture[str], *arguments: str
) -> list[str]:
    done = told(repository, capsys, *arguments)
    assert (done.code, done.error, len(done.out)) == (0, [], 1)
    return json.loads(done.out[0])


def relabelled(folder: Path) -> None:
    write(folder, {"aws": changed(FLEET["aws"], ("buckets", "labels"), {"team": "cmb"})})


def commented(folder: Path) -> None:
    path = folder / "Pulumi.aws.yaml"
    path.write_text(f"# hub\n{path.read_text('utf-8')}", "utf-8")


def broken(folder: Path) -> None:
    (folder / "Pulumi.aws.yaml").write_text("config: [", "utf-8")


def salted(folder: Path) -> None:
    path = folder / "Pulumi.aws.yaml"
    path.write_text(f"encryptionsalt: v1\n{path.read_text('utf-8')}", "utf-8")


def unlimited(folder: Path) -> None:
    write(folder, {"aws": hub("ann", review={"maxDeletes": 9, "consent": ["bob"]})})


def unusably_limited(folder: Path) -> None:
    write(folder, {"aws": hub("ann", review={"maxDeletes": -1})})


def limited_twice(folder: Path) -> None:
    write(folder, {"aws-003": {**shard("aws-002", "carol"), "review": {"maxDeletes": 1}}})


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        pytest.param(lambda _: None, [], id="nothing"),
        pytest.param(
            lambda folder: write(folder, {"aws-003": shard("aws-002", "carol", "dave")}),
            ["aws-003"],
            id="one shard's users",
        ),
        pytest.param(relabelled, ["aws", "aws-002", "aws-003"], id="what others take over"),
        pytest.param(
            lambda folder: write(folder, {"aws": hub("ann", "dave")}),
            ["aws"],
            id="a parent's users",
        ),
        pytest.param(commented, [], id="a parent's comment"),
        pytest.param(salted, ["aws"], id="what the engine keeps in a parent"),
        pytest.param(unlimited, [], id="a parent's limits"),
        pytest.param(
            unusably_limited, ["aws", "aws-002", "aws-003"], id="limits that the program refuses"
        ),
        pytest.param(limited_twice, ["aws-003"], id="limits beside those that are taken over"),
        pytest.param(broken, ["aws", "aws-002", "aws-003"], id="a parent that cannot be read"),
        pytest.param(
            lambda folder: write(folder, {"other-002": shard("other")}), ["other-002"], id="new"
        ),
        *(
            pytest.param(lambda folder, name=name: _written(folder / name), [], id=name)
            for name in (
                "README",
                "docs/gitops.md",
                "infra/gitops/new.py",
                "policy.md",
                "pyproject.toml",
                "runtime/cmbcluster_storage/manager.py",
                "sandbox/aws.py",
                "docs/infra/stack.py",
                "tests/unit/test_stack.py",
            )
        ),
        *(
            pytest.param(lambda folder, name=name: _written(folder / name), sorted(FLEET), id=name)
            for name in (
                "infra/stack.py",
                "infra/settings/new.py",
                "infra/new/new.py",
                "policy/pack.py",
                "runtime/cmbcluster_storage/rules.py",
                "runtime/cmbcluster_storage/new.py",
                "__main__.py",
                "pyyaml/yaml.py",
                "Pulumi.yaml",
                "Pulumi.json",
                "requirements.txt",
            )
        ),
        *(
            pytest.param(
                lambda folder, name=name: (folder / name).symlink_to("elsewhere"),
                sorted(FLEET),
                id=f"a link {name}",
            )
            for name in ("yaml", ".venv", "README.md", "Pulumi.json")
        ),
        pytest.param(
            lambda folder: (folder / "docs").symlink_to("elsewhere"),
            [],
            id="a link docs",
        ),
    ],
)
def test_a_change_concerns(
    repository: Repository,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Path], object],
    touched: list[str],
):
    change(repository.folder)
    repository.commit()
    assert stacks(repository, capsys) == touched


def _written(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("2", "utf-8")


def test_what_a_commit_takes_away_concerns_as_well(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    repository.commit(infra__stack="1", **{"infra__shards__old.py": "1"})
    repository.git("tag", "--force", "base")
    (repository.folder / "infra/shards/old.py").unlink()
    repository.commit()
    assert stacks(repository, capsys) == []
    (repository.folder / "infra/stack").unlink()
    repository.commit()
    assert stacks(repository, capsys) == sorted(FLEET)


@pytest.mark.parametrize("refused", [{"maxDeletes": -1}, {"maxDeletes": {"secure": "v1:x"}}])
def test_limits_that_were_refused_concern_who_has_waited_for_others(
    repository: Repository, capsys: pytest.CaptureFixture[str], refused: Tree
):
    write(repository.folder, {"aws": hub("ann", review=refused)})
    repository.commit()
    repository.git("tag", "--force", "base")
    unlimited(repository.folder)
    repository.commit()
    assert stacks(repository, capsys) == ["aws", "aws-002", "aws-003"]


def test_what_cannot_be_read_concerns_itself_whenever_it_changes(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    broken(repository.folder)
    repository.commit()
    repository.git("tag", "--force", "base")
    assert stacks(repository, capsys) == []
    (repository.folder / "Pulumi.aws.yaml").write_text("config: [  # more", "utf-8")
    repository.commit()
    assert stacks(repository, capsys) == ["aws"]


def test_commits_are_read_and_not_the_work_tree(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    write(repository.folder, {"aws-002": shard("aws", "bob", "dave")})
    repository.commit()
    write(repository.folder, {"aws": hub("eve"), "new": hub("sam", of=OTHER_HUB)})

    assert stacks(repository, capsys) == ["aws-002"]
    assert stacks(repository, capsys, "HEAD") == []
    assert stacks(repository, capsys, "base", "HEAD~1") == []


def test_attributes_in_a_commit_hide_no_file(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    relabelled(repository.folder)
    (repository.folder / ".gitattributes").write_text("* export-ignore text eol=crlf\n", "utf-8")
    repository.commit()
    assert stacks(repository, capsys) == ["aws", "aws-002", "aws-003"]


def test_a_project_may_be_a_folder_of_a_repository(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    repository = Repository(tmp_path)
    folder = tmp_path / "storage"
    folder.mkdir()
    write(folder, FLEET)
    repository.commit(infra__network="1")
    write(folder, {"aws-002": shard("aws", "bob", "dave")})
    repository.commit(infra__network="2", **{"Pulumi.else.yaml": "config: {}"})

    assert run(capsys, folder, "touched", "HEAD~1").out == ['["aws-002"]']


LOST = (
    "Pulumi.{stack}.yaml: is deleted and lists {users}; the stack {stack} goes on to exist with "
    "all that is theirs, and nobody would look after it. Put the file back. To move users, run "
    "python -m infra.move; to delete them, write state: deleted, run up, drop their lines, run up "
    "again. When {stack} has nobody any more, `pulumi destroy --stack {stack}` and `pulumi stack "
    "rm {stack} --preserve-config` end it; delete the file last"
)


def test_a_file_goes_when_its_users_have_lines_elsewhere(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    (repository.folder / "Pulumi.aws-003.yaml").unlink()
    write(repository.folder, {"aws-002": shard("aws", "bob", {"id": "carol"})})
    repository.commit()

    done = told(repository, capsys)

    assert (done.code, done.out) == (0, ['["aws-002"]'])
    assert done.error == [
        "Pulumi.aws-003.yaml is deleted and all of its users have a line elsewhere. Whom the stack "
        "still has must be moved first: put the file back with no users in it, and run python -m "
        "infra.move. When aws-003 has nobody any more, `pulumi destroy --stack aws-003` and "
        "`pulumi stack rm aws-003 --preserve-config` end it, never with --force"
    ]


def test_a_file_that_takes_users_with_it_is_refused(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    write(repository.folder, {"other": hub("ann", "bea", "cid", "dan", "eve", of=OTHER_HUB)})
    repository.commit()
    repository.git("tag", "--force", "base")
    for stack in ("aws-003", "other"):
        (repository.folder / f"Pulumi.{stack}.yaml").unlink()
    repository.commit()

    done = told(repository, capsys)

    assert (done.code, done.out) == (1, [])
    assert done.error == [
        LOST.format(stack="aws-003", users="carol"),
        # ann of this hub is another than ann of that.
        LOST.format(stack="other", users="ann, bea, cid and 2 more"),
    ]


def test_who_has_another_bucket_elsewhere_is_refused(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    carol = {"id": "carol", "bucket": "andromeda-data"}
    write(repository.folder, {"aws-003": shard("aws-002", carol)})
    repository.commit()
    repository.git("tag", "--force", "base")
    (repository.folder / "Pulumi.aws-003.yaml").unlink()
    write(repository.folder, {"aws-002": shard("aws", "bob", "carol")})
    repository.commit()

    done = told(repository, capsys)
    assert (done.code, done.error) == (1, [LOST.format(stack="aws-003", users="carol")])

    write(repository.folder, {"aws-002": shard("aws", "bob", carol)})
    repository.commit()
    assert told(repository, capsys).code == 0


@pytest.mark.parametrize("side", ["base", "head"])
def test_whose_users_cannot_be_told_is_refused(
    repository: Repository, capsys: pytest.CaptureFixture[str], side: str
):
    if side == "base":
        write(repository.folder, {"aws-003": {"extends": "nobody", "users": ["carol"]}})
        repository.commit()
        repository.git("tag", "--force", "base")
    else:
        broken(repository.folder)
    (repository.folder / "Pulumi.aws-003.yaml").unlink()
    repository.commit()

    done = told(repository, capsys)

    file = "aws-003" if side == "base" else "aws"
    assert (done.code, done.out) == (2, [])
    assert done.error[0] == (
        "a stack file is deleted, and whether its users have lines elsewhere cannot be told: "
        f"Pulumi.{file}.yaml of {side}: the stack's config cannot be used:"
    )


def test_a_parent_does_not_go_before_its_shards(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    (repository.folder / "Pulumi.aws.yaml").unlink()
    write(repository.folder, {"new": hub("ann")})
    repository.commit()

    done = told(repository, capsys)

    assert (done.code, done.out) == (2, [])
    assert "Pulumi.aws-002.yaml of head: the stack's config cannot be used:" in done.error[0]
    assert done.error[1].startswith('cmbcluster-storage:extends: "aws" has no stack file here')


@pytest.mark.parametrize("name", ["a b", "$(id)", "-h", ".x", "x'y", "x" * 101, "ä", ""])
def test_a_name_that_no_stack_has_is_refused(
    repository: Repository, capsys: pytest.CaptureFixture[str], name: str
):
    write(repository.folder, {name: hub()})
    repository.commit()

    done = told(repository, capsys)

    assert (done.code, done.out) == (2, [])
    assert done.error == [
        f"{json.dumps(f'Pulumi.{name}.yaml')}: is no name of a stack file: 1-100 characters of "
        "[A-Za-z0-9_.-] between `Pulumi.` and `.yaml`, the first of them no dot or dash; rename it"
    ]


def test_a_link_is_no_stack_file_and_can_be_taken_away(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    (repository.folder / "Pulumi.link.yaml").symlink_to("Pulumi.aws.yaml")
    commit = repository.commit()

    done = told(repository, capsys)

    assert (done.code, done.out) == (2, [])
    assert done.error == [f'"Pulumi.link.yaml": is no file in {commit}; commit it as one']

    # On the base branch it must not stop the pull request that takes it away.
    (repository.folder / "Pulumi.link.yaml").unlink()
    repository.commit()
    assert stacks(repository, capsys, "HEAD~1") == []
    write(repository.folder, {"link": shard("aws")})
    repository.commit()
    assert stacks(repository, capsys, "HEAD~2") == ["link"]


@pytest.mark.parametrize("arguments", [("nobody",), ("base", "nobody"), ("nobody", "base")])
def test_what_is_no_commit_is_refused(
    repository: Repository, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
):
    done = told(repository, capsys, *arguments)
    assert (done.code, done.out, done.error) == (
        2,
        [],
        [
            "nobody: is no commit of this repository; check its name, or `git fetch` it (in CI, "
            "fetch-depth: 0 of actions/checkout fetches all)"
        ],
    )


def test_a_folder_without_repository_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.fspath(tmp_path.parent))
    write(tmp_path, FLEET)
    done = run(capsys, tmp_path, "touched", "HEAD")
    assert (done.code, done.out) == (2, [])
    assert done.error[0].startswith(
        f"{tmp_path} is in no repository; run this in a checkout (fatal: not a git repository"
    )


def test_without_git_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    write(tmp_path, FLEET)
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    done = run(capsys, tmp_path, "touched", "HEAD")
    assert (done.code, done.error) == (
        2,
        ["there is no `git` on PATH; install it: https://git-scm.com"],
    )


def test_more_stacks_than_jobs_share_them():
    names = [f"aws-{number:03}" for number in range(600)]

    assert jobs([]) == []
    assert jobs(names[:256]) == names[:256]
    assert jobs(names[:257]) == ["aws-000 aws-256", *names[1:256]]
    shared = [one.split(" ") for one in jobs(names)]
    assert len(shared) == 256
    assert sorted(name for one in shared for name in one) == names
    assert {len(one) for one in shared} == {2, 3}


def test_more_stacks_than_jobs_are_told(repository: Repository, capsys: pytest.CaptureFixture[str]):
    write(repository.folder, {f"more-{number}": shard("aws") for number in range(254)})
    write(repository.folder, {"aws": changed(FLEET["aws"], ("platform",), "new")})
    repository.commit()
    done = told(repository, capsys)
    assert (done.code, len(json.loads(done.out[0]))) == (0, 256)
    assert done.error == ["257 stacks in 256 jobs: a matrix has no more"]
