"""gcloud-aio-storage. It knows one cloud, so it copies to no other, and deletes no bucket."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from gcloud.aio.storage import Storage

from benchmarks.contenders.peers.lanes import in_lanes
from benchmarks.work import AT_ONCE, Task, Work


def _task(work_on: Callable[[Any, Work], Coroutine[Any, Any, None]]) -> Task:
    def prepared(work: Work) -> Callable[[], None]:
        runner, stack = asyncio.Runner(), AsyncExitStack()

        async def opened() -> Any:
            storage = await stack.enter_async_context(Storage())
            await in_lanes(
                storage.list_objects(work.bucket, params={"prefix": "none"}) for _ in range(AT_ONCE)
            )
            return storage

        storage = runner.run(opened())
        return lambda: runner.run(work_on(storage, work))

    return prepared


async def _up(storage: Any, work: Work) -> None:
    await in_lanes(storage.upload(work.bucket, key, data) for key, data in work.small)


async def _down(storage: Any, work: Work) -> None:
    await in_lanes(storage.download(work.bucket, key) for key in work.names)


async def _large_up(storage: Any, work: Work) -> None:
    await storage.upload_from_filename(work.bucket, "large", str(work.large), timeout=60)


async def _large_down(storage: Any, work: Work) -> None:
    await storage.download_to_filename(work.bucket, "large", str(work.path), timeout=60)


async def _objects(storage: Any, bucket: str, **params: str) -> AsyncIterator[dict[str, str]]:
    while True:
        page = await storage.list_objects(bucket, params=params)
        for item in page.get("items", ()):
            yield item
        if not (token := page.get("nextPageToken")):
            return
        params["pageToken"] = token


async def _list(storage: Any, work: Work) -> None:
    work.checked(len([item async for item in _objects(storage, work.bucket)]))


async def _empty(storage: Any, work: Work) -> None:
    versions = [item async for item in _objects(storage, work.bucket, versions="true")]
    await in_lanes(
        storage.delete(work.bucket, item["name"], params={"generation": item["generation"]})
        for item in versions
    )


TASKS: dict[str, Task] = {
    "up": _task(_up),
    "down": _task(_down),
    "large up": _task(_large_up),
    "large down": _task(_large_down),
    "list": _task(_list),
    "empty": _task(_empty),
}
