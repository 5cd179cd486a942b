"""obstore, on both clouds. It names no versions in a listing, so it cannot empty a bucket."""

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from typing import Any

from obstore.store import GCSStore, S3Store

from benchmarks.contenders.peers.lanes import in_lanes
from benchmarks.work import AT_ONCE, Task, Work

_OTHER = {"aws": "gcp", "gcp": "aws"}


def _store(cloud: str, bucket: str) -> Any:
    options: Any = {"allow_http": True}
    if cloud == "aws":
        endpoint = os.environ["AWS_ENDPOINT_URL"]
        return S3Store(bucket, endpoint=endpoint, client_options=options)
    # Its only way to name another server.
    key = {
        "gcs_base_url": os.environ["STORAGE_EMULATOR_HOST"],
        "disable_oauth": True,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    }
    return GCSStore(bucket, service_account_key=json.dumps(key), client_options=options)


def _task(work_on: Callable[[Any, Work], Coroutine[Any, Any, None]]) -> Task:
    def prepared(work: Work) -> Callable[[], None]:
        runner, store = asyncio.Runner(), _store(work.cloud, work.bucket)

        async def warm() -> None:
            await in_lanes(store.list_with_delimiter_async("none/") for _ in range(AT_ONCE))

        runner.run(warm())
        return lambda: runner.run(work_on(store, work))

    return prepared


async def _up(store: Any, work: Work) -> None:
    await in_lanes(store.put_async(key, data) for key, data in work.small)


async def _down(store: Any, work: Work) -> None:
    async def get(key: str) -> None:
        answer = await store.get_async(key)
        await answer.bytes_async()

    await in_lanes(get(key) for key in work.names)


async def _large_up(store: Any, work: Work) -> None:
    await store.put_async("large", work.large)


async def _large_down(store: Any, work: Work) -> None:
    answer = await store.get_async("large")
    with work.path.open("wb") as file:
        async for chunk in answer.stream():
            file.write(chunk)


async def _list(store: Any, work: Work) -> None:
    work.checked(len(await store.list().collect_async()))


async def _copy(store: Any, work: Work) -> None:
    answer = await store.get_async("large")
    await _store(_OTHER[work.cloud], work.target).put_async("large", answer.stream())


TASKS: dict[str, Task] = {
    "up": _task(_up),
    "down": _task(_down),
    "large up": _task(_large_up),
    "large down": _task(_large_down),
    "list": _task(_list),
    "copy": _task(_copy),
}
