"""The guard's limits, where they come from, and what consent does; the command around it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from stack_trees import LEAST_ON, config_of

from infra.commits import Commits
from infra.review import base, comment, guard
from infra.review.command import main
from infra.review.effects import Effect, Kind
from infra.review.guard import Refusal
from infra.review.plans import Plan, Resource, Step
from infra.review.report import Subject, report
from infra.review.words import consented
from infra.settings import Review

BUCKET = "aws:s3/bucket:Bucket"
ROLE = "aws:iam/role:Role"


def touched(user: str, op: str = "update", kind: str = ROLE, protect: bool = False) -> Effect:
    there = Resource(protect=protect)
    return Effect("aws", user, Kind.CHANGED, (Step(op, kind, f"{user}-x", user, there, there),))


def refused(effects: list[Effect], *consent: str, **limits: int) -> dict[str, tuple[str, ...]]:
    review = Review.model_validate(limits)
    found = list(guard.refusals("aws", effects, review, consent))
    assert all(one.limit == limits.get(one.key, {"maxUsers": 25}.get(one.key, 0)) for one in found)
    return {one.key: one.users for one in found}


def test_the_defaults_refuse_every_loss_and_more_than_25_users():
    assert refused([touched("ann", "delete", BUCKET)]) == {"maxDeletes": ("ann",)}
    assert refused([touched("ann", "delete", ROLE, protect=True)]) == {"maxDeletes": ("ann",)}
    assert refused([touched("ann", "replace")]) == {"maxReplaces": ("ann",)}
    assert refused([touched("ann", "replace", BUCKET)]) == {
        "maxDeletes": ("ann",),
        "maxReplaces": ("ann",),
    }
    assert refused([touched("ann", "delete"), touched("bob", "create")]) == {}
    many = [touched(f"u{number}") for number in range(26)]
    assert refused(many[:25]) == {}
    assert refused(many) == {"maxUsers": tuple(f"u{number}" for number in range(26))}


def test_a_limit_is_how_many_may_be_concerned():
    two = [touched("ann", "delete", BUCKET), touched("bob", "delete", BUCKET)]
    assert refused(two, maxDeletes=2) == {}
    assert refused(two, maxDeletes=1) == {"maxDeletes": ("ann", "bob")}
    assert refused(two, maxDeletes=2, maxUsers=1) == {"maxUsers": ("ann", "bob")}


def test_whom_consent_names_no_limit_counts():
    two = [touched("ann", "delete", BUCKET), touched("bob", "delete", BUCKET)]
    assert refused(two, "ann") == {"maxDeletes": ("bob",)}
    assert refused(two, "ann", "bob", maxUsers=0) == {}
    assert refused(two, "Ann", "bob ", "") == {"maxDeletes": ("ann", "bob")}


def test_who_is_moved_touches_nothing():
    assert refused([Effect("aws", "ann", Kind.MOVED, source="gcp")], maxUsers=0) == {}


def test_consent_that_is_needed_and_that_is_not_is_told():
    config = config_of({**LEAST_ON["aws"], "review": {"consent": ["eve", "dan", "sam"]}})
    steps = tuple(
        Step("delete", BUCKET, f"{user}-bucket", user, Resource(), None) for user in ("eve", "sam")
    )
    made = report([Subject(Plan("aws", steps), config, Review.model_validate({}))])
    assert (made.passes, made.consented, made.unneeded) == (True, ["eve", "sam"], ["dan"])
    assert consented(made.consented, made.unneeded) == [
        "With consent: `eve`, `sam`",
        "`consent` names `dan`, whom nothing happens to: take them out",
    ]


def test_consent_for_another_stack_s_user_of_that_id_lets_nobody_pass():
    of_gcp = config_of({**LEAST_ON["gcp"], "review": {"consent": ["eve"]}})
    gone = Step("delete", BUCKET, "eve-bucket", "eve", Resource(), None)
    limits = Review.model_validate({})
    made = report(
        [
            Subject(Plan("aws", (gone,)), config_of(LEAST_ON["aws"]), limits),
            Subject(Plan("gcp"), of_gcp, limits),
        ]
    )
    assert [one.stack for one in made.refusals] == ["aws"]
    assert (made.consented, made.unneeded) == ([], ["eve"])


def test_limits_that_a_pull_request_raises_are_told():
    config = config_of({**LEAST_ON["aws"], "review": {"maxDeletes": 9, "maxUsers": 24}})
    limits = Review.model_validate({})
    made = report([Subject(Plan(stack), config, limits) for stack in ("aws", "aws-002")])
    assert [one.text for one in made.cautions] == [
        "From the next pull request on, `maxDeletes` is 9 (before: 0): `aws`, `aws-002`"
    ]
    assert made.passes


def test_where_a_preview_failed_nobody_knows_whom_consent_is_for():
    config = config_of({**LEAST_ON["aws"], "review": {"consent": ["dan"]}})
    plan = Plan("aws", errors=("error",))
    made = report([Subject(plan, config, Review.model_validate({}))])
    assert (made.passes, made.refusals, made.unneeded) == (False, [], [])


class Repository:
    """A project under git, on its branch `main`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text("name: cmbcluster-storage\n", "utf-8")
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str) -> None:
        settings = ("user.name=x", "user.email=x@example.org", "commit.gpgsign=false")
        options = [word for one in settings for word in ("-c", one)]
        subprocess.run(["git", *options, *arguments], cwd=self.folder, check=True)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "x")

    def write(self, stack: str, tree: dict[str, Any]) -> None:
        config = {f"cmbcluster-storage:{key}": value for key, value in tree.items()}
        text = yaml.safe_dump({"config": config})
        (self.folder / f"Pulumi.{stack}.yaml").write_text(text, "utf-8")

    def plan(self, stack: str, *deleted: str) -> str:
        begin = f"urn:pulumi:{stack}::cmbcluster-storage::"
        steps: list[Any] = [{"op": "same", "urn": f"{begin}pulumi:pulumi:Stack::x"}]
        owner = "cmbcluster-storage:index:UserStorage"
        for slug in deleted:
            state = {"parent": f"{begin}{owner}::{slug}", "inputs": {"bucket": slug}}
            urn = f"{begin}{owner}${BUCKET}::{slug}-bucket"
            steps.append({"op": "delete", "urn": urn, "oldState": state})
        path = self.folder / f"{stack}.json"
        path.write_text(json.dumps({"steps": steps}), "utf-8")
        return str(path)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = Repository(tmp_path / "project")
    monkeypatch.chdir(made.folder)
    return made


