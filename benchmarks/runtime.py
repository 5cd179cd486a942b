"""Ours beside the SDKs: one table per cloud, from one run.

`make bench-runtime` or `python -m benchmarks.runtime [aws|gcp]`. A server of ours on
loopback (SeaweedFS for S3, `sandbox.gcs` for Cloud Storage), with 0 and 20 ms of latency
from a proxy; every contender in a process of its own, the best of a few rounds. The
server's CPU is shown beside: where it comes near the time, the server is what was measured.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cmbcluster_storage import StorageProviderFactory

from sandbox.gcs import GcsEmulator
from sandbox.peers import Peer, free_ports, seaweedfs

_HERE = Path(__file__).parent
_LATENCIES = (0, 20)
_ROUNDS = int(os.environ.get("BENCH_ROUNDS", "2"))
_LARGE_BYTES = 256 * 1024 * 1024
_MIB = 1024 * 1024
_CONTENDERS = {"aws": ("ours", "boto3_threads"), "gcp": ("ours", "google_threads")}
# How much faster than the SDK it must be: by cloud, task and latency.
_BARS = {
    ("aws", "up", 20): 1.4,
    ("gcp", "up", 20): 1.15,
    ("aws", "list", 0): 2,
    ("aws", "list", 20): 1.6,
    ("aws", "empty", 0): 2,
    ("gcp", "empty", 0): 5,
    ("aws", "large down", 0): 1.6,
    ("aws", "large down", 20): 1.6,
    ("gcp", "large down", 20): 1.6,
}
_TASKS = ("up", "down", "large up", "large down", "list", "empty")


class Bench:
    """One cloud's server and what is run against it."""

    def __init__(self, kind: str, folder: Path) -> None:
        """Start the server and fill what is only read."""
        self.kind = kind
        self.folder = folder
        self.server: Peer | GcsEmulator = (
            seaweedfs(folder) if kind == "aws" else GcsEmulator(folder / "gcs")
        )
        self.env = os.environ | {"BENCH_KIND": kind, "PYTHONWARNINGS": "ignore"}
        with (folder / "large").open("wb") as file:
            for _ in range(_LARGE_BYTES // _MIB):
                file.write(os.urandom(_MIB))
        self._fill("bench-list", 10_000, 1)
        self._fill("bench-work", 0, 1)

    def task(self, name: str, contender: str, port: int) -> dict[str, float]:
        """Run one task as one contender, and return its figures."""
        bucket = {"list": "bench-list", "empty": "bench-empty"}.get(name, "bench-work")
        if name == "empty":
            self._fill(bucket, 5_000, 2)
        url = f"http://127.0.0.1:{port}"
        busy = self._cpu()
        answer = subprocess.run(
            [
                *(sys.executable, str(_HERE / "contender.py")),
                *(str(_HERE / "contenders" / f"{contender}.py"), str(self.folder), name, bucket),
            ],
            env=self.env | self._endpoint(url),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        figures: dict[str, float] = json.loads(answer.stdout)
        return figures | {"server": self._cpu() - busy}

    def _endpoint(self, url: str) -> dict[str, str]:
        if self.kind == "gcp":
            return {"STORAGE_EMULATOR_HOST": url}
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        return keys | {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1"}

    def _cpu(self) -> float:
        ticks = Path(f"/proc/{self.server.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def _fill(self, bucket: str, keys: int, versions: int) -> None:
        """Make a bucket with so many keys, so many versions of each."""
        os.environ.update(self._endpoint(self.server.url))

        async def fill() -> None:
            provider: Any = StorageProviderFactory.create(self.kind, region="us-east-1")
            backend = provider._backend
            if self.kind == "aws":
                backend._client.create_bucket(Bucket=bucket)
                backend._client.put_bucket_versioning(
                    Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
                )
            else:
                settings = {"name": bucket, "versioning": {"enabled": True}}
                backend._json("POST", "/b", None, {"project": "bench"}, json=settings)
            for _ in range(versions):
                names = [(f"many/{number:05}", b"x") for number in range(keys)]
                await provider.upload_many(bucket, names)
            await provider.aclose()

        asyncio.run(fill())


def _proxy(upstream: str, latency: int) -> tuple[int, "subprocess.Popen[bytes]"]:
    port = free_ports(1)[0]
    target = upstream.rpartition(":")[2]
    arguments = [str(port), target, str(latency)]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.latency", *arguments])
    time.sleep(1)
    return port, process


def _row(kind: str, name: str, latency: int, found: dict[str, dict[str, float]]) -> str:
    ours, sdk = found.values()
    ratio = sdk["seconds"] / ours["seconds"]
    bar = _BARS.get((kind, name, latency))
    verdict = "" if bar is None else f"bar {bar}: {'met' if ratio >= bar else 'MISSED'}"
    return (
        f"{name:<11} {latency:>4} {ours['seconds']:>8.2f} {sdk['seconds']:>8.2f} {ratio:>6.2f} "
        f"{ours['growth'] / _MIB:>9.0f} {sdk['growth'] / _MIB:>8.0f} "
        f"{ours['server']:>7.2f} {sdk['server']:>7.2f} {ours['lag'] * 1000:>6.0f}  {verdict}"
    )


def run(kind: str) -> None:
    """Print the table of one cloud."""
    ours, sdk = _CONTENDERS[kind]
    print(f"\n{kind}: {ours} beside {sdk}; seconds, MiB of memory, seconds of the server's CPU")
    print("task          ms     ours      sdk  ratio  ours MiB  sdk MiB  server  server  lag ms")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(kind, Path(folder))
        for latency in _LATENCIES:
            port, proxy = _proxy(bench.server.url, latency)
            for name in _TASKS:
                found = {
                    contender: min(
                        (bench.task(name, contender, port) for _ in range(_ROUNDS)),
                        key=lambda figures: figures["seconds"],
                    )
                    for contender in _CONTENDERS[kind]
                }
                print(_row(kind, name, latency, found), flush=True)
            proxy.terminate()
            proxy.wait()
        bench.server.close()


if __name__ == "__main__":
    for cloud in sys.argv[1:] or _CONTENDERS:
        run(cloud)
