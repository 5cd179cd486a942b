"""Effects: what a plan does to each user. Pure.

Told from the engine's steps, not from the stack files: what the engine would do is what is
under review, whatever the pull request says that it does.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from cmbcluster_storage import names

from infra.review.plans import VOLUME, Plan, Step
from infra.settings import StackConfig

_BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2", "gcp:storage/bucket:Bucket")
GOING = ("delete", "replace")


class Kind(StrEnum):
    """What happens to a user, in the order in which a reviewer should read it."""

    REMOVED = "removed"
    MARKED = "marked deleted"
    SUSPENDED = "suspended"
    KEPT = "kept after all"
    RESUMED = "resumed"
    CHANGED = "changed"
    MOVED = "moved"
    ADOPTED = "adopted"
    ADDED = "added"


@dataclass(frozen=True)
class Effect:
    """What happens to one user.

    Attributes:
        stack: which the user is in.
        user: the id; the slug, if nothing tells the id.
        kind: the sum of it.
        steps: all of it.
        source: the stack that a user who is moved comes from.
    """

    stack: str
    user: str
    kind: Kind
    steps: tuple[Step, ...] = ()
    source: str = ""

    @property
    def bucket(self) -> str:
        """The bucket's name; empty if nothing happens to the bucket."""
        for step in self.bucket_steps:
            state = step.after or step.before
            if state:
                return str(state.inputs.get("bucket") or state.inputs.get("name") or "")
        return ""

    @property
    def bucket_steps(self) -> list[Step]:
        """What is done to the bucket itself."""
        return [step for step in self.steps if step.type in _BUCKETS]

    @property
    def gets_bucket(self) -> bool:
        """Whether the bucket comes to the stack: made, or taken over."""
        return self.kind in (Kind.ADDED, Kind.ADOPTED)

    @property
    def loses_bucket(self) -> bool:
        """Whether the bucket is deleted: not if the stack only forgets it."""
        return any(step.op in GOING and not _retained(step) for step in self.bucket_steps)

    @property
    def forgets_bucket(self) -> bool:
        """Whether the bucket leaves the stack and goes on to exist."""
        return any(step.op in GOING and _retained(step) for step in self.bucket_steps)

    @property
    def unguarded(self) -> list[Step]:
        """What guards the bucket, or is the bucket, and was to be held."""
        return [step for step in self.steps if step.op in GOING and _is_held(step)]

    @property
    def replaced(self) -> list[Step]:
        """What goes and comes anew."""
        return [step for step in self.steps if step.op == "replace"]

    @property
    def has_volume(self) -> bool | None:
        """Whether identity and volume come or go; None if neither."""
        ops = {step.op for step in self.steps if step.type == VOLUME}
        return None if not ops & {"create", "delete"} else "create" in ops


def _is_held(step: Step) -> bool:
    return bool(step.before and step.before.protect) or _retained(step)


def _retained(step: Step) -> bool:
    return bool(step.before and step.before.retain_on_delete)


def effects(plan: Plan, config: StackConfig | None) -> list[Effect]:
    """Return what a plan does to each of a stack's users, in the order of their ids.

    Args:
        plan: of the stack.
        config: of the stack, as the plan was made with it; None if it cannot be read.
    """
    ids: dict[str, str] = {}
    if config:
        for user in (*plan.users, *(user.id for user in config.users)):
            with suppress(ValueError):  # of another program's outputs, in a state of this name
                ids[names.user_slug(config.scope, user)] = user
    by_slug: dict[str, list[Step]] = {}
    for step in plan.steps:
        # Somebody's data is in a bucket that the program has beside the users' as well, or hangs
        # on what it holds there: a key.
        is_lost = step.op in GOING and (step.type in _BUCKETS or _is_held(step))
        if owner := step.slug or (step.name if is_lost else ""):
            by_slug.setdefault(owner, []).append(step)
    found = [
        Effect(plan.stack, ids.get(slug, slug), _kind(steps), tuple(sorted(steps, key=_order)))
        for slug, steps in by_slug.items()
    ]
    return sorted(found, key=lambda effect: effect.user)


def _order(step: Step) -> tuple[bool, str, bool]:
    """Put the bucket first, and an import before the update that follows it."""
    return step.type not in _BUCKETS, step.what, step.op != "import"


def _kind(steps: Sequence[Step]) -> Kind:
    bucket = [step for step in steps if step.type in _BUCKETS]
    ops = {step.op for step in bucket}
    for op, kind in (
        ("delete", Kind.REMOVED),
        ("import", Kind.ADOPTED),
        ("create", Kind.ADDED),
    ):
        if op in ops:
            return kind
    emptied = [_emptied(step) for step in bucket]
    if (False, True) in emptied:
        return Kind.MARKED
    if (True, False) in emptied:
        return Kind.KEPT
    volume = {step.op for step in steps if step.type == VOLUME}
    if "delete" in volume:
        return Kind.SUSPENDED
    return Kind.RESUMED if "create" in volume else Kind.CHANGED


def _emptied(step: Step) -> tuple[bool, bool]:
    """Tell whether the bucket would be emptied when it goes: before and after."""
    before, after = (
        bool(state and state.inputs.get("forceDestroy")) for state in (step.before, step.after)
    )
    return before, after


def moved(
    plans: Sequence[Plan], configs: Mapping[str, StackConfig], touched: Iterable[Effect]
) -> Iterator[Effect]:
    """Yield who is in another stack's file now, and already in its state: nothing happens to them.

    Args:
        plans: of all stacks of the pull request.
        configs: of those whose files can be read.
        touched: those whom something happens to.
    """
    seen = {(one.stack, one.user) for one in touched}
    # By bucket: a user of that id may be in other accounts or projects as well.
    listed = {
        stack: {user.bucket_name(config.cloud, config.platform): user.id for user in config.users}
        for stack, config in configs.items()
    }
    left = {
        bucket: plan.stack
        for plan in plans
        for user, bucket in plan.users.items()
        if bucket not in listed.get(plan.stack, {bucket}) and (plan.stack, user) not in seen
    }
    for plan in plans:
        for bucket, user in sorted(listed.get(plan.stack, {}).items()):
            came = bucket in left and user not in plan.users
            if came and not plan.errors and (plan.stack, user) not in seen:
                yield Effect(plan.stack, user, Kind.MOVED, source=left[bucket])
