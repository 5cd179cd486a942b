"""Access control lists of buckets and objects: entries as they are kept and as they are shown."""

import base64
from collections.abc import Mapping
from typing import Any

from sandbox.gcs.errors import GcsError, invalid

_Entries = list[dict[str, Any]]

# Whoever calls: no access token is looked at.
CALLER = "user-caller@example.com"
PUBLIC = ("allAuthenticatedUsers", "allUsers")
_ROLES = ("OWNER", "READER", "WRITER")
_TEAMS = {"owners": "OWNER", "editors": "OWNER", "viewers": "READER"}


def default_acl(number: str) -> _Entries:
    """Return what the service grants on its own: `projectPrivate`."""
    return [{"entity": f"project-{team}-{number}", "role": role} for team, role in _TEAMS.items()]


def predefined_acl(name: str, number: str) -> _Entries:
    """Return the entries that a predefined list stands for.

    Args:
        name: as in `predefinedAcl`.
        number: of the project whose bucket it is.
    """
    mine = {"entity": CALLER, "role": "OWNER"}
    owners = {"entity": f"project-owners-{number}", "role": "OWNER"}
    lists: dict[str, _Entries] = {
        "authenticatedRead": [mine, {"entity": "allAuthenticatedUsers", "role": "READER"}],
        "bucketOwnerFullControl": [mine, owners],
        "bucketOwnerRead": [mine, owners | {"role": "READER"}],
        "private": [mine],
        "projectPrivate": default_acl(number),
        "publicRead": [mine, {"entity": "allUsers", "role": "READER"}],
        "publicReadWrite": [mine, {"entity": "allUsers", "role": "WRITER"}],
    }
    if name not in lists:
        raise invalid(f"Invalid predefined ACL: {name}", "predefinedAcl")
    return lists[name]


def stored_acl(entries: _Entries) -> _Entries:
    """Return the entries of a request as they are kept, one for an entity.

    Raises:
        GcsError: an entity or a role is not one.
    """
    kept: dict[str, dict[str, Any]] = {}
    for entry in entries:
        entity, role = entry.get("entity") or "", (entry.get("role") or "").upper()
        kinds = ("user-", "group-", "domain-", "project-")
        if entity not in PUBLIC and not entity.startswith(kinds):
            raise invalid(f"Invalid entity: {entity}", "entity")
        if role not in _ROLES:
            raise invalid(f"Invalid role: {role}", "role")
        kept[entity] = {"entity": entity, "role": role}
    return list(kept.values())


def check_acl_allowed(entries: _Entries, bucket: Mapping[str, Any]) -> None:
    """Refuse public entries where the bucket prevents public access."""
    enforced = bucket["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    if enforced and any(entry["entity"] in PUBLIC for entry in entries):
        message = (
            "The member bindings allUsers and allAuthenticatedUsers are not allowed since "
            "public access prevention is enforced."
        )
        raise GcsError(412, "conditionNotMet", message)


def check_not_uniform(bucket: Mapping[str, Any]) -> None:
    """Refuse access control lists where IAM alone counts."""
    if bucket["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"]:
        message = (
            "Cannot use ACL API to update bucket policy when uniform bucket-level access is "
            "enabled. Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access"
        )
        raise invalid(message)


def shown_acl(entries: _Entries, kind: str, parent: Mapping[str, Any], link: str) -> _Entries:
    """Return entries as a resource shows them.

    Args:
        entries: as they are kept.
        kind: `bucket` or `object`.
        parent: the fields that say whose they are.
        link: of the list that they are in.
    """
    etag = base64.b64encode(repr(sorted(parent.items())).encode()[-6:]).decode()
    identity = "/".join(str(value) for value in parent.values())
    return [
        {
            "kind": f"storage#{kind}AccessControl",
            "id": f"{identity}/{entry['entity']}",
            "selfLink": f"{link}/{entry['entity']}",
            **parent,
            **entry,
            **_who(entry["entity"]),
            "etag": etag,
        }
        for entry in entries
    ]


def _who(entity: str) -> dict[str, Any]:
    kind, _, rest = entity.partition("-")
    if kind == "project":
        team, _, number = rest.partition("-")
        return {"projectTeam": {"projectNumber": number, "team": team}}
    if kind == "domain":
        return {"domain": rest}
    return {"email": rest} if rest else {}
