"""Updates: `up` of each stack of a commit, unless a later commit decides over it.

Runs may be approved, or get their turn, in another order than commits were merged. So a run
works in a checkout of the branch as it is, and leaves alone what has changed since its own
commit: that commit's own run does it.
"""

from collections.abc import Sequence
from pathlib import Path

from infra.gitops.engine import Engine
from infra.shards.touched import touched


def update(engine: Engine, stacks: Sequence[str], secrets_provider: str) -> list[str]:
    """Run `up` of every stack, whatever happens to the others, and return those that failed.

    Args:
        engine: with an identity that may change.
        stacks: their names.
        secrets_provider: of a stack that is new, in the engine's words; empty for a passphrase.
    """
    return [stack for stack in stacks if not _updated(engine, stack, secrets_provider)]


def _updated(engine: Engine, stack: str, secrets_provider: str) -> bool:
    if engine.lacks(stack):
        provider = ("--secrets-provider", secrets_provider) if secrets_provider else ()
        if engine.run("stack", "init", stack, "--no-select", *provider).returncode:
            return False
    # One user whose bucket cannot be made does not stop the others of the stack.
    options = ("--yes", "--continue-on-error", *engine.policies)
    return engine.run("up", "--stack", stack, *options).returncode == 0


def left_alone(project: Path, commit: str, stacks: Sequence[str]) -> list[str]:
    """Return those of the stacks that the change between a commit and HEAD concerns.

    Raises:
        ShardsError: it cannot be told.
    """
    since = touched(project, commit, "HEAD")
    return [stack for stack in stacks if stack in (*since.stacks, *since.gone)]