TREE = LEAST_ON["aws"]


def reviewed(repository: Repository, *deleted: str, stack: str = "aws") -> int:
    return main(["--base", "main", repository.plan(stack, *deleted)])


def test_a_pull_request_cannot_raise_its_own_limits(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    repository.write("aws", TREE)
    repository.commit()
    repository.write("aws", {**TREE, "review": {"maxDeletes": 9}})

    assert reviewed(repository, "dan-00000000") == 3

    assert "1 user would lose the bucket, or what guards it, and `maxDeletes` is 0: " in (
        capsys.readouterr().out
    )
    repository.commit()
    assert reviewed(repository, "dan-00000000") == 0


def test_consent_is_the_pull_request_s_own(repository: Repository):
    repository.write("aws", {**TREE, "review": {"consent": ["dan"]}, "users": ["dan"]})
    repository.commit()
    slug = "dan-038a2150"
    assert reviewed(repository, slug) == 0

    repository.write("aws", {**TREE, "users": ["dan"]})  # taken back
    assert reviewed(repository, slug) == 3
    repository.write("aws", {**TREE, "review": {"consent": ["bob"]}, "users": ["dan"]})
    assert reviewed(repository, slug) == 3


def test_a_shard_has_limits_and_consent_of_what_it_extends(repository: Repository):
    repository.write("aws", {**TREE, "review": {"maxDeletes": 1}})
    repository.write("aws-2", {"extends": "aws"})
    repository.commit()
    assert reviewed(repository, "dan-00000000", stack="aws-2") == 0
    assert reviewed(repository, "dan-00000000", "eve-00000000", stack="aws-2") == 3
    # Another stack's limits are not taken over by extending it now.
    repository.write("lax", {**TREE, "review": {"maxDeletes": 9}})
    repository.write("aws-2", {"extends": "lax"})
    assert reviewed(repository, "dan-00000000", "eve-00000000", stack="aws-2") == 3
    repository.write("aws", {**TREE, "review": {"consent": ["eve-00000000"]}})
    repository.write("aws-2", {"extends": "aws"})
    assert reviewed(repository, "dan-00000000", "eve-00000000", stack="aws-2") == 0


def limits(repository: Repository, stack: str, tmp_path: Path) -> Review:
    before = tmp_path / "before"
    before.mkdir(exist_ok=True)
    commits = Commits(repository.folder)
    commits.write_stack_files(commits.commit("main"), before)
    return base.limits(before, repository.folder, stack)


DEFAULTS = Review.model_validate({})


def test_a_new_stack_has_the_limits_of_what_it_extends_or_the_defaults(
    repository: Repository, tmp_path: Path
):
    repository.write("aws", {**TREE, "review": {"maxDeletes": 7}})
    repository.commit()
    own = {**TREE, "review": {"maxDeletes": 9}}
    repository.write("new", {"extends": "aws"})
    repository.write("newer", {"extends": "new"})
    repository.write("other", own)
    repository.write("round", {"extends": "round"})
    (repository.folder / "Pulumi.broken.yaml").write_text("config: {", "utf-8")

    assert {
        stack: limits(repository, stack, tmp_path).max_deletes
        for stack in ("aws", "new", "newer", "other", "round", "broken", "none")
    } == {"aws": 7, "new": 7, "newer": 7, "other": 0, "round": 0, "broken": 0, "none": 0}


def test_a_base_that_cannot_be_used_or_has_no_stacks_leaves_the_defaults(
    repository: Repository, tmp_path: Path
):
    repository.commit()
    repository.write("aws", {**TREE, "review": {"maxDeletes": 9}})
    assert limits(repository, "aws", tmp_path) == DEFAULTS
    repository.write("aws", {**TREE, "review": {"maxDeletes": 9}, "zzz": 1})
    repository.commit()
    assert limits(repository, "aws", tmp_path) == DEFAULTS


def test_a_link_on_the_base_branch_is_not_followed(repository: Repository, tmp_path: Path):
    repository.write("lax", {**TREE, "review": {"maxDeletes": 9}})
    (repository.folder / "Pulumi.aws.yaml").symlink_to("Pulumi.lax.yaml")
    repository.commit()
    assert limits(repository, "aws", tmp_path) == DEFAULTS
    assert limits(repository, "lax", tmp_path).max_deletes == 9


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["--base", "nowhere", "aws.json"],
            "nowhere: is no commit of this repository; check its name, or `git fetch` it",
        ),
        (["--base", "--output=x", "aws.json"], "--base: expected one argument"),
        (["--base=--output=x", "aws.json"], "--output=x: is no commit of this repository"),
        (["--base", "main", "gcp.json"], "No such file or directory: 'gcp.json'"),
        (["--base", "main", "other.json"], "other: this is a plan of the stack 'aws'"),
    ],
)
def test_what_cannot_be_reviewed_is_told(
    repository: Repository,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
):
    repository.write("aws", TREE)
    repository.commit()
    Path(repository.plan("aws")).with_name("other.json").write_bytes(Path("aws.json").read_bytes())
    try:
        code: object = main(arguments)
    except SystemExit as left:  # argparse
        code = left.code
    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert told in printed.err


