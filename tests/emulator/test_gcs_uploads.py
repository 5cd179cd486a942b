import base64
import hashlib
import os
import time

import pytest
import requests
from google.api_core.exceptions import BadRequest, NotFound, PreconditionFailed
from google.cloud.storage import transfer_manager
from google.oauth2 import service_account

CHUNK = 256 * 1024


def begin(api, bucket, key, **options):
    path = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=resumable&name={key}"
    return api("POST", path, {}, **options).headers["location"].removeprefix(api.url)


def send(api, location, data, first, total="*"):
    last = first + len(data) - 1
    headers = {"Content-Range": f"bytes {first}-{last}/{total}"}
    return api("PUT", location, data=data, headers=headers)


def test_a_resumable_upload_by_the_client(gcs_bucket):
    data = os.urandom(3 * CHUNK + 17)
    blob = gcs_bucket.blob("a", chunk_size=CHUNK)
    blob.upload_from_string(data, content_type="application/fits")

    assert blob.md5_hash == base64.b64encode(hashlib.md5(data).digest()).decode()  # noqa: S324
    assert gcs_bucket.get_blob("a").content_type == "application/fits"
    assert gcs_bucket.blob("a").download_as_bytes() == data


def test_an_upload_goes_on_where_it_broke_off(api, gcs_bucket):
    data = os.urandom(2 * CHUNK + 5)
    location = begin(api, gcs_bucket, "a")
    ask = {"Content-Range": "bytes */*"}

    nothing = api("PUT", location, headers=ask)
    assert (nothing.status_code, "range" in nothing.headers) == (308, False)
    first = send(api, location, data[:CHUNK], 0)
    assert (first.status_code, first.headers["range"]) == (308, f"bytes=0-{CHUNK - 1}")
    assert api("PUT", location, headers=ask).headers["range"] == f"bytes=0-{CHUNK - 1}"
    assert gcs_bucket.get_blob("a") is None
    # What came before is sent once more, and more.
    again = send(api, location, data[: 2 * CHUNK], 0)
    assert again.headers["range"] == f"bytes=0-{2 * CHUNK - 1}"
    gap = send(api, location, b"x", len(data) + 9)
    assert (gap.status_code, "exceeds already uploaded size" in gap.text) == (400, True)
    last = send(api, location, data[2 * CHUNK :], 2 * CHUNK, len(data))
    assert (last.status_code, last.json()["size"]) == (200, str(len(data)))
    assert api("PUT", location, headers=ask).json() == last.json()
    assert gcs_bucket.blob("a").download_as_bytes() == data


def test_chunks_are_not_too_small(api, gcs_bucket):
    location = begin(api, gcs_bucket, "a")
    for size in (1024, CHUNK):  # no chunk is good any more
        refused = send(api, location, bytes(size), 0)
        assert refused.status_code == 400
        assert "The received request contained 1024 bytes" in refused.text


def test_an_upload_can_be_cancelled(api, gcs_bucket):
    location = begin(api, gcs_bucket, "a")
    assert api("DELETE", location).status_code == 499
    assert send(api, location, b"x", 0, 1).status_code == 404


def test_an_empty_resumable_upload(api, gcs_bucket):
    location = begin(api, gcs_bucket, "a")
    done = api("PUT", location, headers={"Content-Range": "bytes */0"})
    assert (done.status_code, done.json()["size"]) == (200, "0")


def test_preconditions_hold_at_the_start_and_at_the_end(api, gcs_bucket):
    path = f"/upload/storage/v1/b/{gcs_bucket.name}/o?uploadType=resumable&name=a"
    location = begin(api, gcs_bucket, "a&ifGenerationMatch=0")
    gcs_bucket.blob("a").upload_from_string("first")

    assert api("POST", f"{path}&ifGenerationMatch=0", {}).status_code == 412
    assert send(api, location, b"second", 0, 6).status_code == 412
    assert gcs_bucket.blob("a").download_as_bytes() == b"first"


def test_bytes_that_are_not_those_that_were_sent(api, gcs_bucket):
    location = begin(api, gcs_bucket, "a", headers={"X-Goog-Hash": "crc32c=AAAAAA=="})
    wrong = api("PUT", location, data=b"x", headers={"X-Goog-Hash": "crc32c=AAAAAA=="})
    assert wrong.status_code == 400
    assert "doesn't match calculated CRC32C" in wrong.text
    blob = gcs_bucket.blob("b")
    blob.md5_hash = "XUFAKrxLKna5cZ2REBfFkg=="
    with pytest.raises(BadRequest, match="doesn't match calculated MD5 hash"):
        blob.upload_from_string("other")
    assert list(gcs_bucket.list_blobs()) == []


def test_an_upload_into_no_bucket(gcs, name):
    with pytest.raises(NotFound, match="The specified bucket does not exist"):
        gcs.bucket(name).blob("a").upload_from_string("x")


