"""Errors of the runtime: what a caller may catch, whatever the cloud.

    StorageError
      ObjectNotFoundError        FileNotFoundError
      BucketNotFoundError        FileNotFoundError
      AccessDeniedError          PermissionError
      ConflictError
        PreconditionFailedError
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


class StorageError(Exception):
    """Base of every error of the runtime; picklable.

    Attributes:
        message: what is wrong and, where there is one, the cure; one line.
        provider: "aws" or "gcp"; None if no cloud was asked.
        operation: the method that failed.
        bucket: name of the bucket; None if the failure is not about one.
        key: name of the object; None if the failure is not about one.
        request_id: what the vendor's support asks for; None if no answer came.
        retryable: the same call may succeed later.
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
    ) -> None:
        """Say what is wrong, then where."""
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.operation = operation
        self.bucket = bucket
        self.key = key
        self.request_id = request_id
        if isinstance(self, OSError):
            self.errno = self._errno
            self.strerror = os.strerror(self._errno)
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


@contextmanager
def missing_extra(kind: str, sdk: str) -> Generator[None, None, None]:
    """Say so if a cloud's SDK, or a package that holds it, is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        if not f"{sdk}.".startswith(f"{error.name}."):
            raise
        raise MissingExtraError(
            f"{sdk} is not installed; pip install 'cmbcluster-storage[{kind}]'", provider=kind
        ) from error
