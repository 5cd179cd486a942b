"""The JSON API of buckets and of their IAM policies."""

from typing import Any

from sandbox.gcs.access import check_not_uniform, predefined_acl, shown_acl, stored_acl
from sandbox.gcs.buckets import Bucket, patched, updated
from sandbox.gcs.errors import (
    GcsError,
    condition_not_met,
    invalid,
    no_such_bucket,
    not_implemented,
)
from sandbox.gcs.members import check_exist
from sandbox.gcs.policies import default_policy, replaced_policy
from sandbox.gcs.preconditions import etag_of, preconditions
from sandbox.gcs.resources import BUCKET, POLICY
from sandbox.gcs.schema import checked
from sandbox.gcs.store import Store
from sandbox.gcs.web import Request, Response, Routes

ROUTES = Routes()
LINKS = "https://www.googleapis.com/storage/v1/b"
_PAGE = 1000


def page_size(request: Request) -> int:
    """Return how many entries a page of a listing has."""
    size = request.number("maxResults")
    if size is not None and size < 0:
        raise invalid("Invalid argument.", "maxResults")
    return min(size or _PAGE, _PAGE)


def shown_bucket(bucket: Bucket, *, full: bool = False) -> dict[str, Any]:
    """Return a bucket's resource as an answer shows it, in full with its access control."""
    resource = dict(bucket.resource)
    acl, default_acl = resource.pop("acl", []), resource.pop("defaultObjectAcl", [])
    link = f"{LINKS}/{bucket.name}"
    resource = {"kind": "storage#bucket", "selfLink": link, "id": bucket.name, **resource}
    if full and not bucket.uniform:
        resource["owner"] = {"entity": f"project-owners-{resource['projectNumber']}"}
        parent = {"bucket": bucket.name}
        resource["acl"] = shown_acl(acl, "bucket", parent, f"{link}/acl")
        resource["defaultObjectAcl"] = shown_default_acl(default_acl)
    return resource


