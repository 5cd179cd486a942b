"""Objects on Amazon S3 and on servers that speak its language.

With `s3_errors` and `s3_parts` the only module that imports boto3 and botocore. Credentials,
endpoint and proxies come from boto3's own chain (`AWS_ENDPOINT_URL`, `AWS_ROLE_ARN` with
`AWS_WEB_IDENTITY_TOKEN_FILE`, profiles, pod identity ...); nothing here adds to it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.handlers import add_expect_header
from botocore.session import get_session
from botocore.utils import parse_timestamp

from cmbcluster_storage.errors import ConfigurationError
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.provider import StorageProvider, guessed_content_type
from cmbcluster_storage.s3_errors import sdk_errors

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import GetObjectRequestTypeDef

_T = TypeVar("_T")

# More threads than these lose to the interpreter's lock.
_THREADS = 32

_CONFIG = Config(
    signature_version="s3v4",
    max_pool_connections=_THREADS,
    connect_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 5},
)
# Servers other than Amazon's refuse checksums that they do not know.
_LESS_CHECKSUMS = Config(
    request_checksum_calculation="when_required", response_checksum_validation="when_required"
)


class S3Provider(StorageProvider):
    """Objects on S3: one client, called from threads of its own."""

    def __init__(self, *, region: str | None = None) -> None:
        """Make the client; sends no request.

        Args:
            region: the buckets' region, such as us-east-1; required.

        Raises:
            ConfigurationError: no region, or boto3's configuration is wrong.
        """
        if not region:
            raise ConfigurationError("S3 needs a region; set AWS_REGION", provider="aws")
        with sdk_errors("connect"):
            self._client = client(region)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="s3")

    async def upload_object(
        self,
        bucket_name: str,
        object_name: str,
        file_content: bytes,
        content_type: str | None = None,
    ) -> ObjectInfo:
        """Write a whole object; `updated` is the answer's time, to the second."""
        content_type = content_type or guessed_content_type(object_name)
        with sdk_errors("upload_object", bucket_name, object_name):
            answer = await self._in_thread(
                lambda: self._client.put_object(
                    Bucket=bucket_name,
                    Key=object_name,
                    Body=file_content,
                    ContentType=content_type,
                )
            )
        return ObjectInfo(
            bucket_name=bucket_name,
            name=object_name,
            size_bytes=len(file_content),
            content_type=content_type,
            updated=parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]),
            etag=answer["ETag"].strip('"'),
            version_id=answer.get("VersionId"),
            is_latest=True,
            url=_url(bucket_name, object_name),
        )

    async def download_object(
        self, bucket_name: str, object_name: str, *, version_id: str | None = None
    ) -> bytes:
        """Return a whole object's content; a read that breaks off is not resumed."""
        request: GetObjectRequestTypeDef = {"Bucket": bucket_name, "Key": object_name}
        if version_id is not None:
            request["VersionId"] = version_id
        with sdk_errors("download_object", bucket_name, object_name):
            return await self._in_thread(lambda: self._client.get_object(**request)["Body"].read())

    async def list_objects(
        self, bucket_name: str, prefix: str = "", *, versions: bool = False
    ) -> list[ObjectInfo]:
        """Return objects or versions; without `versions` no `version_id` is known."""
        with sdk_errors("list_objects", bucket_name):
            return await self._in_thread(lambda: self._listing(bucket_name, prefix, versions))

    async def aclose(self) -> None:
        """Wait for running calls, then free threads and connections; idempotent."""
        await asyncio.to_thread(self._threads.shutdown)
        self._client.close()

    def _listing(self, bucket_name: str, prefix: str, versions: bool) -> list[ObjectInfo]:
        call, field = (
            ("list_object_versions", "Versions") if versions else ("list_objects_v2", "Contents")
        )
        client: Any = self._client  # the stubs have no type for "one of the two"
        pages = client.get_paginator(call).paginate(Bucket=bucket_name, Prefix=prefix)
        return [_listed(bucket_name, entry) for page in pages for entry in page.get(field, ())]

    async def _in_thread(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def client(region: str) -> "S3Client":
    """Return the SDK's client; sends no request."""
    core = get_session()
    # dateutil takes three quarters of a listing's time.
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_timestamp)
    # Any: the stubs name every service that there is, most of them not installed.
    session: Any = boto3.Session(botocore_session=core, region_name=region)
    try:
        client: S3Client = session.client("s3", config=_CONFIG)
        if ".amazonaws." not in (urlsplit(client.meta.endpoint_url).hostname or ""):
            client = session.client("s3", config=_CONFIG.merge(_LESS_CHECKSUMS))
    except ValueError as error:  # botocore's answer to an endpoint that is not a URL
        raise ConfigurationError(
            "region or endpoint is not valid; check AWS_REGION and AWS_ENDPOINT_URL",
            provider="aws",
        ) from error
    # "Expect: 100-continue" costs one more round trip for each upload.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client


def _timestamp(value: Any) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return parse_timestamp(value)


def _listed(bucket_name: str, entry: dict[str, Any]) -> ObjectInfo:
    return ObjectInfo(
        bucket_name=bucket_name,
        name=entry["Key"],
        size_bytes=entry["Size"],
        content_type=None,
        updated=entry["LastModified"],
        etag=entry["ETag"].strip('"'),
        version_id=entry.get("VersionId"),
        is_latest=entry.get("IsLatest", True),
        url=_url(bucket_name, entry["Key"]),
    )


def _url(bucket_name: str, object_name: str) -> str:
    return f"s3://{bucket_name}/{object_name}"
