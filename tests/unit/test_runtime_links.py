"""Signatures that no server is needed for."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from cmbcluster_storage import (
    AccessDeniedError,
    ConfigurationError,
    InvalidRequestError,
    Patience,
    StorageProviderFactory,
    UnsupportedError,
)
from cmbcluster_storage.messages import Signed
from cmbcluster_storage.platforms import Platform
from cmbcluster_storage.provider import StorageProvider
from cmbcluster_storage.s3 import S3Backend
from google.auth import credentials, impersonated_credentials
from google.auth.transport.requests import Request


class Signer(credentials.AnonymousCredentials, credentials.Signing):
    """Credentials that hold a key."""

    signer = None
    signer_email = "ann@science.iam.gserviceaccount.com"

    def sign_bytes(self, message):
        return b"signature"


@pytest.fixture
async def google(monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://storage.invalid")
    provider = StorageProviderFactory.create("gcp")
    provider._backend._client._credentials = Signer()
    yield provider
    await provider.aclose()


async def test_a_key_signs_on_google_cloud(google):
    link = await google.presigned_url("bucket", "a b/ü", version_id="7", expires_in_seconds=60)
    query = parse_qs(urlsplit(link.url).query)

    assert query["X-Goog-Expires"] == ["60"]
    assert query["generation"] == ["7"]
    assert urlsplit(link.url).path.endswith("/a%20b/%C3%BC")
    assert abs(link.expires - datetime.now(UTC) - timedelta(seconds=60)) < timedelta(seconds=5)


async def test_a_form_limits_the_size_on_google_cloud(google):
    form = await google.presigned_url("bucket", "a", method="POST", max_size_bytes=3)

    assert form.fields["key"] == "a"
    assert (form.method, form.headers) == ("POST", {})
    with pytest.raises(InvalidRequestError, match="7 days"):
        await google.presigned_url("bucket", "a", expires_in_seconds=604_801)


async def test_what_the_cloud_signs_lives_twelve_hours(google, monkeypatch):
    def refresh(_):
        account.service_account_email = "ann@science.iam.gserviceaccount.com"

    account = SimpleNamespace(
        service_account_email="default",
        refresh=refresh,
        valid=True,
        token="t",  # noqa: S106 - none
    )
    backend = google._backend
    backend._client._credentials = account
    asked = []
    monkeypatch.setattr(
        type(backend), "_link", lambda _, request, life, signer: asked.append(signer) or ("u", {})
    )
    link = await google.presigned_url("bucket", "a", expires_in_seconds=604_800)

    assert abs(link.expires - datetime.now(UTC) - timedelta(hours=12)) < timedelta(seconds=5)
    assert asked == [
        {
            "service_account_email": "ann@science.iam.gserviceaccount.com",
            "access_token": "t",
        }
    ]
    account.valid = False
    await google.presigned_url("bucket", "a")


async def test_what_the_cloud_signs_for_another_lives_twelve_hours(google, monkeypatch):
    account = impersonated_credentials.Credentials(Signer(), "ann@science.example", [])
    monkeypatch.setattr(type(account), "sign_bytes", lambda *_: b"signature")
    google._backend._client._credentials = account
    link = await google.presigned_url("bucket", "a", expires_in_seconds=604_800)

    assert parse_qs(urlsplit(link.url).query)["X-Goog-Expires"] == ["43200"]
    assert abs(link.expires - datetime.now(UTC) - timedelta(hours=12)) < timedelta(seconds=5)


async def test_a_principal_cannot_sign(google):
    google._backend._client._credentials = SimpleNamespace(
        service_account_email="science.svc.id.goog"
    )
    with pytest.raises(UnsupportedError, match="identity: serviceAccount"):
        await google.presigned_url("bucket", "a")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_account_that_may_not_sign_is_told_which_role_it_needs(
    google, monkeypatch, method
):
    denied = b'{"error": {"code": 403, "status": "PERMISSION_DENIED"}}'
    asked = []

    def refuse(_, url, **__):
        asked.append(url)
        return SimpleNamespace(status=403, data=denied)

    monkeypatch.setattr(Request, "__call__", refuse)
    google._backend._client._credentials = SimpleNamespace(
        service_account_email="ann@science.iam.gserviceaccount.com",
        valid=True,
        token="t",  # noqa: S106 - none
    )
    with pytest.raises(UnsupportedError, match=r"roles/iam\.serviceAccountTokenCreator"):
        await google.presigned_url("bucket", "a", method=method)
    assert len(asked) == 1
    assert asked[0].endswith("/ann@science.iam.gserviceaccount.com:signBlob?alt=json")


async def test_a_signature_that_broke_off_is_asked_for_again(google, monkeypatch):
    answers = [
        SimpleNamespace(status=500, data=b"{}"),
        SimpleNamespace(status=200, data=b'{"signedBlob": "c2lnbmVk"}'),
    ]
    monkeypatch.setattr(Request, "__call__", lambda *_, **__: answers.pop(0))
    google._backend._client._credentials = SimpleNamespace(
        service_account_email="ann@science.iam.gserviceaccount.com",
        valid=True,
        token="t",  # noqa: S106 - none
    )
    link = await google.presigned_url("bucket", "a")

    assert "X-Goog-Signature=" in link.url
    assert answers == []


@pytest.fixture
def _amazon_key(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.mark.usefixtures("_amazon_key")
async def test_who_writes_by_a_link_to_s3_says_the_platform_s_class():
    backend = S3Backend(region="us-east-1", patience=Patience(), storage_class="COLDLINE")
    provider = StorageProvider(backend, Platform(provider="aws"))
    put = await provider.presigned_url("b", "a", method="PUT", headers={"Content-Type": "x/y"})
    form = await provider.presigned_url("b", "a", method="POST")
    read = await provider.presigned_url("b", "a")

    assert put.headers == {"x-amz-storage-class": "GLACIER_IR", "Content-Type": "x/y"}
    signed = parse_qs(urlsplit(put.url).query)["X-Amz-SignedHeaders"]
    assert signed == ["content-type;host;x-amz-storage-class"]
    assert form.fields["x-amz-storage-class"] == "GLACIER_IR"
    assert read.headers == {}
    await provider.aclose()


@pytest.mark.usefixtures("_amazon_key")
async def test_what_describes_the_content_can_be_part_of_a_link_to_s3():
    provider = StorageProviderFactory.create("aws", region="us-east-1")
    headers = {
        "Cache-Control": "no-cache",
        "Content-Disposition": 'attachment; filename="map.fits"',
        "Content-Encoding": "gzip",
        "Content-Language": "de",
        "X-Amz-Meta-Run": "7",
    }
    put = await provider.presigned_url("b", "a", method="PUT", headers=headers)
    signed = parse_qs(urlsplit(put.url).query)["X-Amz-SignedHeaders"][0]

    assert signed.split(";") == sorted(["host", *map(str.lower, headers)])
    assert put.headers == headers
    with pytest.raises(InvalidRequestError, match="X-Amz-Acl"):
        await provider.presigned_url("b", "a", method="PUT", headers={"X-Amz-Acl": "public-read"})
    with pytest.raises(InvalidRequestError, match="Content-Language"):
        await provider.presigned_url("b", "a", headers={"Content-Language": "de"})
    await provider.aclose()


@pytest.mark.usefixtures("_amazon_key")
@pytest.mark.parametrize("kind", ["aws", "gcp"])
async def test_a_form_is_of_one_key(google, kind):
    amazon = StorageProviderFactory.create("aws", region="us-east-1")
    provider = amazon if kind == "aws" else google
    for key in ("${filename}", "ann/${filename}", "ann/${filename}.fits"):
        with pytest.raises(InvalidRequestError, match=r"^presigned_url 'b/.*choose another key"):
            await provider.presigned_url("b", key, method="POST")
        assert (await provider.presigned_url("b", key, method="PUT")).url
    await amazon.aclose()


@pytest.mark.usefixtures("_amazon_key")
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "ap-east-1"])
async def test_a_link_to_s3_names_the_region_s_host(region):
    backend = S3Backend(region=region, patience=Patience(), storage_class="STANDARD")
    provider = StorageProvider(backend, Platform(provider="aws"))
    hosts = {
        urlsplit((await provider.presigned_url("ara", "a", method=method)).url).hostname
        for method in ("GET", "PUT", "POST")
    }
    await provider.aclose()

    host = "s3" if region == "us-east-1" else f"s3.{region}"
    assert hosts == {f"ara.{host}.amazonaws.com"}


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
async def test_without_credentials_nothing_is_signed_on_s3(monkeypatch, method, tmp_path):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    backend = S3Backend(region="us-east-1", patience=Patience(), storage_class="STANDARD")
    provider = StorageProvider(backend, Platform(provider="aws"))
    with pytest.raises(AccessDeniedError, match="credentials are missing"):
        await provider.presigned_url("ara", "a", method=method)
    await provider.aclose()


def test_nothing_is_written_to_s3_that_nobody_can_read():
    with pytest.raises(ConfigurationError, match=r"set storageClass .* STANDARD, NEARLINE, COLD"):
        S3Backend(region="us-east-1", patience=Patience(), storage_class="ARCHIVE")


@pytest.mark.usefixtures("_amazon_key")
async def test_a_link_ends_with_the_credentials_on_s3(monkeypatch):
    provider = StorageProviderFactory.create("aws", region="us-east-1")
    ends = datetime.now(UTC) + timedelta(minutes=1)
    credentials = provider._backend._session.get_credentials()
    monkeypatch.setattr(credentials, "_expiry_time", ends, raising=False)

    assert (await provider.presigned_url("bucket", "a")).expires == ends
    form = await provider.presigned_url("bucket", "a", method="POST", headers={"acl": "private"})
    assert form.fields["acl"] == "private"
    await provider.aclose()


@pytest.mark.usefixtures("_amazon_key")
@pytest.mark.parametrize("kind", ["aws", "gcp"])
async def test_a_link_is_not_said_to_live_longer_than_it_does(google, monkeypatch, kind):
    amazon = StorageProviderFactory.create("aws", region="us-east-1")
    provider, signed = amazon if kind == "aws" else google, []
    link = type(provider._backend)._link

    def noted(*arguments):
        signed.append(datetime.now(UTC))  # as soon as anything is signed
        return link(*arguments)

    monkeypatch.setattr(type(provider._backend), "_link", noted)
    told = await provider.presigned_url("bucket", "a", expires_in_seconds=60)
    await amazon.aclose()

    assert told.expires <= signed[0] + timedelta(seconds=60)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_who_prints_a_link_does_not_give_it_away(google, method):
    link = await google.presigned_url("bucket", "a b", method=method)
    printed = repr(link)

    path = "/bucket/a%20b" if method == "GET" else "/bucket/"
    assert printed == (
        f"PresignedRequest(method={method!r}, url='http://storage.invalid{path}', "
        f"expires={link.expires!r}, ...)"
    )
    assert link["url"] == link.url
    assert dict(link).keys() == {"url", "method", "headers", "fields", "expires"}
    signed = Signed(url=link.url, fields=link.fields, expires=link.expires)
    assert repr(signed) == f"Signed(expires={link.expires!r})"
