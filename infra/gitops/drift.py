"""Drift: what the cloud has and the state does not, as one report for each stack."""

from collections.abc import Sequence
from pathlib import Path

from infra.gitops.engine import Engine
from infra.review.markdown import block, code

_ROOM = 60_000  # bytes; GitHub takes 65,536 characters
_COMMAND = ("refresh", "--preview-only", "--expect-no-changes", "--diff", "--color", "never")


def mark(stack: str) -> str:
    """Return by what the one issue of a stack is found again."""
    return f"<!-- cmbcluster-storage drift: {stack} -->"


def look(engine: Engine, stacks: Sequence[str], folder: Path) -> list[str]:
    """Write STACK.md for each, empty if nothing has drifted, and return those that have.

    Args:
        engine: with an identity that reads; nothing is changed and no lock is taken.
        stacks: their names.
        folder: of the reports.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drifted: list[str] = []
    for stack in stacks:
        done = engine.run(*_COMMAND, "--stack", stack, captured=True)
        text = _report(stack, done.stdout) if done.returncode else ""
        (folder / f"{stack}.md").write_text(text, "utf-8")
        drifted += [stack] if text else []
    return drifted


def _report(stack: str, printed: str) -> str:
    told = block(printed.splitlines(), "diff", _ROOM)
    return (
        f"{mark(stack)}\n\n{code(' '.join(['pulumi', *_COMMAND[:2]]))} of {code(stack)} found what "
        f"somebody has changed by hand, or failed:\n\n{told}\n\nWhat differs is repaired by "
        f"{code(f'pulumi up --refresh --stack {stack}')}, or becomes the stack file's by a pull "
        "request. This issue is updated, and closed when nothing differs any more.\n"
    )
