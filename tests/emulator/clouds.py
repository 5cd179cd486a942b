"""The clouds that the contract of objects is kept on, as their own SDKs show them.

Each does for a test what the runtime does not do, or should not be asked whether it did.
"""

import json
from datetime import datetime
from typing import ClassVar, NamedTuple

import boto3
from cmbcluster_storage import Settings
from google.cloud.storage import Client


class Stored(NamedTuple):
    """What the cloud itself says of an object."""

    content_type: str
    etag: str
    updated: datetime
    version_id: str


class Aws:
    """S3: listings tell no content type, and a version only if all are asked for."""

    settings = Settings(CLOUD_PROVIDER="aws", AWS_REGION="us-east-1", AWS_ACCOUNT_ID="123456789012")
    # What making a bucket cannot do without, by the variable that an error must name.
    incomplete: ClassVar = {
        "AWS_ACCOUNT_ID": Settings(CLOUD_PROVIDER="aws", AWS_REGION="us-east-1"),
    }
    # What a stack puts out of its place.
    place: ClassVar = {
        "provider": "aws",
        "accountId": "123456789012",
        "region": "us-east-1",
        "bucketNamespace": "accountRegional",
    }
    nearline = "STANDARD_IA"
    scheme = "s3"
    unlisted: ClassVar = {
        "content_type": None,
        "version_id": None,
        "generation": None,
        "crc32c": None,
    }
    unversioned = (None, "null")
    identifies_requests = True
    members = ("arn:aws:iam::123456789012:role/ann", "arn:aws:iam::123456789012:role/bob")
    refused_keys: tuple[str, ...] = ()

    def __init__(self, endpoint, monkeypatch):
        self.endpoint = endpoint
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        self.client = boto3.client("s3", region_name="us-east-1")

    def create_bucket(self, name, *, versioned):
        regional = {"BucketNamespace": "account-regional"} if name.endswith("-an") else {}
        self.client.create_bucket(Bucket=name, **regional)
        if versioned:
            self.client.put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": "Enabled"}
            )

    def stored(self, bucket, key):
        head = self.client.head_object(Bucket=bucket, Key=key)
        return Stored(
            head["ContentType"], head["ETag"].strip('"'), head["LastModified"], head["VersionId"]
        )

    def put(self, bucket, key, content):
        self.client.put_object(Bucket=bucket, Key=key, Body=content)

    def classes(self, bucket):
        """Return the class of every version that there is."""
        versions = self.client.list_object_versions(Bucket=bucket)["Versions"]
        return {version["StorageClass"] for version in versions}

    def delete(self, bucket, key):
        self.client.delete_object(Bucket=bucket, Key=key)

    def policy(self, bucket):
        return json.loads(self.client.get_bucket_policy(Bucket=bucket)["Policy"])

    def close(self):
        self.client.close()


class Gcp:
    """Cloud Storage: every object has a generation, whether its bucket is versioned or not."""

    settings = Settings(CLOUD_PROVIDER="gcp", PROJECT_ID="cosmology", REGION="europe-west3")
    incomplete: ClassVar = {
        "PROJECT_ID": Settings(CLOUD_PROVIDER="gcp", REGION="europe-west3"),
        "REGION": Settings(CLOUD_PROVIDER="gcp", PROJECT_ID="cosmology"),
    }
    place: ClassVar = {
        "provider": "gcp",
        "project": "cosmology",
        "projectNumber": "210987654321",
        "location": "europe-west3",
    }
    nearline = "NEARLINE"
    scheme = "gs"
    unlisted: ClassVar[dict[str, None]] = {}
    unversioned = None
    members = ("serviceAccount:ann@example.org", "serviceAccount:bob@example.org")
    identifies_requests = False  # Google does, the sandbox's server does not
    refused_keys = ("line\nbreak", ".", "..")

    def __init__(self, endpoint, monkeypatch):
        self.endpoint = endpoint
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", endpoint)
        self.client = Client(project="cosmology")

    def create_bucket(self, name, *, versioned):
        bucket = self.client.bucket(name)
        bucket.versioning_enabled = versioned
        bucket.create()

    def stored(self, bucket, key):
        blob = self.client.bucket(bucket).get_blob(key)
        return Stored(blob.content_type, blob.etag, blob.time_created, str(blob.generation))

    def put(self, bucket, key, content):
        self.client.bucket(bucket).blob(key).upload_from_string(content)

    def classes(self, bucket):
        return {blob.storage_class for blob in self.client.list_blobs(bucket, versions=True)}

    def delete(self, bucket, key):
        self.client.bucket(bucket).blob(key).delete()

    def policy(self, bucket):
        return self.client.bucket(bucket).get_iam_policy(requested_policy_version=3).to_api_repr()

    def close(self):
        self.client.close()
