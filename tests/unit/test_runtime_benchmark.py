"""What the benchmark of the runtime makes of its measurements, and who takes part."""

import dataclasses

import pytest

from benchmarks import figures
from benchmarks.field import FIELD, Contender
from benchmarks.figures import MIB, Row, Turn
from benchmarks.rig import RunError
from benchmarks.runtime import TASKS, measured

PEERS = ("ours", "sdk", "broken", "peer")


def turn(seconds: float, megabytes: int = 1, lag: float | None = None) -> Turn:
    return Turn(seconds, megabytes * MIB, server=seconds / 2, lag=lag)


def row(task: str = "up", cloud: str = "aws", latency: int = 20, **turns: list[Turn]) -> Row:
    return Row(cloud, task, latency, turns, sdk_lag=0.077)


def test_a_ratio_is_of_turns_side_by_side():
    slowing = row(ours=[turn(1), turn(2), turn(10)], sdk=[turn(2), turn(4), turn(15)])
    assert slowing.ratio == 2


def test_the_place_is_among_those_that_can():
    turns = {"ours": [turn(3), turn(1), turn(2)], "sdk": [turn(4)] * 3}
    assert row(**turns, slow=[turn(5)], fast=[turn(1.5)], unable=[]).place == (2, 4)
    assert row(**turns).place == (1, 2)


@pytest.mark.parametrize(
    ("ours", "told"),
    [
        ([turn(1)], []),
        ([turn(1.25)], []),
        ([turn(1.3)], ["aws: large down at 20 ms is 1.54 times as fast, less than 1.6"]),
        ([turn(1, 64)], []),
        ([turn(1, 65)], ["aws: large down at 20 ms takes 65 MiB, more than 64"]),
    ],
)
def test_a_large_download_has_bars_of_time_and_memory(ours: list[Turn], told: list[str]):
    assert list(row("large down", ours=ours, sdk=[turn(2, 500)]).missed()) == told


def test_what_has_no_bar_misses_none():
    slow = {"ours": [turn(9, 999)], "sdk": [turn(1)]}
    assert not list(row("large up", **slow).missed())
    assert not list(row("large down", "gcp", 0, **slow).missed())


def test_every_bar_that_was_set_is_held():
    assert figures.BARS == {
        ("aws", "up", 20): 1.4,
        ("gcp", "up", 20): 1.15,
        ("aws", "list", 0): 2,
        ("aws", "list", 20): 1.6,
        ("aws", "empty", 0): 2,
        ("aws", "empty", 20): 2,
        ("gcp", "empty", 0): 5,
        ("gcp", "empty", 20): 5,
        ("aws", "large down", 0): 1.6,
        ("aws", "large down", 20): 1.6,
        ("gcp", "large down", 20): 1.6,
    }
    assert {task for _, task, _ in figures.BARS} < set(TASKS)


def test_a_table_has_a_line_for_each_task():
    assert figures.heading("aws", ["ours", "sdk", "s3fs", "minio"]) == (
        "\naws: seconds (MiB of memory); ratio = sdk / ours; CPU (seconds) and lag: ours / sdk\n"
        "| task | ms | ours | sdk | ratio | bar | place | s3fs | minio "
        "| server CPU | loop's lag, ms |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    small = row(
        ours=[turn(1, lag=0.01), turn(2, lag=0.02), turn(3, lag=0.09)],
        sdk=[turn(3)] * 3,
        s3fs=[],
        minio=[turn(1.5)],
    )
    assert figures.line(small, "small") == (
        "| small | 20 | 2.00 | 3.00 | 1.50 | 1.4 met | 2 of 3 | - | 1.50 | 1.00 / 1.50 | 20 / 77 |"
    )
    large = row("large down", ours=[turn(1, 70)], sdk=[turn(2, 20)])
    assert figures.line(large, "large") == (
        "| large | 20 | 1.00 (70) | 2.00 (20) | 2.00 | 1.6 MISSED | 1 of 2 | 0.50 / 1.00 | 0 / 77 |"
    )


def test_ours_and_the_sdk_run_turn_by_turn_and_peers_once():
    ran: list[tuple[str, bool]] = []

    def run(contender: Contender, beside_loop: bool) -> Turn | None:
        ran.append((contender.name, beside_loop))
        if contender.name == "unable":
            return None
        return turn(len(ran), lag=0.5 if beside_loop else None)

    contenders = [Contender(name, name) for name in ("ours", "sdk", "peer", "unable")]
    found = measured("aws", "up", 20, contenders, run)
    turns = ["sdk", "ours", "ours", "sdk", "sdk", "ours", "ours", "sdk", "sdk", "ours"]
    assert ran == [*((name, False) for name in (*turns, "peer", "unable")), ("sdk", True)]
    assert {name: [each.seconds for each in of] for name, of in found.turns.items()} == {
        "ours": [2, 3, 6, 7, 10],
        "sdk": [1, 4, 5, 8, 9],
        "peer": [11],
        "unable": [],
    }
    assert dataclasses.replace(found, turns={}) == Row("aws", "up", 20, {}, 0.5)


def test_a_peer_that_fails_ends_nothing(capsys: pytest.CaptureFixture[str]):
    def run(contender: Contender, _: bool) -> Turn | None:
        if contender.name == "broken":
            raise RunError("KeyError: 'kind'")
        return turn(2)

    found = measured("aws", "up", 0, [Contender(name, name) for name in PEERS], run)
    assert (found.failed, found.turns["broken"], found.turns["peer"]) == ({"broken"}, [], [turn(2)])
    assert capsys.readouterr().err == "KeyError: 'kind'\n"
    assert figures.line(found, "small") == (
        "| small | 0 | 2.00 | 2.00 | 1.00 |  | 1 of 3 | failed | 2.00 | 1.00 / 1.00 | 0 / 0 |"
    )


def test_every_peer_takes_part():
    assert {cloud: [each.name for each in contenders] for cloud, contenders in FIELD.items()} == {
        "aws": [
            "ours",
            "boto3, 32 threads",
            "boto3, sequential",
            "s3transfer",
            "aioboto3",
            "s3fs",
            "minio",
            "obstore",
        ],
        "gcp": [
            "ours",
            "google-cloud-storage, 32 threads",
            "google-cloud-storage, sequential",
            "transfer_manager",
            "gcsfs",
            "gcloud-aio-storage",
            "obstore",
        ],
    }
