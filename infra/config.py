"""The stack's config, read and checked before any resource is registered.

`load()` reads this stack's config from the engine and returns one frozen
`StackConfig` (`infra.settings`); nothing after it reads a file or the environment. A
mistake becomes a `ConfigError` that lists every problem: which key, which value, what to
write instead. Pulumi's own typing of config lets misspelt keys pass, so all keys are
checked here.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from infra.problems import described, unknown
from infra.settings import StackConfig

PROJECT = "cmbcluster-storage"

# What the engine keeps at the root of a stack file.
# Source: https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/
_STACK_FILE_KEYS = (
    "config",
    "encryptedkey",
    "encryptionsalt",
    "environment",
    "secretsprovider",
)


class ConfigError(pulumi.RunError):
    """The stack's config cannot be used; the text lists every problem and its cure."""


def load() -> StackConfig:
    """Return the checked config of the stack that the engine runs.

    Raises:
        ConfigError: anything in the stack's config or file is not as it must be.
    """
    path = Path(pulumi.get_root_directory()) / f"Pulumi.{pulumi.get_stack()}.yaml"
    return parse(
        pulumi.runtime.get_config_env(),
        secret_keys=pulumi.runtime.get_config_secret_keys_env(),
        stack_file_keys=_root_keys(path) if path.exists() else (),
    )


def _root_keys(path: Path) -> Iterable[str]:
    # Every scalar stays text: the engine has read the values, and takes dates that do not exist.
    return yaml.load(path.read_text("utf-8"), yaml.BaseLoader) or ()  # noqa: S506 - text only


def parse(
    values: Mapping[str, str],
    *,
    secret_keys: Iterable[str] = (),
    stack_file_keys: Iterable[str] = (),
) -> StackConfig:
    """Return the checked config.

    Args:
        values: full key to text, or to JSON where the value has structure.
        secret_keys: which of them are encrypted.
        stack_file_keys: the keys at the root of the stack file.

    Raises:
        ConfigError: lists all problems, not the first only.
    """
    raw, problems = _raw(values)
    problems += [
        unknown(key, _STACK_FILE_KEYS) for key in stack_file_keys if key not in _STACK_FILE_KEYS
    ]
    encrypted = [key for key in values if key in secret_keys]
    if encrypted:  # and nothing is said of their values
        problems += [
            f"{key}: is encrypted; nothing here is secret, write it plainly" for key in encrypted
        ]
        raise ConfigError(_told(problems))
    try:
        config = StackConfig.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        problems += [
            described(details, StackConfig, PROJECT) for details in error.errors(include_url=False)
        ]
    else:
        if not problems:
            return config
    raise ConfigError(_told(problems))


def _told(problems: list[str]) -> str:
    return "\n".join(["the stack's config cannot be used:", *problems])


def _raw(values: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return what the model is to check, and the problems of the outermost keys."""
    raw: dict[str, Any] = {}
    problems: list[str] = []
    known = [to_camel(field) for field in StackConfig.model_fields]
    for key, text in values.items():
        if key.startswith("pulumi:"):  # the engine's own: tags, disabled providers, …
            continue
        namespace, _, name = key.partition(":")
        if namespace != PROJECT:
            problems.append(unknown(key, [f"{PROJECT}:{name}" for name in known]))
        elif name not in known:
            problems.append(unknown(name, known, f"{PROJECT}:"))
        elif (value := _value(text)) not in ({}, [], ""):  # defaults of Pulumi.yaml: absent
            raw[name] = value
    return raw, problems


def _value(text: str) -> Any:
    """Return what has structure as such; anything else is the text that it is."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict | list) else text
