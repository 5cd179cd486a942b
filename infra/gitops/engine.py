"""The engine of a pipeline: `pulumi` with its backend's settings, or the sandbox in its place.

Both take the same commands. What they print goes to the log of the job; only what is read
further is captured.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# A stack whose file has no encryption key, since a run of the pipeline made it, has it in its
# state; and with this the engine lets itself be asked for a log of events.
_SETTINGS = {"PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true", "PULUMI_DEBUG_COMMANDS": "true"}

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Engine:
    """Who runs commands, and where.

    Attributes:
        project: the folder that has Pulumi.yaml.
        command: `pulumi`, or what takes its place.
        environment: what differs from that of this process.
    """

    project: Path
    command: tuple[str, ...] = ("pulumi",)
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_sandbox(self) -> bool:
        """Whether no cloud is asked; it then makes stacks by itself."""
        return self.command != ("pulumi",)

    @property
    def policies(self) -> tuple[str, str]:
        """The options by which a run is judged by the checkout's policy pack."""
        return "--policy-pack", str(self.project.resolve() / "policy")

    def run(self, *arguments: str, captured: bool = False) -> Done:
        """Run a command; its stderr is the job's in any case.

        Args:
            arguments: of `pulumi`.
            captured: whether stdout is returned.
        """
        return subprocess.run(
            [*self.command, *arguments, "--non-interactive"],
            cwd=self.project,
            env=os.environ | _SETTINGS | dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if captured else None,
            text=True,
            check=False,
        )

    def lacks(self, stack: str) -> bool:
        """Tell whether the backend has no such stack: its file is new."""
        if self.is_sandbox:
            return False
        done = subprocess.run(
            [*self.command, "stack", "--show-name", "--stack", stack, "--non-interactive"],
            cwd=self.project,
            env=os.environ | dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        # Whatever else is wrong, the run itself says better.
        return done.returncode != 0 and "no stack named" in done.stderr


def sandbox(project: Path, environment: Mapping[str, str]) -> Engine:
    """Return the sandbox of a checkout as an engine."""
    return Engine(project, (sys.executable, "-m", "sandbox"), environment)
