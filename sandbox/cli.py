"""The command line of the sandbox: the real `pulumi`, with the right world around it."""

import argparse
import os
import sys
from pathlib import Path

from infra import stack_files
from sandbox import demo
from sandbox.run import Run, RunError
from sandbox.workspace import CHECKOUT, Workspace, folder_of

_EPILOG = """
Any other command of pulumi works as well, and takes pulumi's own options:
  python -m sandbox up --stack aws
  python -m sandbox preview --stack aws --json
  python -m sandbox stack output --stack aws
  python -m sandbox shell --stack aws -c 'pulumi stack --show-urns'

State and emulated clouds are kept in .sandbox/work until `make clean`; SANDBOX_FOLDER names
another folder than .sandbox, to have two worlds beside each other.
"""


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False,  # options that we do not know are pulumi's
        prog="python -m sandbox",
        description="Run the stack without a cloud account: the real engine, emulated clouds.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command",
        help="up, preview, refresh, destroy or another command of pulumi; shell; demo",
    )
    parser.add_argument("-s", "--stack", help="the stack: aws is Pulumi.aws.yaml")
    parser.add_argument(
        "--providers",
        choices=["sandbox", "official"],
        default="sandbox",
        help="the cloud's provider plugin: ours, or the one that pulumi has installed for you",
    )
    args, rest = parser.parse_known_args()
    if args.command == "demo":
        return demo.main()
    stacks = stack_files.stacks(CHECKOUT)
    if args.stack not in stacks:
        parser.error(f"--stack: {args.stack!r} is no stack here; choose one of {', '.join(stacks)}")
    try:
        official = _installed_plugins() if args.providers == "official" else None
        with Run(Workspace(folder_of("work")), args.stack, official) as run:
            if args.command == "shell":
                return run.shell(rest)
            return run.pulumi(args.command, *rest).returncode
    except RunError as error:
        print(error, file=sys.stderr)
        return 1


def _installed_plugins() -> Path:
    home = os.environ.get("PULUMI_HOME") or "~/.pulumi"
    return Path(home).expanduser() / "plugins"
