"""The benchmark's fleets: what is copied is what `up` would have made, and runs are counted."""

from pathlib import Path

import pytest
from hands import HANDS

from benchmarks import fleets
from benchmarks.shard import STEPS, MeasuredShard
from sandbox.run import Run
from sandbox.workspace import Workspace


@pytest.mark.parametrize("stack", HANDS)
def test_a_fleet_is_as_up_would_have_left_it(
    stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fleets, "PER_SHARD", 2)
    seed, shard = tmp_path / "seed", fleets.measured(stack)
    fleets.write_stack_files(seed / "stack-files", stack, 4)
    with Run(Workspace(seed / "workspace", seed / "stack-files"), shard) as run:
        assert run.pulumi("up", "--skip-preview", captured=True).returncode == 0

    workspace = fleets.fleet(seed, tmp_path / "fleet", stack, 6)

    with Run(workspace, shard) as run:
        for other in (stack, f"{stack}-003"):
            # Whatever the state has is in the cloud and the cluster as it says.
            done = run.pulumi("refresh", "--expect-no-changes", "--stack", other, captured=True)
            assert done.returncode == 0, done.stdout + done.stderr
            done = run.pulumi("preview", "--expect-no-changes", "--stack", other, captured=True)
            assert done.returncode == 0, done.stdout + done.stderr
        measured = MeasuredShard(6, run)
        measured.run_turn(0)

    counted = {step: measured.counted[step][0] for step in STEPS}
    assert counted["arrival"].requests > counted["preview"].requests
    assert counted["arrival"].state_bytes > counted["no-op up"].state_bytes > 0
    assert counted["preview"].state_bytes == 0
    # The project's file, both stack files, the state, and the project's again with the state.
    assert counted["preview"].files == 5
