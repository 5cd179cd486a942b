import http.client
import inspect
import json
import socket
import ssl

import pytest
import requests.exceptions
import urllib3.exceptions
from cmbcluster_storage.errors import (
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
from cmbcluster_storage.gcs_errors import error_of, sdk_errors
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud import exceptions as cloud
from google.cloud.storage import exceptions as sdk
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError

SDK_ERRORS = {
    kind
    for module in (api, auth, cloud, sdk, requests.exceptions, urllib3.exceptions)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Exception)
    and kind.__module__.startswith(("google.", "requests.", "urllib3."))
    and not kind.__module__.startswith("google.resumable_media")  # bases alone
    and not issubclass(kind, Warning)
}


def bare(kind):
    """Make an SDK error without knowing its arguments."""
    return kind.__new__(kind)


def raised(error, key="k"):
    with pytest.raises(StorageError) as caught, sdk_errors(key):
        raise error
    assert caught.value.__cause__ is error
    assert caught.value.provider == "gcp"
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("kind", sorted(SDK_ERRORS, key=str))
def test_no_sdk_error_is_unmapped(kind):
    assert kind.__name__ in str(raised(bare(kind)))


def test_the_errors_are_all_there():
    assert len(SDK_ERRORS) > 100


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (api.AsyncRestUnsupportedParameterError, UnsupportedError),
        (api.DuplicateCredentialArgs, ConfigurationError),
        (api.GoogleAPICallError, StorageError),
        (api.RetryError, UnavailableError),
        (auth.ClientCertError, ConfigurationError),
        (auth.DefaultCredentialsError, AccessDeniedError),
        (auth.InvalidOperation, AccessDeniedError),
        (auth.MutualTLSChannelError, ConfigurationError),
        (auth.ReauthFailError, AccessDeniedError),
        (auth.RefreshError, AccessDeniedError),
        (auth.TimeoutError, StorageTimeoutError),
        (auth.TransportError, UnavailableError),
        (sdk.DataCorruption, UnavailableError),
        (sdk.InvalidPathError, InvalidRequestError),
        (sdk.InvalidResponse, UnavailableError),
        (requests.exceptions.ConnectTimeout, StorageTimeoutError),
        (requests.exceptions.ReadTimeout, StorageTimeoutError),
        (requests.exceptions.ProxyError, UnavailableError),
        (requests.exceptions.SSLError, UnavailableError),
        (requests.exceptions.ChunkedEncodingError, UnavailableError),
        (requests.exceptions.JSONDecodeError, UnavailableError),
        (requests.exceptions.InvalidHeader, InvalidRequestError),
        (requests.exceptions.InvalidProxyURL, ConfigurationError),
        (requests.exceptions.InvalidSchema, ConfigurationError),
        (requests.exceptions.MissingSchema, ConfigurationError),
        (urllib3.exceptions.LocationParseError, ConfigurationError),
        (urllib3.exceptions.IncompleteRead, UnavailableError),
        (urllib3.exceptions.ReadTimeoutError, StorageTimeoutError),
        (http.client.BadStatusLine, UnavailableError),
        (ConnectionResetError, UnavailableError),
        (TimeoutError, StorageTimeoutError),
        (PermissionError, AccessDeniedError),
        (FileNotFoundError, ConfigurationError),
        (OSError, ConfigurationError),
        (ValueError, InvalidRequestError),
    ],
)
def test_sdk_error(foreign, ours):
    assert type(raised(bare(foreign))) is ours


def answer(status, text):
    response = requests.Response()
    response.status_code = status
    response._content = text.encode()
    response.headers["X-GUploader-UploadID"] = "R1"
    return response


def refusal(reason, message):
    return json.dumps({"error": {"message": message, "errors": [{"reason": reason}]}})


