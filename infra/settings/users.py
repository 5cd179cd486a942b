"""The users of a stack file: one entry each, and what may not be said of two."""

import unicodedata
from collections.abc import Sequence
from typing import Literal

from cmbcluster_storage import names
from pydantic import Field, field_validator

from infra.problems import problem
from infra.settings.base import Model
from infra.settings.clouds import AwsCloud, GcpCloud

State = Literal["active", "suspended", "deleted"]
Part = Literal[
    "bucket",
    "publicAccessBlock",
    "ownership",
    "encryption",
    "versioning",
    "lifecycle",
    "policy",
    "logging",
]

OF_A_BUCKET = ("bucket", "claim")


class User(Model):
    """One researcher."""

    id: str = Field(
        min_length=1,
        max_length=254,
        description="the user's id as the hub knows it",
        examples=["ann@example.org"],
    )
    state: State = Field(
        "active",
        description=(
            "`suspended` takes identity and volume away and keeps the bucket; `deleted` does the "
            "same, and then the bucket goes with the line"
        ),
        examples=["active"],
    )
    bucket: str | None = Field(
        None,
        description="a bucket that exists already, in place of the user's own; never changes",
        examples=["andromeda-nebula-0a1b2c3d"],
    )
    adopt: tuple[Part, ...] = Field(
        (),
        strict=False,  # a list will do: the file has no tuples
        description=(
            "which parts of that bucket exist and are taken over: `python -m infra.adopt` tells; "
            "while this stands, nothing in the bucket expires"
        ),
        examples=[["bucket"]],
    )

    @field_validator("id")
    @classmethod
    def _is_printable(cls, user: str) -> str:
        if user != user.strip() or not user.isprintable():
            raise problem("has spaces around it or characters that do not print; write it without")
        return user

    def name(self, scope: str) -> str:
        """Return what the user's identity, service account and volume are called."""
        return names.user_name(scope, self.id)

    def slug(self, scope: str) -> str:
        """Return what stands in the user's logical names and labels."""
        return names.user_slug(scope, self.id)

    def bucket_name(self, cloud: AwsCloud | GcpCloud, platform: str) -> str:
        """Return the name of the bucket, known before it is made."""
        return self.bucket or cloud.bucket_name(self.name(cloud.scope(platform)))


def check(
    users: Sequence[User], cloud: AwsCloud | GcpCloud, platform: str, logs: str | None
) -> None:
    """Raise the first problem of users who are one, or of a bucket that cannot be theirs.

    Args:
        users: of one stack.
        cloud: where they are.
        platform: whose they are.
        logs: the bucket that takes their buckets' access logs; None if none does.
    """
    seen: dict[tuple[str, str], User] = {}
    for user in users:
        own = distinct(user, cloud, platform)
        for label in own.items():
            if (first := seen.setdefault(label, user)) is not user:
                kind = label[0]
                same = f"have one {kind}" if kind in OF_A_BUCKET else "are one user to this stack"
                raise problem(f"{first.id!r} and {user.id!r} {same}; keep one line")
        if own["bucket"] == logs:
            raise problem(f"{user.id!r} has the bucket that accessLogsTo names; use another")
        _check_adoption(user, cloud)
        if "logging" in user.adopt and logs is None:
            raise problem(
                f"{user.id!r} adopts logging, and accessLogsTo is not set; write it, or leave "
                "logging out, and it stays as it is"
            )


def distinct(user: User, cloud: AwsCloud | GcpCloud, platform: str) -> dict[str, str]:
    """Return what no other user of the same platform may have, by what it is."""
    scope = cloud.scope(platform)
    bucket = user.bucket_name(cloud, platform)
    return {
        # People cannot tell such ids apart; everything of a user is called by name or slug.
        "id": unicodedata.normalize("NFKC", user.id).casefold(),
        "name": user.name(scope),
        "slug": user.slug(scope),
        "bucket": bucket,
        "claim": names.name_of_bucket(bucket),
    }


def _check_adoption(user: User, cloud: AwsCloud | GcpCloud) -> None:
    if user.bucket is not None and (wrong := cloud.bucket_problem(user.bucket)):
        raise problem(f"{user.id!r} has the bucket {user.bucket!r}, which {wrong}")
    if foreign := [part for part in user.adopt if part not in cloud.adoptable]:
        raise problem(
            f"{user.id!r} adopts {', '.join(foreign)}, which no bucket there has as a part of its "
            f"own; write some of {', '.join(cloud.adoptable)}"
        )
    if user.adopt and "bucket" not in user.adopt:
        raise problem(f"{user.id!r} adopts parts of a bucket, but not bucket; write it first")
    if len(set(user.adopt)) < len(user.adopt):
        raise problem(f"{user.id!r} adopts a part twice; write each once")
    if user.adopt and user.state == "deleted":
        raise problem(
            f"{user.id!r} adopts a bucket and deletes it at once; write one of adopt and "
            "state: deleted"
        )
