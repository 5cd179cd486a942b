"""What each shard has: users by state, and the resources that their entries make. Pure.

Counted from the stack files alone, so that it needs no credentials, passphrase or engine
and is right on a branch; the states would say what the last `up` has made, for half a
second each.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from infra.settings import StackConfig
from infra.settings.users import State
from infra.shards.fleet import Shard

# The stack, and a provider for the cloud and for Kubernetes.
_STACKS_OWN = 3
# The component, the bucket and its guards.
_BUCKET = {"aws": 8, "gcp": 3}
_IDENTITY = {"irsa": 2, "podIdentity": 3, "workloadIdentity": 0, "serviceAccount": 2}
# The component, service account, volume and claim.
_VOLUME = 4

_STATES: tuple[str, ...] = get_args(State)


def resources(config: StackConfig) -> int:
    """Return how many resources the state has after `up`."""
    cloud = config.cloud
    bucket = _BUCKET[cloud.provider]
    if cloud.provider == "aws" and config.buckets.access_logs_to:
        bucket += 1
    active = sum(user.state == "active" for user in config.users)
    return _STACKS_OWN + len(config.users) * bucket + active * (_IDENTITY[cloud.identity] + _VOLUME)


def table(shards: Sequence[Shard]) -> Iterator[str]:
    """Yield the lines of a table, their sum last."""
    rows = [(shard.stack, *_counts(shard.config)) for shard in shards]
    total = (f"{len(rows)} stacks", *(sum(column) for column in list(zip(*rows, strict=True))[1:]))
    width = max(len(str(row[0])) for row in [*rows, total])
    yield _line(("stack", "users", *_STATES, "resources"), width)
    for row in [*rows, total]:
        yield _line(row, width)


def _counts(config: StackConfig) -> Iterable[int]:
    states = Counter(user.state for user in config.users)
    return len(config.users), *(states[state] for state in _STATES), resources(config)  # type: ignore[index]


def _line(cells: Sequence[object], width: int) -> str:
    first, *others = cells
    return f"{first:<{width}}" + "".join(f"{one:>11}" for one in others)
