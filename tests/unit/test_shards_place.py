"""New users come to shards that have room; what each shard has is listed."""

import json
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
from fleets import GCP, OTHER_HUB, Told, hub, run, shard, write
from program import VARIANTS, resources_of
from stack_trees import LEAST, Tree, changed

from infra.config import read
from infra.shards.fleet import fleet
from infra.shards.listing import resources
from infra.shards.placing import new_names, spread


@pytest.mark.parametrize(
    ("users", "room", "goes"),
    [
        ("", {"a": 2}, {}),
        ("x", {"a": 2, "b": 2}, {"a": "x"}),
        ("xyz", {"a": 2, "b": 2}, {"a": "xy", "b": "z"}),
        ("xyz", {"a": 0, "b": -4, "c": 1}, {"c": "x", "n1": "yz"}),
        ("uvwxyz", {"a": 1}, {"a": "u", "n1": "vwx", "n2": "yz"}),
    ],
)
def test_users_fill_the_first_that_has_room(users: str, room: dict[str, int], goes: dict[str, str]):
    names = (f"n{number}" for number in count(1))
    assert spread(list(users), room, 3, names) == {to: list(who) for to, who in goes.items()}


@pytest.mark.parametrize(
    ("stacks", "names"),
    [
        (["aws"], ["aws-002", "aws-003"]),
        (["aws", "aws-002", "aws-004"], ["aws-005", "aws-006"]),
        (["aws", "gcp-007", "aws-test", "aws-2-9", "bigaws-9"], ["aws-002", "aws-003"]),
        (["aws", "aws-1234"], ["aws-1235", "aws-1236"]),
    ],
)
def test_a_new_name_is_behind_all_others(stacks: list[str], names: list[str]):
    assert list(islice(new_names("aws", stacks), 2)) == names


def placed(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> Told:
    return run(capsys, folder, "place", *arguments)


def users(folder: Path) -> dict[str, list[str]]:
    return {one.stack: [user.id for user in one.config.users] for one in fleet(folder)}


def test_users_are_spread_and_nobody_moves(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write(
        tmp_path,
        {
            "aws": hub("ann", {"id": "bob", "state": "suspended"}),
            "aws-002": shard("aws", "carol"),
            "aws-003": shard("aws-002", "a1", "a2", "a3"),
            "other": hub(of=OTHER_HUB),
        },
    )
    new = [f"new-{number}" for number in range(6)]

    done = placed(tmp_path, capsys, *new, "carol", "--at-most", "2", "--in", "aws-003")

    assert (done.code, done.out, done.error) == (
        0,
        [
            "Pulumi.aws-002.yaml: new-0",
            "Pulumi.aws-004.yaml: new-1, new-2",
            "Pulumi.aws-005.yaml: new-3, new-4",
            "Pulumi.aws-006.yaml: new-5",
        ],
        [
            "carol: is in Pulumi.aws-002.yaml already",
            *(
                f"aws-00{number} is new: `pulumi stack init aws-00{number}` before its first "
                "`pulumi up`"
                for number in (4, 5, 6)
            ),
        ],
    )
    assert users(tmp_path) == {
        "aws": ["ann", "bob"],
        "aws-002": ["carol", "new-0"],
        "aws-003": ["a1", "a2", "a3"],
        "aws-004": ["new-1", "new-2"],
        "aws-005": ["new-3", "new-4"],
        "aws-006": ["new-5"],
        "other": [],
    }
    assert read(tmp_path, "aws-006").extends == "aws"
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    again = placed(tmp_path, capsys, *new, "--in", "aws")
    assert (again.code, again.out, len(again.error)) == (0, [], 6)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_hub_is_asked_for_if_there_are_several(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write(tmp_path, {"aws": hub(), "aws-002": shard("aws")})
    assert placed(tmp_path, capsys, "ann").out == ["Pulumi.aws.yaml: ann"]
    write(tmp_path, {"gcp": hub(of=GCP)})
    assert placed(tmp_path, capsys, "bob").error == [
        "there are settings of several hubs here; say --in one of aws, gcp"
    ]
    assert placed(tmp_path, capsys, "bob", "--in", "gcp").out == ["Pulumi.gcp.yaml: bob"]


def test_shards_of_other_settings_take_nobody_and_are_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    cold = changed(LEAST, ("buckets", "storageClass"), "COLDLINE")
    write(tmp_path, {"aws": hub("ann"), "cold": hub("bob", of=cold)})
    done = placed(tmp_path, capsys, "bob", "eve", "--in", "aws", "--at-most", "1")
    assert (done.out, done.error[0]) == (
        ["Pulumi.aws-002.yaml: eve"],
        "bob: is in Pulumi.cold.yaml already",
    )


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        ("Ann", "'ann' and 'Ann' are one user to this stack; keep one line"),
        ("BOB", "'BOB' in Pulumi.aws.yaml and 'bob' in Pulumi.aws-002.yaml are one user to this "
         "hub; keep one line"),
        (" eve", "has spaces around it or characters that do not print; write it without"),
        ("", "is wrong (String should have at least 1 character)"),
    ],
)  # fmt: skip
def test_files_that_would_be_wrong_are_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], new: str, problem: str
):
    write(tmp_path, {"aws": hub("ann"), "aws-002": shard("aws", "bob")})
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = placed(tmp_path, capsys, "carol", new)
    assert (done.code, done.out, done.error[0]) == (2, [], "nothing was written, because then:")
    assert problem in done.error[-1]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("new", ["a\x85b", "a\u2028b", "\udcff", "a\nb", "\x1b[0m", "\U000e0001"])
