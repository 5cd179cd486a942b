"""The runtime: what `TASKS` names is prepared with a bucket and a folder, then run."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from cmbcluster_storage import StorageProviderFactory

_KIND = os.environ["BENCH_KIND"]
_SMALL = [(f"small/{number:04}", b"x" * 4096) for number in range(1000)]
_WARM = 8


class _Lag:
    """Measures how long the event loop kept others waiting, at most."""

    def __init__(self) -> None:
        self.most = 0.0

    async def watch(self) -> None:
        while True:
            due = time.perf_counter() + 0.001
            await asyncio.sleep(0.001)
            self.most = max(self.most, time.perf_counter() - due)


def _task(work: Callable[[Any, str, Path], Awaitable[Any]]) -> Any:
    def prepared(bucket: str, folder: Path) -> Callable[[], Any]:
        runner = asyncio.Runner()
        provider = StorageProviderFactory.create(_KIND, region="us-east-1")

        async def warm() -> None:
            calls = (provider.list_objects(bucket, "none") for _ in range(_WARM))
            await asyncio.gather(*calls)

        runner.run(warm())

        async def run() -> dict[str, float]:
            lag = _Lag()
            watching = asyncio.create_task(lag.watch())
            await work(provider, bucket, folder)
            watching.cancel()
            return {"lag": lag.most}

        return lambda: runner.run(run())

    return prepared


def _checked(outcomes: list[Any]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


async def _up(provider: Any, bucket: str, _: Path) -> None:
    _checked(await provider.upload_many(bucket, _SMALL))


async def _down(provider: Any, bucket: str, _: Path) -> None:
    _checked(await provider.download_many(bucket, [key for key, _ in _SMALL]))


async def _large_up(provider: Any, bucket: str, folder: Path) -> None:
    await provider.upload_object(bucket, "large", folder / "large")


async def _large_down(provider: Any, bucket: str, folder: Path) -> None:
    await provider.download_file(bucket, "large", folder / "down")


async def _list(provider: Any, bucket: str, _: Path) -> None:
    assert len(await provider.list_objects(bucket)) == 10_000  # noqa: S101


async def _empty(provider: Any, bucket: str, _: Path) -> None:
    await provider.delete_bucket(bucket, True)


TASKS = {
    "up": _task(_up),
    "down": _task(_down),
    "large up": _task(_large_up),
    "large down": _task(_large_down),
    "list": _task(_list),
    "empty": _task(_empty),
}