def shown_default_acl(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return entries for objects to come, which have no ids and links."""
    shown = shown_acl(entries, "object", {}, "")
    return [{k: v for k, v in each.items() if k not in ("id", "selfLink")} for each in shown]


def _full(request: Request, default: str = "noAcl") -> bool:
    return request.query.get("projection", default) == "full"


def _given(request: Request) -> dict[str, Any]:
    """Return the fields that a request sets, checked, with predefined lists written out."""
    given = checked(request.json(), BUCKET, "bucket")
    for field in ("acl", "defaultObjectAcl"):
        if given.get(field) is not None:
            given[field] = stored_acl(given[field])
    return given


def _with_predefined(request: Request, given: dict[str, Any], number: str) -> dict[str, Any]:
    for parameter, field in (
        ("predefinedAcl", "acl"),
        ("predefinedDefaultObjectAcl", "defaultObjectAcl"),
    ):
        if name := request.query.get(parameter):
            given[field] = predefined_acl(name, number)
    return given


@ROUTES.add("POST", "b")
def insert(store: Store, request: Request) -> dict[str, Any]:
    """Serve buckets.insert."""
    project = request.required("project")
    given = _with_predefined(request, _given(request), store.number_of(project))
    retention = request.is_set("enableObjectRetention")
    bucket = store.create_bucket(project, given, object_retention=retention)
    return shown_bucket(bucket, full=_full(request, "full" if "acl" in given else "noAcl"))


@ROUTES.add("GET", "b")
def list_buckets(store: Store, request: Request) -> dict[str, Any]:
    """Serve buckets.list."""
    number = store.number_of(request.required("project"))
    prefix, token = request.query.get("prefix", ""), request.query.get("pageToken", "")
    among = store.deleted_buckets if request.is_set("softDeleted") else store.buckets
    names = sorted(
        key
        for key, bucket in among.items()
        if bucket.resource["projectNumber"] == number
        and bucket.name.startswith(prefix)
        and bucket.name > token
    )
    size = page_size(request)
    page = [among[key] for key in names[:size]]  # type: ignore[index] - keys are its own
    answer: dict[str, Any] = {"kind": "storage#buckets"}
    if page:
        answer["items"] = [shown_bucket(bucket, full=_full(request)) for bucket in page]
    if len(names) > size:
        answer["nextPageToken"] = page[-1].name
    return answer


@ROUTES.add("GET", "b/*")
def get(store: Store, request: Request, name: str) -> dict[str, Any]:
    """Serve buckets.get."""
    generation = request.number("generation")
    if request.is_set("softDeleted"):
        return shown_bucket(store.deleted_bucket(name, generation), full=_full(request))
    bucket = store.bucket(name, preconditions(request), reading=True)
    if generation not in (None, bucket.generation):
        raise no_such_bucket()
    return shown_bucket(bucket, full=_full(request))


@ROUTES.add("PATCH", "b/*")
@ROUTES.add("PUT", "b/*")
def change(store: Store, request: Request, name: str) -> dict[str, Any]:
    """Serve buckets.patch and buckets.update."""
    bucket = store.bucket(name, preconditions(request))
    given = _with_predefined(request, _given(request), bucket.resource["projectNumber"])
    acl_named = "acl" in given or "defaultObjectAcl" in given
    was_uniform, now = bucket.uniform, store.now()
    make = patched if request.method == "PATCH" else updated
    resource = make(bucket.resource, given, now)
    if (
        request.method == "PATCH"
        and was_uniform
        and (given.get("acl") or given.get("defaultObjectAcl"))
    ):
        check_not_uniform(resource)
    store.change_bucket(bucket, resource, now)
    if was_uniform != bucket.uniform:
        _regrant(bucket)
    return shown_bucket(bucket, full=_full(request, "full" if acl_named else "noAcl"))


def _regrant(bucket: Bucket) -> None:
    """Add or drop the legacy grants on objects, which uniform access turns into bindings."""
    etag = bucket.policy["etag"]
    legacy = default_policy(bucket.project, uniform=True)["bindings"][2:]
    roles = [binding["role"] for binding in legacy]
    kept = [each for each in bucket.policy["bindings"] if each["role"] not in roles]
    bucket.policy |= {"bindings": kept + (legacy if bucket.uniform else []), "etag": etag}


@ROUTES.add("DELETE", "b/*")
def delete(store: Store, request: Request, name: str) -> Response:
    """Serve buckets.delete."""
    store.delete_bucket(store.bucket(name, preconditions(request)))
    return Response(204)


@ROUTES.add("POST", "b/*/restore")
def restore(store: Store, request: Request, name: str) -> dict[str, Any]:
    """Serve buckets.restore."""
    bucket = store.deleted_bucket(name, request.number("generation"))
    store.restore_bucket(bucket)
    return shown_bucket(bucket, full=_full(request))


@ROUTES.add("POST", "b/*/lockRetentionPolicy")
def lock_retention_policy(store: Store, request: Request, name: str) -> dict[str, Any]:
    """Serve buckets.lockRetentionPolicy."""
    request.required("ifMetagenerationMatch")
    bucket = store.bucket(name, preconditions(request))
    if not (policy := bucket.resource.get("retentionPolicy")):
        raise invalid("The bucket does not have a retention policy.")
    resource = bucket.resource | {"retentionPolicy": policy | {"isLocked": True}}
    store.change_bucket(bucket, resource, store.now())
    return shown_bucket(bucket)


@ROUTES.add("GET", "b/*/storageLayout")
def storage_layout(store: Store, request: Request, name: str) -> dict[str, Any]:
    """Serve buckets.getStorageLayout."""
    bucket = store.bucket(name)
    shown = ("location", "locationType", "customPlacementConfig", "hierarchicalNamespace")
    layout = {field: bucket.resource[field] for field in shown if field in bucket.resource}
    return {"kind": "storage#storageLayout", "bucket": name, **layout}


@ROUTES.add("GET", "b/*/anywhereCaches", "b/*/folders", "b/*/notificationConfigs")
def list_nothing(store: Store, request: Request, name: str) -> dict[str, Any]:
    """Serve the lists of what nobody can make here: provider plugins ask before they delete."""
    store.bucket(name)
    what = request.path.rpartition("/")[2]
    return {"kind": f"storage#{what.replace('notificationConfigs', 'notifications')}"}


@ROUTES.add("GET", "b/*/iam")
def get_policy(store: Store, request: Request, name: str) -> dict[str, Any]:
    """Serve buckets.getIamPolicy."""
    bucket = store.bucket(name)
    version = request.number("optionsRequestedPolicyVersion") or 1
    conditional = any("condition" in binding for binding in bucket.policy["bindings"])
    if conditional and version < 3:
        message = "The policy has conditions: the requested policy version must be at least 3."
        raise GcsError(400, "invalid", message)
    return _shown_policy(bucket)


@ROUTES.add("PUT", "b/*/iam")
def set_policy(store: Store, request: Request, name: str) -> dict[str, Any]:
    """Serve buckets.setIamPolicy."""
    bucket = store.bucket(name)
    given = checked(request.json(), POLICY, "policy")
    if request.headers.get("if-match", etag := bucket.policy["etag"]).strip('"') != etag:
        raise condition_not_met()
    if given.get("auditConfigs"):
        raise not_implemented("audit configs in a bucket's IAM policy")
    policy = replaced_policy(bucket, given)
    for binding in policy["bindings"]:
        check_exist(store, binding["members"])
    bucket.touch(store.now())
    bucket.policy = policy | {"etag": etag_of(int(bucket.resource["metageneration"]))}
    store.bucket_changed(bucket)
    return _shown_policy(bucket)


@ROUTES.add("GET", "b/*/iam/testPermissions")
def test_permissions(store: Store, request: Request, name: str) -> dict[str, Any]:
    """Serve buckets.testIamPermissions: whoever asks may do everything."""
    store.bucket(name)
    asked = [each for each in request.required("permissions").split("\n") if each]
    if wrong := [each for each in asked if not each.startswith("storage.")]:
        raise invalid(f"Invalid argument: {wrong[0]} is no permission of Cloud Storage.")
    return {"kind": "storage#testIamPermissionsResponse", "permissions": asked}


def _shown_policy(bucket: Bucket) -> dict[str, Any]:
    resource = f"projects/_/buckets/{bucket.name}"
    return {"kind": "storage#policy", "resourceId": resource, **bucket.policy}


@ROUTES.add("GET", "projects/*/serviceAccount")
def service_agent(store: Store, request: Request, project: str) -> dict[str, Any]:
    """Serve projects.serviceAccount.get."""
    email = f"service-{store.number_of(project)}@gs-project-accounts.iam.gserviceaccount.com"
    return {"kind": "storage#serviceAccount", "email_address": email}
