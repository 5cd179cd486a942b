"""What a move decides from files and states, and how it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cmbcluster_storage import names

from infra.move import command
from infra.move.errors import RequestError
from infra.move.exports import Exports
from infra.move.plan import Plan, plan
from infra.move.states import State, is_moved

PROJECT_FOLDER = Path(__file__).parents[2]
SCOPE = names.aws_scope("cmbcluster", "123456789012", "us-east-1")
ANN, BOB = (names.user_slug(SCOPE, user) for user in ("ann@example.org", "bob"))
USERS = {"ann@example.org": ANN, "bob": BOB}

ROOT = "pulumi:pulumi:Stack::cmbcluster-storage"
PROVIDER = "pulumi:providers:aws::aws"


def urn(stack: str, rest: str) -> str:
    return f"urn:pulumi:{stack}::cmbcluster-storage::{rest}"


def of_user(stack: str, slug: str, id_: str = "bucket") -> list[dict[str, Any]]:
    """Return a user's resources: both components, a child, and a child of that."""
    storage = urn(stack, f"cmbcluster-storage:index:UserStorage::{slug}")
    bucket = urn(stack, f"cmbcluster-storage:index:UserStorage$aws:s3/bucket:Bucket::{slug}-bucket")
    return [
        {"urn": storage, "parent": urn(stack, f"{ROOT}-{stack}")},
        {"urn": urn(stack, f"cmbcluster-storage:index:UserVolume::{slug}")},
        {"urn": bucket, "parent": storage, "id": f"{slug}-{id_}", "protect": True},
        {"urn": urn(stack, f"a$b:below:Below::{slug}-below"), "parent": bucket},
    ]


def urns(stack: str, *users: str) -> list[str]:
    return [resource["urn"] for slug in users for resource in of_user(stack, slug)]


def state(stack: str, *resources: dict[str, Any], **deployment: Any) -> State:
    own = [{"urn": urn(stack, f"{ROOT}-{stack}")}, {"urn": urn(stack, PROVIDER), "id": "1"}]
    text = json.dumps({"version": 3, "deployment": {"resources": [*own, *resources], **deployment}})
    return State(stack, text)


def empty(stack: str) -> State:
    return State(stack, json.dumps({"version": 3, "deployment": {"manifest": {}}}))


@pytest.mark.parametrize(
    ("source", "target", "planned"),
    [
        pytest.param(
            state("a", *of_user("a", ANN), *of_user("a", BOB)),
            empty("b"),
            Plan(urns("a", ANN, BOB), [], begun=False),
            id="nothing is done yet",
        ),
        pytest.param(
            state("a", *of_user("a", ANN), *of_user("a", BOB)),
            state("b", *of_user("b", ANN)),
            Plan(urns("a", BOB), urns("a", ANN), begun=True),
            id="one was killed between the two saves, one is not begun",
        ),
        pytest.param(
            state("a"),
            state("b", *of_user("b", ANN), *of_user("b", BOB)),
            Plan([], [], begun=True),
            id="both are there",
        ),
        pytest.param(
            state("a", *of_user("a", ANN)[:2]),
            state("b", *of_user("b", ANN), *of_user("b", BOB)),
            Plan([], urns("a", ANN)[:2], begun=True),
            id="the source has a part of what the target has",
        ),
    ],
)
def test_a_plan_goes_on_from_where_the_states_are(source: State, target: State, planned: Plan):
    assert plan(USERS, source, target) == planned


