"""The AWS emulator: ministack's S3, IAM and STS on loopback, kept on disk between runs.

`Emulator` starts it as a process of its own; this module is that process too. Only
ministack's request handler is used: its own start-up would open further ports and stop
containers that are not ours. What it does otherwise than AWS, and the sandbox needs, is
put right on the way (one space of bucket names, partitions) or answered here (EKS).
"""

import asyncio
import importlib
import json
import pickle
from pathlib import Path
from typing import Any

from sandbox.aws_requests import (
    App,
    Caller,
    Message,
    Receive,
    Send,
    answer,
    body,
    caller,
    in_partition,
    query,
)
from sandbox.eks import EksError, PodIdentityAssociations
from sandbox.emulator_gaps import mend
from sandbox.s3_names import refusal
from sandbox.servers import SavedSoon, ServerProcess, arguments, terminated

_SERVICES = ("s3", "iam", "sts")


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
    """The emulator's contents: every store of its service modules and EKS, as one file."""

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
        self.buckets = self._stores["s3._buckets"]
        self.associations = PodIdentityAssociations(self._stores["iam._roles"])
        self._stores["eks.associations"] = self.associations.by_arn

    def load(self) -> None:
        if self._path.exists():
            for name, contents in pickle.loads(self._path.read_bytes()).items():  # noqa: S301 - ours
                self._stores[name].update(contents)

    def save(self) -> None:
        written = self._path.with_suffix(".new")
        written.write_bytes(pickle.dumps(self._stores))
        written.replace(self._path)


class _Aws:
    """The request handler: ministack's, put right, its changes saved soon after."""

    def __init__(self, stores: _Stores) -> None:
        from ministack.app import app

        self._ministack: App = app
        self._stores = stores
        self._saved = SavedSoon(stores.save)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        by = caller(scope)
        if by.service == "eks":
            await self._answer_eks(by, scope, receive, send)
        elif by.service in ("s3", "") and (refused := refusal(scope, by, self._stores.buckets)):
            content = "" if scope["method"] == "HEAD" else refused.document
            await answer(send, refused.status, content, content_type="application/xml")
        else:
            if by.partition != "aws" and (by.service != "s3" or scope["path"] == "/"):
                send = in_partition(by.partition, send)
            await self._ministack(scope, receive, send)
        if scope["method"] not in ("GET", "HEAD"):
            self._saved.note_change()

    async def _answer_eks(self, by: Caller, scope: Message, receive: Receive, send: Send) -> None:
        values = json.loads(await body(receive) or "{}")
        status, headers = 200, {"content_type": "application/json"}
        try:
            answered = self._stores.associations.answer(
                by, scope["method"], scope["path"], query(scope), values
            )
        except EksError as error:
            status, answered = error.status, {"message": str(error)}
            headers["x_amzn_errortype"] = error.code
        await answer(send, status, json.dumps(answered), **headers)


async def _serve(listener: int, state: Path, parent: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    mend()
    stores = _Stores(state)
    stores.load()
    config = Config()
    config.bind = [f"fd://{listener}"]
    config.graceful_timeout = 1
    await serve(_Aws(stores), config, shutdown_trigger=lambda: terminated(parent))  # type: ignore[arg-type]
    stores.save()


if __name__ == "__main__":
    asyncio.run(_serve(*arguments()))
