"""What the stack registers for one user on AWS, and a plugin to register it with."""

import json
from contextlib import contextmanager

import boto3
import pytest
from plugin import plugin_of

from sandbox import aws

ACCOUNT = "123456789012"
REGION = "us-east-1"
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"

BUCKET = "aws:s3/bucket:Bucket"
ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
SETTINGS = (ACCESS_BLOCK, OWNERSHIP, ENCRYPTION, VERSIONING, LIFECYCLE, BUCKET_POLICY, LOGGING)

CLUSTER = "cosmos"
LOGS = "cmbcluster-access-logs"

# What a role must say that a pod identity association names.
POD_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ],
    }
)


def document(sid, resource, **more):
    statement = {"Sid": sid, "Effect": "Deny", "Action": "s3:*", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | more]})


def trust(service_account):
    condition = {f"{ISSUER}:sub": f"system:serviceaccount:cmbcluster:{service_account}"}
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {"StringEquals": condition},
                }
            ],
        }
    )


def bucket_of(name):
    return f"{name}-{ACCOUNT}-{REGION}-an"


def program_inputs(name):
    """What the stack registers for one user: token to inputs."""
    bucket, arn = bucket_of(name), f"arn:aws:s3:::{bucket_of(name)}"
    labels = {"managed-by": "cmbcluster-storage", "platform": "cmbcluster", "user": "ann"}
    return {
        BUCKET: {
            "bucket": bucket,
            "bucketNamespace": "account-regional",
            "forceDestroy": False,
            "tags": labels,
        },
        ACCESS_BLOCK: {
            "bucket": bucket,
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        OWNERSHIP: {"bucket": bucket, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        ENCRYPTION: {
            "bucket": bucket,
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
        },
        VERSIONING: {"bucket": bucket, "versioningConfiguration": {"status": "Enabled"}},
        LIFECYCLE: {
            "bucket": bucket,
            "rules": [
                {
                    "id": "expire-noncurrent-versions",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrentVersionExpiration": {
                        "noncurrentDays": 30,
                        "newerNoncurrentVersions": 30,
                    },
                },
                {
                    "id": "abort-unfinished-uploads",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                },
            ],
        },
        BUCKET_POLICY: {
            "bucket": bucket,
            "policy": document("DenyInsecureTransport", [arn, f"{arn}/*"], Principal="*"),
        },
        LOGGING: {"bucket": bucket, "targetBucket": LOGS, "targetPrefix": f"{bucket}/"},
        ROLE: {
            "name": name,
            "description": f"Use of the bucket {bucket} by one user's server",
            "assumeRolePolicy": trust(name),
            "tags": labels,
        },
        ROLE_POLICY: {
            "name": "storage",
            "role": name,
            "policy": document("UseObjects", f"{arn}/*"),
        },
        ASSOCIATION: {
            "clusterName": CLUSTER,
            "namespace": "cmbcluster",
            "serviceAccount": name,
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
            "tags": labels,
        },
    }


@contextmanager
def variables(endpoint, account=ACCOUNT):
    """Set what the engine's environment tells the plugin; clients read it once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", account)
        patch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
        yield


def client_of(service, endpoint, account=ACCOUNT, region=REGION, config=None):
    """Return the SDK's own client, to look from outside."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=account,
        aws_secret_access_key="sandbox",  # noqa: S106 - nobody looks at it
        config=config,
    )


def configured(endpoint, account=ACCOUNT, region=REGION):
    """Return the provider's types and functions, to make their SDK calls fail."""
    with variables(endpoint, account):
        return aws.configure({"region": region})


@contextmanager
def plugin_with(offer, region=REGION):
    """Serve the plugin with types and functions that were configured before."""
    with plugin_of("pulumi_aws", aws.TYPES | aws.FUNCTIONS, lambda config: offer) as plugin:
        plugin.configure(region=region)
        yield plugin
