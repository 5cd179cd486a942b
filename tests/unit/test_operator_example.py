"""The manifests for the Pulumi Kubernetes Operator: what its definition of a Stack takes."""

from typing import Any

import jsonschema
import yaml
from program import OBJECTS, VARIANTS, of_type, resources_of

from sandbox import engine
from sandbox.workspace import CHECKOUT

FOLDER = CHECKOUT / "examples/operator"
TEXT = {"type": "string"}

# Of the keys that the operator's CRD of v2.9.0 has, those used here, with its types.
# Source: https://github.com/pulumi/pulumi-kubernetes-operator/tree/v2.9.0/deploy/crds
SPEC: dict[str, Any] = {
    "type": "object",
    "definitions": {
        "variable": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": {"name": TEXT, "value": TEXT},
        }
    },
    "required": ["stack"],
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(("stack", "projectRepo", "branch", "backend"), TEXT),
        **dict.fromkeys(("secretsProvider", "serviceAccountName"), TEXT),
        "destroyOnFinalize": {"type": "boolean"},
        "updateTemplate": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "spec": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"continueOnError": {"type": "boolean"}},
                }
            },
        },
        "resyncFrequencySeconds": {"type": "integer", "minimum": 60},
        "workspaceTemplate": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "spec": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "image": TEXT,
                        "env": {"type": "array", "items": {"$ref": "#/definitions/variable"}},
                        "podTemplate": {"type": "object", "required": ["spec"]},
                        "resources": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {
                                key: {"type": "object", "additionalProperties": TEXT}
                                for key in ("limits", "requests")
                            },
                        },
                    },
                }
            },
        },
    },
}


def manifests(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text("utf-8")))


def test_the_operator_takes_every_stack():
    stacks = manifests("stacks.yaml")
    assert [(one["apiVersion"], one["kind"], one["spec"]["stack"]) for one in stacks] == [
        ("pulumi.com/v1", "Stack", "aws"),
        ("pulumi.com/v1", "Stack", "aws-002"),
    ]
    for one in stacks:
        jsonschema.validate(one["spec"], SPEC)


def test_shards_differ_in_their_names_alone():
    first, second = map(yaml.safe_dump, manifests("stacks.yaml"))
    assert second.replace("aws-002", "aws") == first


def test_one_bad_user_stops_nobody():
    assert [one["spec"]["updateTemplate"] for one in manifests("stacks.yaml")] == [
        {"spec": {"continueOnError": True}}
    ] * 2


def test_no_object_that_is_deleted_takes_a_bucket_with_it():
    assert {one["spec"]["destroyOnFinalize"] for one in manifests("stacks.yaml")} == {False}


def test_the_image_has_the_sdk_s_engine():
    images = {one["spec"]["workspaceTemplate"]["spec"]["image"] for one in manifests("stacks.yaml")}
    assert images == {f"pulumi/pulumi:{engine.version()}-nonroot"}


def test_who_runs_the_engine_may_do_what_the_stacks_make_in_the_cluster():
    by_kind = {one["kind"]: one for one in manifests("access.yaml")}
    account = by_kind["ServiceAccount"]["metadata"]
    assert {one["spec"]["serviceAccountName"] for one in manifests("stacks.yaml")} == {
        account["name"]
    }
    assert {one["metadata"]["namespace"] for one in manifests("stacks.yaml")} == {
        account["namespace"]
    }
    assert by_kind["ClusterRole"]["rules"] == [making("persistentvolumes")]
    assert by_kind["Role"]["rules"] == [making("persistentvolumeclaims", "serviceaccounts")]


def making(*resources: str) -> dict[str, list[str]]:
    return {
        "apiGroups": [""],
        "resources": list(resources),
        "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
    }


def test_what_has_a_namespace_is_made_in_the_stacks_own_alone():
    objects = of_type(resources_of(VARIANTS["aws"].config("ann")), *OBJECTS)
    metadata = {
        one["type"].rpartition(":")[2]: one["inputs"]["metadata"] for one in objects.values()
    }
    assert {kind for kind in metadata if "namespace" not in metadata[kind]} == {"PersistentVolume"}
    granted = {
        (one["kind"], one["metadata"].get("namespace"), one["roleRef"]["kind"])
        for one in manifests("access.yaml")
        if one["kind"].endswith("Binding") and one["roleRef"]["name"] == "cmbcluster-storage-apply"
    }
    namespace = stack_file("kubernetes")["namespace"]
    assert granted == {
        ("ClusterRoleBinding", None, "ClusterRole"),
        ("RoleBinding", namespace, "Role"),
    }
    [role] = [one for one in manifests("access.yaml") if one["kind"] == "Role"]
    assert role["metadata"]["namespace"] == namespace


def stack_file(key: str) -> dict[str, Any]:
    text = (CHECKOUT / "Pulumi.aws.yaml").read_text("utf-8")
    return yaml.safe_load(text)["config"][f"cmbcluster-storage:{key}"]


def test_the_engine_finds_the_context_of_the_stack_file():
    kubeconfig = yaml.safe_load(
        {one["kind"]: one for one in manifests("access.yaml")}["ConfigMap"]["data"][
            "kubeconfig.yaml"
        ]
    )
    assert [one["name"] for one in kubeconfig["contexts"]] == [stack_file("kubernetes")["context"]]
