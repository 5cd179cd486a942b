"""boto3 as its documentation shows it: 32 threads for what is small, `upload_file` and such."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.work import AT_ONCE, Task, Work


def client() -> Any:
    """Return a client with a connection for each thread."""
    config = Config(max_pool_connections=AT_ONCE)
    return boto3.client("s3", region_name="us-east-1", config=config)


def _each(call: Callable[[Any, str, str, bytes], Any]) -> Task:
    def prepared(work: Work) -> Callable[[], object]:
        s3, pool = client(), ThreadPoolExecutor(AT_ONCE)
        list(pool.map(lambda _: s3.head_bucket(Bucket=work.bucket), range(AT_ONCE)))
        return lambda: list(pool.map(lambda item: call(s3, work.bucket, *item), work.small))

    return prepared


def alone(work_on: Callable[[Any, Work], Any]) -> Task:
    """Return a task that is one call after the other."""

    def prepared(work: Work) -> Callable[[], object]:
        s3 = client()
        s3.head_bucket(Bucket=work.bucket)
        return lambda: work_on(s3, work)

    return prepared


def put(s3: Any, bucket: str, key: str, data: bytes) -> None:
    """Write a small object."""
    s3.put_object(Bucket=bucket, Key=key, Body=data)


def get(s3: Any, bucket: str, key: str, _: bytes) -> None:
    """Read a small object."""
    s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _list(s3: Any, work: Work) -> None:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=work.bucket)
    work.checked(len([entry for page in pages for entry in page.get("Contents", ())]))


def _empty(_: Any, work: Work) -> None:
    bucket = boto3.resource("s3", region_name="us-east-1").Bucket(work.bucket)
    bucket.object_versions.delete()
    bucket.delete()


def _copied(work: Work) -> Callable[[], object]:
    from google.cloud.storage import Client  # of the other cloud: for this task alone

    target = Client(project="bench").bucket(work.target)

    def copy(s3: Any, work: Work) -> None:
        s3.download_file(work.bucket, "large", str(work.path))
        target.blob("large").upload_from_filename(work.path)

    return alone(copy)(work)


TASKS: dict[str, Task] = {
    "up": _each(put),
    "down": _each(get),
    "large up": alone(lambda s3, work: s3.upload_file(str(work.large), work.bucket, "large")),
    "large down": alone(lambda s3, work: s3.download_file(work.bucket, "large", str(work.path))),
    "list": alone(_list),
    "empty": alone(_empty),
    "copy": _copied,
}
