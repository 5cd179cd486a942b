"""A run: emulators up, `pulumi` as often as wanted, everything down again."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox import clouds, engine
from sandbox.processes import Guard
from sandbox.workspace import Workspace

# These ask before they act; there is nothing real to lose here.
_CONFIRMED = frozenset({"up", "refresh", "destroy", "cancel"})
_DECIDED = frozenset({"--yes", "-y", "--preview-only", "--help", "-h"})


class RunError(Exception):
    """The engine cannot run in the workspace."""


class Run:
    """A workspace with its emulators running; a context manager that ends them."""

    def __init__(self, workspace: Workspace, stack: str, official: Path | None = None) -> None:
        """Take what to run, and how.

        Args:
            workspace: where.
            stack: which one plain commands mean.
            official: a person's installed plugins, to use the cloud's instead of ours.
        """
        self.workspace = workspace
        self.stack = stack
        self._official = official

    def __enter__(self) -> Self:
        """Prepare the workspace, start the emulators and make the stack known.

        Raises:
            RunError: there is no official plugin, or the engine does not take the project;
                then the text is the engine's.
        """
        self.workspace.prepare()
        self._take_official_plugin()
        self._guard = Guard()
        self.emulator = clouds.emulator(self.workspace.cloud(self.stack), self.workspace.emulators)
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

    def _take_official_plugin(self) -> None:
        if self._official is None:
            return
        name = str(self.workspace.cloud(self.stack).get("provider"))
        if not self.workspace.take_official_plugin(name, self._official):
            raise RunError(
                f"the official plugin {name} is not in {self._official}, in the version that the "
                f"SDK wants; `pulumi install` in the checkout installs it"
            )

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
