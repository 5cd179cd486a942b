"""One call of a caller: what it is about, how long it may take, whether it still goes on.

The one loop that tries again lives here; the SDKs' own are off. It runs in a worker
thread, where a request blocks, and knows no cloud: what may be tried again is written
on the error.
"""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import TypeVar

from cmbcluster_storage.errors import StorageError, StorageTimeoutError
from cmbcluster_storage.watches import here

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StorageError)

_log = logging.getLogger(__name__)

_MOST_WAIT_SECONDS = 20


@dataclass(frozen=True)
class Patience:
    """How long one request is tried.

    A transfer of many requests may take as long as it takes: each has this by itself.

    Attributes:
        deadline_seconds: for all attempts and the waits between them.
        attempts: at most so many; at least 1.
        first_wait_seconds: at most so long before the second attempt; twice that before
            the third, and so on. The wait itself is random, so that many clients do
            not come back together.
    """

    deadline_seconds: float = 120
    attempts: int = 6
    first_wait_seconds: float = 0.4

    @property
    def read_seconds(self) -> float:
        """How long a silent server is waited for: another attempt must fit in."""
        return min(60, self.deadline_seconds / 2)

    @property
    def connect_seconds(self) -> float:
        """How long a connection may take to open."""
        return min(10, self.deadline_seconds / 2)


class StoppedError(Exception):
    """The caller has gone; nobody sees this."""


@dataclass
class Call:
    """What is asked for, and by when.

    Attributes:
        operation: the public method's name.
        bucket: name of the bucket, if it is about one.
        key: name of the object, if it is about one.
        stopped: set when the caller has gone.
    """

    provider: str
    operation: str
    bucket: str | None
    key: str | None
    patience: Patience
    stopped: Event = field(default_factory=Event)

    def go_on(self) -> None:
        """Raise if the caller has gone: before each request and each piece of a body."""
        if self.stopped.is_set() or here.watch.left:
            raise StoppedError

    def located(self, error: _E) -> _E:
        """Return an error that no request has met, with its place."""
        error.locate(self.provider, self.operation, self.bucket, self.key)
        return error

    def about(self, key: str | None) -> "Call":
        """Return the same call as it is about one of its objects."""
        return Call(self.provider, self.operation, self.bucket, key, self.patience, self.stopped)

    def tried(
        self,
        request: Callable[["Attempt"], _T],
        *,
        repeatable: bool = True,
        uncertain: bool = False,
    ) -> _T:
        """Return what a request returns, tried again while that may help.

        Args:
            request: one attempt; raises a StorageError if it fails.
            repeatable: the request may take effect twice without harm. If not, it is
                not tried again once an answer was lost.
            uncertain: it looks what became of another, whose answer was lost.

        Raises:
            StorageError: the last attempt's, with place, attempts and seconds.
            StoppedError: the caller has gone.
        """
        attempt = Attempt(self, time.monotonic(), uncertain=uncertain)
        watch = here.watch
        watch.attempt = attempt
        try:
            return self._repeated(attempt, request, repeatable=repeatable)
        finally:
            watch.attempt = None

    def _repeated(
        self, attempt: "Attempt", request: Callable[["Attempt"], _T], *, repeatable: bool
    ) -> _T:
        while True:
            self.go_on()
            attempt.number += 1
            try:
                answer = request(attempt)
            except StorageError as error:
                self.go_on()
                wait = attempt.failed(error)
                again = error.retryable and (repeatable or not error.uncertain)
                if not again or not attempt.may_wait(wait):
                    raise
                self.stopped.wait(wait)
            else:
                attempt.log(logging.DEBUG, "done")
                return answer


@dataclass
class Attempt:
    """How far the trying of one request has come.

    Attributes:
        number: 1 for the first.
        uncertain: the answer to an earlier one was lost: it may have taken effect.
    """

    call: Call
    _started: float
    number: int = 0
    uncertain: bool = False

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._started

    @property
    def seconds_left(self) -> float:
        """How long it may take yet."""
        return self.call.patience.deadline_seconds - self.seconds

    def go_on(self) -> None:
        """Raise between two pieces of a body if it must end here."""
        self.call.go_on()
        if self.seconds_left < 0:
            raise self.overdue()

    def overdue(self) -> StorageTimeoutError:
        """Return the error for what is not done by its deadline."""
        error = StorageTimeoutError("not done by its deadline; try again", uncertain=True)
        error.attempts, error.seconds = self.number, self.seconds
        return self.call.located(error)

    def failed(self, error: StorageError) -> float:
        """Write place and effort on an error and return how long to wait."""
        call = self.call
        error.locate(call.provider, call.operation, call.bucket, call.key)
        error.attempts, error.seconds = self.number, self.seconds
        self.uncertain = error.uncertain = self.uncertain or error.uncertain
        self.log(logging.INFO, type(error).__name__)
        most = min(_MOST_WAIT_SECONDS, call.patience.first_wait_seconds * 2 ** (self.number - 1))
        return random.uniform(most / 2, most)  # noqa: S311 - no secret

    def may_wait(self, wait: float) -> bool:
        """Return whether another attempt is left, and time for it."""
        patience = self.call.patience
        return self.number < patience.attempts and self.seconds + wait < patience.deadline_seconds

    def log(self, level: int, outcome: str) -> None:
        """Write one line; keys are a user's own words and stay out of it."""
        if _log.isEnabledFor(level):
            call = self.call
            _log.log(
                level,
                "%s %s: %s",
                call.operation,
                call.bucket,
                outcome,
                extra={
                    "provider": call.provider,
                    "operation": call.operation,
                    "bucket": call.bucket,
                    "attempt": self.number,
                    "seconds": round(self.seconds, 6),
                    "outcome": outcome,
                },
            )
