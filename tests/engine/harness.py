"""A stack of a test's own: real engine, emulated clouds, a folder that is thrown away."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import yaml

from sandbox.run import Run
from sandbox.workspace import CHECKOUT, Workspace

STACK = "aws"


class Stack:
    """One running workspace, and what tests do with it."""

    def __init__(self, folder: Path) -> None:
        self.stack_files = folder / "stack-files"
        if not self.stack_files.exists():
            self.stack_files.mkdir(parents=True)
            for source in CHECKOUT.glob("Pulumi*.yaml"):
                shutil.copy(source, self.stack_files)
        self.workspace = Workspace(folder / "workspace", self.stack_files)
        self.run = Run(self.workspace, STACK)

    def pulumi(self, *arguments: str) -> str:
        done = self.run.pulumi(*arguments, captured=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def failing(self, *arguments: str) -> str:
        done = self.run.pulumi(*arguments, captured=True)
        assert done.returncode != 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Edit the stack file as an operator would."""
        path = self.stack_files / f"Pulumi.{STACK}.yaml"
        settings = yaml.safe_load(path.read_text("utf-8"))
        change(settings)
        path.write_text(yaml.safe_dump(settings), "utf-8")
        self.workspace.prepare()

    def restore(self) -> None:
        shutil.copy(CHECKOUT / f"Pulumi.{STACK}.yaml", self.stack_files)
        self.workspace.prepare()

    def steps(self, *arguments: str) -> dict[str, str]:
        """Return resource name to step of an update, without those that stay."""
        events = map(json.loads, self.pulumi(*arguments, "--json", "--skip-preview").splitlines())
        metadata = [
            event["resOutputsEvent"]["metadata"] for event in events if "resOutputsEvent" in event
        ]
        return {
            step["urn"].rpartition("::")[2]: step["op"] for step in metadata if step["op"] != "same"
        }

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.pulumi("stack", "output", "--json"))

    def client(self, service: str) -> Any:
        environment = self.run.environment
        return boto3.client(
            service,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )
