"""s3transfer's manager with as many at once as the others; it only moves objects.

It neither lists, nor deletes many, nor knows another cloud.
"""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from s3transfer.manager import TransferConfig, TransferManager

from benchmarks.contenders.boto3_threads import client
from benchmarks.work import AT_ONCE, Task, Work


def _task(futures: Callable[[TransferManager, Work], Iterable[Any]], at_once: int) -> Task:
    def prepared(work: Work) -> Callable[[], None]:
        s3 = client()
        s3.head_bucket(Bucket=work.bucket)
        manager = TransferManager(s3, TransferConfig(max_request_concurrency=at_once))

        def run() -> None:
            for future in list(futures(manager, work)):
                future.result()

        return run

    return prepared


def _up(manager: TransferManager, work: Work) -> Iterable[Any]:
    return (manager.upload(BytesIO(data), work.bucket, key) for key, data in work.small)


def _down(manager: TransferManager, work: Work) -> Iterable[Any]:
    return (manager.download(work.bucket, key, BytesIO()) for key in work.names)


def _large_up(manager: TransferManager, work: Work) -> Iterable[Any]:
    return [manager.upload(str(work.large), work.bucket, "large")]


def _large_down(manager: TransferManager, work: Work) -> Iterable[Any]:
    return [manager.download(work.bucket, "large", str(work.path))]


_PARTS_AT_ONCE = 10  # its own default

TASKS: dict[str, Task] = {
    "up": _task(_up, AT_ONCE),
    "down": _task(_down, AT_ONCE),
    "large up": _task(_large_up, _PARTS_AT_ONCE),
    "large down": _task(_large_down, _PARTS_AT_ONCE),
}
