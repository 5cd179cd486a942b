"""The runtime. Every task also tells the event loop's lag."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from cmbcluster_storage import StorageProviderFactory

from benchmarks.lag import watched
from benchmarks.work import AT_ONCE, Task, Work

_OTHER = {"aws": "gcp", "gcp": "aws"}


def provider(cloud: str) -> Any:
    """Return the provider of a cloud, as a hub makes it."""
    return StorageProviderFactory.create(cloud, region="us-east-1")


def _task(work_on: Callable[[Any, Work], Awaitable[None]]) -> Task:
    def prepared(work: Work) -> Callable[[], float]:
        runner = asyncio.Runner()
        storage = provider(work.cloud)

        async def warm() -> None:
            await asyncio.gather(
                *(storage.list_objects(work.bucket, "none") for _ in range(AT_ONCE))
            )

        runner.run(warm())
        return lambda: runner.run(watched(work_on(storage, work)))

    return prepared


def _checked(outcomes: list[Any]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


async def _up(storage: Any, work: Work) -> None:
    _checked(await storage.upload_many(work.bucket, work.small))


async def _down(storage: Any, work: Work) -> None:
    _checked(await storage.download_many(work.bucket, work.names))


async def _large_up(storage: Any, work: Work) -> None:
    await storage.upload_object(work.bucket, "large", work.large)


async def _large_down(storage: Any, work: Work) -> None:
    await storage.download_file(work.bucket, "large", work.path)


async def _list(storage: Any, work: Work) -> None:
    work.checked(len(await storage.list_objects(work.bucket)))


async def _empty(storage: Any, work: Work) -> None:
    await storage.delete_bucket(work.bucket, True)


def _copied(work: Work) -> Callable[[], object]:
    other = provider(_OTHER[work.cloud])

    async def copy(storage: Any, work: Work) -> None:
        content = storage.stream_object(work.bucket, "large")
        await other.upload_object(work.target, "large", content)

    return _task(copy)(work)


TASKS: dict[str, Task] = {
    "up": _task(_up),
    "down": _task(_down),
    "large up": _task(_large_up),
    "large down": _task(_large_down),
    "list": _task(_list),
    "empty": _task(_empty),
    "copy": _copied,
}
