"""The AWS emulator: ministack's S3, IAM and STS on loopback, kept on disk between runs.

`Emulator` starts it as a process of its own; this module is that process too. Only
ministack's request handler is used: its own start-up would open further ports and stop
containers that are not ours.
"""

import asyncio
import importlib
import pickle
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from sandbox.servers import SavedSoon, ServerProcess, arguments, terminated

_SERVICES = ("s3", "iam", "sts")

_Message = MutableMapping[str, Any]
_Send = Callable[[_Message], Awaitable[None]]
_Receive = Callable[[], Awaitable[_Message]]


class Emulator(ServerProcess):
    """A running emulator, in a process of its own that ends with this one."""

    def __init__(self, state: Path, account_id: str = "123456789012") -> None:
        """Start it with what `state` holds, which may not exist yet.

        Args:
            state: the file of its contents.
            account_id: whose the credentials are that it hands out.
        """
        env = {"MINISTACK_ACCOUNT_ID": account_id, "LOG_LEVEL": "WARNING"}
        super().__init__(__name__, state, env)


class _Stores:
    """The emulator's contents: every store of its service modules, as one file."""

    def __init__(self, path: Path) -> None:
        from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict

        self._path = path
        self._stores: dict[str, dict[Any, Any]] = {
            f"{service}.{name}": store._data
            for service in _SERVICES
            for name, store in vars(
                importlib.import_module(f"ministack.services.{service}")
            ).items()
            if isinstance(store, AccountScopedDict | AccountRegionScopedDict)
        }

    def load(self) -> None:
        if self._path.exists():
            for name, contents in pickle.loads(self._path.read_bytes()).items():  # noqa: S301 - ours
                self._stores[name].update(contents)

    def save(self) -> None:
        written = self._path.with_suffix(".new")
        written.write_bytes(pickle.dumps(self._stores))
        written.replace(self._path)


class _Saved:
    """The emulator's request handler, which has changes saved soon after they are made."""

    def __init__(self, stores: _Stores) -> None:
        from ministack.app import app

        self._app = app
        self._saved = SavedSoon(stores.save)

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            return
        await self._app(scope, receive, send)
        if scope["method"] not in ("GET", "HEAD"):
            self._saved.note_change()


async def _serve(listener: int, state: Path, parent: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    stores = _Stores(state)
    stores.load()
    config = Config()
    config.bind = [f"fd://{listener}"]
    config.graceful_timeout = 1
    await serve(_Saved(stores), config, shutdown_trigger=lambda: terminated(parent))  # type: ignore[arg-type]
    stores.save()


if __name__ == "__main__":
    asyncio.run(_serve(*arguments()))
