"""A shard is split under the real engine: buckets stay, and an ended command goes on."""

import json

import pytest
from harness import Stack

from infra import stack_files
from infra.move.states import State
from infra.shards import command, splitting


def test_a_shard_is_split_in_two_runs(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    project, first, second = stack.workspace.project, stack.name, f"{stack.name}-002"
    for name, value in stack.run.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(project)
    before = stack.outputs()["users"]

    def ended(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(splitting, "move", ended)
        assert command.main(["split", first, "--at-most", "1"]) == 130
    assert stack_files.stacks(project).count(second) == 1
    assert stack.pulumi("stack", "ls", "--json").count(f'"{second}"') == 1

    assert command.main(["split", first, "--at-most", "1"]) == 0

    slugs = {user: stack.hand.slug(user) for user in ("ann@example.org", "bob")}
    states = [State(name, stack.pulumi("stack", "export", "--stack", name)) for name in (
        first, second,
    )]  # fmt: skip
    assert [{user for user, slug in slugs.items() if one.of_user(slug)} for one in states] == [
        {"ann@example.org"},
        {"bob"},
    ]
    assert not (project / ".pulumi-move").exists()
    after = {}
    for name in (second, first):
        assert stack.steps("up", "--stack", name) == {}
        after |= json.loads(stack.pulumi("stack", "output", "users", "--json", "--stack", name))
    assert after == before
