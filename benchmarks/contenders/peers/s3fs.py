"""s3fs. It deletes the latest versions of objects only, so it cannot empty a bucket."""

from benchmarks.contenders.peers import fsspec_tasks as same
from benchmarks.work import Task

TASKS: dict[str, Task] = {
    "up": same.task(same.up, same.s3),
    "down": same.task(same.down, same.s3),
    "large up": same.task(same.large_up, same.s3),
    "large down": same.task(same.large_down, same.s3),
    "list": same.task(same.listed, same.s3),
    "copy": same.task(same.copied(same.cloud_storage), same.s3),
}
