"""A proxy on loopback that adds latency, as a process of its own.

Every chunk is handed on half a round trip later, each way; many are under way at once, so
that only time is added and no bandwidth is taken.
"""

import asyncio
import sys

_CHUNK = 256 * 1024


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Hand on what comes, `delay` seconds later."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)

    async def read() -> None:
        data = b"-"
        while data:
            data = await reader.read(_CHUNK)
            await waiting.put((loop.time() + delay, data))

    reading = asyncio.create_task(read())
    try:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(max(due - loop.time(), 0))
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()
    finally:
        reading.cancel()


async def _main(listen: int, upstream: int, delay: float) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far, near = await asyncio.open_connection("127.0.0.1", upstream)
        await asyncio.gather(_pump(reader, near, delay), _pump(far, writer, delay))
        writer.close()
        near.close()

    server = await asyncio.start_server(connected, "127.0.0.1", listen, backlog=256)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 2000))
