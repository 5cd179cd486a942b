import pytest

from sandbox.aws_partitions import dns_suffix, partition
from sandbox.aws_requests import Caller, caller
from sandbox.s3_names import is_account_regional

OWN = "123456789012"
SIGNED = "AWS4-HMAC-SHA256 Credential={}, SignedHeaders=host;x-amz-date, Signature=0a1b"


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("us-east-1", ("aws", "amazonaws.com")),
        ("ap-southeast-1", ("aws", "amazonaws.com")),
        ("us-gov-west-1", ("aws-us-gov", "amazonaws.com")),
        ("us-gov-east-1", ("aws-us-gov", "amazonaws.com")),
        ("cn-north-1", ("aws-cn", "amazonaws.com.cn")),
        ("cn-northwest-1", ("aws-cn", "amazonaws.com.cn")),
    ],
)
def test_a_region_is_of_one_partition(region, expected):
    assert (partition(region), dns_suffix(region)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nebula-123456789012-us-east-1-an", True),
        ("nebula-123456789012-us-gov-west-1-an", True),
        ("nebula-123456789012-ap-southeast-1-an", True),
        ("nebula", False),
        ("nebula-an", False),
        ("nebula-12345678901-us-east-1-an", False),
        ("nebula-123456789012-an", False),
        ("nebula-123456789012-us-east-1-an-logs", False),
        ("nebula-123456789012-us-east-1", False),
    ],
)
def test_a_names_end_tells_its_namespace(name, expected):
    assert is_account_regional(name) is expected


def request(authorization=None, query=""):
    headers = [(b"host", b"127.0.0.1")]
    if authorization:
        headers.append((b"Authorization", authorization.encode()))
    return {"headers": headers, "query_string": query.encode()}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            request(SIGNED.format("999999999999/20261123/us-gov-west-1/iam/aws4_request")),
            Caller("999999999999", "us-gov-west-1", "iam"),
        ),
        (
            request(SIGNED.format("AKIAIOSFODNN7EXAMPLE/20261123/eu-west-1/s3/aws4_request")),
            Caller(OWN, "eu-west-1", "s3"),
        ),
        (
            request(
                query="X-Amz-Expires=60&X-Amz-Credential="
                "999999999999%2F20261123%2Feu-west-1%2Fs3%2Faws4_request"
            ),
            Caller("999999999999", "eu-west-1", "s3"),
        ),
        (
            request(query="AWSAccessKeyId=999999999999&Expires=1"),
            Caller("999999999999", "us-east-1", ""),
        ),
        (request(query="list-type=2&prefix="), Caller(OWN, "us-east-1", "")),
    ],
    ids=["header", "key", "presigned", "version 2", "anonymous"],
)
def test_a_request_is_its_signers(monkeypatch, asked, expected):
    monkeypatch.setenv("MINISTACK_ACCOUNT_ID", OWN)

    assert caller(asked) == expected
