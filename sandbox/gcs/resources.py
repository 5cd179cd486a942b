"""The fields of buckets, objects, policies and accounts: which there are, and of which kind.

Nothing but tables; `schema` checks what was sent against them.
"""

from typing import Any

from sandbox.gcs.schema import BOOL, DATE, INT32, INT64, LABELS, STRING, TIME

_ACCESS_CONTROL = dict.fromkeys(
    ("bucket", "domain", "email", "entity", "entityId", "etag", "id", "kind", "object", "role",
     "selfLink"), STRING,
) | {"generation": INT64, "projectTeam": {"projectNumber": STRING, "team": STRING}}  # fmt: skip

_OWNER = {"entity": STRING, "entityId": STRING}
_ENFORCEMENT = {"effectiveTime": TIME, "restrictionMode": STRING}
_LOCKABLE = {"enabled": BOOL, "lockedTime": TIME}

_CONDITION = {
    "age": INT32,
    "createdBefore": DATE,
    "customTimeBefore": DATE,
    "daysSinceCustomTime": INT32,
    "daysSinceNoncurrentTime": INT32,
    "isLive": BOOL,
    "matchesPattern": STRING,
    "matchesPrefix": [STRING],
    "matchesStorageClass": [STRING],
    "matchesSuffix": [STRING],
    "noncurrentTimeBefore": DATE,
    "numNewerVersions": INT32,
}

BUCKET: dict[str, Any] = {
    "acl": [_ACCESS_CONTROL],
    "autoclass": {
        "enabled": BOOL,
        "terminalStorageClass": STRING,
        "terminalStorageClassUpdateTime": TIME,
        "toggleTime": TIME,
    },
    "billing": {"requesterPays": BOOL},
    "cors": [
        {
            "maxAgeSeconds": INT32,
            "method": [STRING],
            "origin": [STRING],
            "responseHeader": [STRING],
        }
    ],
    "customPlacementConfig": {"dataLocations": [STRING]},
    "defaultEventBasedHold": BOOL,
    "defaultObjectAcl": [_ACCESS_CONTROL],
    "encryption": {
        "customerManagedEncryptionEnforcementConfig": _ENFORCEMENT,
        "customerSuppliedEncryptionEnforcementConfig": _ENFORCEMENT,
        "defaultKmsKeyName": STRING,
        "googleManagedEncryptionEnforcementConfig": _ENFORCEMENT,
    },
    "etag": STRING,
    "generation": INT64,
    "hardDeleteTime": TIME,
    "hierarchicalNamespace": {"enabled": BOOL},
    "iamConfiguration": {
        "bucketPolicyOnly": _LOCKABLE,
        "publicAccessPrevention": STRING,
        "uniformBucketLevelAccess": _LOCKABLE,
    },
    "id": STRING,
    "ipFilter": {
        "allowAllServiceAgentAccess": BOOL,
        "allowCrossOrgVpcs": BOOL,
        "mode": STRING,
        "publicNetworkSource": {"allowedIpCidrRanges": [STRING]},
        "vpcNetworkSources": [{"allowedIpCidrRanges": [STRING], "network": STRING}],
    },
    "kind": STRING,
    "labels": LABELS,
    "lifecycle": {
        "rule": [
            {"action": {"storageClass": STRING, "type": STRING}, "condition": _CONDITION}
        ]
    },
    "location": STRING,
    "locationType": STRING,
    "logging": {"logBucket": STRING, "logObjectPrefix": STRING},
    "metageneration": INT64,
    "name": STRING,
    "objectRetention": {"mode": STRING},
    "owner": _OWNER,
    "projectNumber": INT64,
    "retentionPolicy": {"effectiveTime": TIME, "isLocked": BOOL, "retentionPeriod": INT64},
    "rpo": STRING,
    "satisfiesPZI": BOOL,
    "satisfiesPZS": BOOL,
    "selfLink": STRING,
    "softDeletePolicy": {"effectiveTime": TIME, "retentionDurationSeconds": INT64},
    "softDeleteTime": TIME,
    "storageClass": STRING,
    "timeCreated": TIME,
    "updated": TIME,
    "versioning": {"enabled": BOOL},
    "website": {"mainPageSuffix": STRING, "notFoundPage": STRING},
}  # fmt: skip

OBJECT: dict[str, Any] = {
    "acl": [_ACCESS_CONTROL],
    "bucket": STRING,
    "cacheControl": STRING,
    "componentCount": INT32,
    "contentDisposition": STRING,
    "contentEncoding": STRING,
    "contentLanguage": STRING,
    "contentType": STRING,
    "crc32c": STRING,
    "customTime": TIME,
    "customerEncryption": {"encryptionAlgorithm": STRING, "keySha256": STRING},
    "etag": STRING,
    "eventBasedHold": BOOL,
    "generation": INT64,
    "hardDeleteTime": TIME,
    "id": STRING,
    "kind": STRING,
    "kmsKeyName": STRING,
    "md5Hash": STRING,
    "mediaLink": STRING,
    "metadata": LABELS,
    "metageneration": INT64,
    "name": STRING,
    "owner": _OWNER,
    "restoreToken": STRING,
    "retention": {"mode": STRING, "retainUntilTime": TIME, "retentionExpirationTime": TIME},
    "retentionExpirationTime": TIME,
    "selfLink": STRING,
    "size": INT64,
    "softDeleteTime": TIME,
    "storageClass": STRING,
    "temporaryHold": BOOL,
    "timeCreated": TIME,
    "timeDeleted": TIME,
    "timeFinalized": TIME,
    "timeStorageClassUpdated": TIME,
    "updated": TIME,
}

# What a caller sends that is no bucket and no object.
POLICY: dict[str, Any] = {
    "auditConfigs": [
        {
            "auditLogConfigs": [{"exemptedMembers": [STRING], "logType": STRING}],
            "service": STRING,
        }
    ],
    "bindings": [
        {
            "bindingId": STRING,
            "condition": {
                "description": STRING,
                "expression": STRING,
                "location": STRING,
                "title": STRING,
            },
            "members": [STRING],
            "role": STRING,
        }
    ],
    "etag": STRING,
    "kind": STRING,
    "resourceId": STRING,
    "version": INT32,
}
_CONDITIONS = {"ifGenerationMatch": INT64}
COMPOSE: dict[str, Any] = {
    "deleteSourceObjects": BOOL,
    "destination": OBJECT,
    "kind": STRING,
    "sourceObjects": [{"generation": INT64, "name": STRING, "objectPreconditions": _CONDITIONS}],
}
_ACCOUNT = {
    "description": STRING,
    "disabled": BOOL,
    "displayName": STRING,
    "email": STRING,
    "etag": STRING,
    "name": STRING,
    "oauth2ClientId": STRING,
    "projectId": STRING,
    "uniqueId": STRING,
}
ACCOUNT_REQUEST: dict[str, Any] = {
    "accountId": STRING,
    "serviceAccount": _ACCOUNT,
    "updateMask": STRING,
}
POLICY_REQUEST: dict[str, Any] = {"policy": POLICY, "updateMask": STRING}

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
