"""The provider plugin `aws`: the types that the stack uses, made in an emulator.

What replaces, what exists already and what a delete really does follow the official
provider, so that a preview here tells the truth about a preview there. Where the
emulator is comes from the variables that boto3 reads itself.
"""

from botocore.config import Config

from sandbox.aws_eks import PodIdentityAssociation
from sandbox.aws_iam import Role, RolePolicy
from sandbox.aws_s3 import Bucket
from sandbox.aws_s3_access import BucketPolicy, OwnershipControls, PublicAccessBlock
from sandbox.aws_s3_buckets import Buckets
from sandbox.aws_s3_contents import Encryption, Logging, Versioning
from sandbox.aws_s3_lifecycle import Lifecycle
from sandbox.properties import Properties
from sandbox.provider import Offer, serve
from sandbox.resource import ProviderError

TYPES = {
    "aws:s3/bucket:Bucket": "s3.Bucket",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "s3.BucketPublicAccessBlock",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "s3.BucketOwnershipControls",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "s3.BucketServerSideEncryptionConfiguration"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "s3.BucketVersioning",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "s3.BucketLifecycleConfiguration"
    ),
    "aws:s3/bucketPolicy:BucketPolicy": "s3.BucketPolicy",
    "aws:s3/bucketLogging:BucketLogging": "s3.BucketLogging",
    "aws:iam/role:Role": "iam.Role",
    "aws:iam/rolePolicy:RolePolicy": "iam.RolePolicy",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "eks.PodIdentityAssociation",
}

FUNCTIONS = {"aws:s3/getBuckets:getBuckets": "s3.get_buckets"}


def configure(config: Properties) -> Offer:
    """Return the types and functions for one account and region.

    Raises:
        ProviderError: the credentials belong to an account that is not allowed.
    """
    import boto3

    region = config["region"]
    session = boto3.Session(region_name=region)
    account = session.client("sts").get_caller_identity()["Account"]
    allowed = config.get("allowedAccountIds")
    if allowed and account not in allowed:
        raise ProviderError(
            f"AWS account ID not allowed: {account}; allowedAccountIds has {', '.join(allowed)}"
        )
    # More connections than calls at once, or urllib3 throws the rest away.
    pool = Config(max_pool_connections=64)
    s3, iam = session.client("s3", config=pool), session.client("iam", config=pool)
    types = (
        Bucket(s3, region),
        PublicAccessBlock(s3),
        OwnershipControls(s3),
        Encryption(s3),
        Versioning(s3),
        Lifecycle(s3),
        BucketPolicy(s3),
        Logging(s3),
        Role(iam),
        RolePolicy(iam),
        PodIdentityAssociation(session.client("eks", config=pool), region),
    )
    offered = (*types, Buckets(s3, region))
    return dict(zip(TYPES | FUNCTIONS, offered, strict=True))


if __name__ == "__main__":
    serve("pulumi_aws", TYPES | FUNCTIONS, configure)
