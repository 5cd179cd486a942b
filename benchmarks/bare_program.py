"""The bare program: the resources that `bare.constants` wrote down, and nothing else.

What Pulumi itself costs: the same classes of the same SDKs as ours, in one loop over
constants. The engine runs this file; it knows nothing of this project.
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pulumi


def _main(recorded: dict[str, Any]) -> None:
    made: list[Any] = []
    for constant in recorded["resources"]:
        references = constant["options"]
        options = pulumi.ResourceOptions(
            parent=made[references["parent"]] if "parent" in references else None,
            provider=made[references["provider"]] if "provider" in references else None,
            deleted_with=made[references["deletedWith"]] if "deletedWith" in references else None,
            depends_on=[made[index] for index in references["dependsOn"]],
            protect=references["protect"],
            retain_on_delete=references["retainOnDelete"],
        )
        if "outputs" in constant:
            resource = pulumi.ComponentResource(constant["type"], constant["name"], None, options)
            resource.register_outputs(constant["outputs"])
        else:
            kind = getattr(import_module(constant["module"]), constant["class"])
            resource = kind(constant["name"], opts=options, **constant["arguments"])
        made.append(resource)
    for output, value in recorded["outputs"].items():
        pulumi.export(output, value)


_main(json.loads((Path(pulumi.get_root_directory()) / "constants.json").read_text("utf-8")))
