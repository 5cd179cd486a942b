import asyncio
import base64
import http.client
import io
import json
import threading
from urllib.parse import quote

import google.auth
import google_crc32c
import pytest
from cmbcluster_storage import (
    AccessDeniedError,
    ConfigurationError,
    ConflictError,
    InvalidRequestError,
    StorageProviderFactory,
    StorageTimeoutError,
    UnavailableError,
    gcs_client,
    large_uploads,
    uploads,
)
from cmbcluster_storage.calls import Patience
from google.api_core.exceptions import ServiceUnavailable
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.transport.requests import AuthorizedSession
from requests import ConnectTimeout, Response
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

QUICK = Patience(deadline_seconds=20, attempts=3, first_wait_seconds=0.01)
OBJECT = {
    "name": "a",
    "size": "3",
    "contentType": "text/plain",
    "timeCreated": "2026-01-02T03:04:05.678Z",
    "etag": "CJ4=",
    "generation": "1767323045678000",
}


class BrokenOff(io.BytesIO):
    """A body whose connection is lost after what it holds."""

    def read(self, size=-1):
        part = super().read(size)
        if size is None or size < 0 or not part:
            raise http.client.IncompleteRead(part)
        return part


class Server(BaseAdapter):
    """Answers requests in turn, the last answer for ever; keeps what it was asked."""

    def __init__(self, *answers):
        super().__init__()
        self.answers = list(answers)
        self.asked = []

    def send(self, request, **_):
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, body, headers = answer
        body = io.BytesIO(body) if isinstance(body, bytes) else body
        response = Response()
        response.status_code, response.request, response.url = status, request, request.url
        response.headers.update(headers)
        response.raw = HTTPResponse(body, headers, status, preload_content=False)
        return response

    def close(self):
        pass


def told(value, status=200):
    return status, json.dumps(value).encode(), {"x-guploader-uploadid": "R1"}


def crc32c(content):
    digest = google_crc32c.Checksum(content).digest()
    return f"crc32c={base64.b64encode(digest).decode()}"


def content(body, checked=None):
    headers = {
        "ETag": '"e"',
        "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT",
        "X-Goog-Generation": "7",
        "X-Goog-Hash": f"md5=x,{crc32c(body if checked is None else checked)}",
        "X-Goog-Stored-Content-Length": str(len(body)),
    }
    return 200, body, headers


def busy():
    return told({"error": {"message": "busy", "errors": [{"reason": "backendError"}]}}, 503)


