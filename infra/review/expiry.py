"""Expiry: which of a plan's changes let data go sooner than before. Pure.

Both clouds' lifecycle documents are read into the same words, so that a rule that begins to
bite is told alike, whether its days change, it is new, or it is switched on.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from infra.review.markdown import code
from infra.review.plans import Resource, Step

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
        return f"after {self.days:g} days{beyond}"


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
        yield "what is overwritten or deleted is gone at once, since versioning is switched off"
    known, days = _restorable_days(step.before), _restorable_days(step.after)
    if known is not None and days is not None and days < known:
        yield f"what is deleted for good can be restored for {days:g} days (before: {known:g})"


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
    if _at(rule, "status") != "Enabled":
        return
    prefix = str(_at(rule, "filter", "prefix") or _at(rule, "prefix") or "")
    versions = "noncurrentVersionExpiration"
    kept = _at(rule, versions, "newerNoncurrentVersions") or 0
    yield _Subject("old versions", prefix), _Term(_at(rule, versions, "noncurrentDays"), kept)
    yield _Subject("objects", prefix), _Term(_at(rule, "expiration", "days"))
    days = _at(rule, "abortIncompleteMultipartUpload", "daysAfterInitiation")
    yield _Subject("unfinished uploads", prefix), _Term(days)


def _gcp(rule: Any) -> Iterator[tuple[_Subject, _Term]]:
    action, condition = _at(rule, "action", "type"), _at(rule, "condition")
    prefix = ", ".join(map(str, _list_at(condition, "matchesPrefixes")))
    if action == "AbortIncompleteMultipartUpload":
        yield _Subject("unfinished uploads", prefix), _Term(_at(condition, "age"))
    elif action == "Delete" and _at(condition, "withState") == "ARCHIVED":
        newer = _at(condition, "numNewerVersions")
        # The live version counts as a newer one.
        kept = newer - 1 if isinstance(newer, int) and newer else 0
        days = _at(condition, "daysSinceNoncurrentTime")
        yield _Subject("old versions", prefix), _Term(days, kept)
    elif action == "Delete":
        yield _Subject("objects", prefix), _Term(_at(condition, "age"))


def _versioned(resource: Resource) -> bool:
    return (
        _at(resource.inputs, "versioning", "enabled") is True
        or _at(resource.inputs, "versioningConfiguration", "status") == "Enabled"
    )


def _restorable_days(resource: Resource) -> float | None:
    seconds = _at(resource.inputs, "softDeletePolicy", "retentionDurationSeconds")
    return seconds / _DAY_SECONDS if isinstance(seconds, int | float) else None


def _at(value: Any, *keys: str) -> Any:
    """Return a part of a value; None if it has no such part: what is unknown yet is a text."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _list_at(value: Any, key: str) -> list[Any]:
    found = _at(value, key)
    return found if isinstance(found, list) else []
