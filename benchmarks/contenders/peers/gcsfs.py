"""gcsfs."""

from typing import Any

from benchmarks.contenders.peers import fsspec_tasks as same
from benchmarks.work import Task, Work


def _versioned() -> Any:
    return same.cloud_storage(version_aware=True)


def _empty(files: Any, work: Work) -> None:
    files.rm(files.find(work.bucket, versions=True), batchsize=100)
    files.rmdir(work.bucket)


TASKS: dict[str, Task] = {
    "up": same.task(same.up, same.cloud_storage),
    "down": same.task(same.down, same.cloud_storage),
    "large up": same.task(same.large_up, same.cloud_storage),
    "large down": same.task(same.large_down, same.cloud_storage),
    "list": same.task(same.listed, same.cloud_storage),
    "empty": same.task(_empty, _versioned),
    "copy": same.task(same.copied(same.s3), same.cloud_storage),
}
