"""Who takes part in the benchmark of the runtime, and in which environment.

Ours and the SDKs run in the checkout's environment, so that both use the same SDK. The peers
want other versions of it: theirs are made in `.sandbox/bench` of `benchmarks/peers/*.txt`.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox.setup import lock_environment
from sandbox.workspace import CHECKOUT

_LOCKS = Path(__file__).with_name("peers")
_FOLDER = CHECKOUT / ".sandbox" / "bench"


@dataclass(frozen=True)
class Contender:
    """Whoever does tasks.

    Attributes:
        name: for people.
        module: of `benchmarks.contenders`.
        environment: of which lock file; None: the checkout's.
    """

    name: str
    module: str
    environment: str | None = None

    @property
    def python(self) -> str:
        """The Python that runs it."""
        if self.environment is None:
            return sys.executable
        return str(_FOLDER / self.environment / "bin" / "python")

    def ensure(self) -> None:
        """Make its environment, unless it is there.

        Raises:
            SetupError: it could not be made.
        """
        if self.environment:
            _FOLDER.mkdir(parents=True, exist_ok=True)
            lock_environment(_FOLDER / self.environment, _LOCKS / f"{self.environment}.txt")


_OURS = Contender("ours", "ours")
# Ours first, then the SDK as its documentation shows it.
FIELD = {
    "aws": (
        _OURS,
        Contender("boto3, 32 threads", "boto3_threads"),
        Contender("boto3, sequential", "boto3_sequential"),
        Contender("s3transfer", "s3transfer_manager"),
        Contender("aioboto3", "peers.aioboto3", "aioboto3"),
        Contender("s3fs", "peers.s3fs", "others"),
        Contender("minio", "peers.minio", "others"),
        Contender("obstore", "peers.obstore", "others"),
    ),
    "gcp": (
        _OURS,
        Contender("google-cloud-storage, 32 threads", "google_threads"),
        Contender("google-cloud-storage, sequential", "google_sequential"),
        Contender("transfer_manager", "google_transfer_manager"),
        Contender("gcsfs", "peers.gcsfs", "others"),
        Contender("gcloud-aio-storage", "peers.gcloud_aio_storage", "others"),
        Contender("obstore", "peers.obstore", "others"),
    ),
}
