"""The bare program's constants: what a stack's state holds, as a program would write it."""

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic.alias_generators import to_snake

from sandbox import aws, gcp, kubernetes
from sandbox.workspace import Workspace

State = dict[str, Any]

_CLASSES = {
    token: f"{provider.__name__.replace('sandbox.', 'pulumi_')}.{path}".rpartition(".")
    for provider in (aws, gcp, kubernetes)
    for token, path in provider.TYPES.items()
}
_PROVIDER = "pulumi:providers:"
# What the SDK or the engine adds to a resource's inputs by itself.
_ADDED = ("__internal", "apiVersion", "kind", "version")


def constants(state: State) -> dict[str, Any]:
    """Return what the bare program makes the same state from.

    Args:
        state: as `pulumi stack export` prints it.

    Returns:
        `resources`, each with the indexes of those that it refers to, in an order in which
        they can be made; `outputs` of the stack.
    """
    resources = _programs_own(state)
    stack = resources.pop(0)
    index = {resource["urn"]: number for number, resource in enumerate(resources)}
    return {
        "resources": [_constant(resource, index) for resource in resources],
        "outputs": stack["outputs"],
    }


def install(program: dict[str, Any], workspace: Workspace) -> None:
    """Make the bare program what a workspace runs from now on.

    Args:
        program: its constants.
        workspace: prepared.
    """
    (workspace.project / "constants.json").write_text(json.dumps(program), "utf-8")
    path = workspace.project / "Pulumi.yaml"
    settings = yaml.safe_load(path.read_text("utf-8"))
    settings["main"] = str(Path(__file__).with_name("bare_program.py"))
    path.write_text(yaml.safe_dump(settings, sort_keys=False), "utf-8")


def _constant(resource: State, index: dict[str, int]) -> dict[str, Any]:
    token, name = resource["type"], resource["urn"].rpartition("::")[2]
    constant = {"name": name, "options": _options(resource, index)}
    if not resource["custom"]:
        return constant | {"type": token, "outputs": resource.get("outputs", {})}
    if token.startswith(_PROVIDER):
        module, kind = f"pulumi_{token.removeprefix(_PROVIDER)}", "Provider"
    else:
        module, _, kind = _CLASSES[token]
    arguments = {
        to_snake(key): _structured(value) if kind == "Provider" else value
        for key, value in resource["inputs"].items()
        if key not in _ADDED
    }
    return constant | {"module": module, "class": kind, "arguments": arguments}


def _options(resource: State, index: dict[str, int]) -> dict[str, Any]:
    urns = {
        "parent": resource["parent"],
        "provider": resource.get("provider", "").rpartition("::")[0],
        "deletedWith": resource.get("deletedWith"),
    }
    return {key: index[urn] for key, urn in urns.items() if urn in index} | {
        "dependsOn": [index[urn] for urn in resource.get("dependencies", ())],
        "protect": resource.get("protect", False),
        "retainOnDelete": resource.get("retainOnDelete", False),
    }


def _structured(value: Any) -> Any:
    """Return a provider's argument: all but text is JSON on the wire."""
    return json.loads(value) if value in ("true", "false") or value[:1] in "[{" else value


def declared(state: State) -> dict[str, Any]:
    """Return what a program said of each resource of a state, by URN.

    Two programs that declare the same have the same here; the rest of a state is what
    the providers made of it.
    """
    return {
        resource["urn"]: {
            key: resource.get(key)
            for key in ("inputs", "parent", "protect", "retainOnDelete", "deletedWith")
        }
        | {
            "provider": resource.get("provider", "").rpartition("::")[0],
            "dependencies": sorted(resource.get("dependencies", ())),
            "outputs": None if resource["custom"] else resource.get("outputs"),
        }
        for resource in _programs_own(state)
    }


def _programs_own(state: State) -> list[State]:
    """Return a state's resources, the stack first, but the engine's own provider."""
    return [
        resource
        for resource in state["deployment"]["resources"]
        if resource["type"] != "pulumi:providers:pulumi"
    ]