def test_a_user_whose_slug_another_s_begins_with_stays():
    source = state("a", *of_user("a", ANN), *of_user("a", f"{ANN}-2"))

    assert plan({"ann@example.org": ANN}, source, empty("b")).move == urns("a", ANN)


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        pytest.param(
            state("a", *of_user("a", ANN)),
            state("b"),
            "bob: has no resources in a or b, so there is nothing to move; `pulumi up --stack b` "
            "makes them",
            id="neither",
        ),
        pytest.param(
            state("a", *of_user("a", ANN, "other"), *of_user("a", BOB)),
            state("b", *of_user("b", ANN)),
            "ann@example.org: both a and b have resources of this user, and they are not the same: "
            f"cmbcluster-storage::cmbcluster-storage:index:UserStorage$aws:s3/bucket:Bucket::{ANN}"
            "-bucket; look which of them exist, and take the others out with `pulumi state delete`",
            id="another bucket in both",
        ),
        pytest.param(
            state("a", *of_user("a", ANN), *of_user("a", BOB)),
            state("b", *of_user("b", ANN)[:3]),
            "ann@example.org: both a and b have resources of this user, and they are not the same: "
            f"cmbcluster-storage::a$b:below:Below::{ANN}-below; look which of them exist, and take "
            "the others out with `pulumi state delete`",
            id="more in the source than in the target",
        ),
        pytest.param(
            state("a", *of_user("a", ANN), pending_operations=[{"type": "creating"}]),
            state("b"),
            "a: its last update was killed or failed; with the entries where they were before, "
            "`pulumi up --stack a` settles what it left",
            id="pending operation in the source",
        ),
        pytest.param(
            state("a", *of_user("a", ANN)),
            state("b", {"urn": urn("b", "x:y:Z::z"), "delete": True}),
            "b: its last update was killed or failed; with the entries where they were before, "
            "`pulumi up --stack b` settles what it left",
            id="pending delete in the target",
        ),
    ],
)
def test_states_that_do_not_allow_a_move(source: State, target: State, told: str):
    with pytest.raises(RequestError) as caught:
        plan(USERS, source, target)

    assert str(caught.value) == told


def labelled(stack: str, labels: dict[str, str], nonce: str) -> list[dict[str, Any]]:
    """Return a user's resources whose labels some provider takes for secrets."""
    outputs = {"labels": labels, "effective": [{"4dab": "1b47", "ciphertext": nonce}]}
    return [dict(resource, outputs=outputs) for resource in of_user(stack, ANN)]


LABELLED = (state("a", *labelled("a", {}, "x"), *of_user("a", BOB)), state("b"))

BEFORE = (state("a", *of_user("a", ANN), *of_user("a", BOB)), state("b"))
AFTER = (state("a", *of_user("a", BOB)), state("b", *of_user("b", ANN)))


