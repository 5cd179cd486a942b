"""The fields of buckets and objects: which there are, of which kind, and who fills them in.

`checked` refuses what Google's own parser refuses, at any depth and in its words, and
returns values as the service shows them: 64-bit numbers as strings, times without
needless digits.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.gcs.errors import GcsError, invalid, unknown_name

# A field's kind: one of these words, a dict of fields, or a list of one of those.
_BOOL, _STRING, _INT32, _INT64, _TIME, _DATE, _LABELS = (
    "TYPE_BOOL", "TYPE_STRING", "TYPE_INT32", "TYPE_INT64", "TYPE_TIMESTAMP", "TYPE_DATE", "map",
)  # fmt: skip

_ACCESS_CONTROL = dict.fromkeys(
    ("bucket", "domain", "email", "entity", "entityId", "etag", "id", "kind", "object", "role",
     "selfLink"), _STRING,
) | {"generation": _INT64, "projectTeam": {"projectNumber": _STRING, "team": _STRING}}  # fmt: skip

_OWNER = {"entity": _STRING, "entityId": _STRING}
_ENFORCEMENT = {"effectiveTime": _TIME, "restrictionMode": _STRING}
_LOCKABLE = {"enabled": _BOOL, "lockedTime": _TIME}

_CONDITION = {
    "age": _INT32,
    "createdBefore": _DATE,
    "customTimeBefore": _DATE,
    "daysSinceCustomTime": _INT32,
    "daysSinceNoncurrentTime": _INT32,
    "isLive": _BOOL,
    "matchesPattern": _STRING,
    "matchesPrefix": [_STRING],
    "matchesStorageClass": [_STRING],
    "matchesSuffix": [_STRING],
    "noncurrentTimeBefore": _DATE,
    "numNewerVersions": _INT32,
}

BUCKET: dict[str, Any] = {
    "acl": [_ACCESS_CONTROL],
    "autoclass": {
        "enabled": _BOOL,
        "terminalStorageClass": _STRING,
        "terminalStorageClassUpdateTime": _TIME,
        "toggleTime": _TIME,
    },
    "billing": {"requesterPays": _BOOL},
    "cors": [
        {
            "maxAgeSeconds": _INT32,
            "method": [_STRING],
            "origin": [_STRING],
            "responseHeader": [_STRING],
        }
    ],
    "customPlacementConfig": {"dataLocations": [_STRING]},
    "defaultEventBasedHold": _BOOL,
    "defaultObjectAcl": [_ACCESS_CONTROL],
    "encryption": {
        "customerManagedEncryptionEnforcementConfig": _ENFORCEMENT,
        "customerSuppliedEncryptionEnforcementConfig": _ENFORCEMENT,
        "defaultKmsKeyName": _STRING,
        "googleManagedEncryptionEnforcementConfig": _ENFORCEMENT,
    },
    "etag": _STRING,
    "generation": _INT64,
    "hardDeleteTime": _TIME,
    "hierarchicalNamespace": {"enabled": _BOOL},
    "iamConfiguration": {
        "bucketPolicyOnly": _LOCKABLE,
        "publicAccessPrevention": _STRING,
        "uniformBucketLevelAccess": _LOCKABLE,
    },
    "id": _STRING,
    "ipFilter": {
        "allowAllServiceAgentAccess": _BOOL,
        "allowCrossOrgVpcs": _BOOL,
        "mode": _STRING,
        "publicNetworkSource": {"allowedIpCidrRanges": [_STRING]},
        "vpcNetworkSources": [{"allowedIpCidrRanges": [_STRING], "network": _STRING}],
    },
    "kind": _STRING,
    "labels": _LABELS,
    "lifecycle": {
        "rule": [
            {"action": {"storageClass": _STRING, "type": _STRING}, "condition": _CONDITION}
        ]
    },
    "location": _STRING,
    "locationType": _STRING,
    "logging": {"logBucket": _STRING, "logObjectPrefix": _STRING},
    "metageneration": _INT64,
    "name": _STRING,
    "objectRetention": {"mode": _STRING},
    "owner": _OWNER,
    "projectNumber": _INT64,
    "retentionPolicy": {"effectiveTime": _TIME, "isLocked": _BOOL, "retentionPeriod": _INT64},
    "rpo": _STRING,
    "satisfiesPZI": _BOOL,
    "satisfiesPZS": _BOOL,
    "selfLink": _STRING,
    "softDeletePolicy": {"effectiveTime": _TIME, "retentionDurationSeconds": _INT64},
    "softDeleteTime": _TIME,
    "storageClass": _STRING,
    "timeCreated": _TIME,
    "updated": _TIME,
    "versioning": {"enabled": _BOOL},
    "website": {"mainPageSuffix": _STRING, "notFoundPage": _STRING},
}  # fmt: skip

OBJECT: dict[str, Any] = {
    "acl": [_ACCESS_CONTROL],
    "bucket": _STRING,
    "cacheControl": _STRING,
    "componentCount": _INT32,
    "contentDisposition": _STRING,
    "contentEncoding": _STRING,
    "contentLanguage": _STRING,
    "contentType": _STRING,
    "crc32c": _STRING,
    "customTime": _TIME,
    "customerEncryption": {"encryptionAlgorithm": _STRING, "keySha256": _STRING},
    "etag": _STRING,
    "eventBasedHold": _BOOL,
    "generation": _INT64,
    "hardDeleteTime": _TIME,
    "id": _STRING,
    "kind": _STRING,
    "kmsKeyName": _STRING,
    "md5Hash": _STRING,
    "mediaLink": _STRING,
    "metadata": _LABELS,
    "metageneration": _INT64,
    "name": _STRING,
    "owner": _OWNER,
    "restoreToken": _STRING,
    "retention": {"mode": _STRING, "retainUntilTime": _TIME, "retentionExpirationTime": _TIME},
    "retentionExpirationTime": _TIME,
    "selfLink": _STRING,
    "size": _INT64,
    "softDeleteTime": _TIME,
    "storageClass": _STRING,
    "temporaryHold": _BOOL,
    "timeCreated": _TIME,
    "timeDeleted": _TIME,
    "timeFinalized": _TIME,
    "timeStorageClassUpdated": _TIME,
    "updated": _TIME,
}

# What a caller sends that is no bucket and no object.
POLICY: dict[str, Any] = {
    "auditConfigs": [
        {
            "auditLogConfigs": [{"exemptedMembers": [_STRING], "logType": _STRING}],
            "service": _STRING,
        }
    ],
    "bindings": [
        {
            "bindingId": _STRING,
            "condition": {
                "description": _STRING,
                "expression": _STRING,
                "location": _STRING,
                "title": _STRING,
            },
            "members": [_STRING],
            "role": _STRING,
        }
    ],
    "etag": _STRING,
    "kind": _STRING,
    "resourceId": _STRING,
    "version": _INT32,
}
_CONDITIONS = {"ifGenerationMatch": _INT64}
COMPOSE: dict[str, Any] = {
    "deleteSourceObjects": _BOOL,
    "destination": OBJECT,
    "kind": _STRING,
    "sourceObjects": [{"generation": _INT64, "name": _STRING, "objectPreconditions": _CONDITIONS}],
}
_ACCOUNT = {
    "description": _STRING,
    "disabled": _BOOL,
    "displayName": _STRING,
    "email": _STRING,
    "etag": _STRING,
    "name": _STRING,
    "oauth2ClientId": _STRING,
    "projectId": _STRING,
    "uniqueId": _STRING,
}
ACCOUNT_REQUEST: dict[str, Any] = {
    "accountId": _STRING,
    "serviceAccount": _ACCOUNT,
    "updateMask": _STRING,
}
POLICY_REQUEST: dict[str, Any] = {"policy": POLICY, "updateMask": _STRING}

# What a caller may set; all else is the service's own and passed over in silence, because
# clients send a resource back as they got it.
BUCKET_WRITABLE = frozenset(
    ("acl", "autoclass", "billing", "cors", "customPlacementConfig", "defaultEventBasedHold",
     "defaultObjectAcl", "encryption", "hierarchicalNamespace", "iamConfiguration", "ipFilter",
     "labels", "lifecycle", "location", "logging", "retentionPolicy", "rpo", "softDeletePolicy",
     "storageClass", "versioning", "website")
)  # fmt: skip
OBJECT_WRITABLE = frozenset(
    ("acl", "cacheControl", "contentDisposition", "contentEncoding", "contentLanguage",
     "contentType", "customTime", "eventBasedHold", "metadata", "retention", "storageClass",
     "temporaryHold")
)  # fmt: skip


def checked(document: Mapping[str, Any], fields: Mapping[str, Any], at: str) -> dict[str, Any]:
    """Return a document with its values as the service shows them.

    Args:
        document: as it came; None as a value stays.
        fields: the fields there are.
        at: what the document is called in an error.

    Raises:
        GcsError: a field is unknown, or its value is of another kind.
    """
    return {name: _value(value, fields, name, at) for name, value in document.items()}


def _value(value: Any, fields: Mapping[str, Any], name: str, at: str) -> Any:
    if name not in fields:
        raise unknown_name(name, at)
    return None if value is None else _of_kind(value, fields[name], f"{at}.{name}")


def _of_kind(value: Any, kind: Any, at: str) -> Any:
    if isinstance(kind, dict):
        return checked(_expect(value, dict, at), kind, at)
    if isinstance(kind, list):
        items = enumerate(_expect(value, list, at))
        return [_of_kind(item, kind[0], f"{at}[{index}]") for index, item in items]
    if kind == _LABELS:
        pairs = _expect(value, dict, at).items()
        return {key: None if text is None else _plain(text, at) for key, text in pairs}
    return _SCALARS[kind](value, at)


def _expect(value: Any, kind: type, at: str) -> Any:
    if not isinstance(value, kind):
        raise _wrong(value, "struct" if kind is dict else "list", at)
    return value


def _wrong(value: Any, kind: str, at: str) -> GcsError:
    return invalid(f"Invalid value at '{at}' ({kind}), {value!r}")


def _bool(value: Any, at: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(value, _BOOL, at)
    return value


def _plain(value: Any, at: str) -> str:
    if not isinstance(value, str):
        raise _wrong(value, _STRING, at)
    return value


def _number(value: Any, at: str) -> int:
    try:
        if isinstance(value, bool) or int(value) != float(value):
            raise ValueError
        return int(value)
    except (TypeError, ValueError):
        raise _wrong(value, _INT32, at) from None


def _date(value: Any, at: str) -> str:
    try:
        return (
            datetime.strptime(_plain(value, at), "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
        )
    except ValueError:
        raise _wrong(value, _DATE, at) from None


def _time(value: Any, at: str) -> str:
    try:
        return shown_time(datetime.fromisoformat(_plain(value, at)))
    except ValueError:
        raise _wrong(value, _TIME, at) from None


def shown_time(moment: datetime) -> str:
    """Return a time as Google prints it: none, three or six digits after the second."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    digits = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    digits = digits if moment.microsecond else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=digits).replace("+00:00", "Z")


_SCALARS = {
    _BOOL: _bool,
    _STRING: _plain,
    _INT32: _number,
    _INT64: lambda value, at: str(_number(value, at)),
    _TIME: _time,
    _DATE: _date,
}


def merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document after a patch: None deletes, objects merge, all else replaces."""
    new = dict(old)
    for name, value in patch.items():
        if value is None:
            new.pop(name, None)
        elif isinstance(value, Mapping):
            before = old.get(name)
            new[name] = merged(before if isinstance(before, Mapping) else {}, value)
        else:
            new[name] = value
    return new


def without_empty(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource without the fields that are set to nothing."""
    return {name: value for name, value in document.items() if value not in ({}, [], None)}
