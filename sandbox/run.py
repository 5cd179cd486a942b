"""A run: emulators up, `pulumi` as often as wanted, everything down again."""

import os
import subprocess
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from sandbox import engine
from sandbox.emulator import Emulator
from sandbox.processes import Guard
from sandbox.workspace import Workspace

# These ask before they act; there is nothing real to lose here.
_CONFIRMED = frozenset({"up", "refresh", "destroy", "cancel"})
_DECIDED = frozenset({"--yes", "-y", "--preview-only", "--help", "-h"})


class RunError(Exception):
    """The engine cannot run in the workspace."""


class Run:
    """A workspace with its emulators running; a context manager that ends them."""

    def __init__(self, workspace: Workspace, stack: str) -> None:
        """Take what to run, and which stack plain commands mean."""
        self.workspace = workspace
        self.stack = stack

    def __enter__(self) -> Self:
        """Prepare the workspace, start the emulators and make the stack known.

        Raises:
            RunError: the engine does not take the project; the text is the engine's.
        """
        self.workspace.prepare()
        self._guard = Guard()
        self.emulator = Emulator(
            self.workspace.emulators / "aws", self.workspace.account_id(self.stack)
        )
        self.environment = self.workspace.environment(self.stack, self.emulator.url)
        if not self.workspace.has_stack(self.stack):
            made = self.pulumi("stack", "init", self.stack, captured=True)
            if made.returncode:
                self._close()
                raise RunError(made.stderr.strip())
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End everything that was started; the emulators' contents are kept."""
        self._close()

    def _close(self) -> None:
        self.emulator.close()
        self._guard.close()

    def pulumi(self, *arguments: str, captured: bool = False) -> subprocess.CompletedProcess[str]:
        """Run `pulumi`, its options as given; what it would ask is answered with yes."""
        command = [str(engine.path()), *arguments]
        if arguments[0] in _CONFIRMED and not _DECIDED & set(arguments):
            command.append("--yes")
        return self._run(command, self.environment, captured)

    def shell(self, arguments: list[str]) -> int:
        """Run the user's shell where plain `pulumi` works; return its exit code."""
        shell = [os.environ.get("SHELL", "/bin/sh"), *arguments]
        return self._run(shell, self.environment, captured=False).returncode

    def command(
        self, command: list[str], environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in an environment of its own, its output captured."""
        return self._run(command, environment, captured=True)

    def _run(
        self, command: list[str], environment: Mapping[str, str], captured: bool
    ) -> subprocess.CompletedProcess[str]:
        return self._guard.run(
            command, cwd=self.workspace.project, env=environment, captured=captured
        )
