"""Google Cloud Storage's errors: one table from what its SDK raises to what the runtime raises.

Nothing is unmapped: a test walks all classes of the SDK and of what it stands on.
"""

import http.client
import json
from collections.abc import Generator
from contextlib import contextmanager
from ssl import SSLCertVerificationError
from typing import Any

import urllib3.exceptions as urllib3
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud.storage import exceptions as sdk  # pyright: ignore[reportMissingTypeStubs] - there are none
from requests import exceptions as requests

from cmbcluster_storage.errors import (
    BEYOND,
    AccessDeniedError,
    BucketNotFoundError,
    ConfigurationError,
    ConflictError,
    InvalidRequestError,
    ObjectNotFoundError,
    PreconditionFailedError,
    StorageError,
    StorageTimeoutError,
    UnavailableError,
    UnsupportedError,
)

_DENIED = (AccessDeniedError, "not allowed; the bucket's policy must permit it")
_CREDENTIALS = (AccessDeniedError, "the credentials are missing, expired or wrong; renew them")
_ISSUER = (UnavailableError, "the service that gives out credentials failed; try again")
_ENDPOINT = (ConfigurationError, "the endpoint is not valid; check STORAGE_EMULATOR_HOST")
_RETAINED = (ConflictError, "the object is held or retained; release it first")
_INVALID = (InvalidRequestError, "the cloud refuses an argument")
_TIMEOUT = (StorageTimeoutError, "no answer in time; try again")
_UNREACHABLE = (UnavailableError, "the endpoint cannot be reached; check it and try again")
_BUSY = (UnavailableError, "the cloud is busy or broken; try again later")
_BROKEN = (UnavailableError, "the answer broke off or was damaged; try again")
_GONE = (ConflictError, "the upload is not there any more; begin again")
_UNSUPPORTED = (UnsupportedError, "the server does not offer this")

# Told from a missing object by this text alone: the reason of both is "notFound".
_NO_BUCKET = "The specified bucket does not exist"
# Told from what is wrong by itself by this text alone: the reason of both is "invalid".
_DAMAGED = "Provided CRC32C"

# First the answer's reason, then its HTTP status, then the error's class and that one's bases.
# https://cloud.google.com/storage/docs/json_api/v1/status-codes
_ERRORS: dict[str | int | type, tuple[type[StorageError], str]] = {
    _NO_BUCKET: (BucketNotFoundError, "the bucket does not exist"),
    _DAMAGED: (UnavailableError, "the content was damaged on its way; try again"),
    "objectUnderActiveHold": _RETAINED,
    "retentionPolicyNotMet": _RETAINED,
    "quotaExceeded": _BUSY,
    "rateLimitExceeded": _BUSY,
    "userRateLimitExceeded": _BUSY,
    400: _INVALID,
    401: _CREDENTIALS,
    403: _DENIED,
    404: (ObjectNotFoundError, "the object or this version of it does not exist"),
    405: _UNSUPPORTED,
    408: _TIMEOUT,
    409: (ConflictError, "the state of the bucket or object forbids it"),
    410: _GONE,
    411: _INVALID,
    412: (PreconditionFailedError, "the object is not the one that the condition names"),
    413: _INVALID,
    416: (InvalidRequestError, BEYOND),
    429: _BUSY,
    499: _BROKEN,
    500: _BUSY,
    501: _UNSUPPORTED,
    502: _BUSY,
    503: _BUSY,
    504: _BUSY,
    api.AsyncRestUnsupportedParameterError: _UNSUPPORTED,
    api.DuplicateCredentialArgs: (ConfigurationError, "the SDK is set up wrongly; see the cause"),
    api.RetryError: _BUSY,
    **dict.fromkeys((sdk.DataCorruption, sdk.InvalidResponse), _BROKEN),
    **dict.fromkeys((auth.ResponseError, auth.TransportError), _ISSUER),
    auth.TimeoutError: _TIMEOUT,
    **dict.fromkeys(
        (
            auth.DefaultCredentialsError,
            auth.OAuthError,
            auth.RefreshError,
            auth.UserAccessTokenError,
        ),
        _CREDENTIALS,
    ),
    **dict.fromkeys((requests.ConnectTimeout, requests.Timeout, urllib3.TimeoutError), _TIMEOUT),
    requests.RetryError: _BUSY,
    **dict.fromkeys(
        (
            requests.InvalidSchema,
            requests.InvalidURL,
            requests.MissingSchema,
            requests.URLRequired,
            urllib3.LocationValueError,
        ),
        _ENDPOINT,
    ),
    requests.InvalidProxyURL: (ConfigurationError, "the proxy is not valid; check HTTPS_PROXY"),
    requests.InvalidHeader: _INVALID,
    **dict.fromkeys(
        (
            requests.ChunkedEncodingError,
            requests.ContentDecodingError,
            requests.InvalidJSONError,
            requests.StreamConsumedError,
            requests.UnrewindableBodyError,
        ),
        _BROKEN,
    ),
    # Built-in errors that the SDK lets through.
    TimeoutError: _TIMEOUT,
    **dict.fromkeys((ConnectionError, http.client.HTTPException), _BROKEN),
    PermissionError: _CREDENTIALS,  # a credentials' file that may not be read
    OSError: (  # not those of requests, which have a place of their own
        ConfigurationError,
        "a file of credentials or certificates cannot be read; check "
        "GOOGLE_APPLICATION_CREDENTIALS and REQUESTS_CA_BUNDLE",
    ),
    **dict.fromkeys((ValueError, sdk.InvalidPathError), _INVALID),
    # Catch-alls: what else google.auth raises is about how it is set up; what else requests
    # raises is about the way there, and urllib3, which only a body's reading shows, about
    # the way back; a service's unknown status.
    auth.GoogleAuthError: (ConfigurationError, "credentials are set up wrongly; see the cause"),
    requests.RequestException: _UNREACHABLE,
    urllib3.HTTPError: _BROKEN,
    api.GoogleAPIError: (StorageError, "the cloud refuses; see the cause"),
}
_FOREIGN = tuple(kind for kind in _ERRORS if isinstance(kind, type) and issubclass(kind, Exception))


