"""What the event loop sees of a thread that works for it.

A request may hang in the middle of an answer, where only its thread could look at the
clock. So the thread leaves word of what it tries, and its caller looks.
"""

from collections.abc import Callable
from threading import local
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from cmbcluster_storage.calls import Attempt

_T = TypeVar("_T")


class Watch:
    """One piece of work in a thread.

    Attributes:
        attempt: the request that is tried; None: there is none.
        left: the caller waits no longer.
    """

    def __init__(self) -> None:
        """Watch nothing yet."""
        self.attempt: Attempt | None = None
        self.left = False

    def run(self, work: Callable[[], _T]) -> _T:
        """Return what work returns, which is watched."""
        here.watch = self
        return work()


class _Here(local):
    watch = Watch()

    def go_on(self) -> None:
        """Raise if nobody waits for the next request of an attempt: some have several."""
        if attempt := self.watch.attempt:
            attempt.go_on()


# In each thread, what it works for.
here = _Here()
