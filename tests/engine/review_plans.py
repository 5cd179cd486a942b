"""What a pull request may do, as edits of a stack file; and the plans that the engine makes of it.

Run as a script it records them anew for the unit ring, where they are compared with the
comments: `python tests/engine/review_plans.py`, a minute for each cloud.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hands import HANDS
from harness import Stack

PLANS = Path(__file__).parents[1] / "unit" / "reviews"

OLD_BUCKET = "old-bucket-of-hers"
_PARTS = {"aws": ["bucket", "versioning", "lifecycle"], "gcp": ["bucket", "policy"]}

# What a review reads of a plan, and what tells a person where it comes from. Source positions,
# outputs of resources and times are of one machine and one run.
_STEP = ("op", "urn", "diffReasons", "replaceReasons", "detailedDiff")
_STATE = (
    "urn", "custom", "id", "type", "inputs", "parent", "protect", "retainOnDelete", "importID",
    "deletedWith", "additionalSecretOutputs",
)  # fmt: skip


def prepare(stack: Stack) -> None:
    """Have users in every state."""
    stack.user("dan", state="deleted")
    stack.user("sam", state="suspended")
    stack.pulumi("up", "--skip-preview")


def a_day(stack: Stack) -> None:
    """Do all that a pull request usually does."""
    stack.user("new@example.org")
    stack.user("bob", state="suspended")
    stack.user("sam")
    stack.user("ann@example.org", state="deleted")
    stack.drop("dan")


def a_mistake(stack: Stack) -> None:
    """Do the same, and drop the line of a user who is active."""
    a_day(stack)
    stack.drop("bob")


def _new_rules(stack: Stack) -> None:
    def change(settings: dict[str, Any]) -> None:
        settings["config"]["cmbcluster-storage:buckets"] |= {
            "noncurrentDays": 7,
            "noncurrentVersionsKept": 5,
            "scratchDays": 30,
            "versioning": False,
            "labels": {"group": "planck"},
        }

    stack.edit(change)


def _another_namespace(stack: Stack) -> None:
    def change(settings: dict[str, Any]) -> None:
        settings["config"]["cmbcluster-storage:kubernetes"]["namespace"] = "hub"

    stack.edit(change)


def _adopted(stack: Stack) -> None:
    stack.hand.make_old_bucket(OLD_BUCKET)
    stack.user("ida", bucket=OLD_BUCKET, adopt=_PARTS[stack.name])


def _adoption_ended(stack: Stack) -> None:
    stack.user("ida", bucket=OLD_BUCKET, adopt=_PARTS[stack.name])
    stack.pulumi("up", "--skip-preview")
    stack.user("ida", bucket=OLD_BUCKET)


SCENARIOS: dict[str, Callable[[Stack], None]] = {
    "day": a_day,
    "mistake": a_mistake,
    "rules": _new_rules,
    "replaced": _another_namespace,
    "kept": lambda stack: stack.user("dan"),
    "nothing": lambda stack: None,
    "adopted": _adopted,
    "adoption-ended": _adoption_ended,
}


def plan(stack: Stack, name: str = "") -> str:
    """Return what the preview of a stack prints, whether it fails or not."""
    options = ("--json", "--ignore-protect", "--stack", name or stack.name)
    return stack.run.pulumi("preview", *options, captured=True).stdout


def _trimmed(document: dict[str, Any]) -> dict[str, Any]:
    steps = [
        {key: step[key] for key in _STEP if step.get(key)}
        | {side: _state(step[side]) for side in ("oldState", "newState") if side in step}
        for step in document["steps"]
    ]
    return document | {"steps": steps, "duration": 0}


def _state(state: dict[str, Any]) -> dict[str, Any]:
    kept = (*_STATE, "outputs") if state["type"] == "pulumi:pulumi:Stack" else _STATE
    return {key: state[key] for key in kept if key in state}


def _record(cloud: str, folder: Path) -> None:
    stack = Stack(folder, cloud)
    with stack.run:
        stack.pulumi("up", "--skip-preview")
        prepare(stack)
        file = stack.stack_files / f"Pulumi.{cloud}.yaml"
        prepared = file.read_text("utf-8")
        for name, edit in SCENARIOS.items():
            file.write_text(prepared, "utf-8")
            stack.workspace.prepare()
            edit(stack)
            _write(plan(stack), cloud, name)
        file.write_text(prepared, "utf-8")
        stack.user("ida", bucket=OLD_BUCKET, adopt=_PARTS[cloud])  # as the last `up` left her
        stack.drop("bob")
        shard = stack.shard(users=["bob"])
        for moment in ("unmoved", "moved"):
            for each in (cloud, shard):
                _write(plan(stack, each), each, moment)
            if moment == "unmoved":
                _move(stack, shard)


def _move(stack: Stack, shard: str) -> None:
    command = [sys.executable, "-m", "infra.move", "bob", "--from", stack.name, "--to", shard]
    project, environment = stack.workspace.project, stack.run.environment
    subprocess.run(command, cwd=project, env=environment, check=True)


def _write(text: str, stack: str, name: str) -> None:
    document = json.dumps(_trimmed(json.loads(text)), indent=1, ensure_ascii=False, sort_keys=True)
    (PLANS / f"{stack}.{name}.json").write_text(f"{document}\n", "utf-8")


if __name__ == "__main__":
    PLANS.mkdir(exist_ok=True)
    for one in sys.argv[1:] or HANDS:
        with tempfile.TemporaryDirectory() as temporary:
            _record(one, Path(temporary))