# No server has seen the request: whatever it asks for has not happened.
_NOT_SENT = (
    requests.ConnectTimeout,
    auth.GoogleAuthError,
    requests.ProxyError,
    # Why requests could not connect; a name that is not resolved is one of these.
    urllib3.NewConnectionError,
    # Whatever else is wrong with TLS may also be so while the answer is read.
    SSLCertVerificationError,
)
# A server in between may answer these in place of the one that has done it.
_UNCERTAIN = (500, 502, 504)


@contextmanager
def sdk_errors(key: str | None) -> Generator[None, None, None]:
    """Turn every error of the SDK into ours, chained.

    Args:
        key: the object that it is about; None: the bucket.
    """
    try:
        yield
    except StorageError:  # some are built-in errors as well
        raise
    except _FOREIGN as error:
        raise from_sdk(error, key) from error


def from_sdk(error: Exception, key: str | None) -> StorageError:
    """Return our error for one that the SDK raised."""
    answer: Any = getattr(error, "response", None)
    status: int = getattr(error, "code", None) or 0
    reason, request_id, text = "", None, ""
    if answer is not None:
        status, request_id = answer.status_code, answer.headers.get("x-guploader-uploadid")
        if status >= 400:  # the body of any other may be half read
            reason, text = _refusal(answer)
    kind, message = _ours(error, reason, status, text, key)
    return kind(
        f"{message} ({reason or type(error).__name__})",
        provider="gcp",
        request_id=request_id,
        uncertain=kind.retryable and _is_lost(error, status),
    )


def error_of(status: int, body: str, key: str | None) -> StorageError:
    """Return our error for one of many refusals in one answer."""
    reason, text = _told(body)
    kind, message = _ours(api.GoogleAPICallError(""), reason, status, text, key)
    uncertain = kind.retryable and status in _UNCERTAIN
    return kind(f"{message} ({reason or status})", provider="gcp", uncertain=uncertain)


def _ours(
    error: Exception, reason: str, status: int, text: str, key: str | None
) -> tuple[type[StorageError], str]:
    if status == 404 and (key is None or text.startswith(_NO_BUCKET)):
        reason = _NO_BUCKET
    elif status == 400 and text.startswith(_DAMAGED):
        reason = _DAMAGED
    clues: list[str | int | type] = [reason, status]
    # google.auth's own word for a failure that may pass.
    again = isinstance(error, auth.GoogleAuthError) and getattr(error, "retryable", False)
    clues += [auth.TransportError] if again else type(error).__mro__
    return next(_ERRORS[clue] for clue in clues if clue in _ERRORS)


def _is_lost(error: Exception, status: int) -> bool:
    """Return whether the answer was lost, not the request."""
    if status:
        return status in _UNCERTAIN
    return not any(isinstance(one, _NOT_SENT) for one in _reasons(error))


def _reasons(error: Any) -> Generator[object, None, None]:
    """Yield an error and what it stands for: requests wraps that, and urllib3 what it wraps."""
    while isinstance(error, Exception):
        yield error
        error = getattr(error, "reason", None) or next(iter(error.args), None)


def _refusal(answer: Any) -> tuple[str, str]:
    """Return the reason and text of a refusal; a download's is text alone."""
    return _told(answer.text)


def _told(body: str) -> tuple[str, str]:
    try:
        told = json.loads(body)["error"]
        return told["errors"][0]["reason"], told["message"]
    except (LookupError, TypeError, ValueError):
        return "", body
