"""Who leaves a shard that has grown, and what is refused before a file is written.

The engine here is a table of states; `tests/engine/test_split.py` has the real one.
"""

import json
from pathlib import Path

import pytest
from cmbcluster_storage import names
from fleets import Told, hub, run, shard, write

from infra.move.errors import EngineError
from infra.move.states import State
from infra.shards import splitting
from infra.shards.fleet import fleet
from infra.shards.splitting import planned

SCOPE = names.aws_scope("cmbcluster", "123456789012", "us-east-1")
STORAGE = "cmbcluster-storage::cmbcluster-storage:index:UserStorage"


def state(stack: str, *users: str) -> State:
    resources = [
        {"urn": f"urn:pulumi:{stack}::{STORAGE}::{names.user_slug(SCOPE, user)}"} for user in users
    ]
    return State(stack, json.dumps({"deployment": {"resources": resources}}))


class Engine:
    """What the command asks of the engine, and what it did."""

    def __init__(self, *users: str) -> None:
        self.users = users
        self.done: list[tuple[str, ...]] = []
        self.fails_at = ""

    def state(self, stack: str) -> State:
        return state(stack, *self.users)

    def make(self, stack: str, secrets_provider: str) -> None:
        self.done.append(("make", stack, secrets_provider))

    def move(self, _project: Path, users: list[str], source: str, target: str) -> None:
        if target == self.fails_at:
            raise EngineError(f"{source} is locked")
        self.done.append(("move", *users, source, target))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine("a", "b", "c", "d", "e")
    monkeypatch.setattr(splitting, "Engine", lambda _project: made)
    monkeypatch.setattr(splitting, "move", made.move)
    return made


def split(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> Told:
    return run(capsys, folder, "split", *arguments)


def users(folder: Path) -> dict[str, list[str]]:
    return {one.stack: [user.id for user in one.config.users] for one in fleet(folder)}


def test_the_last_leave_for_as_many_shards_as_they_fill(tmp_path: Path):
    write(tmp_path, {"aws": hub(*"abcde"), "aws-004": shard("aws", "x")})
    shards = fleet(tmp_path)
    stacks = [one.stack for one in shards]
    assert planned(shards[0], "aws", stacks, 2) == {"aws-005": ["c", "d"], "aws-006": ["e"]}
    assert planned(shards[0], "aws", stacks, 4) == {"aws-005": ["e"]}
    assert planned(shards[0], "aws", stacks, 5) == {}


def test_one_new_shard_is_filled_after_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: Engine
):
    write(tmp_path, {"hub": hub(), "hub-002": shard("hub", *"abcde")})
    file = tmp_path / "Pulumi.hub-002.yaml"
    file.write_text(f"secretsprovider: gcpkms://x\n{file.read_text('utf-8')}", "utf-8")

    done = split(tmp_path, capsys, "hub-002", "--at-most", "2")

    assert (done.code, done.error) == (0, [])
    assert done.out == [
        "Pulumi.hub-003.yaml lists 2 users; Pulumi.hub-002.yaml does not any more.",
        "Pulumi.hub-004.yaml lists 1 users; Pulumi.hub-002.yaml does not any more.",
    ]
    assert users(tmp_path) == {
        "hub": [],
        "hub-002": ["a", "b"],
        "hub-003": ["c", "d"],
        "hub-004": ["e"],
    }
    assert engine.done == [
        ("make", "hub-003", "gcpkms://x"),
        ("move", "c", "d", "hub-002", "hub-003"),
        ("make", "hub-004", "gcpkms://x"),
        ("move", "e", "hub-002", "hub-004"),
    ]
    assert not (tmp_path / ".pulumi-move").exists()


def test_what_is_ended_goes_on_when_it_is_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: Engine
):
    write(tmp_path, {"aws": hub(*"abcde")})
    engine.fails_at = "aws-003"
    done = split(tmp_path, capsys, "aws", "--at-most", "2")
    assert (done.code, done.error) == (1, ["aws is locked"])
    assert users(tmp_path) == {"aws": ["a", "b"], "aws-002": ["c", "d"], "aws-003": ["e"]}

    engine.fails_at, engine.users, engine.done = "", ("a", "b", "e"), []
    done = split(tmp_path, capsys, "aws", "--at-most", "2")

    assert (done.code, done.out[0]) == (0, "Going on: aws-003 are left to be filled.")
    assert engine.done == [("make", "aws-003", ""), ("move", "e", "aws", "aws-003")]
    assert users(tmp_path) == {"aws": ["a", "b"], "aws-002": ["c", "d"], "aws-003": ["e"]}
    done = split(tmp_path, capsys, "aws", "--at-most", "2")
    assert (done.code, done.out) == (
        0,
        ["Nothing to split: Pulumi.aws.yaml lists 2, and may 2."],
    )


