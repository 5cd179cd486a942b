"""Commits as they are read: files as blobs, links never, and a work tree for a while."""

import os
from pathlib import Path

import pytest
from fleets import Repository

from infra.commits import CommitError, Commits


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "checkout")
    made.commit(**{"Pulumi.yaml": "name: x\n", "Pulumi.aws.yaml": "config: {}\r\n"})
    return made


def written(repository: Repository, folder: Path) -> tuple[list[str], dict[str, bytes]]:
    commits = Commits(repository.folder)
    folder.mkdir()
    passed_over = commits.write_stack_files(commits.commit("HEAD"), folder)
    return passed_over, {path.name: path.read_bytes() for path in folder.iterdir()}


def test_stack_files_are_written_as_they_were_committed(repository: Repository, tmp_path: Path):
    repository.commit(
        **{
            ".gitattributes": "* export-ignore -text ident\n",
            "Pulumi.b c.yaml": "# $Id$\n",
            "Pulumi.empty.yaml": "",
            "Pulumi.yml": "no",
            "deeper__Pulumi.d.yaml": "no",
        }
    )
    repository.git("update-index", "--chmod=+x", "Pulumi.empty.yaml")
    repository.git("commit", "--quiet", "--message", "executable")
    (repository.folder / "Pulumi.aws.yaml").write_text("another\n", "utf-8")

    assert written(repository, tmp_path / "to") == (
        [],
        {
            "Pulumi.aws.yaml": b"config: {}\r\n",
            "Pulumi.b c.yaml": b"# $Id$\n",
            "Pulumi.empty.yaml": b"",
        },
    )


def test_what_is_no_file_is_passed_over_and_told(repository: Repository, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.write_text("secret", "utf-8")
    (repository.folder / "Pulumi.link.yaml").symlink_to(outside)
    (repository.folder / "Pulumi.inner.yaml").symlink_to("Pulumi.aws.yaml")
    repository.commit(**{"Pulumi.folder.yaml__file": "x"})

    assert written(repository, tmp_path / "to") == (
        ["Pulumi.folder.yaml", "Pulumi.inner.yaml", "Pulumi.link.yaml"],
        {"Pulumi.aws.yaml": b"config: {}\r\n"},
    )


def test_a_commit_without_stack_files_has_none(tmp_path: Path):
    repository = Repository(tmp_path / "checkout")
    repository.commit(README="x")
    assert written(repository, tmp_path / "to") == ([], {})


def test_what_two_commits_differ_in_is_told_from_the_project_on(tmp_path: Path):
    repository = Repository(tmp_path)
    repository.commit(other="1", **{"project__old": "1", "project__same": "1"})
    (tmp_path / "project/old").rename(tmp_path / "project/n\nä")
    repository.commit(other="2")
    commits = Commits(tmp_path / "project")
    assert sorted(commits.changed(commits.commit("HEAD~1"), commits.commit("HEAD"))) == [
        "n\nä",
        "old",
    ]


def test_a_shallow_clone_is_told_what_it_lacks(repository: Repository, tmp_path: Path):
    repository.commit(README="more")
    shallow = tmp_path / "shallow"
    repository.git("clone", "--quiet", "--depth=1", repository.folder.as_uri(), os.fspath(shallow))
    with pytest.raises(CommitError) as caught:
        Commits(shallow).commit("HEAD~1")
    assert str(caught.value) == (
        "HEAD~1: is no commit of this repository; check its name, or `git fetch` it (in CI, "
        "fetch-depth: 0 of actions/checkout fetches all)"
    )


@pytest.mark.parametrize("name", ["--output=x", "-", "", "HEAD:Pulumi.yaml", "HEAD..HEAD"])
def test_what_names_no_commit_is_none(repository: Repository, name: str):
    with pytest.raises(CommitError, match="is no commit of this repository"):
        Commits(repository.folder).commit(name)


def test_a_work_tree_is_there_for_a_while(repository: Repository, tmp_path: Path):
    commits = Commits(repository.folder)
    first = commits.commit("HEAD")
    repository.commit(**{"Pulumi.aws.yaml": "new\n"})
    folder = tmp_path / "before"

    def fails() -> None:
        with commits.work_tree(first, folder):
            assert (folder / "Pulumi.aws.yaml").read_bytes() == b"config: {}\r\n"
            (folder / "more").write_text("x", "utf-8")
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert not folder.exists()
    assert len(repository.git("worktree", "list").splitlines()) == 1


def test_a_project_below_the_top_is_found_in_a_work_tree(repository: Repository, tmp_path: Path):
    below = repository.folder / "storage"
    below.mkdir()
    (below / "Pulumi.yaml").write_text("name: x\n", "utf-8")
    repository.commit()
    commits = Commits(below)
    with commits.work_tree(commits.commit("HEAD"), tmp_path / "before") as project:
        assert project == tmp_path / "before/storage"
        assert (project / "Pulumi.yaml").exists()


def test_contents_that_the_clone_has_not_are_told(repository: Repository, tmp_path: Path):
    id_ = repository.git("rev-parse", "HEAD:Pulumi.aws.yaml").strip()
    (repository.folder / ".git/objects" / id_[:2] / id_[2:]).unlink()
    commits = Commits(repository.folder)
    with pytest.raises(
        CommitError, match=r"Pulumi\.aws\.yaml: the repository lacks it \(missing\)"
    ):
        commits.write_stack_files(commits.commit("HEAD"), tmp_path)


def test_a_work_tree_that_cannot_be_made_is_told(repository: Repository, tmp_path: Path):
    commits = Commits(repository.folder)
    (tmp_path / "file").write_text("x", "utf-8")
    with (
        pytest.raises(CommitError, match=r"`git worktree` failed: .*file' already exists"),
        commits.work_tree(commits.commit("HEAD"), tmp_path / "file"),
    ):
        pass


def test_what_may_be_a_folder_ends_with_a_slash(repository: Repository):
    commits = Commits(repository.folder)
    base = commits.commit("HEAD")
    (repository.folder / "Pulumi.aws.yaml").unlink()
    (repository.folder / "Pulumi.aws.yaml").symlink_to("Pulumi.yaml")
    (repository.folder / "new").symlink_to("elsewhere")
    repository.commit(**{"a b\té__file": "x"})
    linked = commits.commit("HEAD")
    repository.git("rm", "--quiet", "-r", "new", "Pulumi.aws.yaml")
    repository.commit()

    assert commits.changed(base, linked) == ["Pulumi.aws.yaml/", "a b\té/file", "new/"]
    assert commits.changed(linked, commits.commit("HEAD")) == ["Pulumi.aws.yaml/", "new/"]
    assert commits.changed(linked, linked) == []
