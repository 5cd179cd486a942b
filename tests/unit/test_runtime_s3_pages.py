"""Listings are read as botocore reads them, only sooner."""

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from cmbcluster_storage.s3_pages import read_quickly
from urllib3 import HTTPResponse

SPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
OWNER = "<Owner><ID>1</ID></Owner><StorageClass>STANDARD</StorageClass>"
TOLD = (
    "<Key>a%2Bb+c/%C3%A4&amp;%0A</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"
    "<ETag>&quot;0123&quot;</ETag><Size>4096</Size>" + OWNER
)
EMPTY = (
    '<Key>empty</Key><LastModified>2026-01-02T03:04:05Z</LastModified><ETag>""</ETag>'
    "<Size>0</Size>" + OWNER
)
FOLDED = "<CommonPrefixes><Prefix>folder%2F</Prefix></CommonPrefixes>"
ENCODED = "<EncodingType>url</EncodingType><Name>abc</Name><Prefix></Prefix>"
LISTING = (
    f"<ListBucketResult {SPACE}>{ENCODED}<IsTruncated>true</IsTruncated>"
    f"<NextContinuationToken>next</NextContinuationToken>"
    f"<Contents>{TOLD}</Contents><Contents>{EMPTY}</Contents>{FOLDED}</ListBucketResult>"
)
MARKER = (
    "<DeleteMarker><Key>gone</Key><VersionId>3</VersionId><IsLatest>true</IsLatest>"
    "<LastModified>2026-01-02T03:04:05.000Z</LastModified></DeleteMarker>"
)
VERSIONS = (
    f"<ListVersionsResult {SPACE}>{ENCODED}<IsTruncated>true</IsTruncated>"
    "<NextKeyMarker>a%2Bb</NextKeyMarker><NextVersionIdMarker>2</NextVersionIdMarker>"
    f"<Version>{TOLD}<VersionId>2</VersionId><IsLatest>true</IsLatest></Version>{MARKER}"
    f"<Version>{EMPTY}<VersionId>null</VersionId><IsLatest>false</IsLatest></Version>"
    f"{FOLDED}</ListVersionsResult>"
)
ERROR = "<Error><Code>InternalError</Code><Message>later</Message></Error>"
ONCE = Config(retries={"total_max_attempts": 1})
# What no code of ours asks an entry for.
UNREAD = {"Owner", "StorageClass"}
LISTS = ("Contents", "Versions", "DeleteMarkers")


@pytest.fixture
def answer():
    """Return what a client makes of a body, with our hook or without it."""

    def made(operation, text, *, quickly, status=200):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        client = boto3.client("s3", region_name="us-east-1", config=ONCE, **keys)
        if quickly:
            read_quickly(client)
        raw = HTTPResponse(body=text.encode(), preload_content=False)
        raw.stream = lambda *_: iter([text.encode()])

        def send(request, **_):
            return AWSResponse(request.url, status, {}, raw)

        client.meta.events.register("before-send.s3", send)
        told = getattr(client, operation)(Bucket="abc")
        del told["ResponseMetadata"]
        for entry in (entry for name in LISTS for entry in told.get(name, ())):
            for name in UNREAD & entry.keys():
                del entry[name]
        return told

    return made


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ("list_objects_v2", LISTING),
        ("list_objects_v2", LISTING.replace(SPACE, "")),
        ("list_objects_v2", f"<ListBucketResult {SPACE}>{ENCODED}</ListBucketResult>"),
        ("list_object_versions", VERSIONS),
    ],
)
def test_read_as_botocore_does(answer, operation, text):
    assert answer(operation, text, quickly=True) == answer(operation, text, quickly=False)


def test_what_is_read(answer):
    told = answer("list_object_versions", VERSIONS, quickly=True)
    assert [(entry["Key"], entry["Size"], entry["IsLatest"]) for entry in told["Versions"]] == [
        ("a+b c/ä&\n", 4096, True),
        ("empty", 0, False),
    ]
    assert [entry["Key"] for entry in told["DeleteMarkers"]] == ["gone"]


@pytest.mark.parametrize("status", [200, 503])
def test_an_error_stays_one(answer, status):
    with pytest.raises(ClientError, match="InternalError"):
        answer("list_objects_v2", ERROR, quickly=True, status=status)


@pytest.mark.parametrize("quickly", [True, False])
def test_a_broken_answer_is_botocores_to_tell(answer, quickly):
    with pytest.raises(ClientError, match="500"):
        answer("list_objects_v2", LISTING[:-20], quickly=quickly)
