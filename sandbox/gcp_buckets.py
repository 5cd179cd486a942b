"""What a program asks Cloud Storage: which buckets a project has.

Source: https://github.com/hashicorp/terraform-provider-google/blob/main/google/services/storage/data_source_google_storage_buckets.go
"""

from sandbox.gcp_api import Api
from sandbox.properties import Properties
from sandbox.resource import ProviderError


class Buckets:
    """The function `getBuckets`; it sees no other project's buckets."""

    def __init__(self, api: Api, project: str | None) -> None:
        """Work through one API; the project is that of programs which name none."""
        self._api = api
        self._project = project

    def __call__(self, arguments: Properties) -> Properties:
        """Return the project's buckets in the order of their names.

        Raises:
            ProviderError: nobody says of which project.
        """
        if not (project := arguments.get("project") or self._project):
            raise ProviderError("project: required field is not set")
        query = {"project": project, "prefix": arguments.get("prefix") or ""}
        found: list[Properties] = []
        while True:
            page = self._api.call("GET", "/storage/v1/b", None, **query)
            found += page.get("items", [])
            if not (token := page.get("nextPageToken")):
                break
            query["pageToken"] = token
        return arguments | {"buckets": [_told(bucket) for bucket in found]}


def _told(bucket: Properties) -> Properties:
    told = ("location", "name", "selfLink", "storageClass")
    return {"labels": bucket.get("labels", {})} | {key: bucket[key] for key in told}
