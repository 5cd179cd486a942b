import errno
import inspect
import io
import pickle
import ssl
from datetime import UTC, datetime

import cmbcluster_storage
import pytest
import urllib3.exceptions
from botocore import exceptions as sdk
from botocore.response import StreamingBody
from botocore.stub import Stubber
from cmbcluster_storage import large_uploads, uploads
from cmbcluster_storage.calls import Patience
from cmbcluster_storage.errors import (
    AccessDeniedError,
    BucketExistsError,
    BucketNotFoundError,
    ConfigurationError,
    ConflictError,
    InvalidRequestError,
    MissingExtraError,
    ObjectNotFoundError,
    OutcomeUnknownError,
    PartialFailureError,
    PreconditionFailedError,
    StorageError,
    StorageTimeoutError,
    UnavailableError,
    UnsupportedError,
)
from cmbcluster_storage.factory import StorageProviderFactory
from cmbcluster_storage.s3_errors import error_of, sdk_errors

ONCE = Patience(attempts=1)
BUILT_INS = {
    StorageError: Exception,
    ObjectNotFoundError: FileNotFoundError,
    BucketNotFoundError: FileNotFoundError,
    AccessDeniedError: PermissionError,
    ConflictError: Exception,
    PreconditionFailedError: ConflictError,
    BucketExistsError: FileExistsError,
    PartialFailureError: ConflictError,
    OutcomeUnknownError: Exception,
    InvalidRequestError: ValueError,
    UnavailableError: ConnectionError,
    StorageTimeoutError: TimeoutError,
    ConfigurationError: ValueError,
    MissingExtraError: ImportError,
    UnsupportedError: NotImplementedError,
}
ERRNOS = {
    ObjectNotFoundError: errno.ENOENT,
    BucketNotFoundError: errno.ENOENT,
    AccessDeniedError: errno.EACCES,
    BucketExistsError: errno.EEXIST,
    UnavailableError: errno.EAGAIN,
    StorageTimeoutError: errno.ETIMEDOUT,
}
SDK_ERRORS = [
    kind
    for _, kind in inspect.getmembers(sdk, inspect.isclass)
    if kind.__module__ == sdk.__name__
    and issubclass(kind, Exception)
    and not issubclass(kind, Warning)
]


def test_the_tree_is_whole():
    exported = {getattr(cmbcluster_storage, name) for name in cmbcluster_storage.__all__}
    errors = {thing for thing in exported if issubclass(thing, Exception)}

    assert errors == set(BUILT_INS)
    assert all(issubclass(kind, (StorageError, base)) for kind, base in BUILT_INS.items())
    assert {kind for kind in errors if kind.retryable} == {UnavailableError, StorageTimeoutError}


@pytest.mark.parametrize("kind", BUILT_INS)
def test_every_error_says_where_and_survives_pickling(kind):
    places = {"provider": "aws", "operation": "download_object", "request_id": "R1"}
    error = kind("gone; restore it", bucket="b", key="line\nbreak", **places)
    error.add_note("seen by the hub")
    error.attempts, error.seconds = 3, 1.5
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert str(error) == str(again) == "download_object 'b/line\\nbreak': gone; restore it"
    assert isinstance(error, BUILT_INS[kind])
    assert type(again) is kind
    assert vars(again) == vars(error)
    assert {**places, "bucket": "b", "key": "line\nbreak"}.items() <= vars(again).items()
    if kind in ERRNOS:
        assert (again.errno, again.filename) == (ERRNOS[kind], "b/line\nbreak")


def test_message_without_a_place():
    assert str(ConfigurationError("set AWS_REGION")) == "set AWS_REGION"
    assert str(UnavailableError("try again", operation="connect")) == "connect: try again"
    assert str(ConflictError("not empty", bucket="b")) == "'b': not empty"
    assert UnavailableError("try again").filename is None


def bare(kind):
    """Make an SDK error without knowing its arguments."""
    error = kind.__new__(kind)
    error.response = {}
    return error


def raised(error):
    with pytest.raises(StorageError) as caught, sdk_errors("k"):
        raise error
    assert caught.value.__cause__ is error
    assert caught.value.provider == "aws"
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("kind", SDK_ERRORS)
def test_no_sdk_error_is_unmapped(kind):
    assert kind.__name__ in str(raised(bare(kind)))


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (sdk.ConnectTimeoutError, StorageTimeoutError),
        (sdk.ReadTimeoutError, StorageTimeoutError),
        (sdk.EndpointConnectionError, UnavailableError),
        (sdk.ProxyConnectionError, UnavailableError),
        (sdk.SSLError, UnavailableError),
        (sdk.HTTPClientError, UnavailableError),
        (sdk.IncompleteReadError, UnavailableError),
        (sdk.FlexibleChecksumError, UnavailableError),
        (sdk.CredentialRetrievalError, UnavailableError),
        (sdk.NoCredentialsError, AccessDeniedError),
        (sdk.UnauthorizedSSOTokenError, AccessDeniedError),
        (sdk.ParamValidationError, InvalidRequestError),
        (sdk.RangeError, InvalidRequestError),
        (sdk.ProfileNotFound, ConfigurationError),
        (sdk.PartialCredentialsError, ConfigurationError),
        (sdk.InvalidProxiesConfigError, ConfigurationError),
        (sdk.InvalidRegionError, ConfigurationError),
        (sdk.ClientError, StorageError),
        (sdk.UndefinedModelAttributeError, StorageError),
        (FileNotFoundError, ConfigurationError),
        (PermissionError, ConfigurationError),
        (ConnectionResetError, UnavailableError),
        (TimeoutError, StorageTimeoutError),
    ],
)
def test_sdk_error(foreign, ours):
    assert type(raised(bare(foreign))) is ours


