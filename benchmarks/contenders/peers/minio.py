"""minio, which blocks, in 32 threads. It knows one cloud, so it copies to no other."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import minio
import urllib3
from minio.deleteobjects import DeleteObject

from benchmarks.work import AT_ONCE, Task, Work


def _client() -> Any:
    return minio.Minio(
        os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"),
        access_key=os.environ["AWS_ACCESS_KEY_ID"],
        secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        region=os.environ["AWS_DEFAULT_REGION"],
        secure=False,
        http_client=urllib3.PoolManager(maxsize=AT_ONCE),
    )


def _each(call: Callable[[Any, str, str, bytes], Any]) -> Task:
    def prepared(work: Work) -> Callable[[], object]:
        client, pool = _client(), ThreadPoolExecutor(AT_ONCE)
        list(pool.map(lambda _: client.bucket_exists(work.bucket), range(AT_ONCE)))
        return lambda: list(pool.map(lambda item: call(client, work.bucket, *item), work.small))

    return prepared


def _alone(work_on: Callable[[Any, Work], Any]) -> Task:
    def prepared(work: Work) -> Callable[[], object]:
        client = _client()
        client.bucket_exists(work.bucket)
        return lambda: work_on(client, work)

    return prepared


def _put(client: Any, bucket: str, key: str, data: bytes) -> None:
    client.put_object(bucket, key, BytesIO(data), len(data))


def _get(client: Any, bucket: str, key: str, _: bytes) -> None:
    answer = client.get_object(bucket, key)
    answer.read()
    answer.release_conn()


def _list(client: Any, work: Work) -> None:
    work.checked(len(list(client.list_objects(work.bucket, recursive=True))))


def _empty(client: Any, work: Work) -> None:
    versions = client.list_objects(work.bucket, recursive=True, include_version=True)
    named = (DeleteObject(each.object_name, each.version_id) for each in versions)
    for error in client.remove_objects(work.bucket, named):
        raise ValueError(error)
    client.remove_bucket(work.bucket)


TASKS: dict[str, Task] = {
    "up": _each(_put),
    "down": _each(_get),
    "large up": _alone(
        lambda client, work: client.fput_object(work.bucket, "large", str(work.large))
    ),
    "large down": _alone(
        lambda client, work: client.fget_object(work.bucket, "large", str(work.path))
    ),
    "list": _alone(_list),
    "empty": _alone(_empty),
}
