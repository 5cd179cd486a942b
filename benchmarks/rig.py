"""The servers that the benchmark of the runtime measures against, and one run of a contender.

`servers` of our own on loopback, which cost next to nothing, with a door for each latency.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks import stock
from benchmarks.field import Contender
from benchmarks.figures import MIB, Turn
from benchmarks.work import Work
from sandbox.peers import Peer, free_ports
from sandbox.workspace import CHECKOUT

# Milliseconds there and back.
LATENCIES = (0, 20)

_LIMIT_SECONDS = 300
_SERVERS = {"aws": "s3", "gcp": "gcs"}
_LISTED, _READ, _SENT = "bench-listed", "bench-read", "bench-sent"
_BUCKETS = {"up": _SENT, "large up": _SENT, "list": _LISTED}


class RunError(Exception):
    """A contender failed."""


@dataclass(frozen=True)
class Scale:
    """How much there is of everything.

    Attributes:
        keys: small objects that are moved.
        listed: objects that are listed.
        versions: in a bucket that is emptied.
        large_bytes: size of the large object.
    """

    keys: int = 1_000
    listed: int = 10_000
    versions: int = 10_000
    large_bytes: int = 256 * MIB


class Rig:
    """Both clouds' servers, with what is only read; a context manager."""

    def __init__(self, folder: Path, scale: Scale) -> None:
        """Start the servers.

        Args:
            folder: empty; holds all that they keep.
            scale: how much to fill in.
        """
        self._folder, self._scale = folder, scale
        self._ports: dict[tuple[str, int], int] = {}
        self._servers = {cloud: self._started(cloud) for cloud in _SERVERS}
        self._abilities: dict[Contender, list[str]] = {}
        self._numbers = count(1)

    def __enter__(self) -> Self:
        """Fill in what is only read."""
        os.environ.update(self._environment(0))
        stock.write_file(self._folder / "large", self._scale.large_bytes)
        for cloud in self._servers:
            stock.make_bucket(cloud, _LISTED)
            stock.add_objects(cloud, _LISTED, stock.tiny_objects(self._scale.listed))
            stock.make_bucket(cloud, _READ)
            stock.add_objects(cloud, _READ, self._work(cloud, _READ).small)
            stock.add_file(cloud, _READ, self._folder / "large")
            # Versions of all that is sent would fill the disk.
            stock.make_bucket(cloud, _SENT, versioned=False)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the servers."""
        for name in self._environment(0):
            os.environ.pop(name, None)
        for server in self._servers.values():
            server.close()

    def run(
        self,
        cloud: str,
        contender: Contender,
        task: str,
        latency: int,
        *,
        beside_loop: bool = False,
    ) -> Turn | None:
        """Run one task as one contender.

        Args:
            cloud: whose server.
            contender: its environment is made.
            task: by name.
            latency: milliseconds there and back.
            beside_loop: in a thread beside an event loop; see `contender`.

        Returns:
            What it took; None: it has no way to do this.

        Raises:
            RunError: it failed.
        """
        environment = self._environment(latency)
        command = [contender.python, "-m", "benchmarks.contender", contender.module]
        if contender not in self._abilities:
            self._abilities[contender] = _answer(command, environment)
        if task not in self._abilities[contender]:
            return None
        bucket = _BUCKETS.get(task, _READ)
        if task == "empty":
            bucket = f"bench-empty-{next(self._numbers)}"
            stock.make_bucket(cloud, bucket)
            stock.add_versions(cloud, bucket, self._scale.versions)
        work = self._work(cloud, bucket)
        server = _cpu(self._servers.values())
        figures = _answer(
            [*command, task, work.written(), *(["beside-loop"] if beside_loop else [])],
            environment,
        )
        return Turn(**figures, server=_cpu(self._servers.values()) - server)

    def _work(self, cloud: str, bucket: str) -> Work:
        return Work(
            cloud=cloud,
            bucket=bucket,
            target=_SENT,
            folder=str(self._folder),
            keys=self._scale.keys,
            listed=self._scale.listed,
        )

    def _environment(self, latency: int) -> dict[str, str]:
        """Return what names the servers to whoever reads the environment as the SDKs do."""
        return {
            "AWS_ENDPOINT_URL": self._url("aws", latency),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "STORAGE_EMULATOR_HOST": self._url("gcp", latency),
            # Else gcsfs asks Google itself, over gRPC, what kind of bucket it is.
            "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
        }

    def _url(self, cloud: str, latency: int) -> str:
        return f"http://127.0.0.1:{self._ports[cloud, latency]}"

    def _started(self, cloud: str) -> Peer:
        folder = self._folder / cloud
        folder.mkdir()
        ports = free_ports(len(LATENCIES))
        doors = dict(zip(LATENCIES, ports, strict=True))
        self._ports |= {(cloud, latency): port for latency, port in doors.items()}
        program = [sys.executable, "-m", "benchmarks.servers", _SERVERS[cloud]]
        named = [f"{port}:{latency}" for latency, port in doors.items()]
        return Peer([*program, *named], ports[0], folder)


def _cpu(processes: Iterable[Peer]) -> float:
    """Return the seconds of CPU that they have used."""
    ticks = 0
    for process in processes:
        stat = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _answer(command: list[str], environment: dict[str, str]) -> Any:
    """Return what a contender prints."""
    try:
        done = subprocess.run(
            command,
            cwd=CHECKOUT,
            env=os.environ | environment | {"PYTHONWARNINGS": "ignore"},
            capture_output=True,
            text=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RunError(f"`{' '.join(command)}` took more than {_LIMIT_SECONDS} s") from error
    if done.returncode:
        raise RunError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    return json.loads(done.stdout)
