"""The guard: whether a plan stays within a stack's limits, or somebody has said that it may. Pure.

Every limit counts users, so that consent can name them. The limits are those of the base
branch: what a pull request writes there counts from the next one on. Consent is read from
the pull request itself: see DECISIONS.md.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from infra.review.effects import Effect
from infra.settings import Review


@dataclass(frozen=True)
class Refusal:
    """A limit that is passed.

    Attributes:
        stack: whose limit.
        key: its key under `review`.
        limit: how many users may be concerned.
        users: those who are, without those whom consent names.
    """

    stack: str
    key: str
    limit: int
    users: tuple[str, ...]


# Key, limit, and whether an effect counts for it.
_LIMITS: tuple[tuple[str, Callable[[Review], int], Callable[[Effect], bool]], ...] = (
    (
        "maxDeletes",
        lambda review: review.max_deletes,
        lambda effect: bool(effect.loses_bucket or effect.unguarded),
    ),
    ("maxReplaces", lambda review: review.max_replaces, lambda effect: bool(effect.replaced)),
    ("maxUsers", lambda review: review.max_users, lambda effect: bool(effect.steps)),
)


def raised(before: Review, after: Review) -> Iterator[tuple[str, int, int]]:
    """Yield every limit that is higher afterwards: its key, and what it was and is."""
    for key, limit_of, _ in _LIMITS:
        if limit_of(after) > limit_of(before):
            yield key, limit_of(before), limit_of(after)


def refusals(
    stack: str, effects: Iterable[Effect], limits: Review, consent: Sequence[str]
) -> Iterator[Refusal]:
    """Yield every limit that a stack's plan passes.

    Args:
        stack: which.
        effects: on its users.
        limits: of the base branch.
        consent: the ids that the pull request gives consent for.
    """
    counted = [effect for effect in effects if effect.user not in consent]
    for key, limit_of, counts in _LIMITS:
        users = tuple(effect.user for effect in counted if counts(effect))
        if len(users) > limit_of(limits):
            yield Refusal(stack, key, limit_of(limits), users)
