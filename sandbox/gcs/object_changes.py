"""What a patch or an update makes of an object's resource."""

from collections.abc import Mapping
from typing import Any

from sandbox.gcs.access import check_acl_allowed, check_not_uniform, predefined_acl, stored_acl
from sandbox.gcs.buckets import Bucket
from sandbox.gcs.errors import invalid
from sandbox.gcs.preconditions import etag_of
from sandbox.gcs.resources import OBJECT, OBJECT_WRITABLE
from sandbox.gcs.retention import check_retention
from sandbox.gcs.schema import checked, merged, without_empty
from sandbox.gcs.shelf import StoredObject
from sandbox.gcs.store import Store
from sandbox.gcs.times import moment
from sandbox.gcs.web import Request


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
    check_retention(bucket, new, old, override=request.is_set("overrideUnlockedRetention"))
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
