"""google-cloud-storage, one call after the other.

All but the small objects takes no threads with it anyway: `google_threads`.
"""

from collections.abc import Callable
from typing import Any

from benchmarks.contenders.google_threads import alone, get, put
from benchmarks.work import Task, Work


def _each(call: Callable[[Any, str, bytes], None]) -> Task:
    def work_on(bucket: Any, work: Work) -> None:
        for key, data in work.small:
            call(bucket, key, data)

    return alone(work_on)


TASKS: dict[str, Task] = {"up": _each(put), "down": _each(get)}
