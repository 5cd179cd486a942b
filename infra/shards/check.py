"""What no two stack files may say, and what all of them together may not ask for. Pure."""

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from infra import limits
from infra.limits import Use
from infra.settings import StackConfig
from infra.settings.users import OF_A_BUCKET, distinct
from infra.shards.fleet import Shard
from infra.stack_files import PROJECT

_USERS = f"{PROJECT}:users"


def problems(shards: Sequence[Shard]) -> list[str]:
    """Return all that is wrong, a line each."""
    shared = [use.problem for use in uses(shards)]
    return [
        *same_users(shards),
        *_logs(shards),
        *_folders(shards),
        *(problem for problem in shared if problem),
    ]


def uses(shards: Iterable[Shard]) -> list[Use]:
    """Return what all of them use of each account's, project's and cluster's limits."""
    return limits.together(chain.from_iterable(limits.uses(one.config, 0) for one in shards))


def same_users(shards: Iterable[Shard]) -> Iterator[str]:
    """Yield who is listed in two files, or has what somebody in another file has."""
    seen: dict[tuple[object, str, str], tuple[Shard, str]] = {}
    for shard in shards:
        config = shard.config
        for user in config.users:
            told = False
            for kind, value in distinct(user, config.cloud, config.platform).items():
                place = _place(config, kind)
                first, id_ = seen.setdefault((place, kind, value), (shard, user.id))
                if first is not shard and not told:
                    told = True  # once is enough: whose ids are alike has all of it in common
                    same = f"have one {kind}" if kind in OF_A_BUCKET else "are one user to this hub"
                    yield (
                        f"{_USERS}: {id_!r} in {first.file} and {user.id!r} in {shard.file} "
                        f"{same}; keep one line"
                    )


def _place(config: StackConfig, kind: str) -> object:
    """Return within what nobody else may have it."""
    if kind == "bucket":  # it has one owner, whichever hub or account that is
        return config.cloud.provider
    if kind == "claim":  # of a cluster's namespace, which several hubs may share
        cluster = config.kubernetes
        return cluster.context, cluster.render_to, cluster.namespace
    return config.scope


def _logs(shards: Sequence[Shard]) -> Iterator[str]:
    """Yield whose bucket another file has for everybody's access logs."""
    takers = {
        (one.config.cloud.provider, one.config.buckets.access_logs_to): one
        for one in shards
        if one.config.buckets.access_logs_to
    }
    for shard in shards:
        cloud = shard.config.cloud
        for user in shard.config.users if takers else ():
            bucket = user.bucket_name(cloud, shard.config.platform)
            if taker := takers.get((cloud.provider, bucket)):
                yield (
                    f"{_USERS}: {user.id!r} in {shard.file} has the bucket that accessLogsTo of "
                    f"{taker.file} names; use another"
                )


def _folders(shards: Iterable[Shard]) -> Iterator[str]:
    """Yield which hubs' manifests would be mixed: whatever applies a folder applies all of it."""
    seen: dict[str, Shard] = {}
    for shard in shards:
        if folder := shard.config.kubernetes.render_to:
            first = seen.setdefault(posixpath.normpath(folder), shard)
            if first.config.scope != shard.config.scope:
                yield (
                    f"{PROJECT}:kubernetes.renderTo: {first.file} and {shard.file} are of two hubs "
                    f"and render to one folder, {folder}; write another in one of them"
                )
