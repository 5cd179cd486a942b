"""Objects: how one is made, changed and shown."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from sandbox.gcs import names
from sandbox.gcs.access import (
    CALLER,
    check_acl_allowed,
    check_not_uniform,
    predefined_acl,
    shown_acl,
    stored_acl,
)
from sandbox.gcs.buckets import Bucket, moment
from sandbox.gcs.contents import Content
from sandbox.gcs.errors import GcsError, invalid
from sandbox.gcs.keys import check_no_kms, customer_key
from sandbox.gcs.preconditions import NONE, Preconditions, etag_of, preconditions
from sandbox.gcs.schema import OBJECT, OBJECT_WRITABLE, checked, merged, without_empty
from sandbox.gcs.shelf import StoredObject
from sandbox.gcs.store import Store, retained_until
from sandbox.gcs.web import Request

_LINKS = "https://www.googleapis.com/storage/v1/b"


@dataclass(slots=True)
class NewObject:
    """What a request says about the object that it makes; the bytes are told apart."""

    bucket: str
    name: str
    fields: dict[str, Any]
    conditions: Preconditions = NONE
    predefined: str = ""
    key: str | None = None


def new_object(request: Request, bucket: str, fields: Mapping[str, Any]) -> NewObject:
    """Return what a request to the JSON API says about a new object.

    Args:
        request: with the name, the preconditions and the key.
        bucket: where it will be.
        fields: the resource that was sent.
    """
    for unsupported in ("kmsKeyName", "destinationKmsKeyName"):
        check_no_kms(request.query.get(unsupported))
    check_no_kms(fields.get("kmsKeyName"))
    given = checked(fields, OBJECT, "object")
    return NewObject(
        bucket,
        given.get("name") or request.query.get("name", ""),
        given,
        preconditions(request),
        request.query.get("predefinedAcl") or request.query.get("destinationPredefinedAcl", ""),
        customer_key(request),
    )


def create(store: Store, new: NewObject, content: Content, **own: Any) -> StoredObject:
    """Make an object live.

    Args:
        store: where its bucket is.
        new: what its creator said.
        content: its bytes.
        own: fields that only the service sets.

    Raises:
        GcsError: a precondition does not hold, a field is refused.
    """
    bucket = store.bucket(new.bucket)
    check_creatable(store, bucket, new)
    now = store.now()
    stored = StoredObject(_resource(bucket, new, content, now) | own, content)
    store.put(bucket, stored)
    return stored


def check_creatable(store: Store, bucket: Bucket, new: NewObject) -> None:
    """Refuse an object early for its name or its preconditions."""
    names.check_object_name(new.name)
    if new.conditions is not NONE:
        old = store.find(bucket, new.name)
        new.conditions.check(old.resource if old else None)


def _resource(bucket: Bucket, new: NewObject, content: Content, now: int) -> dict[str, Any]:
    given = {name: new.fields[name] for name in OBJECT_WRITABLE if new.fields.get(name) is not None}
    created = moment(now)
    storage_class = given.get("storageClass") or bucket.resource["storageClass"]
    names.check_storage_class(storage_class)
    hashes = content.hashes()
    resource = without_empty(given) | {
        "name": new.name,
        "bucket": bucket.name,
        "generation": str(now),
        "metageneration": "1",
        "etag": etag_of(now, 1),
        "storageClass": storage_class,
        "size": str(content.size),
        "crc32c": hashes["crc32c"],
        "timeCreated": created,
        "updated": created,
        "timeStorageClassUpdated": created,
        "timeFinalized": created,
        "acl": _acl(bucket, new, given),
    }
    if "md5" in hashes:
        resource["md5Hash"] = hashes["md5"]
    if bucket.resource.get("defaultEventBasedHold") and "eventBasedHold" not in given:
        resource["eventBasedHold"] = True
    if new.key:
        resource["customerEncryption"] = {"encryptionAlgorithm": "AES256", "keySha256": new.key}
    _check_retention(bucket, resource, {}, override=False)
    return resource


def _acl(bucket: Bucket, new: NewObject, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    if bucket.uniform and (new.predefined or given.get("acl")):
        message = (
            "Cannot insert legacy ACL for an object when uniform bucket-level access is enabled. "
            "Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access"
        )
        raise invalid(message)
    if new.predefined:
        acl = predefined_acl(new.predefined, bucket.resource["projectNumber"])
    elif given.get("acl"):
        acl = stored_acl(given["acl"])
    else:
        acl = list(bucket.resource.get("defaultObjectAcl", []))
        acl += [{"entity": CALLER, "role": "OWNER"}]
    check_acl_allowed(acl, bucket.resource)
    return acl


def check_hashes(fields: Mapping[str, Any], content: Content) -> None:
    """Refuse an upload whose bytes are not those that its sender had."""
    hashes = content.hashes()
    for field, kind, name in (("md5Hash", "md5", "MD5 hash"), ("crc32c", "crc32c", "CRC32C")):
        said, found = fields.get(field), hashes.get(kind)
        if said and found and said != found:
            raise invalid(f'Provided {name} "{said}" doesn\'t match calculated {name} "{found}".')


def change(
    store: Store, bucket: Bucket, stored: StoredObject, given: Mapping[str, Any], request: Request
) -> None:
    """Patch an object's resource, or update it where the request is a PUT."""
    fields = checked(given, OBJECT, "object")
    patch = {name: value for name, value in fields.items() if name in OBJECT_WRITABLE}
    old = stored.resource
    base = old
    if request.method == "PUT":
        base = {
            name: old[name] for name in old if name not in OBJECT_WRITABLE - {"acl", "storageClass"}
        }
    if patch.get("storageClass") not in (None, old["storageClass"]):
        raise invalid("The storage class of an object changes only when it is rewritten.")
    new = merged(base, patch)
    if given.get("acl") is not None:
        check_not_uniform(bucket.resource)
        new["acl"] = stored_acl(given["acl"])
    if predefined := request.query.get("predefinedAcl"):
        new["acl"] = predefined_acl(predefined, bucket.resource["projectNumber"])
    check_acl_allowed(new.get("acl", []), bucket.resource)
    _check_retention(bucket, new, old, override=request.is_set("overrideUnlockedRetention"))
    if old.get("eventBasedHold") and not new.get("eventBasedHold"):
        new["eventBasedHoldReleased"] = moment(store.now())
    stored.resource = without_empty(new) | {"acl": new.get("acl", [])}
    touch(store, bucket, stored)


