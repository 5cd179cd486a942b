"""S3's errors: one table from what botocore raises to what the runtime raises.

Nothing is unmapped: a test walks all of botocore's classes.
"""

from collections.abc import Generator
from contextlib import contextmanager
from ssl import SSLCertVerificationError
from typing import Any, cast

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from cmbcluster_storage.errors import (
    BEYOND,
    AccessDeniedError,
    BucketExistsError,
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

_DENIED = (AccessDeniedError, "not allowed; the identity's policy must permit it")
_CREDENTIALS = (AccessDeniedError, "the credentials are missing, expired or wrong; renew them")
_REGION = (ConfigurationError, "the bucket is in another region; set AWS_REGION to that")
_INVALID = (InvalidRequestError, "the cloud refuses an argument")
_TIMEOUT = (StorageTimeoutError, "no answer in time; try again")
_UNREACHABLE = (UnavailableError, "the endpoint cannot be reached; check it and try again")
_BUSY = (UnavailableError, "the cloud is busy or broken; try again later")
_BROKEN = (UnavailableError, "the answer broke off or was damaged; try again")

# First the error's code, then its HTTP status, then its class and that one's bases.
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_ERRORS: dict[str | int | type, tuple[type[StorageError], str]] = {
    "NoSuchBucket": (BucketNotFoundError, "the bucket does not exist"),
    "BucketAlreadyExists": (BucketExistsError, "the name is somebody else's; choose another"),
    "InvalidObjectState": (ConflictError, "the object is archived; restore it first"),
    "OperationAborted": (UnavailableError, "another call is changing it; try again"),
    "ConditionalRequestConflict": (UnavailableError, "another call is writing it; try again"),
    "RequestTimeTooSkewed": (ConfigurationError, "this machine's clock is wrong; set it"),
    **dict.fromkeys(
        (
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidAccessKeyId",
            "InvalidIdentityToken",
            "InvalidToken",
            "SignatureDoesNotMatch",
            "TokenRefreshRequired",
        ),
        _CREDENTIALS,
    ),
    "400": _CREDENTIALS,  # to HEAD, whose answer has no body that says more
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "RequestTimeout": _TIMEOUT,
    **dict.fromkeys(("InternalError", "SlowDown", "ServiceUnavailable"), _BUSY),
    "AccessDenied": _DENIED,
    "NoSuchUpload": (ConflictError, "the upload is not there any more; begin again"),
    **dict.fromkeys(("BadDigest", "IncompleteBody", "XAmzContentChecksumMismatch"), _BROKEN),
    "Throttling": _BUSY,
    "ThrottlingException": _BUSY,
    301: _REGION,
    307: _REGION,
    400: _INVALID,
    401: _CREDENTIALS,
    403: _DENIED,
    404: (ObjectNotFoundError, "the object or this version of it does not exist"),
    405: (UnsupportedError, "the server does not offer this"),
    409: (ConflictError, "the state of the bucket or object forbids it"),
    412: (PreconditionFailedError, "the object is not the one that the condition names"),
    416: (InvalidRequestError, BEYOND),
    429: _BUSY,
    500: _BUSY,
    501: (UnsupportedError, "the server does not offer this"),
    502: _BUSY,
    503: _BUSY,
    504: _BUSY,
    **dict.fromkeys((sdk.ConnectTimeoutError, sdk.ReadTimeoutError, sdk.WaiterError), _TIMEOUT),
    **dict.fromkeys((sdk.ConnectionError, sdk.HTTPClientError), _UNREACHABLE),
    **dict.fromkeys(
        (
            sdk.AwsChunkedWrapperError,
            sdk.ChecksumError,
            sdk.ConnectionClosedError,
            sdk.FlexibleChecksumError,
            sdk.IncompleteReadError,
            sdk.PaginationError,
            sdk.ResponseStreamingError,
            ResponseParserError,
            HTTPError,
        ),
        _BROKEN,
    ),
    **dict.fromkeys(
        (sdk.CapacityNotAvailableError, sdk.MetadataRetrievalError, sdk.CredentialRetrievalError),
        (UnavailableError, "the service that gives out credentials failed; try again"),
    ),
    **dict.fromkeys(
        (
            sdk.LoginError,
            sdk.NoAuthTokenError,
            sdk.NoCredentialsError,
            sdk.RefreshWithMFAUnsupportedError,
            sdk.SSOError,
            sdk.TokenRetrievalError,
        ),
        _CREDENTIALS,
    ),
    **dict.fromkeys(
        (
            sdk.InvalidDNSNameError,
            sdk.InvalidHostLabelError,
            sdk.MissingParametersError,
            sdk.ParamValidationError,
            sdk.UnseekableStreamError,
            sdk.UnsupportedOutpostResourceError,
            sdk.UnsupportedS3AccesspointConfigurationError,
            sdk.UnsupportedS3ArnError,
            sdk.UnsupportedS3ControlArnError,
            sdk.ValidationError,
            UnicodeEncodeError,  # of a key that is no Unicode, as undecoded file names are
        ),
        _INVALID,
    ),
    # Built-in errors that botocore lets through.
    TimeoutError: _TIMEOUT,
    ConnectionError: _BROKEN,
    OSError: (
        ConfigurationError,
        "a file of credentials or certificates cannot be read; check AWS_WEB_IDENTITY_TOKEN_FILE "
        "and AWS_CA_BUNDLE",
    ),
    sdk.InvalidRegionError: (ConfigurationError, "the region is not valid; check AWS_REGION"),
    # Catch-alls: what else botocore raises by itself is about how it is set up;
    # a service's unknown code; a broken installation.
    sdk.BotoCoreError: (ConfigurationError, "boto3 is set up wrongly; see the cause"),
    sdk.ClientError: (StorageError, "the cloud refuses; see the cause"),
    sdk.UndefinedModelAttributeError: (StorageError, "botocore is broken; install it again"),
}


# A refusal whose reason cannot be read; answers to HEAD have none to read.
_UNREADABLE = "Unreadable"
_ERRORS[_UNREADABLE] = _BROKEN
# The version asked for is a deletion's mark, which has no content: 405.
_MARKER = "DeleteMarker"
_ERRORS[_MARKER] = _ERRORS[404]
# No server has seen the request: whatever it asks for has not happened.
_NOT_SENT = (sdk.ConnectTimeoutError, sdk.EndpointConnectionError, sdk.ProxyConnectionError)
# A server in between may answer these in place of the one that has done it.
_UNCERTAIN = (500, 502, 504)
_INTERNAL = "InternalError"  # of one among many, which has no status: 500
_FOREIGN = (
    sdk.BotoCoreError,
    sdk.ClientError,
    sdk.UndefinedModelAttributeError,
    ResponseParserError,
    HTTPError,
    OSError,
    UnicodeEncodeError,
)


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
        code, status, request_id = _told(error, key)
        kind, message = _ours(code, status, type(error))
        raise kind(
            f"{message} ({code or type(error).__name__})",
            provider="aws",
            request_id=request_id,
            uncertain=kind.retryable and _is_lost(error, status),
        ) from error


def _told(error: Exception, key: str | None) -> tuple[str, int, str | None]:
    """Return the code of an answer, in our words where S3 has none, its status and request."""
    if not isinstance(error, sdk.ClientError):
        return "", 0, None
    code = error.response.get("Error", {}).get("Code", "")
    metadata = cast("dict[str, Any]", error.response.get("ResponseMetadata", {}))
    status = metadata.get("HTTPStatusCode", 0)
    if status == 405 and metadata.get("HTTPHeaders", {}).get("x-amz-delete-marker") == "true":
        code = _MARKER
    elif code == str(status) and not error.operation_name.startswith("Head"):
        code = _UNREADABLE
    elif status == 404 and key is None and code == "404":
        code = "NoSuchBucket"
    return code, status, metadata.get("RequestId")


def error_of(code: str) -> StorageError:
    """Return our error for one of many refusals in one answer."""
    kind, message = _ours(code, 0, sdk.ClientError)
    return kind(f"{message} ({code})", provider="aws", uncertain=code == _INTERNAL)


def _is_lost(error: Exception, status: int) -> bool:
    """Return whether the answer was lost, not the request."""
    if status:
        return status in _UNCERTAIN
    # Whatever is wrong with TLS, but for a certificate, may also be so while the answer is read.
    # botocore wraps urllib3's error, and that Python's.
    wrapped: Any = getattr(error, "kwargs", {}).get("error")
    reasons: tuple[object, ...] = getattr(wrapped, "args", ())
    untrusted = any(isinstance(reason, SSLCertVerificationError) for reason in reasons)
    return not untrusted and not isinstance(error, _NOT_SENT)


def _ours(code: str, status: int, foreign: type) -> tuple[type[StorageError], str]:
    clues: tuple[str | int | type, ...] = (code, status, *foreign.__mro__)
    return next(_ERRORS[clue] for clue in clues if clue in _ERRORS)