@pytest.mark.parametrize(
    ("status", "code", "ours"),
    [
        (301, "PermanentRedirect", ConfigurationError),
        (400, "AuthorizationHeaderMalformed", ConfigurationError),
        (400, "ExpiredToken", AccessDeniedError),
        (400, "InvalidArgument", InvalidRequestError),
        (400, "RequestTimeout", StorageTimeoutError),
        (403, "AccessDenied", AccessDeniedError),
        (403, "InvalidAccessKeyId", AccessDeniedError),
        (403, "InvalidObjectState", ConflictError),
        (403, "RequestTimeTooSkewed", ConfigurationError),
        (403, "SignatureDoesNotMatch", AccessDeniedError),
        (404, "NoSuchBucket", BucketNotFoundError),
        (404, "NoSuchKey", ObjectNotFoundError),
        (404, "NoSuchVersion", ObjectNotFoundError),
        (405, "MethodNotAllowed", UnsupportedError),
        (409, "BucketNotEmpty", ConflictError),
        (409, "ConditionalRequestConflict", UnavailableError),
        (409, "OperationAborted", UnavailableError),
        (412, "PreconditionFailed", PreconditionFailedError),
        (416, "InvalidRange", InvalidRequestError),
        (418, "Teapot", StorageError),
        (500, "InternalError", UnavailableError),
        (501, "NotImplemented", UnsupportedError),
        (503, "SlowDown", UnavailableError),
    ],
)
def test_answer_of_the_service(status, code, ours):
    answer = {
        "Error": {"Code": code, "Message": "secret AKIAIOSFODNN7EXAMPLE"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "R1"},
    }
    error = raised(sdk.ClientError(answer, "GetObject"))

    assert type(error) is ours
    assert error.request_id == "R1"
    assert code in str(error)
    assert "AKIA" not in str(error)


