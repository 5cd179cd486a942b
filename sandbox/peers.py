"""Servers that speak S3 and are not ours: moto and SeaweedFS, each a process on loopback."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

_START_SECONDS = 60
# Has the kernel end the server when whoever started it is gone; Linux alone can: prctl(2). Not a
# `preexec_fn`, with which gRPC's handlers run in the fork, where they may end it.
_LAUNCHER = """
import ctypes, os, signal, sys
PR_SET_PDEATHSIG = 1
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Peer:
    """A running server, which ends with the process that started it."""

    def __init__(self, command: list[str], port: int, folder: Path) -> None:
        """Start it and wait until it answers."""
        self.url = f"http://127.0.0.1:{port}"
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _LAUNCHER, *command],
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((folder / "log").read_text()[-2000:])
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.url, timeout=5).close()  # noqa: S310 - http on loopback
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def moto(folder: Path) -> Peer:
    """Start moto."""
    port = free_ports(1)[0]
    program = "from moto.server import main; import sys; main(sys.argv[1:])"
    command = [sys.executable, "-W", "ignore", "-c", program, "-H", "127.0.0.1", "-p", str(port)]
    return Peer(command, port, folder)


def seaweedfs(folder: Path) -> Peer:
    """Start it with one identity; it listens on loopback and tells nobody of itself."""
    config = folder / "s3.json"
    keys = {"accessKey": "test", "secretKey": "test"}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identity = {"name": "tests", "credentials": [keys], "actions": actions}
    config.write_text(json.dumps({"identities": [identity]}))
    servers = ("s3", "master", "filer", "volume", "admin")
    # Each has a port of its own, or a second SeaweedFS on the same machine would not start.
    free = iter(free_ports(2 * len(servers)))
    ports = {f"{server}.{port}": next(free) for server in servers for port in ("port", "port.grpc")}
    program = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}")
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.telemetry": "false",
        "admin.ui": "false",
        "webdav": "false",
        "s3.config": config,
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        **ports,
    }
    given = [f"-{name}={value}" for name, value in options.items()]
    return Peer([str(program), "mini", *given], ports["s3.port"], folder)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody had a moment ago."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
