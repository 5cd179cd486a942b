"""Requests about buckets on S3."""

import json
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote_plus

from cmbcluster_storage.backend import BucketBackend
from cmbcluster_storage.bucket_models import Access, BucketInfo, BucketUsage
from cmbcluster_storage.calls import Patience
from cmbcluster_storage.errors import (
    AccessDeniedError,
    ConflictError,
    StorageError,
    UnavailableError,
    UnsupportedError,
)
from cmbcluster_storage.messages import BucketSpec, Upload
from cmbcluster_storage.rules import StorageClass
from cmbcluster_storage.s3_bucket_settings import is_whole, settings
from cmbcluster_storage.s3_client import once
from cmbcluster_storage.s3_errors import sdk_errors
from cmbcluster_storage.s3_metrics import bucket_metrics
from cmbcluster_storage.s3_policies import access_statement, with_statement

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_ACCOUNT_REGIONAL = "-an"
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
_MOST_BUCKETS = 10_000


class S3Buckets(BucketBackend):
    """Makes, describes and deletes buckets, and opens them to somebody."""

    labels_later: ClassVar[bool] = True
    _client: "S3Client"
    _session: Any
    _patience: Patience
    _region: str
    _storage_class: StorageClass
    _policy_turns: dict[str, Lock]

    def create_bucket(self, spec: BucketSpec) -> None:
        """Make a bare bucket; in us-east-1 S3 answers the same if it is the account's."""
        if spec.storage_class != self._storage_class:
            raise UnsupportedError(
                f"a bucket on S3 has no class {spec.storage_class}: what is written is "
                f"{self._storage_class} by the platform's rule; leave storage_class away, or set "
                "storageClass of the stack file's buckets"
            )
        if self._exists(spec):
            raise ConflictError("the bucket is there already")
        arguments: Any = {}
        if spec.location != "us-east-1":
            arguments["CreateBucketConfiguration"] = {"LocationConstraint": spec.location}
        if spec.name.endswith(_suffix(spec.account, spec.location)):
            arguments["BucketNamespace"] = "account-regional"
        with sdk_errors(None):
            self._client.create_bucket(Bucket=spec.name, **arguments)

    def _exists(self, spec: BucketSpec) -> bool:
        try:
            self._check_head(spec.name)
        except FileNotFoundError:
            return False
        except AccessDeniedError as error:
            if not _is_anothers(error, spec.name, _suffix(spec.account, spec.location)):
                raise
        return True

    def is_own_bucket(self, name: str, account: str) -> bool:
        """Ask as the account's; S3 refuses if it is another's, or may not be asked about."""
        try:
            self._check_head(name, ExpectedBucketOwner=account)
        except AccessDeniedError as error:
            if not _is_anothers(error, name, _suffix(account, self._region)):
                raise
            return False
        return True

    def _check_head(self, name: str, **owner: Any) -> None:
        """Ask for a bucket; raises as it is refused, by (403), or for what is to blame for that.

        An answer to HEAD has no body that says whether the credentials are.
        """
        try:
            with sdk_errors(None):
                self._client.head_bucket(Bucket=name, **owner)
        except AccessDeniedError:
            try:
                with sdk_errors(None):
                    self._client.get_bucket_location(Bucket=name, **owner)
            except AccessDeniedError as error:
                if "(AccessDenied)" not in error.message:
                    raise
            raise

    def secure_bucket(self, spec: BucketSpec) -> None:
        """Write the settings one after the other: two at once are refused.

        Of a bucket that is whole, what its stack or operator has set since stays.
        """
        policy, arn = self._policy(spec.name, owner=spec.account), self._arn(spec.name)
        if is_whole(policy, arn):
            return
        named: Any = {"Bucket": spec.name, "ExpectedBucketOwner": spec.account}
        with sdk_errors(None):
            for request, arguments in settings(spec, arn, policy).items():
                getattr(self._client, request)(**named, **arguments)

    def bucket(self, name: str) -> BucketInfo:
        """Return what five requests tell."""
        with sdk_errors(None):
            head = self._client.head_bucket(Bucket=name)
            versioning = self._client.get_bucket_versioning(Bucket=name)
            listed = self._client.list_buckets(Prefix=name, MaxBuckets=1).get("Buckets", [])
        tags = self._told("NoSuchTagSet", lambda: self._client.get_bucket_tagging(Bucket=name))
        rules = self._told(
            "NoSuchLifecycleConfiguration",
            lambda: self._client.get_bucket_lifecycle_configuration(Bucket=name),
        )
        made = next((one for one in listed if one.get("Name") == name), None)
        if made is None or "CreationDate" not in made:
            raise AccessDeniedError("the bucket is another account's")
        return BucketInfo(
            name=name,
            url=f"s3://{name}",
            location=head.get("BucketRegion") or self._region,
            created=made["CreationDate"],
            updated=made["CreationDate"],
            versioned=versioning.get("Status") == "Enabled",
            storage_class=self._storage_class,
            labels={tag["Key"]: tag["Value"] for tag in tags.get("TagSet", ())},
            lifecycle=tuple(rules.get("Rules", ())),
        )

    def buckets(self, prefix: str) -> list[BucketInfo]:
        """Return name, region and time of each."""
        found: list[BucketInfo] = []
        with sdk_errors(None):
            # Of an account with more, S3 answers only who asks for pages.
            pages = self._client.get_paginator("list_buckets").paginate(
                Prefix=prefix, PaginationConfig={"PageSize": _MOST_BUCKETS}
            )
            for bucket in (one for page in pages for one in page.get("Buckets", ())):
                made = bucket.get("CreationDate")
                name = bucket.get("Name", "")
                if made and name.startswith(prefix):  # some servers pass over the prefix
                    found.append(
                        BucketInfo(
                            name=name,
                            url=f"s3://{name}",
                            location=bucket.get("BucketRegion", self._region),
                            created=made,
                            updated=made,
                            versioned=None,
                            storage_class=self._storage_class,
                        )
                    )
        return found

    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket."""
        with sdk_errors(None):
            self._client.delete_bucket(Bucket=name)

    def unfinished_uploads(self, name: str, after: Upload | None = None) -> list[Upload]:
        """Return the next 1,000."""
        place: Any = {"KeyMarker": after.key, "UploadIdMarker": after.identity} if after else {}
        with sdk_errors(None):
            answer = self._client.list_multipart_uploads(Bucket=name, EncodingType="url", **place)
        key_of = unquote_plus if answer.get("EncodingType") == "url" else str
        return [
            Upload(key=key_of(upload.get("Key", "")), identity=upload.get("UploadId", ""))
            for upload in answer.get("Uploads", ())
        ]

    def abort_unfinished(self, name: str, upload: Upload) -> None:
        """Throw one away; one that is gone is gone."""
        try:
            with sdk_errors(upload.key):
                self._client.abort_multipart_upload(
                    Bucket=name, Key=upload.key, UploadId=upload.identity
                )
        except ConflictError as error:
            if "(NoSuchUpload)" not in error.message:
                raise

    def soft_delete_seconds(self, name: str) -> int:
        """Return 0: what is deleted for good is gone."""
        with sdk_errors(None):
            self._client.head_bucket(Bucket=name)
        return 0

    def metrics(self, name: str) -> BucketUsage:
        """Return CloudWatch's daily figures."""
        with sdk_errors(None):
            client = self._session.client("cloudwatch", config=once(self._patience))
            return bucket_metrics(client, name)

    def permit(self, name: str, member: str, access: Access, written: Event) -> None:
        """Put one statement into the policy and read it back.

        A bucket policy has no etag: of two who write at once one loses. Threads of ours
        take turns at a bucket; elsewhere, whoever finds that the own statement is not there
        says that it can be tried again.
        """
        statement = access_statement(self._arn(name), member, access)
        with self._policy_turns.setdefault(name, Lock()):
            policy = self._policy(name)
            changed = with_statement(policy, statement)
            if changed == policy:
                return
            written.set()
            with sdk_errors(None):
                self._client.put_bucket_policy(
                    Bucket=name, Policy=json.dumps(changed, sort_keys=True)
                )
            now = self._policy(name)
        if with_statement(now, statement) != now:
            raise UnavailableError("somebody else changes the policy; try again", uncertain=True)

    def _policy(self, name: str, *, owner: str | None = None) -> Any:
        """Return the bucket's policy; an empty one if it has none."""
        named: Any = {"Bucket": name} | ({"ExpectedBucketOwner": owner} if owner else {})
        answer = self._told("NoSuchBucketPolicy", lambda: self._client.get_bucket_policy(**named))
        return json.loads(answer["Policy"]) if answer else {}

    def _told(self, absent: str, request: Any) -> Any:
        """Return an answer; nothing if what is asked for was never set."""
        try:
            with sdk_errors(None):
                return request()
        except StorageError as error:
            if f"({absent})" not in error.message:
                raise
            return {}

    def _arn(self, name: str) -> str:
        return f"arn:{self._client.meta.partition}:s3:::{name}"


def _is_anothers(refused: AccessDeniedError, name: str, suffix: str) -> bool:
    """Tell whose a bucket is: unless credentials are to blame, or the name is nobody else's."""
    return "(403)" in refused.message and not name.endswith(suffix)


def _suffix(account: str, region: str) -> str:
    """Return what a name ends with that no other account can have."""
    return f"-{account}-{region}{_ACCOUNT_REGIONAL}"