@pytest.mark.parametrize(
    ("status", "reason", "ours"),
    [
        (400, "invalid", InvalidRequestError),
        (401, "authError", AccessDeniedError),
        (403, "forbidden", AccessDeniedError),
        (403, "objectUnderActiveHold", ConflictError),
        (403, "rateLimitExceeded", UnavailableError),
        (403, "retentionPolicyNotMet", ConflictError),
        (404, "notFound", ObjectNotFoundError),
        (405, "methodNotAllowed", UnsupportedError),
        (408, "uploadBrokenConnection", StorageTimeoutError),
        (409, "conflict", ConflictError),
        (410, "gone", ConflictError),
        (412, "conditionNotMet", PreconditionFailedError),
        (416, "requestedRangeNotSatisfiable", InvalidRequestError),
        (418, "teapot", StorageError),
        (429, "rateLimitExceeded", UnavailableError),
        (500, "backendError", UnavailableError),
        (501, "notImplemented", UnsupportedError),
        (503, "backendError", UnavailableError),
    ],
)
def test_answer_of_the_service(status, reason, ours):
    response = answer(status, refusal(reason, "secret ya29.EXAMPLE"))
    error = raised(api.from_http_status(status, "secret ya29.EXAMPLE", response=response))

    assert type(error) is ours
    assert error.request_id == "R1"
    assert reason in str(error)
    assert "ya29" not in str(error)


NO_BUCKET = "The specified bucket does not exist."


@pytest.mark.parametrize(
    ("text", "key", "ours"),
    [
        (refusal("notFound", NO_BUCKET), "k", BucketNotFoundError),
        (refusal("notFound", NO_BUCKET), None, BucketNotFoundError),
        (refusal("notFound", "Not Found"), None, BucketNotFoundError),
        (refusal("notFound", f"No such object: b/{NO_BUCKET}"), NO_BUCKET, ObjectNotFoundError),
        (NO_BUCKET, "k", BucketNotFoundError),
        ("No such object: b/k", "k", ObjectNotFoundError),
        ("[]", "k", ObjectNotFoundError),
        ("{}", "k", ObjectNotFoundError),
    ],
)
def test_a_missing_bucket_is_told_from_a_missing_object(text, key, ours):
    assert type(raised(api.NotFound("", response=answer(404, text)), key)) is ours


def test_content_that_was_damaged_on_its_way_is_sent_again():
    text = 'Provided CRC32C "AAAAAA==" doesn\'t match calculated CRC32C "yZRlqg==".'
    error = raised(api.BadRequest("", response=answer(400, refusal("invalid", text))))
    assert (type(error), error.uncertain) == (UnavailableError, False)
    other = raised(api.BadRequest("", response=answer(400, refusal("invalid", f"No {text}"))))
    assert type(other) is InvalidRequestError


def test_only_what_is_missing_is_the_bucket():
    assert type(raised(api.Forbidden("", response=answer(403, "")), None)) is AccessDeniedError


def test_an_error_without_an_answer_is_known_by_its_class():
    assert type(raised(api.Forbidden("no"))) is AccessDeniedError


def test_credentials_that_could_not_be_renewed_now():
    assert type(raised(auth.RefreshError("busy", retryable=True))) is UnavailableError
    assert type(raised(auth.RefreshError("expired"))) is AccessDeniedError


def given_up(reason):
    return MaxRetryError(None, "u", reason)


def tls(error):
    return requests.exceptions.SSLError(given_up(urllib3.exceptions.SSLError(error)))


@pytest.mark.parametrize(
    ("error", "uncertain"),
    [
        (requests.ConnectionError(given_up(NewConnectionError(None, "refused"))), False),
        (
            requests.ConnectionError(
                given_up(NameResolutionError("storage.invalid", None, socket.gaierror(-3, "no")))
            ),
            False,
        ),
        (requests.ConnectionError(ConnectionResetError()), True),
        (requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted")), True),
        (requests.ConnectTimeout(), False),
        (requests.ReadTimeout(), True),
        (tls(ssl.SSLCertVerificationError(1, "expired")), False),
        (tls(ssl.SSLError(1, "[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC]")), True),
        (auth.TransportError("no"), False),
    ],
)
def test_a_lost_answer_is_told_from_a_lost_request(error, uncertain):
    assert raised(error).uncertain is uncertain


@pytest.mark.parametrize(
    ("status", "uncertain"), [(500, True), (502, True), (504, True), (503, False), (403, False)]
)
def test_a_lost_answer_is_told_from_a_refusal_of_one_among_many(status, uncertain):
    assert error_of(status, "", "k").uncertain is uncertain


def test_ours_and_foreign_errors_pass():
    with pytest.raises(KeyError), sdk_errors(None):
        raise KeyError
