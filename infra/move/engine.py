"""The engine: the `pulumi` on PATH, as it is set up for this project.

Its backend, credentials and passphrase are the environment's. What it prints is kept
and told only if it fails.
"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from infra.move.errors import EngineError, RequestError
from infra.move.states import State

_TERSE = ("--suppress-outputs", "--suppress-progress")


class Engine:
    """`pulumi` in one project's folder."""

    def __init__(self, folder: Path) -> None:
        """Take the folder that has Pulumi.yaml.

        Raises:
            EngineError: there is no `pulumi` on PATH.
        """
        self._folder = folder
        program = shutil.which("pulumi")
        if program is None:
            raise EngineError(
                "there is no `pulumi` on PATH; install it: https://www.pulumi.com/docs/install/"
            )
        self._program = program

    def look_at_lock(self, stack: str) -> None:
        """Make sure that nobody is changing a stack.

        Renaming a stack to the name that it has takes the lock like every change does,
        and is then refused: it changes nothing.

        Raises:
            EngineError: it is locked.
        """
        told = self._run("stack", "rename", stack, "--stack", stack).stderr
        if "currently locked" in told:  # whatever else is wrong, the export says better
            raise EngineError(
                f"{stack} is locked, and nothing was changed; wait, or if its holder is gone, "
                f"`pulumi cancel --stack {stack}`\n{told.strip()}"
            )

    def make(self, stack: str, secrets_provider: str) -> None:
        """Make a stack, unless there is one.

        Args:
            stack: its name; its file is there already.
            secrets_provider: what encrypts its secrets, "" for a passphrase.
        """
        options = ("--secrets-provider", secrets_provider) if secrets_provider else ()
        done = self._run("stack", "init", stack, "--no-select", *options)
        if "already exists" not in done.stderr:
            _checked(done)

    def state(self, stack: str) -> State:
        """Return a stack's state as it is now.

        Raises:
            RequestError: there is no such stack.
        """
        done = self._run("stack", "export", "--stack", stack)
        if "no stack named" in done.stderr:
            raise RequestError(
                f"{stack}: this backend has no such stack; `pulumi stack init {stack} "
                f"--no-select` makes it, `pulumi login` changes the backend"
            )
        return State(stack, _checked(done).stdout)

    def restore(self, stack: str, file: Path) -> None:
        """Write an exported state over a stack's own."""
        self._change("stack", "import", "--stack", stack, "--file", str(file))

    def move(self, source: str, target: str, urns: Sequence[str]) -> None:
        """Move resources; the target is saved first, so that they are always in one of them."""
        self._change("state", "move", "--yes", "--source", source, "--dest", target, *urns)

    def forget(self, stack: str, urns: Sequence[str]) -> None:
        """Take resources out of a state, all at once; they go on to exist."""
        # --force: the guards are protected, against just this, wherever else it is done.
        self._change("state", "delete", "--yes", "--force", "--stack", stack, *urns)

    def changes(self, stack: str) -> str:
        """Return what a preview prints if it has changes or fails, else nothing."""
        done = self._run("preview", "--stack", stack, "--expect-no-changes", *_TERSE)
        return f"{done.stdout}{done.stderr}".strip() if done.returncode else ""

    def _change(self, *arguments: str) -> None:
        _checked(self._run(*arguments))

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._program, "--non-interactive", *arguments],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def _checked(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    if done.returncode:
        command = " ".join(done.args[2:4])
        raise EngineError(f"`pulumi {command}` failed:\n{done.stdout}{done.stderr}".strip())
    return done
