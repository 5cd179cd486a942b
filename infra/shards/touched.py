"""Touched: which stacks a change concerns, and whom it would lose.

A stack's preview depends on what its own file says, on what it takes over from others, and on
the program; `review` is for whoever reads previews. A stack whose file goes cannot be
previewed, and goes on to exist with all of its users: nobody would look after them any more.
"""

import json
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from infra import stack_files
from infra.commits import Commits
from infra.config import ConfigError, read
from infra.settings import Review
from infra.shards.errors import FoundError, RequestError
from infra.shards.fleet import check_names
from infra.shards.program import changes_program
from infra.stack_files import PROJECT, StackFileError, path_of

_REVIEW = f"{PROJECT}:review"

# Source: https://docs.github.com/en/actions/reference/limits
JOBS = 256


@dataclass(frozen=True)
class Touched:
    """What a diff means for the stacks.

    Attributes:
        stacks: those that it concerns, sorted.
        gone: those whose files are deleted and whose users all have a line elsewhere.
    """

    stacks: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def hints(self) -> list[str]:
        """What is to be done about each that is gone: whom its state has, a removal would lose."""
        return [
            f"Pulumi.{stack}.yaml is deleted and all of its users have a line elsewhere. Whom the "
            f"stack still has must be moved first: put the file back with no users in it, and run "
            f"python -m infra.move. {_ending(stack)} end it, never with --force"
            for stack in self.gone
        ]


def touched(project: Path, base: str, head: str) -> Touched:
    """Return which stacks the change from one commit to another concerns.

    Args:
        project: the folder that has Pulumi.yaml.
        base: the commit before it.
        head: the commit with it.

    Raises:
        FoundError: a file is deleted, and users of it have no line elsewhere.
        CommitError: there is no such commit.
        RequestError: a stack file is none, or its name no stack's, or where one is deleted,
            another cannot be used.
    """
    commits = Commits(project)
    before, after = commits.commit(base), commits.commit(head)
    changed = commits.changed(before, after)
    with tempfile.TemporaryDirectory(prefix="cmbcluster-storage-") as folder:
        sides = Path(folder, "base"), Path(folder, "head")
        for side in sides:
            side.mkdir()
        commits.write_stack_files(before, sides[0])
        if links := commits.write_stack_files(after, sides[1]):
            raise RequestError(f"{json.dumps(links[0])}: is no file in {after}; commit it as one")
        return _between(*sides, changed)


def _between(base: Path, head: Path, changed: Collection[str]) -> Touched:
    there = stack_files.stacks(head)
    check_names(there)
    gone = sorted(set(stack_files.stacks(base)) - set(there))
    if gone:
        _check_gone(base, head, gone)
    if changes_program(changed):
        return Touched(tuple(there), tuple(gone))
    before = {stack: _said(base, stack) for stack in stack_files.stacks(base)}
    stacks = [stack for stack in there if before.get(stack) != _said(head, stack)]
    return Touched(tuple(stacks), tuple(gone))


def _said(folder: Path, stack: str) -> object:
    """Return all that a stack's preview takes from files, or why it cannot."""
    try:
        own = stack_files.read(folder, stack)
        values, _ = stack_files.extended(folder, stack, own.values)
    except StackFileError as error:
        return str(error), path_of(folder, stack).read_bytes()
    return own.settings, own.secret_keys, _without_review(values)


def _without_review(values: Mapping[str, str]) -> Mapping[str, str]:
    """Leave out what no resource is made of, unless the program would refuse it."""
    try:
        Review.model_validate_json(values.get(_REVIEW) or "{}")
    except ValidationError:
        return values
    return {key: value for key, value in values.items() if key != _REVIEW}


def _check_gone(base: Path, head: Path, gone: list[str]) -> None:
    """Refuse to forget users: their buckets, roles and volumes go on to exist."""
    listed = {one for stack in stack_files.stacks(head) for one in _users(head, stack)}
    problems = []
    for stack in gone:
        lost = [user for user, bucket in _users(base, stack) if (user, bucket) not in listed]
        if lost:
            name = path_of(base, stack).name
            problems.append(
                f"{name}: is deleted and lists {_counted(lost)}; the stack {stack} goes on to "
                f"exist with all that is theirs, and nobody would look after it. Put the file "
                f"back. To move users, run python -m infra.move; to delete them, write state: "
                f"deleted, run up, drop their lines, run up again. {_ending(stack)} end it; "
                f"delete the file last"
            )
    if problems:
        raise FoundError("\n".join(problems))


def _ending(stack: str) -> str:
    # The providers are left, and the engine's own advice then is --force.
    return (
        f"When {stack} has nobody any more, `pulumi destroy --stack {stack}` and `pulumi "
        f"stack rm {stack} --preserve-config`"
    )


def _users(folder: Path, stack: str) -> list[tuple[str, str]]:
    """Return id and bucket of each: of that id in another hub is somebody else."""
    try:
        config = read(folder, stack)
    except ConfigError as error:
        side = folder.name
        raise RequestError(
            f"a stack file is deleted, and whether its users have lines elsewhere cannot be told: "
            f"{path_of(folder, stack).name} of {side}: {error}"
        ) from error
    return [(user.id, user.bucket_name(config.cloud, config.platform)) for user in config.users]


def _counted(users: list[str]) -> str:
    first, more = ", ".join(users[:3]), len(users) - 3
    return f"{first} and {more} more" if more > 0 else first


def jobs(stacks: Sequence[str]) -> list[str]:
    """Return the stacks of each job of a CI matrix: one, or several with blanks between."""
    count = min(len(stacks), JOBS)
    return [" ".join(stacks[first::count]) for first in range(count)]
