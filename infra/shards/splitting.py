"""Splitting: whom a shard has beyond so many go to new shards, by the moving command.

One new shard after the other: entries first, then what the states hold, so that each move
sees files and states that differ by its own users only. What is planned is in a file
until it is done; whatever ends the command, it goes on from there.
"""

import contextlib
import json
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from infra import stack_files
from infra.move.command import move
from infra.move.engine import Engine
from infra.shards import editing
from infra.shards.errors import RequestError
from infra.shards.fleet import Shard, fleet, root, shard
from infra.shards.placing import new_names
from infra.shards.writing import text_of, write

Plan = dict[str, list[str]]


def split(project: Path, stack: str, at_most: int, tell: Callable[[str], None]) -> None:
    """Move the last users of a shard to new ones until it has so many.

    Args:
        project: the folder that has Pulumi.yaml.
        stack: the shard.
        at_most: users that each is to have.
        tell: takes each step's words.

    Raises:
        MoveError: the engine could not do it; run it again.
        ShardsError: the stack files do not allow it.
    """
    shards = fleet(project)
    source = shard(shards, stack)
    base = root(shards, stack)
    engine = Engine(project)
    note = project / ".pulumi-move" / f"split-{stack}.json"
    if note.exists():
        plan = left_of(json.loads(note.read_text("utf-8")), shards, source, base)
        tell(f"Going on: {', '.join(plan) or 'no stacks'} are left to be filled.")
        _keep(note, plan)
    else:
        plan = planned(source, base.stack, [one.stack for one in shards], at_most)
        if not plan:
            users = len(source.config.users)
            tell(f"Nothing to split: {source.file} lists {users}, and may {at_most}.")
            return
        _check_state(engine, source, [user for users in plan.values() for user in users])
        _keep(note, plan)
    for target, users in list(plan.items()):
        _edit(project, shards, source, base, target, users)
        tell(f"Pulumi.{target}.yaml lists {len(users)} users; {source.file} does not any more.")
        engine.make(target, stack_files.read(project, target).secrets_provider)
        move(project, users, stack, target)
        del plan[target]
        _keep(note, plan)
    note.unlink()
    with contextlib.suppress(OSError):  # the exports of another move are there as well
        note.parent.rmdir()


def planned(source: Shard, base: str, stacks: Sequence[str], at_most: int) -> Plan:
    """Return who leaves a shard, by the stack that each goes to: its last users."""
    leaving = iter([user.id for user in source.config.users[at_most:]])
    names = new_names(base, stacks)
    plan: Plan = {}
    while users := list(islice(leaving, at_most)):
        plan[next(names)] = users
    return plan


def left_of(plan: Plan, shards: Sequence[Shard], source: Shard, base: Shard) -> Plan:
    """Return what is to be done of a plan, with the stack files as they are now.

    Who has no line any more moves nowhere, and a file that somebody else has written since
    under a planned name is left to them.
    """
    listed = _listed(shards)
    names = new_names(base.stack, [*listed, *plan])
    left: Plan = {}
    for target, planned_users in plan.items():
        there = listed.get(target, ())
        users = [user for user in planned_users if user in (*listed[source.stack], *there)]
        if users:
            is_free = not there or not set(there).isdisjoint(users)
            left[target if is_free else next(names)] = users
    return left


def _listed(shards: Sequence[Shard]) -> dict[str, list[str]]:
    return {one.stack: [user.id for user in one.config.users] for one in shards}


def _check_state(engine: Engine, source: Shard, users: Sequence[str]) -> None:
    """Refuse before any file is written, if somebody cannot be moved."""
    state, scope = engine.state(source.stack), source.config.scope
    slugs = {user.id: user.slug(scope) for user in source.config.users}
    if unmade := [user for user in users if not state.of_user(slugs[user])]:
        raise RequestError(
            f"{unmade[0]}: has an entry in {source.file} and no resources yet, like "
            f"{len(unmade) - 1} others who would move; run `pulumi up --stack {source.stack}` "
            f"first, then this again"
        )


def _edit(
    project: Path,
    shards: Sequence[Shard],
    source: Shard,
    base: Shard,
    target: str,
    users: Sequence[str],
) -> None:
    """Move entries; killed after the first file, they are in both, and are here again."""
    text, entries = editing.without_entries(source.file, text_of(project, source.file), users)
    if not entries:
        return
    name = stack_files.path_of(project, target).name
    there = _listed(shards).get(target)
    if there is None:
        provider = stack_files.read(project, source.stack).secrets_provider
        filled = editing.new_file(base.stack, provider, entries)
    else:
        lacking = [one for one in entries if one.user not in there]
        filled = editing.with_entries(name, text_of(project, name), lacking)
    write(project, {name: filled, source.file: text}, source.config.scope)


def _keep(note: Path, plan: Plan) -> None:
    note.parent.mkdir(exist_ok=True)
    unfinished = note.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(plan), "utf-8")
    unfinished.replace(note)