@pytest.fixture
async def serve(monkeypatch):
    """Return what makes a provider whose requests a `Server` answers."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://storage.invalid")
    providers = []

    def made(*answers):
        provider = StorageProviderFactory.create("gcp", patience=QUICK)
        server = Server(*answers)
        provider._backend._client._http.mount("http://", server)
        providers.append(provider)
        return provider, server

    yield made
    for provider in providers:
        await provider.aclose()
        await provider.aclose()


async def test_upload_sends_a_checksum(serve):
    provider, server = serve(told(OBJECT))
    await provider.upload_object("bucket", "a", b"l,C")

    assert crc32c(b"l,C").removeprefix("crc32c=").encode() in server.asked[0].body


@pytest.mark.parametrize("failure", [busy(), ConnectTimeout(), ConnectionResetError()])
async def test_what_may_pass_is_tried_again(serve, failure):
    provider, server = serve(failure, told(OBJECT))

    assert (await provider.upload_object("bucket", "a", b"l,C")).version_id == "1767323045678000"
    assert len(server.asked) == 2


async def test_what_does_not_pass_is_the_error(serve):
    provider, server = serve(busy())
    with pytest.raises(UnavailableError, match=r"^upload_object 'bucket/a': the cloud") as caught:
        await provider.upload_object("bucket", "a", b"l,C")
    assert caught.value.request_id == "R1"
    assert isinstance(caught.value.__cause__, ServiceUnavailable)
    assert len(server.asked) == caught.value.attempts == QUICK.attempts

    provider, _ = serve(ConnectTimeout())
    with pytest.raises(StorageTimeoutError, match=r"^list_objects 'bucket': .* \(ConnectTimeout"):
        await provider.list_objects("bucket")


async def test_a_download_that_breaks_off_starts_again(serve):
    provider, server = serve(
        (*content(b"complete")[:1], BrokenOff(b"comp"), content(b"complete")[2]),
        content(b"complete"),
    )

    assert await provider.download_object("bucket", "a", version_id="7") == b"complete"
    assert [request.headers.get("range") for request in server.asked] == [None, None]
    assert all("generation=7" in request.url for request in server.asked)


async def test_a_damaged_download_is_refused(serve):
    provider, _ = serve(content(b"other", checked=b"content"))
    with pytest.raises(UnavailableError, match="damaged"):
        await provider.download_object("bucket", "a")


async def test_an_answer_that_passes_over_the_range_is_refused(serve):
    provider, server = serve(content(b"0123456789"))
    for span in ({"start": 5}, {"stop": 5}):
        with pytest.raises(UnavailableError, match="other bytes"):
            await provider.download_object("bucket", "a", **span)
    assert len(server.asked) == 2 * QUICK.attempts


async def test_no_address_is_made_of_a_name_that_no_bucket_has(serve):
    provider, server = serve(told({}))
    for name in ("", "..", "a/b", "a?b", "a#b", "A"):
        with pytest.raises(InvalidRequestError, match=r"^list_objects"):
            await provider.list_objects(name)
    assert server.asked == []


async def test_a_prefix_that_is_no_text(serve, tmp_path):
    provider, server = serve(told({}))
    for call in (
        provider.list_objects("bucket", "\udcff"),
        provider.download_directory("bucket", "\udcff", tmp_path),
    ):
        with pytest.raises(InvalidRequestError, match="UnicodeEncodeError"):
            await call
    assert server.asked == []


class Parts(Server):
    """Keeps what was sent, and of it no more than it says, as resumable uploads do."""

    def __init__(self, *kept):
        begun = 200, b"", {"Location": "http://storage.invalid/session"}
        super().__init__(begun, *(self.incomplete(one) for one in kept))
        self.sent = []

    @staticmethod
    def incomplete(kept):
        return kept if isinstance(kept, tuple) else (308, b"", {"Range": f"bytes=0-{kept - 1}"})

    def send(self, request, **options):
        body = request.body or b""
        body = body if isinstance(body, bytes) else b"".join(body)
        self.sent.append((request.headers.get("Content-Range"), body))
        return super().send(request, **options)


WHOLE = b"01234567"
FINAL = told(OBJECT | {"size": "8", "crc32c": crc32c(WHOLE).removeprefix("crc32c=")})


@pytest.fixture
def tiny_parts(monkeypatch):
    """Have parts of four bytes."""
    for module in (uploads, large_uploads):
        monkeypatch.setattr(module, "SMALL_BYTES", 4)


@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize(("kept", "rest"), [(6, ("bytes 6-7/8", b"67")), (8, ("bytes */8", b""))])
async def test_the_last_part_is_sent_until_it_is_an_object(serve, kept, rest):
    provider, _ = serve(told({}))
    server = Parts(4, kept, kept, FINAL)
    provider._backend._client._http.mount("http://", server)
    info = await provider.upload_object("bucket", "a", WHOLE)

    assert info.size_bytes == 8
    assert server.sent[1:] == [
        ("bytes 0-3/*", b"0123"),
        ("bytes 4-7/8", b"4567"),
        ("bytes */*", b""),
        rest,
    ]
    assert "X-Goog-Hash" in server.asked[-1].headers


@pytest.mark.usefixtures("tiny_parts")
async def test_an_upload_without_an_address_is_not_begun(serve):
    provider, _ = serve(told({}))
    with pytest.raises(UnavailableError, match="no 'location'; check what stands between"):
        await provider.upload_object("bucket", "a", WHOLE)


@pytest.mark.usefixtures("tiny_parts")
async def test_an_upload_that_is_gone_is_no_missing_object(serve):
    provider, _ = serve(told({}))
    provider._backend._client._http.mount("http://", Parts(told({}, 404)))
    with pytest.raises(ConflictError, match="write it again"):
        await provider.upload_object("bucket", "a", WHOLE)


async def test_a_version_that_is_no_generation(serve):
    provider, server = serve(content(b""))
    with pytest.raises(InvalidRequestError, match=r"^download_object 'bucket/a'"):
        await provider.download_object("bucket", "a", version_id="null")
    assert server.asked == []


async def test_an_answer_that_is_none(serve):
    provider, _ = serve((200, b"<html>", {}))
    with pytest.raises(UnavailableError, match="JSONDecodeError"):
        await provider.list_objects("bucket")


@pytest.mark.parametrize("header", ["X-Goog-Stored-Content-Length", "X-Goog-Generation"])
async def test_an_answer_that_lost_a_header_on_its_way(serve, header):
    status, body, headers = content(b"abc")
    provider, _ = serve((status, body, {name: headers[name] for name in headers.keys() - {header}}))
    with pytest.raises(UnavailableError, match=header.lower()) as caught:
        await provider.download_object("b", "a")
    assert (caught.value.provider, caught.value.bucket, caught.value.key) == ("gcp", "b", "a")


async def test_what_is_asked_of_a_project_names_the_variable(serve):
    provider, server = serve(told({}))
    for call in (provider.list_buckets(), asyncio.to_thread(provider._backend.metrics, "b")):
        with pytest.raises(ConfigurationError, match="set PROJECT_ID"):
            await call
    assert server.asked == []


async def test_versions_are_listed_newest_first(serve):
    old = OBJECT | {"timeDeleted": OBJECT["timeCreated"]}
    first, second = old | {"generation": "9"}, old | {"generation": "10"}
    other = OBJECT | {"name": "b"}
    provider, server = serve(
        told({"items": [first, second], "nextPageToken": "more"}), told({"items": [OBJECT, other]})
    )

    versions = await provider.list_objects("bucket", versions=True)
    assert [(info.name, info.version_id, info.is_latest) for info in versions] == [
        ("a", "1767323045678000", True),
        ("a", "10", False),
        ("a", "9", False),
        ("b", "1767323045678000", True),
    ]
    assert all("versions=true" in request.url for request in server.asked)


@pytest.mark.parametrize("endpoint", ["storage.invalid:80", "ftp://storage.invalid", "http://"])
async def test_an_endpoint_that_is_not_a_url(monkeypatch, endpoint):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", endpoint)
    provider = StorageProviderFactory.create("gcp")
    with pytest.raises(ConfigurationError, match="STORAGE_EMULATOR_HOST"):
        await provider.list_objects("bucket")
    await provider.aclose()


class Renewed(Credentials):
    """A token that the cloud takes once it is renewed."""

    def __init__(self):
        super().__init__()
        self.token = "old"  # noqa: S105 - no secret

    def refresh(self, request):
        self.token = "new"  # noqa: S105 - no secret


@pytest.mark.parametrize("size", [3, 400 * 1024])
async def test_a_body_is_sent_again_with_a_renewed_token(serve, size):
    sent = []

    class Refusing(Server):
        def send(self, request, **options):
            body = request.body
            sent.append(body if isinstance(body, bytes) else b"".join(body))
            assert len(sent[-1]) == int(request.headers["Content-Length"])
            return super().send(request, **options)

    provider, _ = serve(told({}))
    session = AuthorizedSession(Renewed())
    session.mount("http://", Refusing(told({}, 401), told(OBJECT)))
    provider._backend._client._http_internal = session
    await provider.upload_object("b", "a", b"x" * size)

    assert sent[0] == sent[1]
    assert b"x" * size in sent[1]


async def test_no_credentials(monkeypatch, tmp_path):
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    provider = StorageProviderFactory.create("gcp")
    with pytest.raises(AccessDeniedError, match=r"renew them \(DefaultCredentialsError\)"):
        await provider.download_object("bucket", "key")
    await provider.aclose()


async def test_certificates_that_are_not_there_are_the_settings_error(monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "https://storage.invalid")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    provider = StorageProviderFactory.create("gcp")
    with pytest.raises(ConfigurationError, match=r"REQUESTS_CA_BUNDLE .*OSError") as caught:
        await provider.download_object("bucket", "a")
    assert caught.value.attempts == 1
    await provider.aclose()


async def test_credentials_are_found_once_and_off_the_event_loop(monkeypatch):
    threads, asked = [], []

    def default(*, scopes, **_):
        threads.append(threading.current_thread())
        asked.extend(scopes)
        return AnonymousCredentials(), None

    monkeypatch.setattr(google.auth, "default", default)
    provider = StorageProviderFactory.create("gcp", project="science")
    assert threads == []
    await asyncio.gather(*(asyncio.to_thread(lambda: provider._backend._client) for _ in range(8)))

    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
    assert provider._backend._client.project == "science"
    assert asked == ["https://www.googleapis.com/auth/cloud-platform"]  # signs, reads metrics
    await provider.aclose()


@pytest.mark.parametrize(
    ("variables", "trusts", "certificates"),
    [
        ({}, False, True),
        ({"NO_PROXY": "*"}, False, True),
        ({"HTTPS_PROXY": "http://proxy.invalid"}, True, True),
        ({"REQUESTS_CA_BUNDLE": "own.pem"}, False, "own.pem"),
        ({"CURL_CA_BUNDLE": "own.pem"}, False, "own.pem"),
    ],
)
def test_session_is_tuned(monkeypatch, variables, trusts, certificates):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**variables, "STORAGE_EMULATOR_HOST": "http://storage.invalid"}.items():
        monkeypatch.setenv(name, value)
    client = gcs_client.client(None)
    session = client._http

    assert client.project is None
    assert (session.trust_env, session.verify) == (trusts, certificates)
    assert {session.adapters[scheme]._pool_maxsize for scheme in ("http://", "https://")} == {32}
    client.close()


def test_a_client_certificate_keeps_its_adapter(monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://storage.invalid")
    own = HTTPAdapter()

    def configured(session, _):
        session._is_mtls = True
        session.mount("https://", own)

    monkeypatch.setattr(AuthorizedSession, "configure_mtls_channel", configured)
    client = gcs_client.client(None)

    assert client._http.adapters["https://"] is own
    client.close()


@pytest.mark.parametrize(
    "key", ["a/b", "..x", "a~b", "A/_-.9", "é", "a b", "a%b", "a\n", "?", "//"]
)
def test_a_key_is_quoted_whole(key: str):
    assert gcs_client.object_name(key) == quote(key, safe="")
