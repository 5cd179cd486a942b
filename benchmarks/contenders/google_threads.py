"""google-cloud-storage as its documentation shows it, 32 threads for what is small."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from google.cloud.storage import Client

_SMALL = [(f"small/{number:04}", b"x" * 4096) for number in range(1000)]
_THREADS = 32


def _each(call: Callable[[Any, str, bytes], Any]) -> Any:
    def prepared(name: str, _: Path) -> Callable[[], None]:
        bucket, pool = Client(project="bench").bucket(name), ThreadPoolExecutor(_THREADS)
        list(pool.map(lambda _: bucket.blob("none").exists(), range(8)))

        def run() -> None:
            list(pool.map(lambda item: call(bucket, *item), _SMALL))

        return run

    return prepared


def _alone(work: Callable[[Any, Path], Any]) -> Any:
    def prepared(name: str, folder: Path) -> Callable[[], None]:
        bucket = Client(project="bench").bucket(name)
        bucket.blob("none").exists()
        return lambda: work(bucket, folder) and None

    return prepared


def _list(bucket: Any, _: Path) -> None:
    assert len(list(bucket.list_blobs())) == 10_000  # noqa: S101


def _empty(bucket: Any, _: Path) -> None:
    blobs = list(bucket.list_blobs(versions=True))
    for start in range(0, len(blobs), 100):
        with bucket.client.batch():
            for blob in blobs[start : start + 100]:
                blob.delete()
    bucket.delete()


TASKS = {
    "up": _each(lambda bucket, key, data: bucket.blob(key).upload_from_string(data)),
    "down": _each(lambda bucket, key, _: bucket.blob(key).download_as_bytes()),
    "large up": _alone(
        lambda bucket, folder: bucket.blob("large").upload_from_filename(folder / "large")
    ),
    "large down": _alone(
        lambda bucket, folder: bucket.blob("large").download_to_filename(folder / "down")
    ),
    "list": _alone(_list),
    "empty": _alone(_empty),
}
