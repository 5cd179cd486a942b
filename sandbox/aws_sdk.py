"""What the AWS types share: errors of the SDK, documents, dates, tags.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.properties import UNKNOWN, Properties
from sandbox.resource import Failures, ProviderError

_GONE = frozenset(
    {
        "404",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchTagSet",
        "OwnershipControlsNotFoundError",
        "ResourceNotFoundException",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)


@contextmanager
def failing(what: str) -> Iterator[None]:
    """Turn the SDK's error into ours, which begins as the official provider's does."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise ProviderError(f"{what}: {error}") from error


def unless_gone(call: Callable[[], Any]) -> Any:
    """Return what a call returns, None where it finds nothing."""
    try:
        return call()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _GONE:
            return None
        raise


def document_failures(key: str, inputs: Properties) -> Failures:
    """Yield what is wrong with an IAM document, which is JSON text."""
    value = inputs.get(key)
    if value == UNKNOWN:
        return
    try:
        document = json.loads(str(value))
    except ValueError as error:
        yield key, f"{key!r} contains an invalid JSON policy: {error}"
        return
    if not isinstance(document, dict) or "Statement" not in document:
        yield key, f"{key!r} contains an invalid JSON policy: it has no Statement"


def utc_text(moment: datetime) -> str:
    """Return a moment of the SDK as the official provider writes it, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def tag_list(tags: Mapping[str, str]) -> Any:
    """Return tags as the SDK takes them, in the order of their keys."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
