"""Requests about buckets on Cloud Storage."""

from datetime import datetime
from threading import Event
from typing import Any, ClassVar

from cmbcluster_storage.backend import BucketBackend
from cmbcluster_storage.bucket_models import Access, BucketInfo, BucketUsage
from cmbcluster_storage.errors import ConfigurationError, UnavailableError
from cmbcluster_storage.gcs_bucket_settings import resource
from cmbcluster_storage.gcs_client import GcsClient, bucket_path
from cmbcluster_storage.gcs_errors import sdk_errors
from cmbcluster_storage.gcs_metrics import metric_query, usage_of
from cmbcluster_storage.messages import BucketSpec, Upload

_ROLES: dict[Access, str] = {
    "read": "roles/storage.objectViewer",
    "write": "roles/storage.objectUser",
}
# Whom Google lets use a new bucket, by which roles: every viewer of the project could read it.
_LEGACY = "roles/storage.legacy"
_OF_PROJECT = ("projectEditor:", "projectOwner:", "projectViewer:")


class GcsBuckets(GcsClient, BucketBackend):
    """Makes, describes and deletes buckets, and opens them to somebody."""

    labels_later: ClassVar[bool] = False

    def create_bucket(self, spec: BucketSpec) -> None:
        """Make a bucket with all its settings, at once."""
        with sdk_errors(None):
            bucket_path(spec.name)
        self._json("POST", "/b", None, {"project": spec.account}, json=resource(spec))

    def is_own_bucket(self, name: str, account: str) -> bool:
        """Look among the project's: names are the whole world's."""
        return any(one.name == name for one in self._of_project(account, name))

    def secure_bucket(self, spec: BucketSpec) -> None:
        """Take the grants away that a new bucket has; others are its operator's."""

        def secured(policy: Any) -> None:
            bindings = policy.get("bindings", [])
            for binding in bindings:
                if binding["role"].startswith(_LEGACY):
                    binding["members"] = [
                        one for one in binding["members"] if not one.startswith(_OF_PROJECT)
                    ]
            bindings[:] = [binding for binding in bindings if binding["members"]]

        self._change_policy(spec.name, secured, Event())

    def bucket(self, name: str) -> BucketInfo:
        """Return what one request tells."""
        with sdk_errors(None):
            path = bucket_path(name)
        return _info(self._json("GET", path, None))

    def buckets(self, prefix: str) -> list[BucketInfo]:
        """Return all of the project."""
        return self._of_project(self._required_project, prefix)

    def _of_project(self, project: str, prefix: str) -> list[BucketInfo]:
        found: list[BucketInfo] = []
        query: dict[str, object] = {"project": project, "prefix": prefix or None}
        while True:
            answer = self._json("GET", "/b", None, query)
            found += [_info(item) for item in answer.get("items", ())]
            if not (token := answer.get("nextPageToken")):
                return found
            query["pageToken"] = token

    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket."""
        with sdk_errors(None):
            path = bucket_path(name)
        self._send("DELETE", path, None)

    def unfinished_uploads(self, name: str, after: Upload | None = None) -> list[Upload]:
        """Return none: resumable uploads cannot be listed and hinder nothing."""
        return []

    def abort_unfinished(self, name: str, upload: Upload) -> None:
        """Do nothing; there is none."""

    def soft_delete_seconds(self, name: str) -> int:
        """Return what the bucket's policy says."""
        with sdk_errors(None):
            path = bucket_path(name)
        policy = self._json("GET", path, None).get("softDeletePolicy", {})
        return int(policy.get("retentionDurationSeconds", 0))

    def metrics(self, name: str) -> BucketUsage:
        """Return Cloud Monitoring's figures."""
        sizes, counts = (
            self._json("GET", *metric_query(self._required_project, name, metric))
            for metric in ("total_bytes", "object_count")
        )
        return usage_of(sizes, counts)

    @property
    def _required_project(self) -> str:
        project: str | None = self._project or self._client.project
        if not project:
            raise ConfigurationError("it is asked of a project; set PROJECT_ID", provider="gcp")
        return project

    def permit(self, name: str, member: str, access: Access, written: Event) -> None:
        """Add a member to an unconditional binding, unless somebody else was quicker."""
        enough = {_ROLES[access], _ROLES["write"]}

        def permitted(policy: Any) -> None:
            bindings = policy.setdefault("bindings", [])
            plain = [binding for binding in bindings if "condition" not in binding]
            if any(one["role"] in enough and member in one["members"] for one in plain):
                return
            for binding in plain:
                if binding["role"] == _ROLES[access]:
                    binding["members"].append(member)
                    return
            bindings.append({"role": _ROLES[access], "members": [member]})

        self._change_policy(name, permitted, written)

    def _change_policy(self, name: str, change: Any, written: Event) -> None:
        """Read, change and write a policy as one step; set `written` before it is sent.

        Version 3, so that conditional bindings are seen, and kept. The etag makes Google
        refuse what was read before somebody else's change: then it is read anew.
        """
        with sdk_errors(None):
            path = f"{bucket_path(name)}/iam"
        policy = self._json("GET", path, None, {"optionsRequestedPolicyVersion": 3})
        before = repr(policy)
        change(policy)
        if repr(policy) == before:
            return
        policy["version"] = 3
        earlier = written.is_set()
        written.set()
        answer = self._send("PUT", path, None, json=policy, accepts=(200, 409, 412))
        if answer.status_code != 200:
            if not earlier:
                written.clear()
            raise UnavailableError("somebody else has changed the policy; try again")


def _info(told: Any) -> BucketInfo:
    return BucketInfo(
        name=told["name"],
        url=f"gs://{told['name']}",
        location=told["location"],
        created=datetime.fromisoformat(told["timeCreated"]),
        updated=datetime.fromisoformat(told["updated"]),
        versioned=told.get("versioning", {}).get("enabled", False),
        storage_class=told["storageClass"],
        labels=told.get("labels", {}),
        lifecycle=tuple(told.get("lifecycle", {}).get("rule", ())),
    )
