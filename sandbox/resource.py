"""A resource type: what a plugin must know of one, whatever the cloud.

Plain dicts in and out, in the names of the wire (camelCase); `provider` speaks to the
engine for all of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar

from sandbox.properties import Properties, besides

Failures = Iterator[tuple[str, str]]

# Looks something up for the program: arguments in, result out; raises ProviderError.
Function = Callable[[Properties], Properties]


class ProviderError(Exception):
    """The provider cannot do it, and nothing was done; the text is for the user."""


class PartialError(Exception):
    """A resource was made, but not finished: the engine keeps it and tries again."""

    def __init__(self, resource_id: str, reason: str) -> None:
        """Name the resource that exists, and what failed after it was made."""
        super().__init__(reason)
        self.resource_id = resource_id
        self.reason = reason


class ResourceType(ABC):
    """One type of resource: how to make, read, change and delete one.

    Attributes:
        replaced_by: property paths whose change needs a new resource.
        replaced_first: the old one goes before the new one comes: both have one name.
        supported: properties that are emulated; None means all.
        defaults: property to what it is where the program does not say.
        exact: false and the empty string are not the same as absent.
    """

    replaced_by: frozenset[str] = frozenset()
    replaced_first = True
    supported: frozenset[str] | None = None
    defaults: ClassVar[Properties] = {}
    exact = False

    def failures(self, inputs: Properties) -> Failures:
        """Yield (path, reason) for values of the right type that are wrong all the same."""
        yield from ()

    def compared(self, old: Properties, new: Properties) -> tuple[Properties, Properties]:
        """Return last known and new inputs, with what the provider takes for equal made equal.

        A preview must show no change where an update makes none.
        """
        return besides(old, self.defaults, kept=new), besides(new, self.defaults, kept=old)

    @abstractmethod
    def create(self, inputs: Properties) -> str:
        """Make the resource and return its id.

        Raises:
            ProviderError: it exists already, or could not be made.
            PartialError: it was made, but not all of it.
        """

    def imported_id(self, import_id: str) -> str:
        """Return the id under which a resource is kept that was imported by another.

        Raises:
            ProviderError: nothing can be imported by that one.
        """
        return import_id

    @abstractmethod
    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the inputs as they are now in the world, None if it is gone.

        Args:
            resource_id: what `create` returned; on import what the user wrote.
            inputs: as last known; empty on import.
        """

    @abstractmethod
    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Change the resource from its last known inputs to the new ones."""

    @abstractmethod
    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Delete the resource; no error if it is gone already."""

    def outputs(self, resource_id: str, inputs: Properties) -> Properties:
        """Return what the provider adds to the inputs once the resource exists."""
        return {}