def test_parts_are_put_together(gcs_bucket, tmp_path):
    data = os.urandom(11 * (1 << 20))
    (tmp_path / "data").write_bytes(data)
    blob = gcs_bucket.blob("a b/c")
    transfer_manager.upload_chunks_concurrently(
        tmp_path / "data", blob, chunk_size=5 << 20, worker_type="thread"
    )
    blob.reload()

    assert blob.component_count == 3
    transfer_manager.download_chunks_concurrently(
        blob, tmp_path / "back", chunk_size=4 << 20, worker_type="thread"
    )
    assert (tmp_path / "back").read_bytes() == data


def test_small_or_missing_parts_are_refused(api, gcs_bucket):
    path = f"/{gcs_bucket.name}/a"
    started = api("POST", f"{path}?uploads", headers={"Content-Length": "0"}).text
    identity = started.partition("<UploadId>")[2].partition("<")[0]
    etags = {
        number: api(
            "PUT", f"{path}?partNumber={number}&uploadId={identity}", data=b"small"
        ).headers["etag"]
        for number in (1, 2)
    }
    listed = api("GET", f"{path}?uploadId={identity}").text
    assert listed.count("<Part>") == 2
    assert identity in api("GET", f"/{gcs_bucket.name}?uploads").text

    def complete(*numbers):
        parts = "".join(
            f"<Part><PartNumber>{each}</PartNumber><ETag>{etags.get(each)}</ETag></Part>"
            for each in numbers
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
        return api("POST", f"{path}?uploadId={identity}", data=body)

    assert "<Code>EntityTooSmall</Code>" in complete(1, 2).text
    assert "<Code>InvalidPart</Code>" in complete(1, 3).text
    assert complete(1).status_code == 200
    assert gcs_bucket.blob("a").download_as_bytes() == b"small"
    assert "<Code>NoSuchUpload</Code>" in complete(1).text


@pytest.fixture(scope="module")
def signer():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return service_account.Credentials.from_service_account_info(
        {
            "client_email": "signer@example.com",
            "private_key": pem.decode(),
            "token_uri": "https://example.com",
        }
    )


def test_signed_urls_read_write_and_delete(api, gcs_bucket, signer):
    blob = gcs_bucket.blob("maps/a b.csv")

    def url(method, **options):
        return blob.generate_signed_url(
            expiration=int(time.time()) + 60, method=method, credentials=signer,
            api_access_endpoint=api.url, version="v2", **options,
        )  # fmt: skip

    with requests.Session() as session:
        session.trust_env = False
        written = session.put(url("PUT"), data=b"l,C_l", headers={"Content-Type": "text/csv"})
        assert (written.status_code, written.content) == (200, b"")
        read = session.get(url("GET", response_disposition="attachment"))
        assert (read.content, read.headers["content-type"]) == (b"l,C_l", "text/csv")
        assert read.headers["content-disposition"] == "attachment"
        started = session.post(url("RESUMABLE"), headers={"x-goog-resumable": "start"})
        assert started.status_code == 201
        assert session.put(started.headers["location"], data=b"new").status_code == 200
        assert session.get(url("GET")).content == b"new"
        assert session.delete(url("DELETE")).status_code == 204
        gone = session.get(url("GET"))
        assert (gone.status_code, "<Code>NoSuchKey</Code>" in gone.text) == (404, True)


def test_forms_are_held_to_their_policy(gcs, api, gcs_bucket, signer):
    import datetime

    policy = gcs.generate_signed_post_policy_v4(
        gcs_bucket.name,
        "a.txt",
        expiration=datetime.timedelta(hours=1),
        conditions=[["content-length-range", 0, 8], ["starts-with", "$Content-Type", "text/"]],
        fields={"content-type": "text/plain"},
        credentials=signer,
    )
    url = f"/{gcs_bucket.name}"

    def post(data, **fields):
        return api("POST", url, data=policy["fields"] | fields, files={"file": data}).status_code

    assert post(b"too much for the policy") == 400
    assert post(b"x", **{"cache-control": "none"}) == 400
    assert post(b"x") == 204
    assert gcs_bucket.get_blob("a.txt").content_type == "text/plain"


def test_the_xml_listing(api, gcs_bucket):
    for key in ("a&b", "c/d", "c/e"):
        gcs_bucket.blob(key).upload_from_string("x")
    page = api("GET", f"/{gcs_bucket.name}?delimiter=/&list-type=2").text
    assert "<Key>a&amp;b</Key>" in page
    assert "<CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>" in page
    assert "<IsTruncated>false</IsTruncated>" in page


def test_an_upload_is_not_seen_before_it_is_whole(gcs_bucket):
    blob = gcs_bucket.blob("a")
    with pytest.raises(PreconditionFailed):
        blob.upload_from_string("x" * CHUNK, if_generation_match=3)
    assert not blob.exists()
