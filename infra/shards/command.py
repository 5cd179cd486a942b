"""The command line: `python -m infra.shards touched|check|place|split|list`.

What a program reads is on stdout, words for people beside it on stderr.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from infra import exit_codes
from infra.commits import CommitError
from infra.move.errors import EngineError, MoveError
from infra.shards.check import problems, uses
from infra.shards.errors import FoundError, ShardsError
from infra.shards.fleet import fleet, of_scope, root
from infra.shards.listing import table
from infra.shards.placing import place
from infra.shards.splitting import split
from infra.shards.touched import JOBS, jobs, touched
from infra.stack_files import StackFileError, project_folder

_EPILOG = f"""\
{exit_codes.HELP}
  python -m infra.shards touched "$(git merge-base origin/main HEAD)"
  python -m infra.shards check
  python -m infra.shards place carol dave@example.org --in aws
  python -m infra.shards split aws --at-most 40
"""

_TOUCHED = f"""\
Print which stacks the change from one commit to another concerns, as a JSON array for the
matrix of a CI job: those whose own file says something else, those that take over (extends,
at any remove) what has changed in another file, and all if the program or its policies have
changed. A parent whose users alone have changed touches nobody else, and limits and consent
(review) touch nobody. Files are read at the commits.

A matrix has at most {JOBS} jobs: of more stacks, an element of the array is several names
with blanks between.

A file that is deleted has no preview, and its stack goes on to exist: that is refused
unless all of its users have a line elsewhere.
"""

_CHECK = """\
Read every stack file and say what is wrong in each, and in them together: a user or bucket
in two files of one hub, ids that look alike, manifests of two hubs in one folder, and what
accounts, projects and clusters do not have so many of. What comes near to a limit is told.
"""

_PLACE = """\
Write an entry for each user who has none: into the shards with these settings that have
room, first the one that the others take them over from, then in the order of their names,
then into new ones. Nobody else moves.
"""

_SPLIT = """\
Move the last users of a shard to new shards, each with at most so many: entries and what
the states hold, by the moving command (python -m infra.move --help), in a checkout of the
branch that is to have it and before any `pulumi up`. Ended at any moment, the same command
goes on where it was.
"""

_LIST = """\
Print how many users each stack file lists, and how many resources that makes. It reads the
files alone: what the last `up` has made, `pulumi stack` tells.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    args = _parser().parse_args(arguments)
    return exit_codes.exit_code(
        lambda: args.run(project_folder(Path.cwd()), args) or exit_codes.DONE,
        failed=(EngineError, FoundError),
        wrong=(CommitError, MoveError, ShardsError, StackFileError, OSError),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.shards",
        description="All stack files of a checkout at once.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
        own = commands.add_parser(
            name,
            help=text.partition(":")[0].partition(".")[0].replace("\n", " "),
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        own.set_defaults(run=run)
        return own

    command("touched", _touched, _TOUCHED).add_argument("base", metavar="BASE")
    commands.choices["touched"].add_argument("head", metavar="HEAD", nargs="?", default="HEAD")
    command("check", _check, _CHECK)
    own = command("place", _place, _PLACE)
    own.add_argument("users", nargs="+", metavar="USER", help="an id, as the hub knows it")
    _at_most(own)
    own = command("split", _split, _SPLIT)
    own.add_argument("stack", metavar="STACK")
    _at_most(own)
    command("list", _list, _LIST)
    for name in ("check", "place", "list"):
        commands.choices[name].add_argument(
            "--in", dest="stack", metavar="STACK", help="only the hub that this stack is of"
        )
    return parser


def _at_most(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--at-most", type=_positive, default=50, metavar="N", help="users of a shard; 50"
    )


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("write a number from 1 on")
    return number


def _touched(project: Path, args: argparse.Namespace) -> None:
    found = touched(project, args.base, args.head)
    for hint in found.hints:
        _tell(hint)
    if len(found.stacks) > JOBS:
        _tell(f"{len(found.stacks)} stacks in {JOBS} jobs: a matrix has no more")
    print(json.dumps(jobs(found.stacks)))


def _check(project: Path, args: argparse.Namespace) -> None:
    shards = fleet(project)
    if args.stack is not None:
        shards = of_scope(shards, root(shards, args.stack).config.scope)
    for use in uses(shards):
        if use.warning:
            _tell(use.warning)
    if found := problems(shards):
        raise FoundError("\n".join(found))
    users = sum(len(one.config.users) for one in shards)
    print(f"{len(shards)} stack files with {users} users are right together.")


def _place(project: Path, args: argparse.Namespace) -> None:
    placed = place(project, args.users, args.stack, args.at_most)
    for user, file in placed.already.items():
        _tell(f"{user}: is in {file} already")
    for stack, users in placed.users.items():
        print(f"Pulumi.{stack}.yaml: {', '.join(users)}")
    for stack in placed.made:
        _tell(f"{stack} is new: `pulumi stack init {stack}` before its first `pulumi up`")


def _split(project: Path, args: argparse.Namespace) -> None:
    split(project, args.stack, args.at_most, lambda text: print(text, flush=True))


def _list(project: Path, args: argparse.Namespace) -> None:
    shards = fleet(project)
    if args.stack is not None:
        shards = of_scope(shards, root(shards, args.stack).config.scope)
    print("\n".join(table(shards)))


def _tell(text: str) -> None:
    print(text, file=sys.stderr)
