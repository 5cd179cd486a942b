"""boto3, one call after the other, and a large object in one request.

What takes no threads with boto3 anyway (a listing, emptying, a copy) is in `boto3_threads`.
"""

import shutil
from collections.abc import Callable
from typing import Any

from benchmarks.contenders.boto3_threads import alone, get, put
from benchmarks.work import Task, Work


def _each(call: Callable[[Any, str, str, bytes], None]) -> Task:
    def work_on(s3: Any, work: Work) -> None:
        for key, data in work.small:
            call(s3, work.bucket, key, data)

    return alone(work_on)


def _large_up(s3: Any, work: Work) -> None:
    with work.large.open("rb") as body:
        s3.put_object(Bucket=work.bucket, Key="large", Body=body)


def _large_down(s3: Any, work: Work) -> None:
    with work.path.open("wb") as file:
        body = s3.get_object(Bucket=work.bucket, Key="large")["Body"]
        shutil.copyfileobj(body, file, 1024 * 1024)


TASKS: dict[str, Task] = {
    "up": _each(put),
    "down": _each(get),
    "large up": alone(_large_up),
    "large down": alone(_large_down),
}
