"""Cloud Storage's types: buckets and their IAM policies.

Source: https://github.com/hashicorp/terraform-provider-google/tree/main/google/services/storage
"""

from urllib.parse import quote

from sandbox.gcp_api import Api
from sandbox.gcp_checks import STATES, bucket_failures
from sandbox.gcp_policy import policy_body, policy_failures, policy_text
from sandbox.properties import Properties
from sandbox.resource import Failures, ResourceType

# Where the API's name of a lifecycle condition is another than the property's.
_CONDITIONS = {
    "matchesPrefixes": "matchesPrefix",
    "matchesStorageClasses": "matchesStorageClass",
    "matchesSuffixes": "matchesSuffix",
}

# What the official provider leaves as it is when the program no longer sets it.
_KEPT = ("publicAccessPrevention", "softDeletePolicy", "uniformBucketLevelAccess", "versioning")
_SOFT_DELETE_SECONDS = 604_800


class Bucket(ResourceType):
    """Buckets, with everything but who may use them."""

    replaced_by = frozenset({"location", "name", "project"})
    supported = frozenset(
        {
            "forceDestroy",
            "labels",
            "lifecycleRules",
            "location",
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

    def create(self, inputs: Properties) -> str:
        """Make a bucket whose name nobody in the world has."""
        name = str(inputs["name"])
        body = {"name": name, "location": inputs["location"]} | _settings(inputs)
        self._api.call("POST", "/storage/v1/b", body, project=inputs["project"])
        return name

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the settings; what the API does not tell stays as last known."""
        bucket = self._api.find("GET", f"/storage/v1/b/{resource_id}")
        if bucket is None:
            return None
        told = {"project": self._project} | inputs
        told = {key: told[key] for key in ("forceDestroy", "project") if key in told}
        return told | _properties(bucket, inputs)

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Patch the settings; what is gone is named, or it would stay."""
        body = _settings(new)
        gone = old.get("labels", {}).keys() - new.get("labels", {}).keys()
        body["labels"] |= dict.fromkeys(gone)
        self._api.call("PATCH", f"/storage/v1/b/{resource_id}", body)

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Delete a bucket; with forceDestroy its objects and their generations first."""
        if inputs.get("forceDestroy"):
            self._empty(resource_id)
        self._api.find("DELETE", f"/storage/v1/b/{resource_id}")

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

    def _empty(self, name: str) -> None:
        path = f"/storage/v1/b/{name}/o"
        while objects := (self._api.find("GET", path, versions="true") or {}).get("items"):
            for item in objects:
                key = quote(item["name"], safe="")
                self._api.find("DELETE", f"{path}/{key}", generation=item["generation"])


class BucketIAMPolicy(ResourceType):
    """A bucket's whole IAM policy; create overwrites what a bucket comes with."""

    replaced_by = frozenset({"bucket"})

    def __init__(self, api: Api) -> None:
        """Work through one API."""
        self._api = api

    def failures(self, inputs: Properties) -> Failures:
        """Yield what is no policy."""
        yield from policy_failures(inputs)

    def create(self, inputs: Properties) -> str:
        """Write the policy."""
        resource_id = f"b/{inputs['bucket']}"
        self._put(resource_id, inputs["policyData"])
        return resource_id

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the policy, None without the bucket."""
        path = f"/storage/v1/{resource_id}/iam"
        policy = self._api.find("GET", path, optionsRequestedPolicyVersion="3")
        if policy is None:
            return None
        text = policy_text(policy, inputs.get("policyData"))
        return {"bucket": resource_id.removeprefix("b/"), "policyData": text}

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Write the new policy."""
        self._put(resource_id, new["policyData"])

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Take every grant away."""
        self._api.find("PUT", f"/storage/v1/{resource_id}/iam", {"bindings": []})

    def outputs(self, resource_id: str, inputs: Properties) -> Properties:
        """Return the policy's etag."""
        path = f"/storage/v1/{resource_id}/iam"
        return {"etag": self._api.call("GET", path, optionsRequestedPolicyVersion="3")["etag"]}

    def _put(self, resource_id: str, policy: str) -> None:
        self._api.call("PUT", f"/storage/v1/{resource_id}/iam", policy_body(policy))


def _settings(inputs: Properties) -> Properties:
    """Return the part of the API's bucket that can be changed, as far as the program sets it."""
    access: Properties = {}
    body: Properties = {
        "labels": dict(inputs.get("labels", {})),
        "lifecycle": {"rule": [_rule(rule) for rule in inputs.get("lifecycleRules", [])]},
        "storageClass": inputs.get("storageClass", "STANDARD"),
        "iamConfiguration": access,
    }
    if "publicAccessPrevention" in inputs:
        access["publicAccessPrevention"] = inputs["publicAccessPrevention"]
    if "uniformBucketLevelAccess" in inputs:
        access["uniformBucketLevelAccess"] = {"enabled": inputs["uniformBucketLevelAccess"]}
    if "versioning" in inputs:
        body["versioning"] = {"enabled": inputs["versioning"]["enabled"]}
    if "softDeletePolicy" in inputs:
        seconds = inputs["softDeletePolicy"].get("retentionDurationSeconds", _SOFT_DELETE_SECONDS)
        body["softDeletePolicy"] = {"retentionDurationSeconds": str(seconds)}
    return body


def _properties(bucket: Properties, inputs: Properties) -> Properties:
    """Return the API's bucket as properties; on import all, else without what is not set."""
    access = bucket["iamConfiguration"]
    rules = bucket.get("lifecycle", {}).get("rule", [])
    wanted = inputs.get("lifecycleRules", [])
    soft = int(bucket.get("softDeletePolicy", {}).get("retentionDurationSeconds", 0))
    found: Properties = {
        "name": bucket["name"],
        "location": bucket["location"],
        "labels": bucket.get("labels", {}),
        "lifecycleRules": [
            wanted[index]
            if index < len(wanted) and _rule(wanted[index]) == rule
            else _rule_properties(rule)
            for index, rule in enumerate(rules)
        ],
        "publicAccessPrevention": access["publicAccessPrevention"],
        "softDeletePolicy": {"retentionDurationSeconds": soft},
        "storageClass": bucket["storageClass"],
        "uniformBucketLevelAccess": access["uniformBucketLevelAccess"]["enabled"],
        "versioning": {"enabled": bucket.get("versioning", {}).get("enabled", False)},
    }
    if str(inputs.get("location")).upper() == bucket["location"]:
        found["location"] = inputs["location"]
    unset = {key for key in _KEPT if inputs and key not in inputs}
    if "storageClass" not in inputs and bucket["storageClass"] == "STANDARD":
        unset.add("storageClass")
    return {key: value for key, value in found.items() if key not in unset}


def _rule(rule: Properties) -> Properties:
    condition = {
        _CONDITIONS.get(key, key): value
        for key, value in rule["condition"].items()
        if key != "withState"
    }
    live = STATES[rule["condition"].get("withState", "ANY")]
    return {
        "action": dict(rule["action"]),
        "condition": condition | ({} if live is None else {"isLive": live}),
    }


def _rule_properties(rule: Properties) -> Properties:
    names: dict[str, str] = {api: name for name, api in _CONDITIONS.items()}
    condition: Properties = {
        str(names.get(key, key)): value
        for key, value in rule["condition"].items()
        if key != "isLive"
    }
    if "isLive" in rule["condition"]:
        condition["withState"] = "LIVE" if rule["condition"]["isLive"] else "ARCHIVED"
    return {"action": rule["action"], "condition": condition}
