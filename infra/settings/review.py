"""What one pull request may do to a stack's users before somebody has to say so."""

from pydantic import Field

from infra.settings.base import Model


class Review(Model):
    """The limits of one pull request, and whom they do not count. `infra.review` reads them."""

    max_deletes: int = Field(
        0,
        ge=0,
        description="from how many users one pull request may take the bucket, or what guards it",
        examples=[0],
    )
    max_replaces: int = Field(
        0,
        ge=0,
        description="of how many users one may replace a resource",
        examples=[0],
    )
    max_users: int = Field(
        25,
        ge=0,
        description="how many users of the stack one may touch at all",
        examples=[25],
    )
    consent: tuple[str, ...] = Field(
        (),
        strict=False,  # a list will do: the file has no tuples
        description=(
            "ids of users whom no limit counts, because what happens to them is meant; take them "
            "out again afterwards"
        ),
        examples=[["dan"]],
    )
