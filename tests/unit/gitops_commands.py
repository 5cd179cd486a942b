"""Commands that a pipeline would run: written down, and answered from a list.

What reads a repository is run; work trees are not made.
"""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Done = subprocess.CompletedProcess[str]

_RUN = subprocess.run


def _bytes(text: str) -> Any:
    return text.encode()


@dataclass
class Commands:
    """Stands in for `subprocess.run`.

    Attributes:
        answers: exit code, stdout and stderr of what contains these words; the first that fits.
        ran: every command, and what it was given, in order.
        effects: what else happens then.
    """

    answers: dict[tuple[str, ...], tuple[int, str, str]] = field(default_factory=dict)
    ran: list[tuple[str, ...]] = field(default_factory=list)
    given: list[Any] = field(default_factory=list)
    environments: list[dict[str, str]] = field(default_factory=list)
    effects: dict[str, Callable[[tuple[str, ...]], None]] = field(default_factory=dict)

    def run(self, command: list[str], **options: Any) -> Done:
        if Path(command[0]).name == "git" and "worktree" not in command:
            return _RUN(command, **options)
        self.ran.append(tuple(command))
        self.environments.append(options.get("env") or {})
        if options.get("input"):
            self.given.append(json.loads(options["input"]))
        for word, effect in self.effects.items():
            if word in command:
                effect(tuple(command))
        for words, answer in self.answers.items():
            if set(words) <= set(command):
                code, *told = answer
                # As a caller reads it: only text has no bytes.
                return Done(command, code, *(told if options.get("text") else map(_bytes, told)))
        return Done(command, 0, "", "")

    def of(self, program: str) -> list[str]:
        own = Path(program).name
        return [" ".join(command[1:]) for command in self.ran if Path(command[0]).name == own]
