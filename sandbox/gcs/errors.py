"""The errors that Cloud Storage answers with, as JSON, as XML and as a media download's text.

Whatever refuses a request raises `GcsError`; `server` turns it into an answer in the
style of the API that was asked.
"""

from typing import Any
from xml.sax.saxutils import escape

_XML_CODES = {
    "conditionNotMet": "PreconditionFailed",
    "conflict": "BucketNotEmpty",
    "forbidden": "AccessDenied",
    "invalid": "InvalidArgument",
    "notFound": "NoSuchKey",
    "notImplemented": "NotImplemented",
    "notModified": "NotModified",
    "requestedRangeNotSatisfiable": "InvalidRange",
    "required": "InvalidArgument",
    "retentionPolicyNotMet": "RetentionPolicyNotMet",
}


class GcsError(Exception):
    """A refusal: the HTTP status, Google's reason, and the text that says why."""

    def __init__(self, status: int, reason: str, message: str, location: str = "") -> None:
        """Keep what the answer will say.

        Args:
            status: of HTTP.
            reason: one of Google's words, as in `errors[].reason`.
            message: as the real service puts it, where that is known.
            location: the parameter or header at fault.
        """
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.location = location
        self.headers: dict[str, str] = {}

    def as_json(self) -> dict[str, Any]:
        """Return the body of the JSON API."""
        detail = {"message": self.message, "domain": "global", "reason": self.reason}
        if self.location:
            where = "header" if self.location.startswith("If-") else "parameter"
            detail |= {"locationType": where, "location": self.location}
        return {"error": {"code": self.status, "message": self.message, "errors": [detail]}}

    def as_xml(self) -> str:
        """Return the body of the XML API."""
        code = "NoSuchBucket" if "bucket does not exist" in self.message else None
        code = code or _XML_CODES.get(self.reason, self.reason)
        return (
            "<?xml version='1.0' encoding='UTF-8'?>"
            f"<Error><Code>{code}</Code><Message>{escape(self.message)}</Message>"
            f"<Details>{escape(self.message)}</Details></Error>"
        )


class IamError(GcsError):
    """A refusal of the IAM API, which names a status in place of a reason."""

    def as_json(self) -> dict[str, Any]:
        """Return the body of the IAM API."""
        return {"error": {"code": self.status, "message": self.message, "status": self.reason}}


def invalid(message: str, location: str = "") -> GcsError:
    """Return the refusal of a value."""
    return GcsError(400, "invalid", message, location)


def unknown_name(name: str, at: str) -> GcsError:
    """Return the refusal of a field that there is not.

    Args:
        name: of the field.
        at: the path of what it is in.
    """
    return GcsError(
        400,
        "badRequest",
        f"Invalid JSON payload received. Unknown name \"{name}\" at '{at}': Cannot find field.",
    )


def required(parameter: str) -> GcsError:
    """Return the refusal of a request without a parameter that it needs."""
    return GcsError(400, "required", f"Required parameter: {parameter}", parameter)


def no_such_bucket() -> GcsError:
    """Return the answer where no bucket has that name."""
    return GcsError(404, "notFound", "The specified bucket does not exist.")


def no_such_object(bucket: str, name: str) -> GcsError:
    """Return the answer where no object has that name and generation."""
    return GcsError(404, "notFound", f"No such object: {bucket}/{name}")


def condition_not_met(location: str = "If-Match") -> GcsError:
    """Return the refusal of a write whose precondition does not hold."""
    message = "At least one of the pre-conditions you specified did not hold."
    return GcsError(412, "conditionNotMet", message, location)


def not_modified() -> GcsError:
    """Return the answer to a read whose negative precondition does not hold."""
    return GcsError(304, "notModified", "Not Modified")


def not_implemented(what: str) -> GcsError:
    """Return the refusal of what this server does not have, by its name."""
    return GcsError(501, "notImplemented", f"The sandbox's Cloud Storage does not have {what}.")