def test_killed_between_two_files_it_goes_on(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
):
    write(tmp_path, {"aws": hub(*"abc")})
    replace, replaced = Path.replace, []

    def killed(path: Path, target: Path) -> Path:
        if target.name == "Pulumi.aws.yaml" and not replaced:
            replaced.append(target)
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", killed)
    done = split(tmp_path, capsys, "aws", "--at-most", "2")
    assert (done.code, done.error) == (
        130,
        ["interrupted; the same command goes on where it was"],
    )
    assert users(tmp_path) == {"aws": ["a", "b", "c"], "aws-002": ["c"]}

    assert split(tmp_path, capsys, "aws", "--at-most", "2").code == 0
    assert users(tmp_path) == {"aws": ["a", "b"], "aws-002": ["c"]}
    assert engine.done == [("make", "aws-002", ""), ("move", "c", "aws", "aws-002")]


def stopped(folder: Path, capsys: pytest.CaptureFixture[str], engine: Engine) -> None:
    """Leave a split before its first move, and let the engine go on."""
    engine.fails_at = "aws-002"
    assert split(folder, capsys, "aws", "--at-most", "2").code == 1
    engine.fails_at = ""


def test_a_file_that_somebody_has_written_meanwhile_stays_theirs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: Engine
):
    write(tmp_path, {"aws": hub(*"abcde")})
    stopped(tmp_path, capsys, engine)
    assert run(capsys, tmp_path, "place", "new", "newer", "--at-most", "2").code == 0
    placed = users(tmp_path)
    assert placed["aws-003"] == ["new", "newer"]

    done = split(tmp_path, capsys, "aws", "--at-most", "2")

    assert (done.code, done.out[0]) == (0, "Going on: aws-002, aws-004 are left to be filled.")
    assert users(tmp_path) == placed | {"aws": ["a", "b"], "aws-004": ["e"]}
    assert engine.done[-1] == ("move", "e", "aws", "aws-004")


def test_who_is_placed_beside_those_who_move_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: Engine
):
    write(tmp_path, {"aws": hub(*"abcd")})
    stopped(tmp_path, capsys, engine)
    # Killed between two files; then somebody is written to the first.
    write(tmp_path, {"aws": hub(*"abd"), "aws-002": shard("aws", "c", "new")})

    assert split(tmp_path, capsys, "aws", "--at-most", "2").code == 0
    assert users(tmp_path) == {"aws": ["a", "b"], "aws-002": ["c", "new", "d"]}
    assert engine.done[-1] == ("move", "c", "d", "aws", "aws-002")


def test_who_has_no_line_any_more_moves_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: Engine
):
    write(tmp_path, {"aws": hub(*"abcde")})
    stopped(tmp_path, capsys, engine)
    write(tmp_path, {"aws": hub(*"ab"), "aws-002": shard("aws", "d")})

    done = split(tmp_path, capsys, "aws", "--at-most", "2")

    assert (done.code, done.out[0]) == (0, "Going on: aws-002 are left to be filled.")
    assert engine.done == [
        ("make", "aws-002", ""),
        ("make", "aws-002", ""),
        ("move", "d", "aws", "aws-002"),
    ]
    assert not (tmp_path / ".pulumi-move").exists()


def test_who_has_no_resources_yet_cannot_be_moved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: Engine
):
    write(tmp_path, {"aws": hub(*"abxyz")})
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = split(tmp_path, capsys, "aws", "--at-most", "2")
    assert (done.code, done.error) == (
        2,
        [
            "x: has an entry in Pulumi.aws.yaml and no resources yet, like 2 others who would "
            "move; run `pulumi up --stack aws` first, then this again"
        ],
    )
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert engine.done == []


def test_a_stack_without_file_cannot_be_split(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: Engine
):
    write(tmp_path, {"aws": hub(*"ab")})
    done = split(tmp_path, capsys, "gcp")
    assert (done.code, done.error) == (2, ['"gcp" has no stack file here; write one of aws'])
