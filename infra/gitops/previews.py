"""Previews: a plan of each stack, as the review takes it.

A stack that is new has no state, and an identity that may not write can make none: it is
previewed over an empty one beside the backend, which shows the same.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from infra.gitops.engine import Engine
from infra.gitops.errors import GitopsError
from infra.review import command as review
from infra.stack_files import path_of


def preview(engine: Engine, stacks: Sequence[str], folder: Path) -> None:
    """Write STACK.json for each, also of a preview that fails: the review tells why.

    Args:
        engine: with an identity that reads.
        stacks: their names.
        folder: of the plans, and of the engine's logs of events beside them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for stack in stacks:
        plan = _plan_of_new(engine, stack, folder) if engine.lacks(stack) else None
        text = plan if plan is not None else _plan(engine, stack, folder)
        (folder / f"{stack}.json").write_text(text, "utf-8")


def verdict(base: str, stacks: Sequence[str], folder: Path) -> int:
    """Print the comment on all plans and return the review's exit code.

    A plan that a job did not leave is one that failed, so nothing passes unseen.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plans = [folder / f"{stack}.json" for stack in stacks]
    for plan in plans:
        plan.touch()
    return review.main(["--base", base, *map(str, plans)])


def _plan(engine: Engine, stack: str, folder: Path) -> str:
    log = (folder / f"{stack}.events").resolve()  # what the policy pack says is there alone
    shown = ("--json", "--ignore-protect", "--show-sames")
    options = (*shown, *engine.policies, "--event-log", str(log))
    return engine.run("preview", "--stack", stack, *options, captured=True).stdout


def _plan_of_new(engine: Engine, stack: str, folder: Path) -> str:
    file = path_of(engine.project, stack)
    committed = file.read_bytes()
    with tempfile.TemporaryDirectory(prefix="cmbcluster-storage-") as state:
        backend = {"PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_CONFIG_PASSPHRASE": "none"}
        empty = replace(engine, environment={**engine.environment, **backend})
        try:
            if empty.run("stack", "init", stack, "--no-select").returncode:
                raise GitopsError(f"{stack} is new, and no empty state could be made for it")
            return _plan(empty, stack, folder)
        finally:
            file.write_bytes(committed)  # the engine has written the salt of a state that goes
