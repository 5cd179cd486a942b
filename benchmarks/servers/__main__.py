"""`python -m benchmarks.servers s3|gcs PORT:LATENCY_MS...`: one store, a door for each latency."""

import sys

from benchmarks.servers.gcs import Gcs
from benchmarks.servers.http import serve
from benchmarks.servers.s3 import S3
from benchmarks.servers.store import Store

_kind, *_doors = sys.argv[1:]
_store = Store(newest_first=_kind == "s3")
serve(
    S3(_store) if _kind == "s3" else Gcs(_store),
    [(int(port), float(latency)) for port, latency in (door.split(":") for door in _doors)],
)