@pytest.mark.parametrize(
    ("before", "now", "moved"),
    [
        pytest.param(BEFORE, AFTER, True, id="moved"),
        pytest.param((BEFORE[0], empty("b")), AFTER, True, id="moved into an empty stack"),
        pytest.param(BEFORE, BEFORE, False, id="nothing moved"),
        pytest.param(BEFORE, (BEFORE[0], AFTER[1]), False, id="in both"),
        pytest.param((BEFORE[0], AFTER[1]), AFTER, False, id="was in both before"),
        pytest.param(BEFORE, (state("a"), AFTER[1]), False, id="another user left the source"),
        pytest.param(
            BEFORE,
            (AFTER[0], state("b", *of_user("b", ANN), *of_user("b", "eve"))),
            False,
            id="another user came to the target",
        ),
        pytest.param(
            LABELLED, (AFTER[0], state("b", *labelled("b", {}, "y"))), True, id="encrypted anew"
        ),
        pytest.param(
            LABELLED,
            (AFTER[0], state("b", *labelled("b", {"team": "cmb"}, "x"))),
            False,
            id="changed in the target",
        ),
        pytest.param(
            BEFORE,
            (state("a", *of_user("a", BOB, "other")), AFTER[1]),
            False,
            id="another user changed in the source",
        ),
        pytest.param(BEFORE, (AFTER[0], empty("b")), False, id="the target was emptied"),
    ],
)
def test_a_move_is_told_from_what_anybody_else_does(
    before: tuple[State, State], now: tuple[State, State], moved: bool
):
    assert is_moved(before, now, [ANN]) is moved


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the stacks aws, of ann, and aws-002, of bob; no `pulumi`."""
    (tmp_path / "Pulumi.yaml").write_bytes((PROJECT_FOLDER / "Pulumi.yaml").read_bytes())
    write(tmp_path, "aws", users(["ann@example.org"]))
    write(tmp_path, "aws-002", users([{"id": "bob"}]))
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    monkeypatch.setenv("PATH", "")
    return tmp_path


def write(project: Path, stack: str, change: Callable[[dict[str, Any]], object]) -> None:
    committed = yaml.safe_load((PROJECT_FOLDER / "Pulumi.aws.yaml").read_text("utf-8"))
    settings = {
        key.removeprefix("cmbcluster-storage:"): value for key, value in committed["config"].items()
    }
    change(settings)
    config = {f"cmbcluster-storage:{key}": value for key, value in settings.items()}
    (project / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}), "utf-8")


def users(entries: list[Any]) -> Callable[[dict[str, Any]], object]:
    return lambda settings: settings.update(users=entries)


def elsewhere(settings: dict[str, Any]) -> None:
    settings["cloud"]["region"] = "eu-west-1"
    settings["buckets"]["labels"] = {"team": "cmb"}
    settings["users"] = ["bob"]


def misspelt(settings: dict[str, Any]) -> None:
    settings["cluod"] = settings.pop("cloud")


DIFFER = "users move between stacks that differ in users only: write the same in both"


@pytest.mark.parametrize(
    ("arguments", "change", "told"),
    [
        pytest.param(
            "bob --from aws --to aws",
            None,
            "--from and --to are both aws; name two stacks",
            id="one stack",
        ),
        pytest.param(
            "bob --from aws --to aws-003",
            None,
            "aws-003: there is no Pulumi.aws-003.yaml; stacks here are aws, aws-002",
            id="no file of the target",
        ),
        pytest.param(
            "bob --from aws-003 --to aws",
            None,
            "aws-003: there is no Pulumi.aws-003.yaml; stacks here are aws, aws-002",
            id="no file of the source",
        ),
        pytest.param(
            "ann@example.org --from aws --to aws-002",
            None,
            "ann@example.org: stands in Pulumi.aws.yaml; move that entry as it is to "
            "Pulumi.aws-002.yaml, then run this again",
            id="still in the source's file",
        ),
        pytest.param(
            "bob --from aws --to aws-002",
            ("aws", users(["bob"])),
            "bob: stands in Pulumi.aws.yaml and in Pulumi.aws-002.yaml; drop the entry in "
            "Pulumi.aws.yaml, then run this again",
            id="in both files",
        ),
        pytest.param(
            "eve bob --from aws --to aws-002",
            None,
            "eve: stands neither in Pulumi.aws.yaml nor in Pulumi.aws-002.yaml; write it in "
            "Pulumi.aws-002.yaml, then run this again",
            id="in no file",
        ),
        pytest.param(
            "bob --from aws --to aws-002",
            ("aws-002", elsewhere),
            'cmbcluster-storage:buckets.labels.team: null in Pulumi.aws.yaml, "cmb" in '
            f"Pulumi.aws-002.yaml; {DIFFER}\n"
            'cmbcluster-storage:cloud.region: "us-east-1" in Pulumi.aws.yaml, "eu-west-1" in '
            f"Pulumi.aws-002.yaml; {DIFFER}",
            id="another region",
        ),
        pytest.param(
            "bob --from aws --to aws-002",
            ("aws", misspelt),
            "Pulumi.aws.yaml: the stack's config cannot be used:\n"
            "cmbcluster-storage:cluod: is no key of this file; did you mean "
            "cmbcluster-storage:cloud?\n"
            "cmbcluster-storage:cloud: is missing; write where the buckets are: the keys of one "
            "provider",
            id="a file that cannot be used",
        ),
    ],
)
def test_files_that_do_not_allow_a_move(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: str,
    change: tuple[str, Callable[[dict[str, Any]], object]] | None,
    told: str,
):
    if change:
        write(project, *change)

    assert command.main(arguments.split()) == 2

    assert capsys.readouterr() == ("", f"{told}\n")


def test_outside_of_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)

    assert command.main(["bob", "--from", "aws", "--to", "aws-002"]) == 2

    told = f"there is no Pulumi.yaml in {tmp_path} or above; run this in the checkout\n"
    assert capsys.readouterr() == ("", told)


def test_without_an_engine(project: Path, capsys: pytest.CaptureFixture[str]):
    assert command.main(["bob", "--from", "aws", "--to", "aws-002"]) == 1

    assert capsys.readouterr() == (
        "Stack files: bob moved to Pulumi.aws-002.yaml; nothing else differs.\n",
        "there is no `pulumi` on PATH; install it: https://www.pulumi.com/docs/install/\n",
    )


def test_ctrl_c(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "Engine", interrupt)

    assert command.main(["bob", "--from", "aws", "--to", "aws-002"]) == 130

    assert capsys.readouterr().err == "interrupted; the same command goes on where it was\n"


@pytest.mark.parametrize(
    ("slugs", "name"), [([ANN], f"{ANN}-a-b"), ([BOB, ANN, "eve"], f"{ANN}-and-2-a-b")]
)
def test_exports_are_called_after_the_move(slugs: list[str], name: str):
    assert Exports(Path("p"), slugs, "a", "b").folder == Path("p/.pulumi-move") / name
