"""The command line: `python -m infra.gitops matrix|preview|review|comment|up|drift|issues`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from infra import exit_codes, stack_files
from infra.commits import CommitError
from infra.gitops import drift, offline, previews, updates
from infra.gitops.engine import Engine, sandbox
from infra.gitops.errors import GitopsError
from infra.gitops.github import Repository
from infra.shards.errors import FoundError, ShardsError
from infra.shards.fleet import check_names
from infra.shards.touched import JOBS, jobs, touched
from infra.stack_files import StackFileError, project_folder

_TOGETHER = 10  # stacks of one job, where nobody waits for it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    args = _parser().parse_args(arguments)
    return exit_codes.exit_code(
        lambda: args.run(project_folder(Path.cwd()), args),
        failed=(FoundError, GitopsError),
        wrong=(CommitError, ShardsError, StackFileError, OSError),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.gitops",
        description="The steps of the workflows; each runs on any machine.",
        epilog=exit_codes.HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
        own = commands.add_parser(name, help=text, description=text)
        own.set_defaults(run=run)
        return own

    own = command("matrix", _matrix, "print the stacks that a change concerns, for $GITHUB_OUTPUT")
    own.add_argument(
        "base",
        nargs="?",
        default="",
        metavar="COMMIT",
        help="before it; all stacks without one, or with the zeros that a new branch begins at",
    )

    own = command("preview", _preview, "write a plan of each stack")
    own.add_argument("--offline", metavar="COMMIT", help="in the sandbox, from this commit on")
    _folder(own, "--to")
    own = command("review", _review, "print the comment on plans: see python -m infra.review")
    own.add_argument("--base", required=True, metavar="COMMIT")
    _folder(own, "--from")
    own = command("up", _up, "bring each stack to where its file is")
    own.add_argument("--of", metavar="COMMIT", help="leave alone what has changed since then")
    own.add_argument("--secrets-provider", default="", help="of stacks that are new")
    own = command("drift", _drift, "write a report on each stack, empty without drift")
    _folder(own, "--to")
    for name in ("up", "drift"):
        commands.choices[name].add_argument("--sandbox", action="store_true", help="no cloud")
    own = command("issues", _issues, "open, update or close the issue of each stack")
    own.add_argument("--repository", required=True, metavar="OWNER/NAME")
    _folder(own, "--from")
    for name in ("preview", "review", "up", "drift", "issues"):
        commands.choices[name].add_argument(
            "stacks", type=str.split, metavar="STACKS", help="one, or several with blanks between"
        )

    own = command("comment", _comment, "write the comment of a pull request, over the last one")
    own.add_argument("--repository", required=True, metavar="OWNER/NAME")
    own.add_argument("--pull-request", required=True, type=int, metavar="NUMBER")
    own.add_argument("file", type=Path, metavar="FILE")
    return parser


def _folder(parser: argparse.ArgumentParser, option: str) -> None:
    parser.add_argument(option, dest="folder", required=True, type=Path, metavar="FOLDER")


def _matrix(project: Path, args: argparse.Namespace) -> int:
    if args.base.strip("0"):
        found = touched(project, args.base, "HEAD")
        for hint in found.hints:
            print(hint, file=sys.stderr)
        elements = jobs(found.stacks)
    else:
        stacks = stack_files.stacks(project)
        check_names(stacks)
        count = min(-(-len(stacks) // _TOGETHER), JOBS)
        elements = [" ".join(stacks[first::count]) for first in range(count)]
    print(f"stacks={json.dumps(elements)}")
    return exit_codes.DONE


def _preview(project: Path, args: argparse.Namespace) -> int:
    if args.offline:
        with offline.world(project, args.offline, args.stacks) as engine:
            previews.preview(engine, args.stacks, args.folder)
    else:
        previews.preview(Engine(project), args.stacks, args.folder)
    return exit_codes.DONE


def _review(project: Path, args: argparse.Namespace) -> int:
    return previews.verdict(args.base, args.stacks, args.folder)


def _comment(project: Path, args: argparse.Namespace) -> int:
    Repository(args.repository).write_comment(
        args.pull_request, args.file.read_text("utf-8", "replace")
    )
    return exit_codes.DONE


def _up(project: Path, args: argparse.Namespace) -> int:
    later = updates.left_alone(project, args.of, args.stacks) if args.of else []
    for stack in later:
        print(
            f"{stack}: left alone: a later commit concerns it; if GitHub has cancelled the run of "
            "that one, run it again",
            file=sys.stderr,
        )
    stacks = [stack for stack in args.stacks if stack not in later]
    failed = updates.update(_engine(project, args), stacks, args.secrets_provider)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return exit_codes.FAILED if failed or later else exit_codes.DONE


def _drift(project: Path, args: argparse.Namespace) -> int:
    found = drift.look(_engine(project, args), args.stacks, args.folder)
    print(f"drifted: {', '.join(found.drifted) or 'none'}")
    if found.failed:
        print(f"failed: {', '.join(found.failed)}", file=sys.stderr)
    return exit_codes.FAILED if found.failed else exit_codes.DONE


def _issues(project: Path, args: argparse.Namespace) -> int:
    Repository(args.repository).write_issues(args.stacks, args.folder)
    return exit_codes.DONE


def _engine(project: Path, args: argparse.Namespace) -> Engine:
    return sandbox(project, {}) if args.sandbox else Engine(project)
