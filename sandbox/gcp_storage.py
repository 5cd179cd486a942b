"""Cloud Storage's type: buckets.

Source: https://github.com/hashicorp/terraform-provider-google/tree/main/google/services/storage
"""

from concurrent import futures
from urllib.parse import quote

from sandbox.gcp_api import Api
from sandbox.gcp_bucket import changes, complete, properties, refreshed, settings
from sandbox.gcp_checks import bucket_failures
from sandbox.properties import Properties
from sandbox.resource import Failures, ProviderError, ResourceType

# How many objects of a bucket are deleted at once.
_WORKERS = 8


class Bucket(ResourceType):
    """Buckets, with everything but who may use them."""

    replaced_by = frozenset(
        {
            "customPlacementConfig",
            "enableObjectRetention",
            "hierarchicalNamespace",
            "location",
            "name",
            "project",
        }
    )
    supported = frozenset(
        {
            "encryption",
            "forceDestroy",
            "labels",
            "lifecycleRules",
            "location",
            "logging",
            "name",
            "project",
            "publicAccessPrevention",
            "softDeletePolicy",
            "storageClass",
            "uniformBucketLevelAccess",
            "versioning",
        }
    )

    def __init__(self, api: Api, project: str | None) -> None:
        """Work through one API; the project is that of buckets which are imported."""
        self._api = api
        self._project = project

    def failures(self, inputs: Properties) -> Failures:
        """Yield what the schema cannot say."""
        yield from bucket_failures(inputs)

    def compared(self, old: Properties, new: Properties) -> tuple[Properties, Properties]:
        """Return both with what holds, or stays, where the program sets nothing."""
        return complete(old, {}), complete(new, old)

    def imported_id(self, import_id: str) -> str:
        """Return a bucket's name; a project may stand before it."""
        return import_id.rpartition("/")[2]

    def create(self, inputs: Properties) -> str:
        """Make a bucket whose name nobody in the world has."""
        name = str(inputs["name"])
        body = {"name": name, "location": inputs["location"]} | settings(inputs)
        self._api.call("POST", "/storage/v1/b", body, project=inputs["project"])
        return name

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the settings; what the API does not tell stays as last known.

        On import that is the project of the id, or else the provider's, whosesoever the
        bucket is: its projectNumber tells.
        """
        project, _, name = resource_id.rpartition("/")
        bucket = self._api.find("GET", f"/storage/v1/b/{name}")
        if bucket is None:
            return None
        if not inputs:
            return {"project": project or self._project} | properties(bucket)
        untold = {key: inputs[key] for key in ("forceDestroy", "project") if key in inputs}
        return untold | refreshed(bucket, inputs)

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Patch the settings that the program has changed."""
        self._api.call("PATCH", f"/storage/v1/b/{resource_id}", changes(old, new))

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Delete a bucket; with forceDestroy its objects and their generations first.

        Raises:
            ProviderError: it has objects, and they are to stay or cannot be deleted.
        """
        path = f"/storage/v1/b/{resource_id}"
        token: str | None = ""
        while token is not None:
            page = self._api.find("GET", f"{path}/o", versions="true", pageToken=token) or {}
            if (objects := page.get("items")) and not inputs.get("forceDestroy"):
                cure = "without `force_destroy` set to true"
                raise ProviderError(f"Error trying to delete bucket {resource_id} {cure}")
            self._delete_objects(f"{path}/o", objects or [])
            token = page.get("nextPageToken")
        self._api.find("DELETE", path)

    def outputs(self, resource_id: str, inputs: Properties) -> Properties:
        """Return what the service fills in."""
        bucket = self._api.call("GET", f"/storage/v1/b/{resource_id}")
        return {
            "effectiveLabels": bucket.get("labels", {}),
            "projectNumber": int(bucket["projectNumber"]),
            "pulumiLabels": inputs.get("labels", {}),
            "selfLink": bucket["selfLink"],
            "timeCreated": bucket["timeCreated"],
            "updated": bucket["updated"],
            "url": f"gs://{resource_id}",
        }

    def _delete_objects(self, path: str, objects: list[Properties]) -> None:
        """Delete generations of objects, several at once.

        Raises:
            ProviderError: one of them cannot be deleted; others are.
        """

        def delete(item: Properties) -> None:
            key = quote(item["name"], safe="")
            self._api.find("DELETE", f"{path}/{key}", generation=item["generation"])

        with futures.ThreadPoolExecutor(_WORKERS) as pool:
            deletions = [pool.submit(delete, item) for item in objects]
        try:
            for deletion in deletions:
                deletion.result()
        except ProviderError as error:
            message = "could not delete non-empty bucket due to error when deleting contents"
            raise ProviderError(f"{message}: {error}") from error
