"""The provider plugin `kubernetes`: objects as YAML files in a folder.

A kubeconfig context is a folder of live objects; `renderYamlToDirectory` writes the
manifests that the official provider would write. Ids, what exists already and what
replaces follow it.

Source: https://github.com/pulumi/pulumi-kubernetes/tree/master/provider/pkg/provider
"""

import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from sandbox.properties import UNKNOWN, Properties
from sandbox.provider import serve
from sandbox.resource import Failures, ProviderError, ResourceType

TYPES = {
    "kubernetes:core/v1:ServiceAccount": "core.v1.ServiceAccount",
    "kubernetes:core/v1:PersistentVolume": "core.v1.PersistentVolume",
    "kubernetes:core/v1:PersistentVolumeClaim": "core.v1.PersistentVolumeClaim",
}
_CLUSTER_WIDE = frozenset({"PersistentVolume"})

# What the API server writes into an object's metadata; no input of ours.
_SERVER_METADATA = ("uid", "resourceVersion", "creationTimestamp")

# The official provider's table, without the volume sources that nobody mounts buckets with.
# Source: https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/diff.go
_NAMED = frozenset({"metadata.name", "metadata.namespace"})
_REPLACED_BY = {
    "ServiceAccount": _NAMED,
    "PersistentVolume": _NAMED | {"spec.csi", "spec.hostPath", "spec.nfs", "spec.local"},
    "PersistentVolumeClaim": _NAMED
    | {"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"},
}


class LiveObjects(ResourceType):
    """Objects of one kind in a cluster, which is a folder."""

    exact = True  # an empty storage class is not the default one

    def __init__(self, kind: str, cluster: Path) -> None:
        """Keep objects below `cluster`, a folder for each namespace."""
        self.replaced_by = _REPLACED_BY[kind]
        self._kind = kind
        self._cluster = cluster

    def failures(self, inputs: Properties) -> Failures:
        """Yield what the schema cannot say."""
        yield from _failures(self._kind, inputs)

    def create(self, inputs: Properties) -> str:
        """Write an object that does not exist."""
        object_id = _id(inputs)
        path = self._path(object_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        manifest = _manifest(inputs)
        manifest["metadata"] |= {
            "uid": str(uuid.uuid4()),
            "creationTimestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "resourceVersion": "1",
        }
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(_text(manifest))
        except FileExistsError:
            raise ProviderError(
                f"resource {object_id!r} was not successfully created by the Kubernetes API "
                f"server: {self._kind.lower()}s {inputs['metadata']['name']!r} already exists"
            ) from None
        return object_id

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return an object without what the server added; None if its file is gone."""
        live = self._live(resource_id)
        if live is None:
            return None
        for key in _SERVER_METADATA:
            live["metadata"].pop(key, None)
        return live

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Write the object anew; what makes it this object stays."""
        live = self._live(resource_id)
        if live is None:
            raise ProviderError(f"update of {resource_id!r} failed: {self._kind} not found")
        manifest = _manifest(new)
        manifest["metadata"] |= {key: live["metadata"][key] for key in _SERVER_METADATA}
        manifest["metadata"]["resourceVersion"] = str(int(live["metadata"]["resourceVersion"]) + 1)
        self._path(resource_id).write_text(_text(manifest), "utf-8")

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Remove the object."""
        self._path(resource_id).unlink(missing_ok=True)

    def outputs(self, resource_id: str, inputs: Properties) -> Properties:
        """Return the live object's metadata."""
        live = self._live(resource_id)
        return {"metadata": live["metadata"]} if live else {}

    def _live(self, object_id: str) -> Any:
        path = self._path(object_id)
        return yaml.safe_load(path.read_text("utf-8")) if path.exists() else None

    def _path(self, object_id: str) -> Path:
        namespace, _, name = object_id.rpartition("/")
        return self._cluster / (namespace or "_cluster") / f"{self._kind.lower()}-{name}.yaml"


class RenderedObjects(ResourceType):
    """Manifests of one kind in a folder: written, never read, whoever edits them."""

    exact = True

    def __init__(self, kind: str, folder: Path) -> None:
        """Write below `folder`, which is made when it is needed."""
        self.replaced_by = _REPLACED_BY[kind]
        self._kind = kind
        self._folder = folder

    def failures(self, inputs: Properties) -> Failures:
        """Yield what the schema cannot say."""
        yield from _failures(self._kind, inputs)

    def create(self, inputs: Properties) -> str:
        """Write the manifest over whatever is there."""
        self._write(inputs)
        return _id(inputs)

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return what was written last: there is no cluster to ask."""
        return inputs

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Write the manifest anew."""
        self._write(new)

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Remove the manifest."""
        self._path(inputs).unlink(missing_ok=True)

    def _write(self, inputs: Properties) -> None:
        # Every folder that is made gets the mode, which mkdir(parents=True) would not do.
        for folder in (*reversed(self._folder.parents), self._folder):
            folder.mkdir(mode=0o700, exist_ok=True)
        for name in ("0-crd", "1-manifest"):
            (self._folder / name).mkdir(mode=0o700, exist_ok=True)
        path = self._path(inputs)
        path.touch(mode=0o600)
        path.write_text(_text(_manifest(inputs)), "utf-8")

    def _path(self, inputs: Properties) -> Path:
        metadata = inputs["metadata"]
        version = inputs["apiVersion"].replace("/", "_").replace(":", "_")
        namespace = metadata.get("namespace") or "default"
        name = f"{version}-{self._kind.lower()}-{namespace}-{metadata['name']}.yaml"
        return self._folder / "1-manifest" / name


def configure(config: Properties) -> dict[str, ResourceType]:
    """Return the types for a cluster, or for a folder of manifests.

    Raises:
        ProviderError: the config names both, or neither.
    """
    context, folder = config.get("context"), config.get("renderYamlToDirectory")
    if context and folder:
        raise ProviderError('"context" arg is not compatible with "renderYamlToDirectory" arg')
    if not context and not folder:
        raise ProviderError(
            "the sandbox has no current context: name one, or a folder to render to"
        )
    if folder:
        # The engine starts plugins in the checkout, which a run of the sandbox must not touch.
        rendered = Path(os.environ["SANDBOX_PROJECT"]) / folder
        return {token: RenderedObjects(_kind(token), rendered) for token in TYPES}
    cluster = Path(os.environ["SANDBOX_CLUSTERS"]) / str(context)
    return {token: LiveObjects(_kind(token), cluster) for token in TYPES}


def _kind(token: str) -> str:
    return token.rpartition(":")[2]


def _failures(kind: str, inputs: Properties) -> Failures:
    metadata = inputs.get("metadata") or {}
    if metadata == UNKNOWN:
        return
    if not metadata.get("name"):
        yield "metadata.name", "the sandbox makes up no names: write one"
    if kind not in _CLUSTER_WIDE and not metadata.get("namespace"):
        yield "metadata.namespace", "the sandbox has no default namespace: write one"
    if "status" in inputs:
        yield "status", "'status' is not emulated by the sandbox"
    if "generateName" in metadata:
        yield "metadata.generateName", "'generateName' is not emulated by the sandbox"


def _id(inputs: Properties) -> str:
    metadata = inputs["metadata"]
    return "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))


def _manifest(inputs: Properties) -> Properties:
    return inputs | {"metadata": dict(inputs["metadata"])}


def _text(manifest: Properties) -> str:
    return yaml.safe_dump(manifest, sort_keys=True, allow_unicode=True)


if __name__ == "__main__":
    serve("pulumi_kubernetes", TYPES, configure, frozenset({"context", "renderYamlToDirectory"}))
