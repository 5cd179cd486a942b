"""Names of buckets on the AWS emulator: one space for all accounts, as on S3.

ministack gives every account a space of its own and looks at no bucket's namespace, so
`emulator` asks here before it hands a request on.

Sources:
    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from xml.sax.saxutils import escape

from sandbox.aws_requests import Caller, Message, headers

# Account and bucket of everything that there is.
Buckets = Collection[tuple[str, str]]


@dataclass(frozen=True)
class Refusal:
    """Why S3 does not serve a request."""

    status: int
    code: str
    message: str

    @property
    def document(self) -> str:
        """The answer's body."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>"
        )


def is_account_regional(name: str) -> bool:
    """Tell whether a name is of the namespace of some account and region."""
    return re.search(r"-\d{12}-[a-z]{2}(-[a-z]+)+-\d-an$", name) is not None


def refusal(scope: Message, caller: Caller, buckets: Buckets) -> Refusal | None:
    """Return how S3 refuses a request because of its bucket's name, None if it does not."""
    name, _, key = scope["path"].lstrip("/").partition("/")
    mine = (caller.account_id, name) in buckets
    theirs = not mine and any(name == other for _, other in buckets)
    if scope["method"] == "PUT" and not key and not scope["query_string"]:
        return _refused_name(name, headers(scope), caller) or _taken(mine, theirs, caller.region)
    return Refusal(403, "AccessDenied", "Access Denied") if theirs else None


def _taken(mine: bool, theirs: bool, region: str) -> Refusal | None:
    if theirs:
        return Refusal(
            409,
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is shared by all "
            "users of the system. Please select a different name and try again.",
        )
    if mine and region != "us-east-1":  # there, creating it once more is no error
        return Refusal(409, "BucketAlreadyOwnedByYou", "You already own the requested bucket.")
    return None


def _refused_name(name: str, headers: dict[str, str], caller: Caller) -> Refusal | None:
    regional = headers.get("x-amz-bucket-namespace") == "account-regional"
    if is_account_regional(name) and not regional:
        return Refusal(
            400,
            "MissingNamespaceHeader",
            "The requested bucket is an account-regional namespace bucket, but your request is "
            "missing the required x-amz-bucket-namespace header.",
        )
    if regional and not name.endswith(suffix := f"-{caller.account_id}-{caller.region}-an"):
        return Refusal(
            400, "InvalidBucketNamespace", f"The name of such a bucket of yours ends in {suffix}."
        )
    return None
