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
from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from infra import limits, stack_files
from infra.problems import described, unknown
from infra.settings import StackConfig
from infra.stack_files import PROJECT, StackFileError

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

    def __init__(self, *problems: str, file: str = "") -> None:
        """Take one line each, and the file that settings were taken over from."""
        also = f" ({', '.join(stack_files.KEYS)} are those of {file})" if file else ""
        super().__init__("\n".join([f"the stack's config cannot be used{also}:", *problems]))


def load() -> StackConfig:
    """Return the checked config of the stack that the engine runs.

    Limits that are near are told as warnings.

    Raises:
        ConfigError: anything in the stack's config or file is not as it must be.
    """
    folder, stack = Path(pulumi.get_root_directory()), pulumi.get_stack()
    values = pulumi.runtime.get_config_env()
    secret_keys = pulumi.runtime.get_config_secret_keys_env()
    settings: Iterable[str] = ()
    if stack_files.path_of(folder, stack).exists():
        settings = _file(folder, stack).settings
    config = _parsed(folder, stack, values, secret_keys, settings)
    for use in limits.uses(config, _size(values)):
        if use.warning:
            pulumi.log.warn(use.warning)
    return config


def read(folder: Path, stack: str) -> StackConfig:
    """Return the checked config of any stack, as its file has it, without the engine.

    Args:
        folder: of the stack files.
        stack: its name, without `Pulumi.` and `.yaml`.

    Raises:
        ConfigError: as `load`; or there is no such file.
    """
    file = _file(folder, stack)
    return _parsed(folder, stack, file.values, file.secret_keys, file.settings)


def _file(folder: Path, stack: str) -> stack_files.StackFile:
    try:
        return stack_files.read(folder, stack)
    except StackFileError as error:
        raise ConfigError(str(error)) from None


def _parsed(
    folder: Path,
    stack: str,
    values: Mapping[str, str],
    secret_keys: Iterable[str],
    settings: Iterable[str],
) -> StackConfig:
    try:
        whole, base = stack_files.extended(folder, stack, values)
    except StackFileError as error:
        raise ConfigError(str(error)) from None
    return parse(whole, secret_keys=secret_keys, stack_file_keys=settings, base=base)


def parse(
    values: Mapping[str, str],
    *,
    secret_keys: Iterable[str] = (),
    stack_file_keys: Iterable[str] = (),
    base: str = "",
) -> StackConfig:
    """Return the checked config.

    Args:
        values: full key to text, or to JSON where the value has structure.
        secret_keys: which of them are encrypted.
        stack_file_keys: the keys at the root of the stack file.
        base: the file that some values were taken over from.

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
        raise ConfigError(*problems, file=base)
    try:
        config = StackConfig.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        problems += [
            described(details, StackConfig, PROJECT) for details in error.errors(include_url=False)
        ]
    else:
        problems += [use.problem for use in limits.uses(config, _size(values)) if use.problem]
        if not problems:
            return config
    raise ConfigError(*problems, file=base)


def _size(values: Mapping[str, str]) -> int:
    return len(json.dumps(dict(values)).encode())


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
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict | list) else text
