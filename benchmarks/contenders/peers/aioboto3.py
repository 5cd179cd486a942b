"""aioboto3. It knows one cloud, so it copies to no other."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import aioboto3
from aiobotocore.config import AioConfig

from benchmarks.contenders.peers.lanes import in_lanes
from benchmarks.work import AT_ONCE, Task, Work

_CONFIG = AioConfig(max_pool_connections=AT_ONCE)


def _task(work_on: Callable[[Any, Work], Coroutine[Any, Any, None]]) -> Task:
    def prepared(work: Work) -> Callable[[], None]:
        runner, stack = asyncio.Runner(), AsyncExitStack()

        async def opened() -> Any:
            client = aioboto3.Session().client("s3", config=_CONFIG)
            s3 = await stack.enter_async_context(client)
            await in_lanes(s3.head_bucket(Bucket=work.bucket) for _ in range(AT_ONCE))
            return s3

        s3 = runner.run(opened())
        return lambda: runner.run(work_on(s3, work))

    return prepared


async def _up(s3: Any, work: Work) -> None:
    await in_lanes(
        s3.put_object(Bucket=work.bucket, Key=key, Body=data) for key, data in work.small
    )


async def _down(s3: Any, work: Work) -> None:
    async def get(key: str) -> None:
        answer = await s3.get_object(Bucket=work.bucket, Key=key)
        await answer["Body"].read()

    await in_lanes(get(key) for key in work.names)


async def _large_up(s3: Any, work: Work) -> None:
    await s3.upload_file(str(work.large), work.bucket, "large")


async def _large_down(s3: Any, work: Work) -> None:
    await s3.download_file(work.bucket, "large", str(work.path))


async def _list(s3: Any, work: Work) -> None:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=work.bucket)
    work.checked(len([entry async for page in pages for entry in page.get("Contents", ())]))


async def _empty(_: Any, work: Work) -> None:
    async with aioboto3.Session().resource("s3") as resource:
        bucket = await resource.Bucket(work.bucket)
        await bucket.object_versions.delete()
        await bucket.delete()


TASKS: dict[str, Task] = {
    "up": _task(_up),
    "down": _task(_down),
    "large up": _task(_large_up),
    "large down": _task(_large_down),
    "list": _task(_list),
    "empty": _task(_empty),
}
