"""Cautions: what a reviewer must not miss, worst first. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from infra.review import guard
from infra.review.effects import GOING, Effect, Kind
from infra.review.expiry import bites
from infra.review.exposure import changes_access, is_freed, left_keys
from infra.review.markdown import code, codes
from infra.review.plans import Plan
from infra.settings import Review

_STOP = "stop the server first: a claim that is mounted waits, and sessions lose access"


@dataclass(frozen=True)
class Caution:
    """One warning.

    Attributes:
        text: in Markdown.
        effects: whom it is about; empty for a whole stack.
    """

    text: str
    effects: tuple[Effect, ...] = ()


def cautions(plans: Iterable[Plan], effects: Iterable[Effect]) -> list[Caution]:
    """Return all warnings; what is said of several users is said once.

    Args:
        plans: of all stacks.
        effects: on all users.
    """
    plans, effects = list(plans), list(effects)
    by_text: dict[tuple[int, str], list[Effect]] = {}
    for effect in effects:
        for rank, text in _of(effect):
            by_text.setdefault((rank, text), []).append(effect)
    told = [
        f"{code(plan.stack)} says: {code(warning)}" for plan in plans for warning in plan.warnings
    ]
    return [
        *(Caution(key[1], tuple(by_text[key])) for key in sorted(by_text)),
        *_unmoved(plans, effects),
        *_unowned(plans),
        *map(Caution, told),
    ]


def raised(limits: Iterable[tuple[str, Review, Review]]) -> list[Caution]:
    """Return what later pull requests may do that this one may not.

    Args:
        limits: stacks, their limits on the base branch and in the pull request.
    """
    by_text: dict[str, list[str]] = {}
    for stack, before, after in limits:
        for key, known, limit in guard.raised(before, after):
            by_text.setdefault(f"`{key}` is {limit} (before: {known})", []).append(stack)
    return [
        Caution(f"From the next pull request on, {text}: {codes(stacks)}")
        for text, stacks in by_text.items()
    ]


def _of(effect: Effect) -> Iterator[tuple[int, str]]:
    """Yield what is to be said of one user, and how bad it is: 0 is worst."""
    yield from _losses(effect)
    yield from _exposures(effect)
    for text in {text for step in effect.steps for text in bites(step)}:
        yield 5, f"Expiry begins to bite: {text}"
    replaced = [step.what for step in effect.replaced if step not in effect.bucket_steps]
    if replaced:
        yield 6, f"Replaced: {codes(replaced)}; {_STOP}"
    if effect.has_volume is False:
        yield 7, f"Identity and volume go; {_STOP}"


def _losses(effect: Effect) -> Iterator[tuple[int, str]]:
    if effect.kind is Kind.REMOVED and effect.loses_bucket:
        yield 0, "The bucket is deleted with all that is in it, for ever"
    elif effect.loses_bucket:
        yield 0, "The bucket is replaced by an empty one; all that is in it is lost"
    if effect.forgets_bucket:
        instead = ", and makes an empty one instead" if effect.replaced else ""
        yield 1, f"The stack forgets the bucket{instead}: it stays, and nobody looks after it"
    guards = [step.what for step in effect.unguarded if step not in effect.bucket_steps]
    if guards:
        yield 2, f"The bucket loses what guards it: {codes(guards)}"
    if effect.kind is Kind.MARKED:
        yield 3, "This bucket will be emptied when its line goes; any other `state` keeps it"


def _exposures(effect: Effect) -> Iterator[tuple[int, str]]:
    freed = [step.what for step in effect.steps if is_freed(step)]
    if freed and effect.kind is not Kind.MARKED:  # of which it is the meaning
        yield 2, f"No longer protected, or kept when it is forgotten: {codes(freed)}"
    moves = effect.has_volume is not None and effect.kind is not Kind.ADOPTED
    opened = [step.what for step in effect.steps if changes_access(step, moves)]
    if opened:
        yield 4, f"Who reaches the bucket, or what they may do, changes: {codes(opened)}"
    for step in effect.steps:
        for text in left_keys(step):
            yield 4, text


def _unmoved(plans: Iterable[Plan], effects: Iterable[Effect]) -> Iterator[Caution]:
    """Yield who would be made anew in one stack while another still has them."""
    held = {bucket: plan.stack for plan in plans for bucket in plan.users.values()}
    by_source: dict[str, list[Effect]] = {}
    for effect in effects:
        source = held.get(effect.bucket, effect.stack)
        if effect.gets_bucket and source != effect.stack:
            by_source.setdefault(source, []).append(effect)
    for source, unmoved in by_source.items():
        yield Caution(
            f"The user is in the stack {code(source)} already, and `up` would fail here: "
            "first run `python -m infra.move`",
            tuple(unmoved),
        )


def _unowned(plans: Iterable[Plan]) -> Iterator[Caution]:
    for plan in plans:
        going = [step.name for step in plan.steps if not step.slug and step.op in GOING]
        if going:
            yield Caution(f"In {code(plan.stack)} goes what belongs to no user: {codes(going)}")