def test_a_plan_that_is_named_twice_counts_once(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    repository.write("aws", TREE)
    repository.commit()
    path = repository.plan("aws", "bob")
    main(["--base", "main", path])
    once = capsys.readouterr().out
    main(["--base", "main", path, path])
    assert capsys.readouterr().out == once


def test_without_git_there_is_no_review(
    repository: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    path = repository.plan("aws")
    monkeypatch.setenv("PATH", "")
    assert main(["--base", "main", path]) == 2
    assert "there is no `git` on PATH; install it" in capsys.readouterr().err


def test_a_log_of_events_beside_the_plan_is_read(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    repository.write("aws", TREE)
    repository.commit()
    violation = {
        "message": "no",
        "policyName": "never",
        "policyPackName": "pack",
        "enforcementLevel": "mandatory",
    }
    Path("aws.events").write_text(json.dumps({"policyEvent": violation}), "utf-8")

    assert reviewed(repository) == 3

    assert "```text\npolicy never of pack: no (the stack)\n```" in capsys.readouterr().out


def test_a_refusal_says_which_limit(repository: Repository):
    assert list(guard.refusals("aws", [touched("ann", "replace")], DEFAULTS, ())) == [
        Refusal("aws", "maxReplaces", 0, ("ann",))
    ]


def test_what_is_raised_is_told_though_no_stack_is_concerned(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    repository.write("aws", TREE)
    repository.write("aws-2", {"extends": "aws"})
    repository.commit()
    repository.write("aws", {**TREE, "review": {"maxUsers": 500, "consent": ["bob"]}})

    assert main(["--base", "main"]) == 0
    raised = capsys.readouterr().out
    assert raised != comment.NOTHING
    told = "- From the next pull request on, `maxUsers` is 500 (before: 25): `aws`"
    assert told in raised.splitlines()
    assert "- `consent` names `bob`, whom nothing happens to: take them out" in raised.splitlines()

    repository.commit()
    repository.write("aws", TREE)
    assert main(["--base", "main"]) == 0
    assert capsys.readouterr().out == comment.NOTHING


def test_a_stack_that_is_previewed_is_told_once(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    repository.write("aws", TREE)
    repository.commit()
    repository.write("aws", {**TREE, "review": {"maxUsers": 500}})
    assert reviewed(repository) == 0
    assert capsys.readouterr().out.count("maxUsers") == 1
