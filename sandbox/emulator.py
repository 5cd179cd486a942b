"""The AWS emulator: ministack's S3, IAM and STS on loopback, kept on disk between runs.

`Emulator` starts it as a process of its own; this module is that process too. Only
ministack's request handler is used: its own start-up would open further ports and stop
containers that are not ours.
"""

import asyncio
import importlib
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from sandbox.processes import exit_with_parent

_SERVICES = ("s3", "iam", "sts")
# Changes are on disk this long after the last of them, or at the end at the latest.
_SAVE_AFTER_SECONDS = 0.3

_Message = MutableMapping[str, Any]
_Send = Callable[[_Message], Awaitable[None]]
_Receive = Callable[[], Awaitable[_Message]]


class Emulator:
    """A running emulator, in a process of its own that ends with this one."""

    def __init__(self, state: Path, account_id: str = "123456789012") -> None:
        """Start it with what `state` holds, which may not exist yet.

        Args:
            state: the file of its contents.
            account_id: whose the credentials are that it hands out.
        """
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            # Requests wait in the listener's queue until the process is ready.
            with state.with_suffix(".log").open("ab") as log:
                self._process = subprocess.Popen(
                    [
                        *(sys.executable, "-m", __name__),
                        *(str(listener.fileno()), str(state), str(os.getpid())),
                    ],
                    pass_fds=[listener.fileno()],
                    env=os.environ | {"MINISTACK_ACCOUNT_ID": account_id, "LOG_LEVEL": "WARNING"},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    def close(self) -> None:
        """End it, its contents saved."""
        self._process.terminate()
        self._process.wait()


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
        self._stores = stores
        self._timer: asyncio.TimerHandle | None = None

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            return
        await self._app(scope, receive, send)
        if scope["method"] not in ("GET", "HEAD") and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_SAVE_AFTER_SECONDS, self._save)

    def _save(self) -> None:
        self._timer = None
        self._stores.save()


async def _serve(listener: int, state: Path, parent: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    stores = _Stores(state)
    stores.load()
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, done.set)
    exit_with_parent(parent, leave=lambda: os.kill(os.getpid(), signal.SIGTERM))
    config = Config()
    config.bind = [f"fd://{listener}"]
    config.graceful_timeout = 1
    await serve(_Saved(stores), config, shutdown_trigger=done.wait)  # type: ignore[arg-type]
    stores.save()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the engine, which needs us
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
