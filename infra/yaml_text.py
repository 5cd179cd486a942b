"""YAML: what a text says, to the engine as well, and that it says no more than it has room for.

A stack file may come with a fork's pull request. The parser keeps what an alias stands for
once; whoever walks over it, or writes it down, meets it as often as it is named.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import yaml

# What aliases may add to a text, in characters: the config has no room for more.
# Source: https://man7.org/linux/man-pages/man2/execve.2.html (MAX_ARG_STRLEN)
_ADDED = 128 * 1024

# A stack file has five; beyond tens of thousands the parser ends the process.
_DEPTH = 50

# libyaml's is the same and ten times as fast, which counts where hundreds of files are read.
_SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):
    """Reads scalars as the engine does, but for dates with a time: `yes` is a text.

    A key is there once.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        if twice := sorted(key for key, count in keys.items() if count > 1):
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {', '.join(twice)} is there twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


# What go-yaml reads as numbers: `08` and `1e3`, which PyYAML does not, and not `1:30`.
# Source: https://github.com/go-yaml/yaml/blob/v3/resolve.go
_INT = re.compile("[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$")
_FLOAT = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9_]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_OTHERWISE = ("timestamp", "value", "int", "float")

_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag.removeprefix("tag:yaml.org,2002:") not in _OTHERWISE
        and not (tag == "tag:yaml.org,2002:bool" and first not in "tTfF")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, [*"-+0123456789"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, [*"-+.0123456789"])


def parsed(text: str) -> Any:
    """Return what a text of YAML says, to the engine as well.

    Raises:
        ValueError: a tag does not fit its value, or there is more than fits.
        yaml.YAMLError: it is no YAML.
    """
    _check_room(yaml.parse(text, _SafeLoader))
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a safe one
    except (AttributeError, LookupError) as error:  # what PyYAML does with `!!bool x`
        raise ValueError("it has a tag that does not fit its value; drop the tag") from error


def _check_room(events: Iterable[yaml.Event]) -> None:
    """Refuse what aliases make too much, and what is nested too deeply, before it is made."""
    sizes: dict[str | None, int] = {}  # of what has an anchor, aliases in it written out
    opened: list[tuple[str | None, int]] = []  # each one's anchor, and the size before it
    size = added = 0
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, size))
            sizes[event.anchor] = _ADDED + 1  # named within itself it would have no end
            size += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            sizes[anchor] = size - before
        elif isinstance(event, yaml.ScalarEvent):
            sizes[event.anchor] = 1 + len(event.value)
            size += sizes[event.anchor]
        elif isinstance(event, yaml.AliasEvent):
            here = sizes.get(event.anchor, 0)  # the parser says what has no anchor
            size, added = size + here, added + here
        if added > _ADDED:
            raise ValueError("its aliases stand for more than a config has room for; write it out")
        if len(opened) > _DEPTH:
            raise ValueError(f"it is nested more than {_DEPTH} deep; write it flatter")