def test_an_id_that_would_be_read_as_another_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], new: str
):
    write(tmp_path, {"aws": hub("ann")})
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = placed(tmp_path, capsys, "carol", new)
    assert (done.code, done.out) == (2, [])
    assert done.error == [
        f"{json.dumps(new)}: has characters that do not print; write the user's id as the hub "
        "knows it"
    ]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("new", ["~", "null", "1:30", "yes", "- x", "a: b", "#x", "<<", "*a", "漢"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_id_is_read_as_it_was_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], new: str, end: str
):
    write(tmp_path, {"aws": hub("ann")})
    path = tmp_path / "Pulumi.aws.yaml"
    path.write_bytes(path.read_bytes().replace(b"\n", end.encode()))
    assert placed(tmp_path, capsys, new).code == 0
    assert [user.id for user in read(tmp_path, "aws").users] == ["ann", new]


def test_a_file_that_cannot_be_read_could_list_the_user(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write(tmp_path, {"aws": hub(), "aws-002": shard("aws", 7)})
    done = placed(tmp_path, capsys, "carol")
    assert (done.code, done.error[0]) == (
        2,
        "Pulumi.aws-002.yaml: the stack's config cannot be used (platform, cloud, kubernetes, "
        "buckets, review are those of Pulumi.aws.yaml):",
    )


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_a_shard_has_room_for_one_at_least(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: str
):
    write(tmp_path, {"aws": hub()})
    with pytest.raises(SystemExit) as caught:
        placed(tmp_path, capsys, "ann", "--at-most", number)
    assert caught.value.code == 2


ENTRIES: list[Any] = [
    "ann",
    "bob",
    {"id": "eve", "state": "suspended"},
    {"id": "sam", "state": "deleted"},
]


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_resources_are_those_that_the_program_makes(variant: Any):
    config = variant.config(*ENTRIES)
    assert resources(config) == len(resources_of(config)) + 1  # and the stack itself


def test_the_list_has_a_line_for_each_shard(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    stacks: dict[str, Tree] = {
        "aws": hub(*ENTRIES),
        "aws-002": shard("aws", "carol"),
        "gcp": hub("ann", of=GCP),
    }
    write(tmp_path, stacks)
    assert run(capsys, tmp_path, "list").out == [
        "stack         users     active  suspended    deleted  resources",
        "aws               4          2          1          1         47",
        "aws-002           1          1          0          0         17",
        "gcp               1          1          0          0         10",
        "3 stacks          6          4          1          1         74",
    ]
    assert run(capsys, tmp_path, "list", "--in", "aws-002").out[-1] == (
        "2 stacks          5          3          1          1         64"
    )


@pytest.mark.parametrize("stack", ["001", "0x10", "no"])
def test_a_hub_may_be_called_what_yaml_reads_as_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stack: str
):
    write(tmp_path, {stack: hub("ann")})
    assert placed(tmp_path, capsys, "bob", "--at-most", "1").code == 0
    assert read(tmp_path, f"{stack}-002").extends == stack
