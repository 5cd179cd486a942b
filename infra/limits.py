"""Limits: what a stack of so many users asks of an account, a project and the engine.

Each is told with its number before it is met, and refused where nobody can raise it. One
stack file is counted here, or several together; the account may have other tenants.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from infra.settings import AwsCloud, GcpCloud, StackConfig
from infra.stack_files import PROJECT

_TOLD_FROM = 0.8

# The engine hands the whole config over in one argument.
# Source: https://man7.org/linux/man-pages/man2/execve.2.html (MAX_ARG_STRLEN)
_CONFIG_BYTES = 128 * 1024


@dataclass(frozen=True)
class Owner:
    """Whose limit it is, where stacks share one.

    Attributes:
        kind: of it, in the vendor's word.
        name: which one.
    """

    kind: str
    name: str


@dataclass(frozen=True)
class Use:
    """How much of one limit a stack uses, or all stacks together.

    Attributes:
        what: is counted.
        count: of it.
        limit: that there is unless somebody has it raised.
        most: to which it can be raised; None if the vendor does not say.
        cure: what to do.
        owner: of the limit; None if it is the stack's own.
        who: uses so much.
    """

    what: str
    count: int
    limit: int
    most: int | None
    cure: str
    owner: Owner | None = None
    who: str = "this stack"

    @property
    def warning(self) -> str | None:
        """What to say of it while there is room, None if there is plenty."""
        if self.count < self.limit * _TOLD_FROM:
            return None
        has = f"{self.who} has {self.count:,} {self.what}"
        return f"{has}, and the limit is {self.limit:,}; {self.cure}"

    @property
    def problem(self) -> str | None:
        """Why it cannot be, None if it can."""
        if self.most is None or self.count <= self.most:
            return None
        where = self.owner.kind if self.owner and self.who != Use.who else "stack file"
        return (
            f"{PROJECT}:users: {self.who} has {self.count:,} {self.what}, and there can be "
            f"{self.most:,}; move some to another {where}"
        )


def together(every: Iterable[Use]) -> list[Use]:
    """Return what stacks use of the limits that they share, each limit once."""
    found: dict[tuple[Owner, str], Use] = {}
    for use in every:
        if use.owner:
            first = found.get((use.owner, use.what))
            found[use.owner, use.what] = replace(
                use,
                count=use.count + (first.count if first else 0),
                who=f"the {use.owner.kind} {use.owner.name}",
            )
    return list(found.values())


def uses(config: StackConfig, config_bytes: int) -> Iterator[Use]:
    """Yield how much of each limit a stack uses.

    Args:
        config: the checked config.
        config_bytes: length of all of it, as the engine hands it over.
    """
    users, active = len(config.users), sum(user.state == "active" for user in config.users)
    yield Use(
        "bytes of config", config_bytes, _CONFIG_BYTES, _CONFIG_BYTES,
        "move users to another stack file that extends this one",
    )  # fmt: skip
    yield Use(
        "users", users, 50, None,
        "the engine writes the whole state with every step: move some to another stack file "
        "that extends this one",
    )  # fmt: skip
    match config.cloud:
        case AwsCloud():
            yield from _aws(config.cloud, users, active)
        case GcpCloud(identity="serviceAccount"):
            # Source: https://cloud.google.com/iam/quotas
            yield Use(
                "Google service accounts", active, 100, None,
                "ask Google for more, or write identity: workloadIdentity, which needs none",
                Owner("project", config.cloud.project),
            )  # fmt: skip
        case _:
            pass


def _aws(cloud: AwsCloud, users: int, active: int) -> Iterator[Use]:
    account = Owner("account", cloud.account_id)
    # Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/BucketRestrictions.html
    yield Use("buckets", users, 10_000, 1_000_000, "ask AWS for more in the account", account)
    # Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    yield Use(
        "IAM roles", active, 1_000, 5_000, "ask AWS for more in the account, up to 5,000", account
    )
    if cloud.identity == "podIdentity":
        # Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
        yield Use(
            "Pod Identity associations", active, 5_000, 5_000,
            "a cluster has no more: use identity: irsa, or another cluster",
            Owner("cluster", f"{cloud.cluster_name} of {cloud.account_id} in {cloud.region}"),
        )  # fmt: skip
