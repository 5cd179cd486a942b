"""History: whom the stack's state holds, so that nobody is lost by dropping a line.

The engine would refuse as well, since a bucket is protected, but only after it has deleted
what is not, and with advice (`pulumi state unprotect`) that ends in lost data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.config import ConfigError
from infra.settings import StackConfig, User
from infra.stack_files import PROJECT

USERS = f"{PROJECT}:users"
_STORAGE = "cmbcluster-storage:index:UserStorage"


@dataclass(frozen=True)
class Recorded:
    """One user as the last run left them.

    Attributes:
        slug: of the user's logical names.
        user: the id; the slug, if that run was killed.
        state: as the stack file had it; `unfinished`, if that run was killed.
        place: region or location of the bucket; empty, if that run was killed.
        bucket_name: what is lost with the user; empty, if that run was killed.
    """

    slug: str
    user: str
    state: str
    place: str
    bucket_name: str


def recorded() -> list[Recorded]:
    """Return the users that the state of this very stack holds; the engine reads it."""
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    answer = pulumi.runtime.invoke(
        "pulumi:pulumi:readStackResourceOutputs", {"stackName": stack}
    ).value
    return recorded_in(answer["outputs"])


def recorded_in(outputs_by_urn: Mapping[str, Any]) -> list[Recorded]:
    """Return the users among a stack's resources who have a bucket: nobody else has data to lose.

    Args:
        outputs_by_urn: of each resource `type` and `outputs`.
    """
    names = {urn.rpartition("::")[2] for urn in outputs_by_urn}
    found: list[Recorded] = []
    for urn, resource in outputs_by_urn.items():
        slug = urn.rpartition("::")[2]
        if resource["type"] == _STORAGE and f"{slug}-bucket" in names:
            found.append(_recorded(slug, resource.get("outputs", {})))
    return found


def _recorded(slug: str, outputs: Mapping[str, str]) -> Recorded:
    return Recorded(
        slug=slug,
        # A run that was killed may have made the bucket, and written none of these.
        user=outputs.get("user", slug),
        state=outputs.get("state", "unfinished"),
        place=outputs.get("place", ""),
        bucket_name=outputs.get("bucketName", ""),
    )


def check(config: StackConfig, before: list[Recorded]) -> None:
    """Refuse a stack file that has lost somebody.

    Raises:
        ConfigError: somebody who is not `deleted` has no line, or another bucket.
    """
    now = {user.slug(config.scope): user for user in config.users}
    ids = {user.id for user in config.users}
    told = (
        _changed(one, config, now[one.slug]) if one.slug in now else _gone(one, one.user in ids)
        for one in before
    )
    problems = [problem for problem in told if problem]
    if problems:
        raise ConfigError(*sorted(problems))  # the engine answers in another order every time


def _changed(one: Recorded, config: StackConfig, user: User) -> str | None:
    has = f"{USERS}: {one.user!r} has the bucket {one.bucket_name!r}"
    if not one.bucket_name:
        return None
    if (bucket := user.bucket_name(config.cloud, config.platform)) != one.bucket_name:
        return (
            f"{has}, and cannot have {bucket!r} instead: the data would stay behind; write "
            f"bucket: {one.bucket_name}"
        )
    if config.cloud.place != one.place:
        return (
            f"{has} in {one.place}, and a bucket cannot move, here to {config.cloud.place}; put "
            "it back, and make a new stack for new buckets there"
        )
    return None


def _gone(one: Recorded, is_listed: bool) -> str | None:
    if is_listed:
        return (
            f"{USERS}: {one.user!r} has the bucket {one.bucket_name!r} in this stack, and would "
            "get another, because platform, account, project or region are not what they were; "
            "put them back, and make a new stack for the new ones"
        )
    if one.state == "deleted":
        return None
    return (
        f"{USERS}: {one.user!r} is {one.state} in this stack and has no line any more; put it "
        f"back. To take the user out of service, write {{id: {one.user}, state: suspended}}; to "
        f"delete {f'the bucket {one.bucket_name}'.rstrip()} as well, write state: deleted, run up, "
        "then drop the line; to move the user to another stack file, run python -m infra.move"
    )
