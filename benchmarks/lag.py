"""How long an event loop keeps those waiting who want it."""

import asyncio
import time
from collections.abc import Awaitable

_EVERY_SECONDS = 0.001


async def watched(work: Awaitable[object]) -> float:
    """Await work, and return how late, at most, the loop woke a sleeper of 1 ms meanwhile."""
    most = 0.0

    async def watch() -> None:
        nonlocal most
        while True:
            due = time.perf_counter() + _EVERY_SECONDS
            await asyncio.sleep(_EVERY_SECONDS)
            most = max(most, time.perf_counter() - due)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    await work
    watching.cancel()
    return most