@pytest.mark.parametrize(
    ("operation", "status", "key", "ours"),
    [
        ("HeadObject", 404, "k", ObjectNotFoundError),
        ("HeadBucket", 404, None, BucketNotFoundError),
        ("HeadObject", 400, "k", AccessDeniedError),
        ("HeadObject", 403, "k", AccessDeniedError),
        ("GetObject", 404, "k", UnavailableError),
    ],
)
def test_an_answer_without_a_reason(operation, status, key, ours):
    answer = {"Error": {"Code": str(status)}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(StorageError) as caught, sdk_errors(key):
        raise sdk.ClientError(answer, operation)
    assert type(caught.value) is ours


def tls(error):
    wrapped = urllib3.exceptions.SSLError(error)
    return sdk.SSLError(endpoint_url="u", error=wrapped)


@pytest.mark.parametrize("operation", ["HeadObject", "GetObject"])
@pytest.mark.parametrize("code", ["405", "MethodNotAllowed"])
def test_a_version_that_is_a_deletion_s_mark_is_no_object(operation, code):
    told = {"HTTPStatusCode": 405, "HTTPHeaders": {"x-amz-delete-marker": "true"}}
    error = raised(sdk.ClientError({"Error": {"Code": code}, "ResponseMetadata": told}, operation))
    assert type(error) is ObjectNotFoundError


@pytest.mark.parametrize(
    ("error", "uncertain"),
    [
        (tls(ssl.SSLCertVerificationError(1, "expired")), False),
        (tls(ssl.SSLError(1, "[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC]")), True),
        (sdk.ConnectTimeoutError(endpoint_url="u"), False),
        (sdk.EndpointConnectionError(endpoint_url="u"), False),
        (sdk.ReadTimeoutError(endpoint_url="u"), True),
        (sdk.ConnectionClosedError(endpoint_url="u"), True),
        (sdk.NoCredentialsError(), False),
    ],
)
def test_a_lost_answer_is_told_from_a_lost_request(error, uncertain):
    assert raised(error).uncertain is uncertain


@pytest.mark.parametrize(
    ("code", "uncertain"), [("InternalError", True), ("SlowDown", False), ("AccessDenied", False)]
)
def test_a_lost_answer_is_told_from_a_refusal_of_one_among_many(code, uncertain):
    assert error_of(code).uncertain is uncertain


def test_ours_and_foreign_errors_pass():
    with pytest.raises(KeyError), sdk_errors(None):
        raise KeyError


@pytest.fixture
def stubbed(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    provider = StorageProviderFactory.create("aws", region="us-east-1", patience=ONCE)
    with Stubber(provider._backend._client) as stub:
        yield provider, stub


async def test_methods_name_themselves(stubbed):
    provider, stub = stubbed
    for call in ("put_object", "get_object", "list_object_versions"):
        stub.add_client_error(call, "InvalidAccessKeyId", http_status_code=403)

    with pytest.raises(AccessDeniedError, match=r"^upload_object 'bucket/key': .*renew"):
        await provider.upload_object("bucket", "key", b"")
    with pytest.raises(AccessDeniedError, match=r"^download_object 'bucket/key': .*renew"):
        await provider.download_object("bucket", "key")
    with pytest.raises(AccessDeniedError, match=r"^list_objects 'bucket': .*renew"):
        await provider.list_objects("bucket", "prefix", versions=True)
    await provider.aclose()


@pytest.mark.parametrize(
    ("bucket_status", "ours", "told"),
    [(200, InvalidRequestError, "the key or the version"), (400, AccessDeniedError, "renew them")],
)
async def test_a_head_without_a_reason_asks_for_the_bucket(stubbed, bucket_status, ours, told):
    provider, stub = stubbed
    stub.add_client_error("head_object", "400", http_status_code=400)
    if bucket_status == 200:
        stub.add_response("head_bucket", {})
    else:
        stub.add_client_error("head_bucket", "400", http_status_code=400)

    with pytest.raises(ours, match=rf"^get_object_info 'bucket/key': .*{told}"):
        await provider.get_object_info("bucket", "key", version_id="nonsense")
    stub.assert_no_pending_responses()
    await provider.aclose()


TOLD = {"ContentLength": 3, "ETag": '"e"', "LastModified": datetime(2026, 1, 2, tzinfo=UTC)}


@pytest.mark.parametrize("field", TOLD)
async def test_an_answer_that_lost_a_header_on_its_way(stubbed, field):
    provider, stub = stubbed
    told = {name: TOLD[name] for name in TOLD.keys() - {field}}
    body = StreamingBody(io.BytesIO(b"abc"), 3)
    stub.add_response("get_object", {"Body": body, **told})
    stub.add_response("head_object", told)

    for call in (provider.download_object("b", "k"), provider.get_object_info("b", "k")):
        with pytest.raises(UnavailableError, match=field) as caught:
            await call
        place = (caught.value.provider, caught.value.bucket, caught.value.key)
        assert place == ("aws", "b", "k")
    assert body._raw_stream.closed
    await provider.aclose()


async def test_an_answer_to_a_write_that_lost_its_headers(stubbed):
    provider, stub = stubbed
    stub.add_response("put_object", {})
    with pytest.raises(UnavailableError, match="check what stands between") as caught:
        await provider.upload_object("b", "k", b"abc")
    assert caught.value.uncertain
    await provider.aclose()


async def test_an_answer_to_the_beginning_of_an_upload_that_lost_its_name(stubbed, monkeypatch):
    provider, stub = stubbed
    for module in (uploads, large_uploads):
        monkeypatch.setattr(module, "SMALL_BYTES", 4)
    stub.add_response("create_multipart_upload", {})
    with pytest.raises(UnavailableError, match="no 'UploadId'; check what stands between"):
        await provider.upload_object("b", "k", b"01234567")
    await provider.aclose()


async def test_content_that_breaks_off(stubbed):
    provider, stub = stubbed
    body = StreamingBody(io.BytesIO(b"half"), 8)
    told = {"ContentLength": 8, "ETag": '"e"', "LastModified": datetime(2026, 1, 2, tzinfo=UTC)}
    stub.add_response("get_object", {"Body": body, **told})

    with pytest.raises(UnavailableError, match="broke off"):
        await provider.download_object("bucket", "key")
    await provider.aclose()


async def test_no_credentials(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    provider = StorageProviderFactory.create("aws", region="us-east-1")

    with pytest.raises(AccessDeniedError, match="renew them"):
        await provider.download_object("bucket", "key")
    await provider.aclose()


@pytest.mark.parametrize("is_folder", [False, True])
async def test_a_token_s_file_that_cannot_be_read_is_no_missing_object(
    monkeypatch, tmp_path, is_folder
):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ann")
    # A folder can be opened by nobody, not even by root.
    monkeypatch.setenv(
        "AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path if is_folder else tmp_path / "no")
    )
    provider = StorageProviderFactory.create("aws", region="us-east-1")
    for call in (
        provider.get_object_info("bucket", "key"),
        provider.upload_object("bucket", "key", b"content"),
        provider.list_objects("bucket"),
    ):
        with pytest.raises(ConfigurationError, match="AWS_WEB_IDENTITY_TOKEN_FILE") as caught:
            await call
        assert caught.value.attempts == 1
    await provider.aclose()


@pytest.mark.parametrize("ours", [AccessDeniedError("no"), ConfigurationError("set it")])
def test_ours_that_are_built_in_errors_pass(ours):
    with pytest.raises(type(ours)) as caught, sdk_errors(None):
        raise ours
    assert caught.value is ours
