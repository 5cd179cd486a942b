"""A pull request's whole way through the workflows, by the real engine.

The comments are in `pull_requests/`; one that is meant to change is written anew with
`REVIEWS=write`, and read.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fleet_repository import FleetRepository
from workflows import Event, Job

from benchmarks import fleets
from infra.review.comment import NOTHING

COMMENTS = Path(__file__).parent / "pull_requests"


def repository(folder: Path, stack: str, shards: int) -> Iterator[FleetRepository]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fleets, "PER_SHARD", 3)
        with closing(FleetRepository(folder, stack, shards)) as made:
            yield made


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[FleetRepository]:
    """200 shards on AWS."""
    yield from repository(tmp_path, "aws", 200)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[FleetRepository]:
    """Three shards on Google Cloud, the first of which the others extend."""
    yield from repository(tmp_path, "gcp", 3)


def check(comment: str, name: str) -> None:
    path = COMMENTS / f"{name}.md"
    if os.environ.get("REVIEWS") == "write":
        path.write_text(comment, "utf-8")
    assert path.read_text("utf-8") == comment


def codes(jobs: dict[str, list[Job]]) -> dict[str, list[int]]:
    return {name: [job.code for job in of_name] for name, of_name in jobs.items()}


def printed(jobs: dict[str, list[Job]]) -> str:
    return "\n".join(job.printed for of_name in jobs.values() for job in of_name)


def stacks(jobs: dict[str, list[Job]]) -> list[str]:
    return json.loads(jobs["shards"][0].output.read_text("utf-8").removeprefix("stacks="))


def suspended(user: str) -> dict[str, str]:
    return {"id": user, "state": "suspended"}


def deleted(user: str) -> dict[str, str]:
    return {"id": user, "state": "deleted"}


def test_a_pull_request_s_way_to_main_and_beyond(fleet: FleetRepository):
    for shard in ("aws", "aws-007", "aws-042"):
        fleet.edit(shard, users=[])
    empty = fleet.commit()
    fleet.edit("aws", users=["hub-tester"])
    fleet.edit("aws-007", users=["ann", "bob"])
    fleet.edit("aws-042", users=["carol", "dave", deleted("erin")])
    main = fleet.commit()
    jobs = fleet.github.run(fleet.push(empty, main), "shards", "up")
    assert codes(jobs) == {"shards": [0], "up": [0, 0, 0]}, printed(jobs)
    stay = ["ann", "bob", "carol", "dave", "hub-tester"]
    before = {user: fleet.hand.settings(fleet.bucket(user)) for user in stay}

    # Frank comes, Bob is suspended, Erin's line goes; so does Dave's, which is a mistake.
    fleet.edit("aws-007", users=["ann", suspended("bob"), "frank"])
    fleet.edit("aws-042", users=["carol"])
    fleet.commit("september")
    jobs = fleet.github.run(fleet.pull_request("september"), "shards", "preview", "review")
    assert stacks(jobs) == ["aws-007", "aws-042"]
    assert codes(jobs) == {"shards": [0], "preview": [0, 0], "review": [3]}, printed(jobs)
    (comment,) = fleet.github.held("issues/7/comments")
    check(comment["body"], "mistake")

    fleet.edit("aws-042", users=["carol", "dave"])
    fleet.edit("aws", review={"consent": ["erin"]})
    fleet.commit("september")
    jobs = fleet.github.run(fleet.pull_request("september"), "shards", "preview", "review")
    assert stacks(jobs) == ["aws-007", "aws-042"]  # consent, in the file of `aws`, changes nothing
    assert codes(jobs) == {"shards": [0], "preview": [0, 0], "review": [0]}, printed(jobs)
    (again,) = fleet.github.held("issues/7/comments")
    assert again["id"] == comment["id"]
    check(again["body"], "consent")

    merged = fleet.merge("september")
    jobs = fleet.github.run(fleet.push(main, merged), "shards", "up")
    assert stacks(jobs) == ["aws-007", "aws-042"]
    assert codes(jobs) == {"shards": [0], "up": [0, 0]}, printed(jobs)
    assert sorted(fleet.hand.buckets()) == sorted(map(fleet.bucket, [*stay, "frank"]))
    active = ["ann", "carol", "dave", "frank", "hub-tester"]
    assert sorted(fleet.hand.identities()) == sorted(map(fleet.name, active))
    assert sorted(fleet.volumes()) == sorted(f"cmbcluster-{fleet.name(user)}" for user in active)
    for user, settings in before.items():
        assert fleet.hand.settings(fleet.bucket(user)) == settings

    drift_of_a_night(fleet, merged)


def drift_of_a_night(fleet: FleetRepository, main: str) -> None:
    # The matrix has all 200 shards, ten a job; three of them exist.
    jobs = fleet.github.run(fleet.night(main), "shards")
    assert len(stacks(jobs)) == 20
    assert sorted(" ".join(stacks(jobs)).split()) == sorted(map(fleet.shard, range(200)))
    night = fleet.night(main, "aws aws-007 aws-042")

    fleet.hand.s3.put_bucket_versioning(
        Bucket=fleet.bucket("ann"), VersioningConfiguration={"Status": "Suspended"}
    )
    jobs = fleet.github.run(night, "drift")
    assert codes(jobs) == {"drift": [0]}, printed(jobs)
    (issue,) = fleet.github.held("issues")
    assert (issue["title"], issue["state"]) == ("Drift: aws-007", "open")
    assert re.findall(r"\[id=(.*)\]", issue["body"]) == [fleet.bucket("ann")]
    assert '\n              ~ status: "Enabled" => "Suspended"\n' in issue["body"]

    (repair,) = re.findall("`([^`]* pulumi up .*?)`", issue["body"])
    by_hand(fleet, f"{repair} --yes", jobs["drift"][0].folder, "Pulumi.aws-007.yaml")
    jobs = fleet.github.run(night, "drift")
    assert codes(jobs) == {"drift": [0]}, printed(jobs)
    assert [one["state"] for one in fleet.github.held("issues")] == ["closed"]


def by_hand(fleet: FleetRepository, command: str, checkout: Path, stack_file: str) -> None:
    """Run a command as an operator does; the stack keeps the key of its secrets."""
    # The engine has written it into the checkout, as the state has it.
    with_the_key = (checkout / stack_file).read_text("utf-8")
    subprocess.run(["git", "checkout", "--quiet", "--", "."], cwd=checkout, check=True)
    assert "encryptionsalt: " not in (checkout / stack_file).read_text("utf-8")
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=checkout,
        env=fleet.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (checkout / stack_file).read_text("utf-8") == with_the_key


def test_a_fork_s_comments_say_the_same_without_a_secret(three: FleetRepository):
    for shard in ("gcp", "gcp-002"):
        three.edit(shard, users=[])
    empty = three.commit()
    three.edit("gcp", users=["hub-tester"])
    three.edit("gcp-002", users=["ann", suspended("bob"), deleted("carol")])
    main = three.commit()
    jobs = three.github.run(three.push(empty, main), "shards", "up")
    assert codes(jobs) == {"shards": [0], "up": [0, 0]}, printed(jobs)

    # Without consent to Carol's end. The limit holds from the next pull request on.
    three.edit("gcp", review={"maxDeletes": 9})
    three.edit("gcp-002", users=[suspended("ann"), "bob", "dave"])
    three.commit("october")
    event = three.pull_request("october")
    jobs = three.github.run(event, "shards", "preview", "review")
    assert codes(jobs) == {"shards": [0], "preview": [0], "review": [3]}, printed(jobs)
    (comment,) = three.github.held("issues/7/comments")
    check(comment["body"], "no-consent")

    jobs = three.github.run(of_a_fork(event), "shards", "offline")
    assert stacks(jobs) == ["gcp-002"]
    assert codes(jobs) == {"shards": [0], "offline": [3]}, printed(jobs)
    (job,) = jobs["offline"]
    assert job.summary.read_text("utf-8") == comment["body"]


def test_a_new_shard_is_previewed_before_it_is_a_stack(three: FleetRepository):
    three.commit()
    three.edit("gcp-004", extends="gcp", users=["ann"])
    three.commit("november")
    event = three.pull_request("november")

    jobs = three.github.run(event, "shards", "preview", "review")
    assert stacks(jobs) == ["gcp-004"]
    assert codes(jobs) == {"shards": [0], "preview": [0], "review": [0]}, printed(jobs)
    (comment,) = three.github.held("issues/7/comments")
    check(comment["body"], "new-shard")
    assert not three.workspace.has_stack("gcp-004")

    jobs = three.github.run(of_a_fork(event), "shards", "offline")
    assert codes(jobs) == {"shards": [0], "offline": [0]}, printed(jobs)
    assert jobs["offline"][0].summary.read_text("utf-8") == comment["body"]


def of_a_fork(event: Event) -> Event:
    """Return the same event with nothing that a fork has not."""
    kept = {name: event.environment[name] for name in ("HOME", "PATH")}
    return replace(event, environment=kept)


def test_who_cannot_be_made_stops_nobody_and_what_is_changed_later_is_left_to_that_run(
    three: FleetRepository,
):
    for shard in ("gcp-002", "gcp-003"):
        three.edit(shard, users=[])
    empty = three.commit()
    three.edit("gcp-002", users=["ann", "bob"])
    three.edit("gcp-003", users=["carol"])
    first = three.commit()
    three.edit("gcp-003", users=["carol", "dave"])
    second = three.commit()
    three.hand.make_foreign_bucket(three.bucket("ann"))

    jobs = three.github.run(three.push(empty, first), "shards", "up")
    assert stacks(jobs) == ["gcp-002", "gcp-003"]
    assert codes(jobs) == {"shards": [0], "up": [1, 1]}, printed(jobs)
    assert jobs["up"][0].printed.endswith("\nfailed: gcp-002\n")
    assert jobs["up"][1].printed == (
        "gcp-003: left alone: a later commit concerns it; if GitHub has cancelled the run of that "
        "one, run it again\n"
    )
    assert three.hand.buckets() == [three.bucket("bob")]

    # More stacks than GitHub has jobs share one.
    together = three.up_of(second, "gcp-002 gcp-003")
    jobs = three.github.run(together, "up")
    assert codes(jobs) == {"up": [1]}, printed(jobs)
    assert jobs["up"][0].printed.endswith("\nfailed: gcp-002\n")
    there = ["bob", "carol", "dave"]
    assert sorted(three.hand.buckets()) == sorted(map(three.bucket, there))
    assert set(three.volumes()) >= {f"cmbcluster-{three.name(user)}" for user in there}

    # The first shard has no state: what has drifted there nobody knows.
    three.hand.let_in("user:mallory@example.org", three.bucket("carol"))
    night = three.night(second, "gcp gcp-002 gcp-003")
    jobs = three.github.run(night, "drift")
    assert codes(jobs) == {"drift": [1]}, printed(jobs)
    assert {"drifted: gcp-003", "failed: gcp"} <= set(jobs["drift"][0].printed.splitlines())
    assert {one["title"]: one["state"] for one in three.github.held("issues")} == {
        "Nobody can look for drift: gcp": "open",
        "Drift: gcp-003": "open",
    }
    assert three.bucket("carol") in three.github.held("issues")[1]["body"]


def test_what_only_the_program_can_let_go_is_told(tmp_path: Path):
    with closing(FleetRepository(tmp_path, "gcp", 1)) as one:
        one.edit("gcp", users=[])
        empty = one.commit()
        one.edit("gcp", users=["ann"])
        main = one.commit()
        jobs = one.github.run(one.push(empty, main), "shards", "up")
        assert codes(jobs) == {"shards": [0], "up": [0]}, printed(jobs)

        one.rewrite("infra/held.py", "retain_on_delete=kept", "retain_on_delete=False")
        one.commit("december")
        jobs = one.github.run(one.pull_request("december"), "shards", "preview", "review")

        assert codes(jobs) == {"shards": [0], "preview": [0], "review": [0]}, printed(jobs)
        (comment,) = one.github.held("issues/7/comments")
        check(comment["body"], "not-kept")

        one.rewrite("infra/held.py", "retain_on_delete=False", "retain_on_delete=kept")
        one.commit("december")
        jobs = one.github.run(one.pull_request("december"), "shards", "review")
        assert stacks(jobs) == []
        assert codes(jobs) == {"shards": [0], "review": [0]}, printed(jobs)
        (again,) = one.github.held("issues/7/comments")
        assert (again["id"], again["body"]) == (comment["id"], NOTHING)
        assert "\n-   retainOnDelete: true\n+   retainOnDelete: false\n" in comment["body"]
