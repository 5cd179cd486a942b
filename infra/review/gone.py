"""Gone: stacks whose files a pull request deletes, while their states may hold users. Pure.

Nothing previews such a stack. That a user was not moved shows where the user is now: there
the bucket would be made, or taken over, which the stack that is gone has as well.
"""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from infra.review.effects import Effect
from infra.review.plans import Plan


@dataclass(frozen=True)
class Gone:
    """One such stack, by its file on the base branch.

    Attributes:
        stack: its name.
        users: the ids of those whom the file lists, with their buckets' names.
    """

    stack: str
    users: Mapping[str, str]


def plans(gone: Iterable[Gone], effects: Iterable[Effect]) -> Iterator[Plan]:
    """Yield a plan that failed for each stack that still has somebody who comes elsewhere.

    Args:
        gone: the stacks.
        effects: on all users of the others.
    """
    coming = [effect for effect in effects if effect.gets_bucket]
    for one in gone:
        left = set(one.users.values())
        targets: dict[str, list[str]] = {}
        for effect in coming:
            if effect.bucket in left:
                targets.setdefault(effect.stack, []).append(effect.user)
        if targets:
            yield Plan(one.stack, users=one.users, errors=(_cure(one.stack, targets),))


def _cure(stack: str, targets: Mapping[str, list[str]]) -> str:
    told = [
        f"Pulumi.{stack}.yaml is gone, and what the stack has cannot be seen without it. Put it "
        f"back with no users in it, and move them before merging; delete it when the stack is "
        f"empty:"
    ]
    for target, users in targets.items():
        # All at once, since a move ends with previews without changes; a long line would be cut.
        command = f"python -m infra.move --from {stack} --to {target}"
        told.append(" \\\n    ".join([f"  {command}", *map(shlex.quote, users)]))
    return "\n".join(told)
