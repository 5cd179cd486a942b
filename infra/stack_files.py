"""Stack files: `Pulumi.<stack>.yaml` read without the engine, and what one takes over of another.

The engine reads a run's own file; here are those that it does not: the ones that a shard
`extends`, and any that a command asks for. Only texts and structures, nothing is checked.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.yaml_text import parsed

PROJECT = "cmbcluster-storage"
EXTENDS = f"{PROJECT}:extends"

_STACK_FILE = re.compile(r"Pulumi\.(.*)\.yaml", re.DOTALL)

# What a shard takes over whole, and may not write itself.
KEYS = ("platform", "cloud", "kubernetes", "buckets", "review")
TAKEN_OVER = tuple(f"{PROJECT}:{key}" for key in KEYS)

# Stacks that extend each other in a row: each reads all before it.
_LONGEST = 10


class StackFileError(ValueError):
    """A stack file cannot be read, or not be taken over; the text says why, and the cure."""


@dataclass(frozen=True)
class StackFile:
    """One stack file.

    Attributes:
        name: of the file.
        settings: what the engine keeps beside `config`, in the form of `values`.
        values: full key to text, or to JSON where the value has structure: as the engine has it.
        secret_keys: those of the values that are encrypted.
    """

    name: str
    settings: Mapping[str, str]
    values: Mapping[str, str]
    secret_keys: frozenset[str]

    @property
    def secrets_provider(self) -> str:
        """What encrypts the state's secrets, "" for a passphrase."""
        return self.settings.get("secretsprovider", "")


def project_folder(start: Path) -> Path:
    """Return the folder of the stack files: the nearest, from `start` upwards, with Pulumi.yaml.

    Raises:
        StackFileError: there is none.
    """
    for folder in (start, *start.parents):
        if (folder / "Pulumi.yaml").exists():
            return folder
    raise StackFileError(f"there is no Pulumi.yaml in {start} or above; run this in the checkout")


def path_of(folder: Path, stack: str) -> Path:
    """Return where a stack's file is, or would be."""
    return folder / f"Pulumi.{stack}.yaml"


def read(folder: Path, stack: str) -> StackFile:
    """Return a stack's file.

    Raises:
        StackFileError: it is not there, or no stack file.
    """
    path = path_of(folder, stack)
    try:
        document = _keys_in(parsed(path.read_text("utf-8")))
        config = _keys_in(document.pop("config", None))
        settings = {key: _text(value) for key, value in document.items()}
        values = {key: _text(value) for key, value in config.items()}
    except FileNotFoundError:
        there = ", ".join(stacks(folder)) or "none"
        raise StackFileError(f"there is no {path.name}; stack files here are of: {there}") from None
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        raise StackFileError(f"{path.name} is no stack file; write it anew: {error}") from error
    return StackFile(
        name=path.name,
        settings=settings,
        values=values,
        secret_keys=frozenset(key for key, value in config.items() if _is_secret(value)),
    )


def stack_of(name: str) -> str | None:
    """Return whose file one of that name is; None if no stack's."""
    found = _STACK_FILE.fullmatch(name)
    return found[1] if found else None


def stacks(folder: Path) -> list[str]:
    """Return the names of the stacks that have a file."""
    # Not glob, which takes ten times as long: for each of hundreds it is asked.
    found = (stack_of(path.name) for path in folder.iterdir())
    return sorted(stack for stack in found if stack is not None)


def extended(folder: Path, stack: str, values: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return a stack's values with those that it takes over.

    Args:
        folder: of the stack files.
        stack: whose values they are.
        values: of its own file.

    Returns:
        All values, and the name of the file that those taken over are written in, "" for none.

    Raises:
        StackFileError: what it extends cannot be taken over.
    """
    own, way, file = dict(values), [stack], ""
    taken: dict[str, str] = {}
    while base := values.get(EXTENDS):
        if written := [key for key in TAKEN_OVER if values.get(key, "{}") not in ("", "{}")]:
            raise StackFileError(
                f"{EXTENDS}: {json.dumps(base)} gives {way[-1]} its {_listed(written)}, and "
                f"{path_of(folder, way[-1]).name} has it as well; drop one of the two"
            )
        if base in way:
            raise StackFileError(
                f"{EXTENDS}: {' extends '.join([*way, base])}, which never ends; drop one of them"
            )
        way.append(base)
        if len(way) > _LONGEST:
            raise StackFileError(
                f"{EXTENDS}: {stack} extends {way[1]}, and so on over {_LONGEST} stack files; "
                f"extend the one that writes the settings"
            )
        found = _base(folder, base)
        file, values = found.name, found.values
        taken = {key: values[key] for key in TAKEN_OVER if key in values}
    return own | taken, file


def _base(folder: Path, stack: str) -> StackFile:
    if stack not in stacks(folder):
        there = ", ".join(stacks(folder)) or "none: there is none"
        raise StackFileError(
            f"{EXTENDS}: {json.dumps(stack)} has no stack file here; write one of {there}"
        )
    found = read(folder, stack)
    if secret := [key for key in TAKEN_OVER if key in found.secret_keys]:
        raise StackFileError(
            f"{EXTENDS}: {found.name} has {_listed(secret)} encrypted; nothing there is secret, "
            "write it plainly"
        )
    return found


def _listed(keys: list[str]) -> str:
    return ", ".join(key.removeprefix(f"{PROJECT}:") for key in keys)


def _keys_in(node: Any) -> dict[str, Any]:
    if not isinstance(node, dict | None):
        raise ValueError(f"it has {type(node).__name__} where keys are to be")
    return {str(key): value for key, value in (node or {}).items()}


def _text(value: Any) -> str:
    if value is None:  # a key with nothing behind it: the engine hands over no text
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _is_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return value.keys() == {"secure"} or any(map(_is_secret, value.values()))
    return isinstance(value, list) and any(map(_is_secret, value))
