"""What the asynchronous peers share."""

import asyncio
from collections.abc import Awaitable, Iterable

from benchmarks.work import AT_ONCE


async def in_lanes(calls: Iterable[Awaitable[object]]) -> None:
    """Await all, so many at once, each begun when its turn comes."""
    waiting = iter(calls)

    async def lane() -> None:
        for call in waiting:
            await call

    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
