"""What no rule is about: of the types that may give access to data, those are refused.

A provider's next version may have a type that opens a bucket, and that no rule can know.
"""

import re
from collections.abc import Iterator, Sequence

from .model import Resource, Rule

# Modules in which access is given. Where there are two providers for a cloud, rules know the
# names and properties of one.
_GIVES_ACCESS = re.compile(
    r"aws:(iam|s3[a-z]*)[:/]"
    r"|gcp:(folder|iam|organizations|projects|serviceaccount|storage[a-z]*)[:/]"
    r"|(aws|google)-native:"
)
# In which there is nothing to judge: an entry here is a decision.
_HARMLESS = frozenset(
    {
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketLoggingV2:BucketLoggingV2",
        "gcp:serviceaccount/account:Account",
        "gcp:storage/bucketObject:BucketObject",
    }
)


class _Others:
    """Types that may give access, and that no rule is about."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Take the rules."""
        self._rules = rules

    def __contains__(self, token: object) -> bool:
        """Tell whether a type is one of them; the analyzer asks once for each."""
        return (
            isinstance(token, str)
            and _GIVES_ACCESS.match(token) is not None
            and token not in _HARMLESS
            and not any(token in rule.types for rule in self._rules)
        )


def besides(rules: Sequence[Rule]) -> Rule:
    """Return the rule about what no other one is about."""
    return Rule(
        "type-known",
        "What may give access to data is what a rule is about",
        _Others(rules),
        _is_unknown,
    )


def _is_unknown(resource: Resource) -> Iterator[str]:
    yield (
        f"no rule is about {resource.type}: drop it, or write a rule for it in policy/rules, or "
        "add it to _HARMLESS in policy/rules/others.py"
    )
