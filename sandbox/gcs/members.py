"""Service accounts as members of IAM policies: those that exist, and those that did.

A policy means the account and not its address. So one that is deleted keeps its grants, as a
deleted one, and an account that is made again under the same address has none.
Source: https://cloud.google.com/iam/docs/service-accounts-delete-undelete
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.gcs.errors import invalid
from sandbox.gcs.store import Store

# What the addresses of a project's service accounts end in, after its id.
SERVICE_ACCOUNTS = ".iam.gserviceaccount.com"
_MEMBER = "serviceAccount:"
# Google's own, in projects of Google's.
_AGENT = re.compile(r"service-\d+")


def check_exist(store: Store, members: Iterable[str]) -> None:
    """Refuse members that are service accounts which there are not.

    Google's own are taken on trust.
    """
    for member in members:
        email = member.removeprefix(_MEMBER)
        account, _, domain = email.partition("@")
        if email == member or not domain.endswith(SERVICE_ACCOUNTS) or _AGENT.fullmatch(account):
            continue
        if email not in store.accounts:
            raise invalid(f"Service account {email} does not exist.")


def note_deleted(store: Store, account: Mapping[str, Any]) -> None:
    """Have every policy name an account as a deleted one."""
    was = f"{_MEMBER}{account['email']}"
    gone = f"deleted:{was}?uid={account['uniqueId']}"
    for bucket in (*store.buckets.values(), *store.deleted_buckets.values()):
        if _exchange(bucket.policy, was, gone):
            store.bucket_changed(bucket)
    for other in store.accounts.values():
        if _exchange(other["policy"], was, gone):
            store.changes["account", (other["email"],)] = other


def _exchange(policy: Mapping[str, Any], was: str, now: str) -> bool:
    """Exchange a member of a policy; return whether it was one."""
    bindings = [each for each in policy.get("bindings", []) if was in each["members"]]
    for binding in bindings:
        binding["members"] = [now if each == was else each for each in binding["members"]]
    return bool(bindings)
