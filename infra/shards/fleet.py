"""The fleet: every stack file of a folder, read and checked each by itself."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra import stack_files
from infra.config import ConfigError, read
from infra.settings import StackConfig
from infra.shards.errors import RequestError
from infra.stack_files import path_of

# More than this the engine does not take, and a name stands in commands, where it is no option.
# Source: https://www.pulumi.com/docs/iac/concepts/stacks/
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", re.ASCII)


@dataclass(frozen=True)
class Shard:
    """What one stack file says.

    Attributes:
        stack: its name.
        config: its settings, those that it takes over included.
    """

    stack: str
    config: StackConfig

    @property
    def file(self) -> str:
        """The file's name."""
        return f"Pulumi.{self.stack}.yaml"


def fleet(project: Path) -> list[Shard]:
    """Return all shards, by name.

    Raises:
        RequestError: files cannot be used, all of which it lists; there is none; or the engine
            would read others.
    """
    if (project / "Pulumi.json").exists():
        raise RequestError(
            "Pulumi.json: the engine would read it in place of Pulumi.yaml, and stack files of "
            "that format, which nobody looks at here; delete it"
        )
    shards: list[Shard] = []
    wrong: dict[str, list[str]] = {}
    stacks = stack_files.stacks(project)
    check_names(stacks)
    for stack in stacks:
        try:
            shards.append(Shard(stack, read(project, stack)))
        except ConfigError as error:  # what is wrong in one file is so in all that extend it
            wrong.setdefault(str(error), []).append(path_of(project, stack).name)
    if wrong:
        raise RequestError("\n".join(f"{_some(names)}: {text}" for text, names in wrong.items()))
    if not shards:
        raise RequestError(f"there is no stack file in {project}; write Pulumi.<stack>.yaml")
    return shards


def check_names(stacks: Iterable[str]) -> None:
    """Refuse what no stack can be called.

    Raises:
        RequestError: tells the first such file.
    """
    if wrong := [stack for stack in stacks if not _NAME.fullmatch(stack)]:
        raise RequestError(
            f"{json.dumps(f'Pulumi.{wrong[0]}.yaml')}: is no name of a stack file: 1-100 "
            "characters of [A-Za-z0-9_.-] between `Pulumi.` and `.yaml`, the first of them no dot "
            "or dash; rename it"
        )


def _some(names: Sequence[str]) -> str:
    more = len(names) - 3
    return f"{', '.join(names[:3])}{f' and {more} more' if more > 0 else ''}"


def shard(shards: Iterable[Shard], stack: str) -> Shard:
    """Return one of them.

    Raises:
        RequestError: there is none of that name.
    """
    by_name = {one.stack: one for one in shards}
    if stack not in by_name:
        raise RequestError(
            f"{json.dumps(stack)} has no stack file here; write one of {', '.join(by_name)}"
        )
    return by_name[stack]


def of_scope(shards: Iterable[Shard], scope: str) -> list[Shard]:
    """Return those whose users' names are of one scope."""
    return [one for one in shards if one.config.scope == scope]


def root(shards: Sequence[Shard], stack: str | None) -> Shard:
    """Return the shard that writes the settings which a stack takes over, or has itself.

    Args:
        shards: all.
        stack: which; None if there is only one that writes any.

    Raises:
        RequestError: there are several, or none of that name.
    """
    if stack is None:
        roots = [one for one in shards if one.config.extends is None]
        if len(roots) > 1:
            names = ", ".join(one.stack for one in roots)
            raise RequestError(f"there are settings of several hubs here; say --in one of {names}")
        return roots[0]
    found = shard(shards, stack)
    return root(shards, found.config.extends) if found.config.extends else found


def family(shards: Sequence[Shard], base: Shard) -> list[Shard]:
    """Return the shards with a root's settings, itself included."""
    return [one for one in shards if root(shards, one.stack) is base]
