"""Words: what is said of a pull request, before any detail. Pure; all of it is Markdown."""

from collections import Counter
from collections.abc import Sequence

from infra.review.effects import Effect, Kind
from infra.review.guard import Refusal
from infra.review.markdown import code, codes
from infra.stack_files import PROJECT

# In the headline: who comes, then who goes.
_HEADLINE = (
    Kind.ADDED,
    Kind.ADOPTED,
    Kind.MOVED,
    Kind.RESUMED,
    Kind.KEPT,
    Kind.SUSPENDED,
    Kind.MARKED,
    Kind.REMOVED,
    Kind.CHANGED,
)
_SENTENCES = {
    Kind.REMOVED: "The {bucket} is deleted, with all that is in it.",
    Kind.MARKED: "The {bucket} stays for now, neither protected nor kept.",
    Kind.SUSPENDED: "The bucket stays.",
    Kind.KEPT: "The {bucket} is protected and kept again.",
    Kind.RESUMED: "The bucket stays.",
    Kind.MOVED: "Comes from {source}; no resource is touched.",
    Kind.ADOPTED: (
        "Takes over the {bucket} with all that is in it; nothing there expires while `adopt` "
        "stands."
    ),
    Kind.ADDED: "Gets the {bucket}.",
}
# Of whom nothing else is to be said, by the engine's words for what is done.
_CHANGES = {"delete": "gone", "replace": "replaced", "import": "taken over", "create": "new"}
_LIMITS = {
    "maxDeletes": "would lose the bucket, or what guards it",
    "maxReplaces": "would have something replaced",
    "maxUsers": "would be touched",
}


def headline(effects: Sequence[Effect], failed: int) -> str:
    """Return the sum of it all: `3 users added, 1 suspended, 0 buckets lost`.

    Args:
        effects: on all users.
        failed: how many previews did.
    """
    counts = Counter(effect.kind for effect in effects)
    told = [f"{counts[kind]} {kind}" for kind in _HEADLINE if counts[kind]]
    if told:
        number, _, kind = told[0].partition(" ")
        told[0] = f"{counted(int(number), 'user')} {kind}"
    else:
        told = ["no user touched"]
    told.append(f"{counted(sum(effect.loses_bucket for effect in effects), 'bucket')} lost")
    if not failed:
        return ", ".join(told).capitalize()
    rest = f"beside that, {', '.join(told)}" if effects else "what it would do is not known"
    return f"{counted(failed, 'preview')} failed; {rest}"


def sentence(effect: Effect, bucket: str) -> str:
    """Return what happens to a user, or to several alike.

    Args:
        effect: on one of them.
        bucket: the name of the bucket; empty to leave it out.
    """
    comes = effect.has_volume
    volume = "" if comes is None else f" Identity and volume {'come' if comes else 'go'}."
    if effect.kind is Kind.CHANGED and not effect.forgets_bucket:
        return f"{_changed(effect)}.{volume}"
    told = "The {bucket} is forgotten." if effect.forgets_bucket else _SENTENCES[effect.kind]
    named = f"bucket {code(bucket)}" if bucket else "bucket"
    return told.format(bucket=named, source=code(effect.source)) + volume


def _changed(effect: Effect) -> str:
    """Return what of a user changes, goes and comes."""
    found: dict[str, list[str]] = {}
    for step in effect.steps:
        if step.what:
            found.setdefault(_CHANGES.get(step.op, "changed"), []).append(step.what)
    order = ("changed", *_CHANGES.values())
    told = "; ".join(f"{how}: {codes(found[how])}" for how in order if how in found)
    return f"{told[:1].upper()}{told[1:]}" if told else "Nothing in the cloud changes"


def refusal(one: Refusal) -> str:
    """Return why the guard refuses, without whom."""
    return (
        f"{code(one.stack)}: {counted(len(one.users), 'user')} {_LIMITS[one.key]}, and "
        f"`{one.key}` is {one.limit}"
    )


CURE = (
    f"If it is meant, name them in `consent` of `{PROJECT}:review`, in this pull request, in the "
    "stack's file or the one that it extends; if not, take the change back. The limits are the "
    "base branch's: what this pull request writes there counts from the next one on."
)


def consented(used: Sequence[str], unused: Sequence[str]) -> list[str]:
    """Return what `consent` does here: whom it lets pass, and whom it need not name."""
    return [
        *([f"With consent: {codes(used)}"] if used else []),
        *(
            [f"`consent` names {codes(unused)}, whom nothing happens to: take them out"]
            if unused
            else []
        ),
    ]


def counted(number: int, noun: str) -> str:
    """Return a number of something."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
