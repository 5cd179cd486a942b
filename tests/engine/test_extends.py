"""A shard takes another stack's settings over, and is a stack of its own."""

from typing import Any

from harness import Stack


def test_a_shard_has_the_users_of_its_own_file_and_the_settings_of_another(stack: Stack):
    shard = stack.shard(users=["eve"])

    stack.pulumi("up", "--skip-preview", "--stack", shard)

    stack.pulumi("preview", "--expect-no-changes", "--stack", shard)
    stack.pulumi("preview", "--expect-no-changes")
    first, second = stack.outputs(), stack.outputs("--stack", shard)
    assert second["platform"] == first["platform"]
    assert list(second["users"]) == ["eve"]
    assert second["users"]["eve"]["namespace"] == first["users"]["bob"]["namespace"]
    assert len(stack.hand.buckets()) == 3


def test_a_mistake_in_what_is_taken_over_names_its_file(stack: Stack):
    def misspell(settings: dict[str, Any]) -> None:
        settings["config"]["cmbcluster-storage:buckets"]["noncurrentDay"] = 1

    stack.edit(misspell)
    shard = stack.shard(users=["eve"])

    told = " ".join(stack.failing("up", "--skip-preview", "--stack", shard).split())

    assert (
        "the stack's config cannot be used (platform, cloud, kubernetes, buckets, review are those "
        f"of Pulumi.{stack.name}.yaml): cmbcluster-storage:buckets.noncurrentDay: is no key of "
        "this file; did you mean cmbcluster-storage:buckets.noncurrentDays?"
    ) in told
    assert "Traceback" not in told
    assert len(stack.hand.buckets()) == 2


def test_a_key_that_is_taken_over_may_not_be_written_as_well(stack: Stack):
    shard = stack.shard(users=["eve"], buckets={"noncurrentDays": 1})

    told = " ".join(stack.failing("up", "--skip-preview", "--stack", shard).split())

    assert (
        f'cmbcluster-storage:extends: "{stack.name}" gives {shard} its buckets, and '
        f"Pulumi.{shard}.yaml has it as well; drop one of the two"
    ) in told
    assert "Traceback" not in told
    assert len(stack.hand.buckets()) == 2