def touch(store: Store, bucket: Bucket, stored: StoredObject) -> None:
    """Note a change of an object's resource."""
    metageneration = int(stored.resource["metageneration"]) + 1
    stored.resource["metageneration"] = str(metageneration)
    stored.resource["etag"] = etag_of(stored.generation, metageneration)
    stored.resource["updated"] = moment(store.now())
    store.object_changed(bucket, stored)


def _check_retention(
    bucket: Bucket, new: dict[str, Any], old: Mapping[str, Any], *, override: bool
) -> None:
    retention, before = new.get("retention") or {}, old.get("retention") or {}
    if not any(retention.values()):
        new.pop("retention", None)
        retention = {}
    if retention == before:
        return
    if "objectRetention" not in bucket.resource:
        raise invalid("Object retention is not enabled on the bucket.")
    if retention and (
        retention.get("mode") not in ("Locked", "Unlocked") or "retainUntilTime" not in retention
    ):
        raise invalid("An object's retention needs a mode and a retainUntilTime.")
    less = retention.get("retainUntilTime", "") < before.get("retainUntilTime", "")
    if before and less and (before["mode"] == "Locked" or not override):
        message = (
            "The retention of the object can only be reduced if it is unlocked and overridden."
        )
        raise GcsError(403, "forbidden", message)


def media_link(base_url: str, bucket: str, stored: StoredObject) -> str:
    """Return where an object's bytes are."""
    name = quote(stored.name, safe="")
    return (
        f"{base_url}/download/storage/v1/b/{bucket}/o/{name}"
        f"?generation={stored.generation}&alt=media"
    )


def shown(
    bucket: Bucket,
    stored: StoredObject,
    base_url: str,
    *,
    full: bool = False,
    key: str | None = None,
) -> dict[str, Any]:
    """Return an object's resource as an answer shows it.

    Args:
        bucket: where it is.
        stored: the object.
        base_url: how the client reached us.
        full: with its access control list and owner.
        key: the SHA-256 of the key that came with the request, without which the
            checksums of an encrypted object stay untold.
    """
    resource = dict(stored.resource)
    resource.pop("eventBasedHoldReleased", None)
    acl = resource.pop("acl", [])
    link = f"{_LINKS}/{bucket.name}/o/{quote(stored.name, safe='')}"
    resource |= {
        "kind": "storage#object",
        "id": f"{bucket.name}/{stored.name}/{stored.generation}",
        "selfLink": link,
        "mediaLink": media_link(base_url, bucket.name, stored),
    }
    if until := retained_until(bucket, resource):
        resource["retentionExpirationTime"] = until
    if full and not bucket.uniform:
        resource["owner"] = {"entity": CALLER}
        resource["acl"] = shown_object_acl(bucket, stored, acl)
    if (encrypted := resource.get("customerEncryption")) and encrypted["keySha256"] != key:
        for checksum in ("md5Hash", "crc32c"):
            resource.pop(checksum, None)
    return resource


def shown_object_acl(
    bucket: Bucket, stored: StoredObject, entries: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return an object's access control entries as an answer shows them."""
    parent = {"bucket": bucket.name, "object": stored.name, "generation": str(stored.generation)}
    link = f"{_LINKS}/{bucket.name}/o/{quote(stored.name, safe='')}/acl"
    return shown_acl(entries, "object", parent, link)


def copied(new: NewObject, source: StoredObject, *, with_class: bool = False) -> NewObject:
    """Return what a copy's creator said, completed by what the source says."""
    if any(name in OBJECT_WRITABLE - {"storageClass"} for name in new.fields):
        return new
    skipped = {"acl", "eventBasedHold", "retention", "temporaryHold"}
    skipped |= set() if with_class else {"storageClass"}
    kept = {
        name: value
        for name, value in source.resource.items()
        if name in OBJECT_WRITABLE and name not in skipped
    }
    return replace(new, fields=kept | new.fields)
