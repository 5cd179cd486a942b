"""The base branch: the limits that a stack had before the pull request, and whom it listed."""

from pathlib import Path

from infra import stack_files
from infra.config import ConfigError, read
from infra.review.gone import Gone
from infra.settings import Review
from infra.stack_files import EXTENDS, StackFileError


def limits(base: Path, head: Path, stack: str) -> Review:
    """Return a stack's limits on the base branch.

    A stack that is new has those of what it extends; without any, or if the base branch's
    file cannot be used, the defaults hold, which are strict.

    Args:
        base: the folder with the stack files of the base branch.
        head: the one with those of the pull request.
        stack: which.
    """
    seen: set[str] = set()
    while not stack_files.path_of(base, stack).exists():
        seen.add(stack)
        stack = _extended(head, stack)
        if not stack or stack in seen:
            return Review.model_validate({})
    try:
        return read(base, stack).review
    except ConfigError:
        return Review.model_validate({})


def writers(head: Path) -> list[str]:
    """Return the stacks that write their own limits, for whoever extends them."""
    return [stack for stack in stack_files.stacks(head) if not _extended(head, stack)]


def gone(base: Path, head: Path) -> list[Gone]:
    """Return the stacks whose files the pull request deletes.

    One that cannot be used is left out: that it goes, `infra.shards.touched` refuses.

    Args:
        base: the folder with the stack files of the base branch.
        head: the one with those of the pull request.
    """
    found: list[Gone] = []
    for stack in sorted({*stack_files.stacks(base)} - {*stack_files.stacks(head)}):
        try:
            config = read(base, stack)
        except ConfigError:
            continue
        buckets = {one.id: one.bucket_name(config.cloud, config.platform) for one in config.users}
        found.append(Gone(stack, buckets))
    return found


def _extended(head: Path, stack: str) -> str:
    try:
        return stack_files.read(head, stack).values.get(EXTENDS, "")
    except StackFileError:
        return ""
