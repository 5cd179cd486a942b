"""The comment: a report as Markdown that GitHub takes. Pure.

What matters most stands first and stays: the headline, what the guard says, why previews
failed, the warnings. Then users, the worst first; those who find no room are counted.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from infra.review import changes, words
from infra.review.cautions import Caution
from infra.review.effects import Effect, Kind
from infra.review.guard import Refusal
from infra.review.markdown import block, code, codes, folded
from infra.review.plans import Plan
from infra.review.report import Report
from infra.review.words import counted

# By which the one comment of a pull request is found again.
MARK = "<!-- cmbcluster-storage review -->"

# Source: https://docs.github.com/en/rest/issues/comments (the API refuses a longer body)
# In bytes, which are never fewer than the characters that GitHub counts.
LIMIT = 65_536
_GUARD, _FAILED, _CAUTIONS = 8_000, 12_000, 16_000
_ERROR = 3_500  # of one preview that failed
_NOTE = 100  # that users are left out
_WHO, _ALIKE = 600, 4_000  # of the ids in a warning, and of those in a section

_KINDS = list(Kind)


def comment(report: Report) -> str:
    """Return the comment, at most `LIMIT` bytes of it."""
    parts = [MARK, f"## {words.headline(report.effects, len(report.failed))}", _verdict(report)]
    if report.failed:
        parts.append(_fitted(map(_failure, report.failed), _FAILED, "preview"))
    if report.cautions:
        told = _fitted(map(_caution, report.cautions), _CAUTIONS, "warning", "\n")
        parts.append(f"### Warnings\n\n{told}")
    parts += [_others(report)] if report.others else []
    text = "\n\n".join(part for part in parts if part)
    sections = _sections(report.effects)
    if sections:
        text += "\n\n### Users"
    return _filled(text, sections)


def _verdict(report: Report) -> str:
    notes = [f"- {note}" for note in words.consented(report.consented, report.unneeded)]
    if report.passes:
        return "\n".join(["The guard lets this pass.", *(["", *notes] if notes else [])])
    lines = ["> [!CAUTION]", "> **The guard refuses this.**"]
    if report.failed:
        lines.append(f"> - {counted(len(report.failed), 'preview')} failed")
    if report.refusals:
        told = _fitted(map(_refusal, report.refusals), _GUARD, "limit", "\n")
        lines += [*(f"> {line}" for line in told.splitlines()), ">", f"> {words.CURE}"]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def _refusal(one: Refusal) -> str:
    return f"- {words.refusal(one)}: {codes(one.users)}"


def _failure(plan: Plan) -> str:
    lines = [line for error in plan.errors for line in error.splitlines()]
    return f"### The preview of {code(plan.stack)} failed\n\n{block(lines, 'text', _ERROR)}"


def _caution(one: Caution) -> str:
    whom = f": {_who(one.effects)}" if one.effects else ""
    return f"- {one.text}{whom}"


def _others(report: Report) -> str:
    told = [
        f"{code(stack)}\n\n{block(changes.lines(steps), 'diff')}" for stack, steps in report.others
    ]
    return folded("What belongs to no user", _fitted(told, _GUARD, "stack"))


def _sections(effects: Iterable[Effect]) -> list[tuple[int, str]]:
    """Return a section for all to whom the same happens, and of how many users it tells."""
    alike: dict[tuple[int, str, tuple[str, ...]], list[Effect]] = {}
    for effect in effects:
        lines = tuple(changes.lines(effect.steps))
        kind = _KINDS.index(effect.kind)
        alike.setdefault((kind, words.sentence(effect), lines), []).append(effect)
    return [
        (len(group), _section(group, sentence, lines))
        for (_, sentence, lines), group in sorted(alike.items(), key=lambda item: item[0][0])
    ]


def _section(group: Sequence[Effect], sentence: str, lines: Sequence[str]) -> str:
    first, alone = group[0], len(group) == 1
    who = f"{code(first.user)} in {code(first.stack)}" if alone else counted(len(group), "user")
    parts = [f"#### {who}: {first.kind}", sentence]
    parts += [] if alone else [_who(group, _ALIKE)]
    parts += [folded("Details", block(lines, "diff"))] if lines else []
    return "\n\n".join(parts)


def _who(effects: Sequence[Effect], room: int = _WHO) -> str:
    """Return users by the stack that they are in, and how many find no room."""
    told: list[str] = []
    named = 0
    for stack, group in groupby(effects, key=lambda effect: effect.stack):
        users = [effect.user for effect in group]
        text = f"{codes(users, room)} in {code(stack)}"
        room -= len(text.encode())
        if room < 0 and told:
            return f"{'; '.join(told)}; {len(effects) - named} more in other stacks"
        told.append(text)
        named += len(users)
    return "; ".join(told)


def _fitted(texts: Iterable[str], room: int, noun: str, between: str = "\n\n") -> str:
    """Return as many texts, whole, as there is room for, and how many are left out."""
    kept: list[str] = []
    left_out = 0
    for text in texts:
        room -= _size(text) + len(between)
        if room >= 0 and not left_out:
            kept.append(text)
        else:
            left_out += 1
    if left_out:
        kept.append(f"- {counted(left_out, noun)} more: see the plans")
    return between.join(kept)


def _filled(text: str, sections: Sequence[tuple[int, str]]) -> str:
    """Return text and as many sections as there is room for, each whole or not at all."""
    room = LIMIT - _size(text) - _NOTE
    left_out = 0
    for users, section in sections:
        if (size := _size(section) + 2) <= room:
            text, room = f"{text}\n\n{section}", room - size
        else:
            left_out += users
    if left_out:
        text += f"\n\n{counted(left_out, 'user')} more would not fit here: see the plans."
    return f"{text}\n"


def _size(text: str) -> int:
    return len(text.encode())
