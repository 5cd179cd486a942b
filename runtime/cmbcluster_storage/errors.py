"""Errors of the runtime: what a caller may catch, whatever the cloud.

    StorageError
      ObjectNotFoundError        FileNotFoundError
      BucketNotFoundError        FileNotFoundError
      AccessDeniedError          PermissionError
      ConflictError
        PreconditionFailedError
        BucketExistsError        FileExistsError
        PartialFailureError
      OutcomeUnknownError
      InvalidRequestError        ValueError
      UnavailableError           ConnectionError      retryable
      StorageTimeoutError        TimeoutError         retryable
      ConfigurationError         ValueError
      MissingExtraError          ImportError
      UnsupportedError           NotImplementedError

Each backend has one table from its SDK's errors to these and chains the SDK's own
error as `__cause__`. Messages are ours: they repeat neither contents nor secrets.
"""

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

# Of an InvalidRequestError: what it says of a range that begins where the object has ended.
BEYOND = "the object ends before the range begins"


class StorageError(Exception):
    """Base of every error of the runtime; picklable.

    Attributes:
        message: what is wrong and, where there is one, the cure; one line.
        provider: "aws" or "gcp"; None if no cloud was asked.
        operation: the method that failed.
        bucket: name of the bucket; None if the failure is not about one.
        key: name of the object; None if the failure is not about one.
        request_id: what the vendor's support asks for; None if no answer came.
        attempts: how often the request was tried that failed; 0 if none did: nothing was
            asked, or what several good answers make is damaged.
        seconds: how long all attempts and the waits between them took.
        retryable: the same call may succeed later.
        uncertain: an answer was lost, of this attempt or one before: what was asked for may
            have happened.
    """

    retryable: ClassVar[bool] = False
    _errno: ClassVar[int] = errno.EIO

    def __init__(
        self,
        message: str,
        *,
        provider: str | None = None,
        operation: str | None = None,
        bucket: str | None = None,
        key: str | None = None,
        request_id: str | None = None,
        uncertain: bool = False,
    ) -> None:
        """Say what is wrong, then where."""
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.operation = operation
        self.bucket = bucket
        self.key = key
        self.request_id = request_id
        self.uncertain = uncertain
        self.attempts = 0
        self.seconds = 0.0
        if isinstance(self, OSError):
            self.errno = self._errno
            self.strerror = os.strerror(self._errno)
            self.filename = self._place()

    def locate(self, provider: str, operation: str, bucket: str | None, key: str | None) -> None:
        """Say where it happened, which only the caller of a request knows."""
        self.provider, self.operation, self.bucket, self.key = provider, operation, bucket, key
        if isinstance(self, OSError):
            self.filename = self._place()

    def __str__(self) -> str:
        """Return one line: operation, bucket/key, message."""
        place = self._place()
        where = [self.operation, place and repr(place)]  # repr: a key may hold a line break
        return ": ".join(filter(None, (" ".join(filter(None, where)), self.message)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with bucket and key, from which OSError's own fields follow."""
        rebuild = partial(type(self), bucket=self.bucket, key=self.key)
        return rebuild, (self.message,), self.__dict__

    def _place(self) -> str | None:
        return "/".join(filter(None, (self.bucket, self.key))) or None


class ObjectNotFoundError(StorageError, FileNotFoundError):
    """The object, or the version asked for, does not exist."""

    _errno = errno.ENOENT


class BucketNotFoundError(StorageError, FileNotFoundError):
    """The bucket does not exist."""

    _errno = errno.ENOENT


class AccessDeniedError(StorageError, PermissionError):
    """The identity is unknown, expired or not allowed to do this."""

    _errno = errno.EACCES


class ConflictError(StorageError):
    """The bucket or object is in a state that forbids the call."""


class PreconditionFailedError(ConflictError):
    """The object is not the one that the caller's condition named."""


class BucketExistsError(ConflictError, FileExistsError):
    """The bucket's name is taken by somebody else, or by another user's bucket."""

    _errno = errno.EEXIST


class PartialFailureError(ConflictError):
    """Some of it is done, the rest is not; the same call goes on with the rest.

    Attributes:
        left: what is left: keys, or keys and versions; the first 1,000 of them.
    """

    left: tuple[str, ...] = ()


class OutcomeUnknownError(StorageError):
    """The answer was lost, and what is there now does not prove what happened.

    Look at the object before writing again: it may be the one that was to be written.
    """


class InvalidRequestError(StorageError, ValueError):
    """An argument is one that the cloud does not accept."""


class UnavailableError(StorageError, ConnectionError):
    """The cloud could not be reached or could not serve the call now."""

    retryable = True
    _errno = errno.EAGAIN


class StorageTimeoutError(StorageError, TimeoutError):
    """The answer did not come in time; what was asked may have happened."""

    retryable = True
    _errno = errno.ETIMEDOUT


class ConfigurationError(StorageError, ValueError):
    """Settings, credentials' configuration or endpoint are missing or wrong."""


class MissingExtraError(StorageError, ImportError):
    """The cloud's SDK is not installed."""


class UnsupportedError(StorageError, NotImplementedError):
    """The cloud or server does not offer this."""


# What is imported of each cloud's SDK; the first is what people call it.
SDKS = {
    "aws": ("boto3", "botocore"),
    "gcp": ("google.cloud.storage", "google.auth", "google.api_core", "requests", "urllib3"),
}


@contextmanager
def missing_extra(kind: str) -> Generator[None, None, None]:
    """Say so if a cloud's SDK, or a package that holds or carries it, is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        if not any(f"{part}.".startswith(f"{error.name}.") for part in SDKS[kind]):
            raise
        raise MissingExtraError(
            f"{SDKS[kind][0]} is not installed; pip install 'cmbcluster-storage[{kind}]'",
            provider=kind,
        ) from error


@contextmanager
def whole_answers(kind: str) -> Generator[None, None, None]:
    """Raise if an answer does not tell what a cloud's always do: it may not be the cloud's."""
    try:
        yield
    except KeyError as error:
        raise UnavailableError(
            f"the answer has no {error}; check what stands between here and the cloud",
            provider=kind,
            uncertain=True,
        ) from error
