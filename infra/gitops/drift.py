"""Drift: what the cloud has and the state does not, as one report for each stack."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from infra.gitops.engine import Engine
from infra.review.markdown import block, code

_ROOM = 60_000  # bytes; GitHub takes 65,536 characters
_COMMAND = ("refresh", "--preview-only", "--expect-no-changes", "--diff", "--color", "never")
_CHANGES = 7  # the engine's exit code where there are changes, and none were expected

# Without the variable the engine would give the stack another key, by a passphrase.
_REPAIR = "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER=true pulumi up --refresh"
_TOLD = code(" ".join(["pulumi", *_COMMAND[:2]]))
_LATER = "This issue is updated, and closed when nothing differs."


class Looked(NamedTuple):
    """Which stacks have drifted, and where it cannot be told."""

    drifted: list[str]
    failed: list[str]


def mark(stack: str) -> str:
    """Return by what the one issue of a stack is found again."""
    return f"<!-- cmbcluster-storage drift: {stack} -->"


def title(report: str) -> str:
    """Return what the issue of a report is called: its heading, as plain text."""
    return report.splitlines()[2].removeprefix("## ").replace("`", "")


def look(engine: Engine, stacks: Sequence[str], folder: Path) -> Looked:
    """Write STACK.md for each, empty if nothing has drifted.

    Args:
        engine: with an identity that reads; nothing is changed and no lock is taken.
        stacks: their names.
        folder: of the reports.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = Looked([], [])
    for stack in stacks:
        done = engine.run(*_COMMAND, "--stack", stack, captured=True)
        text = ""
        if done.returncode == _CHANGES:
            found.drifted.append(stack)
            text = _drifted(stack, done.stdout)
        elif done.returncode:
            found.failed.append(stack)
            text = _failed(stack, done.stdout)
        (folder / f"{stack}.md").write_text(text, "utf-8")
    return found


def _drifted(stack: str, printed: str) -> str:
    told = block(printed.splitlines(), "diff", _ROOM)
    return (
        f"{mark(stack)}\n\n## Drift: {code(stack)}\n\n"
        f"{_TOLD} finds what somebody has changed by hand:\n\n{told}\n\n"
        f"What differs is repaired by {code(f'{_REPAIR} --stack {stack}')}, or becomes the stack "
        f"file's by a pull request. {_LATER}\n"
    )


def _failed(stack: str, printed: str) -> str:
    told = block(printed.splitlines(), "text", _ROOM)
    return (
        f"{mark(stack)}\n\n## Nobody can look for drift: {code(stack)}\n\n"
        f"{_TOLD} fails, so what somebody has changed by hand is not known. The log of the job "
        f"says more than this:\n\n{told}\n\n{_LATER}\n"
    )
