"""google-cloud-storage's transfer_manager, in threads; it only moves objects.

It neither lists, nor deletes many, nor knows another cloud. By default it would start
processes, which would not be seen in the memory of this one.
"""

from io import BytesIO
from typing import Any

from google.cloud.storage import transfer_manager

from benchmarks.contenders.google_threads import alone
from benchmarks.work import AT_ONCE, Task, Work

_CHUNKS_AT_ONCE = 8  # its own default
_HOW = {"worker_type": transfer_manager.THREAD, "max_workers": AT_ONCE, "raise_exception": True}


def _up(bucket: Any, work: Work) -> None:
    pairs = [(BytesIO(data), bucket.blob(key)) for key, data in work.small]
    transfer_manager.upload_many(pairs, **_HOW)


def _down(bucket: Any, work: Work) -> None:
    pairs = [(bucket.blob(key), BytesIO()) for key in work.names]
    transfer_manager.download_many(pairs, **_HOW)


def _large_up(bucket: Any, work: Work) -> None:
    transfer_manager.upload_chunks_concurrently(
        str(work.large),
        bucket.blob("large"),
        worker_type=transfer_manager.THREAD,
        max_workers=_CHUNKS_AT_ONCE,
    )


def _large_down(bucket: Any, work: Work) -> None:
    transfer_manager.download_chunks_concurrently(
        bucket.blob("large"),
        str(work.path),
        worker_type=transfer_manager.THREAD,
        max_workers=_CHUNKS_AT_ONCE,
    )


TASKS: dict[str, Task] = {
    "up": alone(_up),
    "down": alone(_down),
    "large up": alone(_large_up),
    "large down": alone(_large_down),
}
