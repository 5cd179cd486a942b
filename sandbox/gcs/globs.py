"""The patterns of `matchGlob`.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects/list#list-objects-and-prefixes-using-glob
"""

import re
from functools import lru_cache

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|\{[^}]*\}|\\.|[^*?\[{\\]+|.", re.DOTALL)
_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@lru_cache(maxsize=64)
def glob_pattern(glob: str) -> re.Pattern[str]:
    """Return a glob as a regular expression for whole names."""
    return re.compile("".join(map(_translated, _TOKEN.findall(glob))), re.DOTALL)


def _translated(token: str) -> str:
    if token in _WILD:
        return _WILD[token]
    if len(token) > 2 and token[0] == "[" and token[-1] == "]":
        inner = token[1:-1].replace("\\", "\\\\")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    if len(token) > 1 and token[0] == "{":
        choices = (glob_pattern(choice).pattern for choice in token[1:-1].split(","))
        return f"(?:{'|'.join(choices)})"
    return re.escape(token[1:] if len(token) > 1 and token[0] == "\\" else token)
