"""What is wrong with a bucket's properties that the schema cannot say.

What the official provider refuses in a preview, what it would silently drop, and what
the sandbox does not emulate.
"""

import json
import re
from typing import Any

from sandbox.properties import UNKNOWN, Properties, leaves
from sandbox.resource import Failures

# Whether objects in such a state are live.
STATES = {"LIVE": True, "ARCHIVED": False, "ANY": None}

# Property paths, and what may stand there.
_CHOICES = {
    r"publicAccessPrevention": ("enforced", "inherited"),
    r"lifecycleRules\[\d+\]\.condition\.withState": tuple(STATES),
    r"lifecycleRules\[\d+\]\.action\.type": (
        "AbortIncompleteMultipartUpload",
        "Delete",
        "SetStorageClass",
    ),
}
_NAME = r"(?!goog)[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]"
_KEY = r"projects/[^/\s]+/locations/[^/\s]+/keyRings/[^/\s]+/cryptoKeys/[^/\s]+"
_LABEL_KEY = r"[a-z0-9_-]{1,63}"
_COUNTS = r"lifecycleRules\[\d+\]\.condition\.(age|days\w+|numNewerVersions)"
_NOT_EMULATED = (
    r"lifecycleRules\[\d+\]\.condition\.(send\w+|size\w+)|softDeletePolicy\.effectiveTime"
    r"|encryption\.\w+EnforcementConfig\.\w+"
)


def bucket_failures(inputs: Properties) -> Failures:
    """Yield (path, reason) for every value that is wrong."""
    for key in ("name", "project"):
        if inputs.get(key) is None:
            yield key, f"the sandbox makes none up: required property {key!r} is missing"
    for path, value in leaves(inputs):
        if value not in (None, UNKNOWN) and (reason := _refusal(path, value)):
            yield path, reason


def _refusal(path: str, value: Any) -> str | None:
    """Return what is wrong with the value at a property path."""
    top, _, key = path.partition(".")
    for pattern, choices in _CHOICES.items():
        if re.fullmatch(pattern, path) and value not in choices:
            return f"expected one of {', '.join(choices)}, got {json.dumps(value)}"
    if path == "encryption.defaultKmsKeyName" and not re.fullmatch(_KEY, value):
        form = "projects/…/locations/…/keyRings/…/cryptoKeys/…"
        return f"expected the name of a key, like {form}, got {value!r}"
    if path in ("name", "logging.logBucket") and not re.fullmatch(_NAME, value):
        return f"expected 3-63 characters of [a-z0-9._-], not goog… first, got {value!r}"
    if top == "labels" and not re.fullmatch(_LABEL_KEY, key):
        return f"{key!r} is an invalid label key: expected 1-63 characters of [a-z0-9_-]"
    if re.fullmatch(_COUNTS, path) and not value:
        return "the official provider drops a zero here: expected at least 1"
    if re.fullmatch(_NOT_EMULATED, path):
        return f"property {path.rpartition('.')[2]!r} is not emulated by the sandbox"
    return None
