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
from infra.review.markdown import block, code, codes, folded, listed
from infra.review.plans import Plan
from infra.review.report import Report
from infra.review.words import counted

# By which the one comment of a pull request is found again.
MARK = "<!-- cmbcluster-storage review -->"

# Source: https://docs.github.com/en/rest/issues/comments (the API refuses a longer body)
# In bytes, which are never fewer than the characters that GitHub counts.
LIMIT = 65_536
_GUARD, _FAILED, _CAUTIONS, _OTHERS = 8_000, 12_000, 24_000, 8_000
_ERROR = 3_500  # of one preview that failed
_OTHER = 3_500  # of what belongs to nobody in one stack
_NOTE = 100  # that users are left out
_HEADING = 2_000  # of a section: what is not its list of users
# Of the ids in a warning, of those who lose their buckets, and of those in a section.
_WHO, _LOSING, _ALIKE = 600, 11_500, 10_000

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
    room = _LOSING if any(effect.loses_bucket for effect in one.effects) else _WHO
    whom = f": {_who(one.effects, room)}" if one.effects else ""
    return f"- {one.text}{whom}"


def _others(report: Report) -> str:
    told = [
        f"{code(stack)}\n\n{block(changes.lines(steps), 'diff', _OTHER)}"
        for stack, steps in report.others
    ]
    return folded("What belongs to no user", _fitted(told, _OTHERS, "stack"))


def _sections(effects: Iterable[Effect]) -> list[tuple[Sequence[Effect], Sequence[str]]]:
    """Return all to whom the same happens, with the lines that say it; the worst first."""
    alike: dict[tuple[int, str, tuple[str, ...]], list[Effect]] = {}
    for effect in effects:
        lines = tuple(changes.lines(effect.steps))
        kind = _KINDS.index(effect.kind)
        alike.setdefault((kind, words.sentence(effect, ""), lines), []).append(effect)
    return [
        (group, lines)
        for (_, _, lines), group in sorted(alike.items(), key=lambda item: item[0][0])
    ]


def _section(group: Sequence[Effect], lines: Sequence[str], room: int) -> str:
    """Return what happens to all of a group; who finds no room in it is counted."""
    first = group[0]
    details = [folded("Details", block(lines, "diff"))] if lines else []
    if len(group) == 1:
        who = f"{code(first.user)} in {code(first.stack)}"
        return "\n\n".join(
            [f"#### {who}: {first.kind}", words.sentence(first, first.bucket), *details]
        )
    room -= _size("".join(details)) + _HEADING
    told = words.sentence(first, "")
    is_named = told != words.sentence(first, first.bucket)
    whom = _who(group, room if first.loses_bucket else min(room, _ALIKE), is_named)
    heading = f"#### {counted(len(group), 'user')}: {first.kind}"
    return "\n\n".join([heading, told, whom, *details])


def _who(effects: Sequence[Effect], room: int, with_buckets: bool = False) -> str:
    """Return users by the stack that they are in, and how many find no room."""
    told: list[str] = []
    named = 0
    for stack, group in groupby(effects, key=lambda effect: effect.stack):
        users = [
            f"{code(one.user)} ({code(one.bucket)})"
            if with_buckets and one.bucket
            else code(one.user)
            for one in group
        ]
        text = f"{listed(users, room)} in {code(stack)}"
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


def _filled(text: str, sections: Iterable[tuple[Sequence[Effect], Sequence[str]]]) -> str:
    """Return text and as many sections as there is room for, each whole or not at all."""
    room = LIMIT - _size(text) - _NOTE
    left_out = 0
    for group, lines in sections:
        section = _section(group, lines, room)
        if (size := _size(section) + 2) <= room:
            text, room = f"{text}\n\n{section}", room - size
        else:
            left_out += len(group)
    if left_out:
        text += f"\n\n{counted(left_out, 'user')} more would not fit here: see the plans."
    return f"{text}\n"


def _size(text: str) -> int:
    return len(text.encode())


# What is said of a pull request that concerns nobody.
NOTHING = comment(Report((), (), (), (), (), (), ()))
