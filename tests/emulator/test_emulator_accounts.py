import urllib.error
import urllib.request
import uuid
from contextlib import ExitStack, closing

import pytest
from aws_program import ACCOUNT, client_of
from botocore.config import Config
from botocore.exceptions import ClientError

OTHER = "999999999999"


@pytest.fixture
def client(aws_endpoint):
    """Make clients of any account and region that are closed in the end."""
    with ExitStack() as stack:
        yield lambda service="s3", **whose: stack.enter_context(
            closing(client_of(service, aws_endpoint, **whose))
        )


@pytest.fixture
def name():
    return f"nebula-{uuid.uuid4().hex[:8]}"


def refused(call, **arguments):
    """Return status and code of what AWS does not do."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def in_region(region):
    return {"CreateBucketConfiguration": {"LocationConstraint": region}}


def test_a_name_that_another_account_has_is_taken_in_every_region(client, name):
    client().create_bucket(Bucket=name)
    other, far = client(account=OTHER), client(account=OTHER, region="eu-west-1")

    assert refused(other.create_bucket, Bucket=name) == (409, "BucketAlreadyExists")
    assert refused(far.create_bucket, Bucket=name, **in_region("eu-west-1")) == (
        409,
        "BucketAlreadyExists",
    )
    client().delete_bucket(Bucket=name)
    other.create_bucket(Bucket=name)
    assert name in [bucket["Name"] for bucket in other.list_buckets()["Buckets"]]
    assert name not in [bucket["Name"] for bucket in client().list_buckets()["Buckets"]]


def test_a_name_of_ones_own_is_taken_outside_of_us_east_1(client, name):
    for _ in range(2):
        client().create_bucket(Bucket=name)
    far = client(region="eu-west-1")
    far.create_bucket(Bucket=f"{name}-far", **in_region("eu-west-1"))

    assert refused(far.create_bucket, Bucket=f"{name}-far", **in_region("eu-west-1")) == (
        409,
        "BucketAlreadyOwnedByYou",
    )


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("get_bucket_policy", {}),
        ("get_bucket_versioning", {}),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
        ("list_objects_v2", {}),
        ("get_object", {"Key": "maps/cmb.fits"}),
        ("put_object", {"Key": "maps/cmb.fits", "Body": b"theirs"}),
        ("delete_object", {"Key": "maps/cmb.fits"}),
        ("delete_bucket", {}),
    ],
)
def test_another_accounts_bucket_is_closed(client, name, operation, arguments):
    owner = client()
    owner.create_bucket(Bucket=name)
    owner.put_object(Bucket=name, Key="maps/cmb.fits", Body=b"mine")
    call = getattr(client(account=OTHER), operation)

    assert refused(call, Bucket=name, **arguments) == (403, "AccessDenied")
    with owner.get_object(Bucket=name, Key="maps/cmb.fits")["Body"] as body:
        assert body.read() == b"mine"


def test_head_tells_another_accounts_bucket_from_none_at_all(client, name):
    client().create_bucket(Bucket=name)
    other = client(account=OTHER)

    assert refused(other.head_bucket, Bucket=name) == (403, "403")
    assert refused(other.head_bucket, Bucket=f"{name}-none") == (404, "404")


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_address_is_as_good_as_its_signer(client, name, version):
    client().create_bucket(Bucket=name)
    client().put_object(Bucket=name, Key="maps/cmb.fits", Body=b"mine")
    address = client(
        account=OTHER, config=Config(signature_version=version)
    ).generate_presigned_url("get_object", Params={"Bucket": name, "Key": "maps/cmb.fits"})
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(address)  # noqa: S310 - our own emulator

    with error.value as answer:
        assert answer.code == 403
        assert b"<Code>AccessDenied</Code>" in answer.read()


@pytest.mark.parametrize(
    ("suffix", "header", "code"),
    [
        (f"-{ACCOUNT}-us-east-1-an", {}, "MissingNamespaceHeader"),
        (f"-{ACCOUNT}-us-east-1-an", {"BucketNamespace": "global"}, "MissingNamespaceHeader"),
        (f"-{OTHER}-us-gov-west-1-an", {}, "MissingNamespaceHeader"),
        ("", {"BucketNamespace": "account-regional"}, "InvalidBucketNamespace"),
        (
            f"-{OTHER}-us-east-1-an",
            {"BucketNamespace": "account-regional"},
            "InvalidBucketNamespace",
        ),
        (
            f"-{ACCOUNT}-eu-west-1-an",
            {"BucketNamespace": "account-regional"},
            "InvalidBucketNamespace",
        ),
    ],
)
def test_a_name_and_the_namespace_that_is_asked_for_must_fit(client, name, suffix, header, code):
    assert refused(client().create_bucket, Bucket=name + suffix, **header) == (400, code)


def test_a_name_in_the_accounts_own_namespace_is_taken(client, name):
    bucket = f"{name}-{ACCOUNT}-us-east-1-an"
    client().create_bucket(Bucket=bucket, BucketNamespace="account-regional")

    client().head_bucket(Bucket=bucket)


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")],
)
def test_arns_are_of_the_partition_that_was_asked(client, name, region, partition):
    iam, sts, s3 = (client(service, region=region) for service in ("iam", "sts", "s3"))
    document = '{"Statement": [{"Sid": "arn:aws:s3:::kept-as-it-was-written"}]}'
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    found = iam.get_role(RoleName=name)["Role"]
    bucket = f"{name}-{ACCOUNT}-{region}-an"
    options = {} if region == "us-east-1" else in_region(region)
    s3.create_bucket(Bucket=bucket, BucketNamespace="account-regional", **options)
    arns = {each["Name"]: each["BucketArn"] for each in s3.list_buckets()["Buckets"]}

    assert made["Arn"] == found["Arn"] == f"arn:{partition}:iam::{ACCOUNT}:role/{name}"
    assert found["AssumeRolePolicyDocument"] == {
        "Statement": [{"Sid": "arn:aws:s3:::kept-as-it-was-written"}]
    }
    assert sts.get_caller_identity()["Arn"] == f"arn:{partition}:iam::{ACCOUNT}:root"
    assert arns[bucket] == f"arn:{partition}:s3:::{bucket}"
