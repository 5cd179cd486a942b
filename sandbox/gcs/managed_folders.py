"""The JSON API of managed folders, their IAM policies aside: prefixes that exist by themselves."""

from typing import Any

from sandbox.gcs.buckets import Bucket
from sandbox.gcs.errors import GcsError, invalid
from sandbox.gcs.json_buckets import LINKS, ROUTES
from sandbox.gcs.store import Store
from sandbox.gcs.times import moment
from sandbox.gcs.web import Request, Response


def _folder(bucket: Bucket, name: str) -> dict[str, Any]:
    for folder in bucket.managed_folders:
        if folder["name"].rstrip("/") == name.rstrip("/"):
            return folder
    raise GcsError(404, "notFound", "The specified managed folder does not exist.")


@ROUTES.add("POST", "b/*/managedFolders")
def insert(store: Store, request: Request, bucket_name: str) -> dict[str, Any]:
    """Serve managedFolders.insert."""
    bucket, name = store.bucket(bucket_name), (request.json().get("name") or "").rstrip("/") + "/"
    if not bucket.uniform:
        raise invalid("Managed folders need uniform bucket-level access.")
    if any(folder["name"] == name for folder in bucket.managed_folders):
        raise GcsError(409, "conflict", "The managed folder already exists.")
    now = moment(store.now())
    folder = {
        "kind": "storage#managedFolder",
        "id": f"{bucket_name}/{name}",
        "selfLink": f"{LINKS}/{bucket_name}/managedFolders/{name}",
        "name": name,
        "bucket": bucket_name,
        "createTime": now,
        "updateTime": now,
        "metageneration": "1",
    }
    bucket.managed_folders.append(folder)
    store.bucket_changed(bucket)
    return folder


@ROUTES.add("GET", "b/*/managedFolders")
def list_folders(store: Store, request: Request, bucket_name: str) -> dict[str, Any]:
    """Serve managedFolders.list, in one page."""
    prefix = request.query.get("prefix", "")
    folders = store.bucket(bucket_name).managed_folders
    found = [folder for folder in folders if folder["name"].startswith(prefix)]
    return {"kind": "storage#managedFolders", "items": found}


@ROUTES.add("GET", "b/*/managedFolders/*")
def get(store: Store, request: Request, bucket_name: str, name: str) -> dict[str, Any]:
    """Serve managedFolders.get."""
    return _folder(store.bucket(bucket_name), name)


@ROUTES.add("DELETE", "b/*/managedFolders/*")
def delete(store: Store, request: Request, bucket_name: str, name: str) -> Response:
    """Serve managedFolders.delete."""
    bucket = store.bucket(bucket_name)
    bucket.managed_folders.remove(_folder(bucket, name))
    store.bucket_changed(bucket)
    return Response(204)
