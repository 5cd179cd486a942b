"""Fleets: workspaces in which so many users exist, all but one shard of them by copying.

One shard is made by the engine. Everything else is that shard's with other names: the
records of the emulator, the objects of the cluster, the states of the other stacks. So
what a run finds is what hundreds of `up` would have left, after seconds.
"""

import pickle
import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from cmbcluster_storage import names

from infra import config
from sandbox.workspace import CHECKOUT, Workspace

PER_SHARD = 50
_PROJECT = "cmbcluster-storage"


def user(number: int) -> str:
    """Return an id; all are of one length."""
    return f"user-{number:05}@example.org"


def shard_of(stack: str, number: int) -> str:
    """Return a shard's name; the first is the one whose settings the others take over."""
    return stack if number == 0 else f"{stack}-{number + 1:03}"


def measured(stack: str) -> str:
    """Return the shard that the engine makes and is measured: the second."""
    return shard_of(stack, 1)


def write_stack_files(folder: Path, stack: str, users: int) -> None:
    """Write the stack files of a fleet."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(CHECKOUT / "Pulumi.yaml", folder)
    first = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text("utf-8"))["config"]
    for number in range(users // PER_SHARD):
        own = first if number == 0 else {f"{_PROJECT}:extends": stack}
        listed = {f"{_PROJECT}:users": [user(one) for one in _users_of(number)]}
        text = yaml.safe_dump({"config": own | listed}, sort_keys=False)
        (folder / f"Pulumi.{shard_of(stack, number)}.yaml").write_text(text, "utf-8")


def fleet(seed: Path, folder: Path, stack: str, users: int) -> Workspace:
    """Return a workspace with a fleet.

    Args:
        seed: the folder of one in which the measured shard was made, and nothing else.
        folder: where it is made.
        stack: whose settings they have.
        users: how many; a multiple of 50, and 100 at least.
    """
    shutil.copytree(seed, folder, symlinks=True)
    write_stack_files(folder / "stack-files", stack, users)
    made = Workspace(folder / "workspace", folder / "stack-files")
    made.prepare()
    scope = config.read(made.project, stack).scope
    ours = _users_of(1)
    names_of = {number: _names(scope, number) for number in range(users)}
    others = [names_of[number] for number in names_of if number not in ours]
    template = names_of[ours[0]]
    if stack == "gcp":
        _fill_gcs(made.emulators / "gcs", template, others)
    else:
        _fill_aws(made.emulators / "aws", template, others)
    _fill_cluster(made.clusters, template, others)
    _fill_states(folder, stack, users, names_of)
    return made


def _users_of(shard: int) -> range:
    return range(shard * PER_SHARD, (shard + 1) * PER_SHARD)


def _names(scope: str, number: int) -> tuple[str, ...]:
    """Return what a user is called, anywhere."""
    id_ = user(number)
    return names.user_name(scope, id_), names.user_slug(scope, id_), id_


def _fill_aws(state: Path, template: tuple[str, ...], others: Iterable[tuple[str, ...]]) -> None:
    stores: dict[str, dict[Any, Any]] = pickle.loads(state.read_bytes())  # noqa: S301 - ours
    theirs = {
        name: [item for item in store.items() if template[0] in repr(item[0])]
        for name, store in stores.items()
    }
    for other in others:
        for name, items in theirs.items():
            for key, value in items:
                stores[name][_renamed(key, template, other)] = _renamed(value, template, other)
    state.write_bytes(pickle.dumps(stores))


def _fill_gcs(state: Path, template: tuple[str, ...], others: Iterable[tuple[str, ...]]) -> None:
    with sqlite3.connect(state) as database:
        rows = database.execute(
            "SELECT kind, key, record, data FROM records WHERE instr(key, ?)", (template[0],)
        ).fetchall()
        database.executemany(
            "INSERT INTO records VALUES (?, ?, ?, ?)",
            (_renamed(row, template, other) for other in others for row in rows),
        )
    database.close()


def _fill_cluster(
    clusters: Path, template: tuple[str, ...], others: Iterable[tuple[str, ...]]
) -> None:
    objects = [(path, path.read_text("utf-8")) for path in clusters.rglob(f"*{template[0]}*")]
    for other in others:
        for path, text in objects:
            name = _renamed(path.name, template, other)
            path.with_name(name).write_text(_renamed(text, template, other), "utf-8")


def _fill_states(
    folder: Path, stack: str, users: int, names_of: Mapping[int, tuple[str, ...]]
) -> None:
    states = folder / f"workspace/state/.pulumi/stacks/{_PROJECT}"
    text = (states / f"{measured(stack)}.json").read_text("utf-8")
    for shard in range(users // PER_SHARD):
        if shard != 1:
            new = dict(_pairs(names_of, shard))
            new[measured(stack)] = shard_of(stack, shard)
            pattern = re.compile("|".join(map(re.escape, sorted(new, key=len, reverse=True))))
            copy = pattern.sub(lambda found, new=new: new[found[0]], text)
            (states / f"{shard_of(stack, shard)}.json").write_text(copy, "utf-8")


def _pairs(names_of: Mapping[int, tuple[str, ...]], shard: int) -> Iterator[tuple[str, str]]:
    for ours, other in zip(_users_of(1), _users_of(shard), strict=True):
        yield from zip(names_of[ours], names_of[other], strict=True)


def _renamed(value: Any, old: tuple[str, ...], new: tuple[str, ...]) -> Any:
    """Return a value, at any depth, with one user's names in the place of another's."""
    match value:
        case str():
            for ours, other in zip(old, new, strict=True):
                value = value.replace(ours, other)
            return value
        case bytes():
            return _renamed(value.decode("latin-1"), old, new).encode("latin-1")
        case dict():
            return {_renamed(key, old, new): _renamed(one, old, new) for key, one in value.items()}
        case list() | tuple() | set():
            return type(value)(_renamed(one, old, new) for one in value)
        case _:
            return value
