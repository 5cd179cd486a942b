"""Expiry: which of a plan's changes let data go sooner than before. Pure.

Both clouds' lifecycle documents are read into the same words, so that a rule that begins to
bite is told alike, whether its days change, it is new, or it is switched on.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from infra.review.markdown import code
from infra.review.plans import Resource, Step, at

_DAY_SECONDS = 24 * 60 * 60


class _Subject(NamedTuple):
    """What expires, and under which prefix."""

    what: str
    prefix: str


class _Term(NamedTuple):
    """When it expires: after so many days, unless one of the newest so many."""

    days: Any
    kept: Any = 0

    def __str__(self) -> str:
        beyond = f" beyond the newest {self.kept:g}" if self.kept else ""
        return f"after {_days(self.days)}{beyond}"


_Terms = dict[_Subject, _Term]


def bites(step: Step) -> Iterator[str]:
    """Yield in words what goes sooner than before; nothing for what is new altogether."""
    if not (step.before and step.after):
        return
    before, after = _terms(step, step.before), _terms(step, step.after)
    for subject, term in after.items():
        # What no rule of its own had expires by that of all objects.
        known = before.get(subject) or before.get(_Subject(subject.what, ""))
        if known is None or term.days < known.days or term.kept < known.kept:
            where = f" under {code(subject.prefix)}" if subject.prefix else ""
            yield f"{subject.what}{where} expire {term} (before: {known or 'never'})"
    if _versioned(step.before) and not _versioned(step.after):
        yield "what is overwritten or deleted leaves no old version: versioning is switched off"
    known, days = _restorable_days(step.before), _restorable_days(step.after)
    if known is not None and days is not None and days < known:
        yield f"what is deleted for good can be restored for {_days(days)} (before: {known:g})"


def _days(number: float) -> str:
    return f"{number:g} day{'' if number == 1 else 's'}"


def _terms(step: Step, resource: Resource) -> _Terms:
    if step.type == "gcp:storage/bucket:Bucket":
        found = map(_gcp, _list_at(resource.inputs, "lifecycleRules"))
    elif step.type == "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration":
        found = map(_aws, _list_at(resource.inputs, "rules"))
    else:
        found = iter(())
    return {
        subject: term
        for terms in found
        for subject, term in terms
        if isinstance(term.days, int | float) and isinstance(term.kept, int | float)
    }


def _aws(rule: Any) -> Iterator[tuple[_Subject, _Term]]:
    if at(rule, "status") != "Enabled":
        return
    prefix = str(at(rule, "filter", "prefix") or at(rule, "prefix") or "")
    versions = "noncurrentVersionExpiration"
    kept = at(rule, versions, "newerNoncurrentVersions") or 0
    yield _Subject("old versions", prefix), _Term(at(rule, versions, "noncurrentDays"), kept)
    yield _Subject("objects", prefix), _Term(at(rule, "expiration", "days"))
    days = at(rule, "abortIncompleteMultipartUpload", "daysAfterInitiation")
    yield _Subject("unfinished uploads", prefix), _Term(days)


def _gcp(rule: Any) -> Iterator[tuple[_Subject, _Term]]:
    action, condition = at(rule, "action", "type"), at(rule, "condition")
    prefix = ", ".join(map(str, _list_at(condition, "matchesPrefixes")))
    if action == "AbortIncompleteMultipartUpload":
        yield _Subject("unfinished uploads", prefix), _Term(at(condition, "age"))
    elif action == "Delete" and at(condition, "withState") == "ARCHIVED":
        newer = at(condition, "numNewerVersions")
        # The live version counts as a newer one.
        kept = newer - 1 if isinstance(newer, int) and newer else 0
        days = at(condition, "daysSinceNoncurrentTime")
        yield _Subject("old versions", prefix), _Term(days, kept)
    elif action == "Delete":
        yield _Subject("objects", prefix), _Term(at(condition, "age"))


def _versioned(resource: Resource) -> bool:
    return (
        at(resource.inputs, "versioning", "enabled") is True
        or at(resource.inputs, "versioningConfiguration", "status") == "Enabled"
    )


def _restorable_days(resource: Resource) -> float | None:
    seconds = at(resource.inputs, "softDeletePolicy", "retentionDurationSeconds")
    return seconds / _DAY_SECONDS if isinstance(seconds, int | float) else None


def _list_at(value: Any, key: str) -> list[Any]:
    found = at(value, key)
    return found if isinstance(found, list) else []
