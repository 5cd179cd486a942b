"""Rules, and what they judge: plain data, so that a rule can be tried without the engine."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final


class Unknown:
    """What a preview cannot tell yet; there is one of it. As nothing, it is false."""

    def __bool__(self) -> bool:
        """Return False."""
        return False

    def __repr__(self) -> str:
        """Return what a message says of it."""
        return "not known yet"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Resource:
    """A resource as the engine shows it to policies.

    Attributes:
        urn: its name in the engine.
        type: its token.
        props: inputs, to a rule of one resource; outputs, to a rule of the stack. A value
            that is not known yet is `UNKNOWN`.
        protected: whether the engine refuses to delete it.
        sources: of a property, the URNs of the resources that its value comes from; told to
            rules of the stack only.
    """

    urn: str
    type: str
    props: Mapping[str, Any]
    protected: bool = False
    sources: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """What one resource must be like, judged before it is made or changed.

    Attributes:
        name: unique in the pack, for ever: people look it up.
        description: the rule, in a sentence.
        types: tokens of the resources that it is about.
        violations: yields what is wrong, each with its cure. What is not known yet is no
            violation: `up` judges it again, when it is.
        advisory: whether it is told only; else it stops the run.
    """

    name: str
    description: str
    types: Container[str]
    violations: Callable[[Resource], Iterable[str]]
    advisory: bool = False


Blame = tuple[Resource, str]


@dataclass(frozen=True)
class StackRule:
    """What the resources of a stack must be like together; it stops the run.

    A preview judges it before anything is made, `up` at its end.

    Attributes:
        name: unique in the pack, for ever.
        description: the rule, in a sentence.
        types: tokens of the resources that it looks at.
        violations: yields the resource to blame, and what is wrong with its cure.
    """

    name: str
    description: str
    types: frozenset[str]
    violations: Callable[[Sequence[Resource]], Iterable[Blame]]
