"""The report: everything that a comment says, and whether the check passes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.review import cautions, gone, guard
from infra.review.cautions import Caution
from infra.review.effects import Effect, effects, moved
from infra.review.gone import Gone
from infra.review.guard import Refusal
from infra.review.plans import Plan, Step
from infra.settings import Review, StackConfig


@dataclass(frozen=True)
class Subject:
    """One stack under review.

    Attributes:
        plan: what its preview printed.
        config: what the pull request makes of it; None if that cannot be used.
        limits: those of the base branch.
    """

    plan: Plan
    config: StackConfig | None
    limits: Review


@dataclass(frozen=True)
class Report:
    """What there is to say.

    Attributes:
        effects: on all users, stack by stack.
        cautions: what must not be missed, worst first.
        refusals: the limits that are passed.
        failed: the plans of previews that failed, or cannot be made.
        others: what happens to resources that are nobody's, by stack.
        consented: whom consent keeps from being counted.
        unneeded: whom consent names in vain.
    """

    effects: Sequence[Effect]
    cautions: Sequence[Caution]
    refusals: Sequence[Refusal]
    failed: Sequence[Plan]
    others: Sequence[tuple[str, Sequence[Step]]]
    consented: Sequence[str]
    unneeded: Sequence[str]

    @property
    def passes(self) -> bool:
        """Whether nothing stands against the pull request: what cannot be seen does."""
        return not (self.refusals or self.failed)


def report(
    subjects: Sequence[Subject],
    without_file: Sequence[Gone] = (),
    reviews: Sequence[tuple[str, Review, Review]] = (),
) -> Report:
    """Return the report on all stacks of one pull request.

    Args:
        subjects: those that are previewed.
        without_file: those whose files the pull request deletes.
        reviews: of stacks that are not previewed and write limits and consent, their `review`
            on the base branch and in the pull request.
    """
    configs = {one.plan.stack: one.config for one in subjects if one.config}
    of_subjects = [
        (one.plan.stack, one.limits, one.config.review) for one in subjects if one.config
    ]
    found = [effect for one in subjects for effect in effects(one.plan, one.config)]
    plans = [*(one.plan for one in subjects), *gone.plans(without_file, found)]
    refusals = [
        refusal
        for one in subjects
        for refusal in guard.refusals(
            one.plan.stack,
            [effect for effect in found if effect.stack == one.plan.stack],
            one.limits,
            one.config.review.consent if one.config else (),
        )
    ]
    # Of a stack's own users: one of the same id in another stack is somebody else.
    named = {(stack, user) for stack, one in configs.items() for user in one.review.consent}
    names = {user for _, user in named} | {user for *_, one in reviews for user in one.consent}
    consented = {user for stack, user in named & {(one.stack, one.user) for one in found}}
    failed = [plan for plan in plans if plan.errors]
    return Report(
        effects=[*found, *moved(plans, configs, found)],
        cautions=[
            *cautions.cautions(plans, found),
            *cautions.raised([*reviews, *of_subjects]),
        ],
        refusals=refusals,
        failed=failed,
        others=[
            (plan.stack, others)
            for plan in plans
            if (others := sorted(filter(_is_nobodys, plan.steps), key=lambda step: step.name))
        ],
        consented=sorted(consented),
        # Where a preview failed, nobody knows.
        unneeded=[] if failed else sorted(names - consented),
    )


def _is_nobodys(step: Step) -> bool:
    return not step.slug
