"""The engine's protocol: messages and stubs out of Pulumi's SDK, without the SDK.

They are in `pulumi.runtime.proto`, whose parents import all of Pulumi: half of what a
plugin's start takes, and the engine starts four such processes for most commands.
Whoever imports Pulumi afterwards gets it whole; protobuf gives it the same classes.
"""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

__all__ = [
    "language_pb2",
    "language_pb2_grpc",
    "plugin_pb2",
    "provider_pb2",
    "provider_pb2_grpc",
]


@contextmanager
def _empty_parents() -> Iterator[None]:
    """Let modules without code stand for the parents, unless Pulumi was imported already."""
    spec = importlib.util.find_spec("pulumi")
    if "pulumi" in sys.modules or spec is None or spec.origin is None:
        yield
        return
    folder = Path(spec.origin).parent
    for name, path in (("pulumi", folder), ("pulumi.runtime", folder / "runtime")):
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = [str(path)]
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "pulumi"]:
        del sys.modules[name]


with _empty_parents():
    from pulumi.runtime.proto import (
        language_pb2,
        language_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
    )
