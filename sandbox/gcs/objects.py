"""Objects: how one is made."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.gcs import kms, names
from sandbox.gcs.access import CALLER, check_acl_allowed, predefined_acl, stored_acl
from sandbox.gcs.buckets import Bucket
from sandbox.gcs.contents import Content
from sandbox.gcs.errors import invalid
from sandbox.gcs.keys import customer_key
from sandbox.gcs.preconditions import NONE, Preconditions, etag_of, preconditions
from sandbox.gcs.resources import OBJECT, OBJECT_WRITABLE
from sandbox.gcs.retention import check_retention
from sandbox.gcs.schema import checked, without_empty
from sandbox.gcs.shelf import StoredObject
from sandbox.gcs.store import Store
from sandbox.gcs.times import moment
from sandbox.gcs.web import Request


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
    for parameter in ("kmsKeyName", "destinationKmsKeyName"):
        kms.check_not_asked(request.query.get(parameter))
    kms.check_not_given(fields.get("kmsKeyName"))
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
    elif key := bucket.kms_key:
        resource["kmsKeyName"] = kms.version_of(key)
    check_retention(bucket, resource, {}, override=False)
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
