"""boto3 as its documentation shows it, 32 threads for what is small."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

_SMALL = [(f"small/{number:04}", b"x" * 4096) for number in range(1000)]
_THREADS = 32


def _client() -> Any:
    return boto3.client("s3", region_name="us-east-1", config=Config(max_pool_connections=_THREADS))


def _each(call: Callable[[Any, str, str, bytes], Any]) -> Any:
    def prepared(bucket: str, _: Path) -> Callable[[], None]:
        client, pool = _client(), ThreadPoolExecutor(_THREADS)
        list(pool.map(lambda _: client.list_objects_v2(Bucket=bucket, MaxKeys=1), range(8)))

        def run() -> None:
            list(pool.map(lambda item: call(client, bucket, *item), _SMALL))

        return run

    return prepared


def _alone(work: Callable[[Any, str, Path], Any]) -> Any:
    def prepared(bucket: str, folder: Path) -> Callable[[], None]:
        client = _client()
        client.list_objects_v2(Bucket=bucket, MaxKeys=1)
        return lambda: work(client, bucket, folder) and None

    return prepared


def _list(client: Any, bucket: str, _: Path) -> None:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    found = [entry for page in pages for entry in page.get("Contents", ())]
    assert len(found) == 10_000  # noqa: S101


def _empty(_: Any, bucket: str, __: Path) -> None:
    resource = boto3.resource("s3", region_name="us-east-1").Bucket(bucket)
    resource.object_versions.delete()
    resource.delete()


TASKS = {
    "up": _each(
        lambda client, bucket, key, data: client.put_object(Bucket=bucket, Key=key, Body=data)
    ),
    "down": _each(
        lambda client, bucket, key, _: client.get_object(Bucket=bucket, Key=key)["Body"].read()
    ),
    "large up": _alone(
        lambda client, bucket, folder: client.upload_file(str(folder / "large"), bucket, "large")
    ),
    "large down": _alone(
        lambda client, bucket, folder: client.download_file(bucket, "large", str(folder / "down"))
    ),
    "list": _alone(_list),
    "empty": _alone(_empty),
}
