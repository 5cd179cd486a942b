"""google-cloud-storage as its documentation shows it, 32 threads for what is small."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from google.cloud.storage import Client

from benchmarks.work import AT_ONCE, Task, Work

_BATCH = 100  # the most that Cloud Storage takes


def _each(call: Callable[[Any, str, bytes], Any]) -> Task:
    def prepared(work: Work) -> Callable[[], object]:
        bucket, pool = bucket_of(work), ThreadPoolExecutor(AT_ONCE)
        list(pool.map(lambda _: bucket.exists(), range(AT_ONCE)))
        return lambda: list(pool.map(lambda item: call(bucket, *item), work.small))

    return prepared


def alone(work_on: Callable[[Any, Work], Any]) -> Task:
    """Return a task that is one call after the other."""

    def prepared(work: Work) -> Callable[[], object]:
        bucket = bucket_of(work)
        bucket.exists()
        return lambda: work_on(bucket, work)

    return prepared


def bucket_of(work: Work) -> Any:
    """Return the bucket."""
    return Client(project="bench").bucket(work.bucket)


def put(bucket: Any, key: str, data: bytes) -> None:
    """Write a small object."""
    bucket.blob(key).upload_from_string(data)


def get(bucket: Any, key: str, _: bytes) -> None:
    """Read a small object."""
    bucket.blob(key).download_as_bytes()


def _list(bucket: Any, work: Work) -> None:
    work.checked(len(list(bucket.list_blobs())))


def _empty(bucket: Any, _: Work) -> None:
    blobs = list(bucket.list_blobs(versions=True))
    for start in range(0, len(blobs), _BATCH):
        with bucket.client.batch():
            for blob in blobs[start : start + _BATCH]:
                blob.delete()
    bucket.delete()


def _copied(work: Work) -> Callable[[], object]:
    import boto3  # of the other cloud: for this task alone

    s3 = boto3.client("s3")

    def copy(bucket: Any, work: Work) -> None:
        bucket.blob("large").download_to_filename(work.path)
        s3.upload_file(str(work.path), work.target, "large")

    return alone(copy)(work)


TASKS: dict[str, Task] = {
    "up": _each(put),
    "down": _each(get),
    "large up": alone(lambda bucket, work: bucket.blob("large").upload_from_filename(work.large)),
    "large down": alone(lambda bucket, work: bucket.blob("large").download_to_filename(work.path)),
    "list": alone(_list),
    "empty": alone(_empty),
    "copy": _copied,
}
