"""How long it takes to make a fleet for the first time, on paper: by the vendors' own rates.

And by the engine's own time, which a run takes that no vendor slows down. Nothing is measured here.
The table is the one of docs/gitops.md; a test compares them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from infra import limits
from infra.settings import StackConfig
from infra.shards.listing import resources

# Source: https://cloud.google.com/storage/quotas#buckets
_SECONDS_PER_BUCKET = {"gcp": 2.0}  # AWS names no rate

# The engine writes the state before and after each resource that it makes, and Cloud Storage
# takes one write a second of one object.
# Source: https://cloud.google.com/storage/quotas#objects
_WRITES_PER_RESOURCE = 2
_SECONDS_PER_WRITE = {"gcp": 1.0}  # for states on gs://; AWS names no rate for s3://

# Seen in the sandbox on two cores: `up` of 50 new users on AWS, whose cloud, cluster and states
# are on the same machine, so that nothing is waited for.
_ENGINE_SECONDS_PER_RESOURCE = 32 / 703

RUNNERS = 7  # jobs of `up` at once: max-parallel in .github/workflows/up.yml


@dataclass(frozen=True)
class Bulk:
    """What it takes to make all users of a fleet whose shards are like one.

    Attributes:
        shard: the config of each.
        users: of all.
    """

    shard: StackConfig
    users: int

    @property
    def shards(self) -> int:
        """How many stacks there are."""
        return math.ceil(self.users / len(self.shard.users))

    @property
    def resources(self) -> int:
        """How many resources all stacks have."""
        return self.shards * resources(self.shard)

    @property
    def writes(self) -> int:
        """How often the state of one shard is written."""
        return _WRITES_PER_RESOURCE * resources(self.shard)

    @property
    def bucket_seconds(self) -> float | None:
        """How long all buckets take, however many runs make them; None if no rate is known."""
        rate = _SECONDS_PER_BUCKET.get(self.shard.cloud.provider)
        return None if rate is None else rate * self.users

    @property
    def shard_seconds(self) -> float | None:
        """How long one shard takes at least, for its state; None if no rate is known."""
        rate = _SECONDS_PER_WRITE.get(self.shard.cloud.provider)
        return None if rate is None else rate * self.writes

    @property
    def engine_seconds(self) -> float:
        """How long one shard takes if cloud and backend answer at once."""
        return _ENGINE_SECONDS_PER_RESOURCE * resources(self.shard)

    @property
    def at_once(self) -> int | None:
        """How many shards, made at once, come up to the buckets' rate, and not beyond it."""
        if self.bucket_seconds is None or self.shard_seconds is None:
            return None
        return max(1, int(self.shard_seconds * self.shards / self.bucket_seconds))

    def owners(self) -> Iterator[tuple[str, int, int | None]]:
        """Yield of each limit that stacks share how many accounts or projects they fill.

        By default, and once it is raised as far as it goes; None if the vendor does not say.
        """
        for use in limits.together([*limits.uses(self.shard, 0)] * self.shards):
            most = None if use.most is None else math.ceil(use.count / use.most)
            yield use.what, math.ceil(use.count / use.limit), most


def rows(bulks: list[Bulk]) -> Iterator[str]:
    """Yield the lines of the table, a column for each."""
    names = {"gcp": "Google Cloud, states on `gs://`", "aws": "AWS, states on `s3://`"}
    first = bulks[0]
    yield _row(f"{first.users:,} users", [names[one.shard.cloud.provider] for one in bulks])
    yield _row("---", ["---"] * len(bulks))
    yield _row("stacks", [f"{one.shards:,}" for one in bulks])
    yield _row("resources", [f"{one.resources:,}" for one in bulks])
    yield _row("all buckets, at the vendor's rate", [_time(one.bucket_seconds) for one in bulks])
    yield _row("writes of one stack's state", [f"{one.writes:,}" for one in bulks])
    yield _row("one stack, at the vendor's rate", [_time(one.shard_seconds) for one in bulks])
    yield _row(
        "one stack after the other",
        [_time(one.shard_seconds and one.shard_seconds * one.shards) for one in bulks],
    )
    yield _row(
        "stacks at once until the buckets' rate is met", [str(one.at_once or "-") for one in bulks]
    )
    yield _row("one stack, the engine alone", [_time(one.engine_seconds) for one in bulks])
    yield _row(
        "one stack after the other, the engine alone",
        [_time(one.engine_seconds * one.shards) for one in bulks],
    )
    yield _row(
        f"{RUNNERS} at once, the engine alone",
        [_time(one.engine_seconds * math.ceil(one.shards / RUNNERS)) for one in bulks],
    )
    yield _row("accounts or projects that are filled", [_owners(one) for one in bulks])


def _owners(bulk: Bulk) -> str:
    told = [
        f"{what}: {default}{'' if most is None or most == default else f' (raised: {most})'}"
        for what, default, most in bulk.owners()
    ]
    return ", ".join(told) or "no limit that is counted"


def _row(name: str, cells: list[str]) -> str:
    return f"| {' | '.join([name, *cells])} |"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "no rate is named"
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
