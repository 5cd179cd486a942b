"""`make demo`: the whole story in a minute, each step checked as it is told.

A workspace of its own, made anew every time. Ends with exit code 1 and the reason as
soon as a step is not as said.
"""

import base64
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from sandbox.processes import exit_with_parent
from sandbox.run import Run
from sandbox.workspace import CHECKOUT, Workspace, folder_of, remove

_STACKS = ("aws", "gcp")
_NEWCOMER = "eve@example.org"
# The stack itself, the cloud's provider, Kubernetes'.
_SHARED_RESOURCES = 3

# What a researcher would type into a notebook. It gets a bucket's name, nothing else.
_NOTEBOOK = """\
import asyncio, json, sys
from cmbcluster_storage import StorageManager

async def main(bucket: str) -> None:
    async with StorageManager() as storage:
        await storage.upload_object(bucket, "results/spectrum.csv", b"l,Cl\\n2,1017\\n")
        await storage.upload_object(bucket, "results/spectrum.csv", b"l,Cl\\n2,1032\\n")
        listed = await storage.list_objects(bucket)
        versions = await storage.list_objects(bucket, versions=True)
        bodies = [
            await storage.download_object(bucket, old.name, version_id=old.version_id)
            for old in versions
        ]
    print(json.dumps([[info.name for info in listed], [body.decode() for body in bodies]]))

asyncio.run(main(sys.argv[1]))
"""


class DemoError(Exception):
    """A step was not as said."""


def main() -> int:
    """Tell the story and return the exit code."""
    exit_with_parent()
    folder = folder_of("demo")
    remove(folder)
    stack_files = folder / "stack-files"
    stack_files.mkdir(parents=True)
    for source in CHECKOUT.glob("Pulumi*.yaml"):
        shutil.copy(source, stack_files)
    try:
        for stack in _STACKS:
            with Run(Workspace(folder / "workspace", stack_files), stack) as run:
                _tell(run, stack_files / f"Pulumi.{stack}.yaml")
    except DemoError as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    _heading("The Kubernetes objects are here")
    for path in sorted((folder / "workspace" / "clusters").rglob("*.yaml")):
        print(os.path.relpath(path))
    print("\nGo on by yourself: python -m sandbox --help")
    return 0


def _tell(run: Run, stack_file: Path) -> None:
    settings = yaml.safe_load(stack_file.read_text("utf-8"))
    users = settings["config"]["cmbcluster-storage:users"]
    provider = settings["config"]["cmbcluster-storage:cloud"]["provider"]
    _heading(f"{provider} 1. pulumi up: storage for the {len(users)} users of {stack_file.name}")
    print(yaml.safe_dump({"users": users}).rstrip(), flush=True)
    created = _summary(_pulumi(run, "up", "--skip-preview", "--json"))
    per_user, rest = divmod(created.get("create", 0) - _SHARED_RESOURCES, len(users))
    _expect(set(created) == {"create"} and per_user > 0 and not rest, f"created: {created}")
    tree = _pulumi(run, "stack").partition("Current stack resources")[2]
    print("\nResources" + tree.partition("Current stack outputs")[0].rstrip(), flush=True)

    outputs = json.loads(_pulumi(run, "stack", "output", "--json"))
    user, storage = next(iter(outputs["users"].items()))
    _heading(f"{provider} 2. {user} works with it, knowing only what the outputs say")
    print(json.dumps(storage, indent=2))
    _use(run, outputs["platform"], storage)

    _heading(f"{provider} 3. A pull request adds one line, {_NEWCOMER}: what would it change?")
    committed = stack_file.read_text("utf-8")
    users.append(_NEWCOMER)
    stack_file.write_text(yaml.safe_dump(settings, sort_keys=False), "utf-8")
    run.workspace.prepare()
    _preview(run, per_user)
    stack_file.write_text(committed, "utf-8")
    run.workspace.prepare()

    _heading(f"{provider} 4. pulumi up again: nothing to do")
    again = _summary(_pulumi(run, "up", "--skip-preview", "--json", "--expect-no-changes"))
    _expect(set(again) == {"same"}, f"changed: {again}")
    print(f"{again['same']} resources are as they should be; 0 changes.")


def _use(run: Run, platform: dict[str, str], storage: dict[str, str]) -> None:
    """Work as a user's server would: told where, and let in by its service account."""
    print(_NOTEBOOK, flush=True)
    done = run.command(
        [sys.executable, "-c", _NOTEBOOK, storage["bucketName"]],
        environment=_pod_environment(run, platform, storage),
    )
    _expect(done.returncode == 0, done.stderr)
    listed, bodies = json.loads(done.stdout)
    print(f"listed, once:       {listed}\nread, newest first: {bodies}")
    _expect(listed == ["results/spectrum.csv"], "one object was to be listed")
    _expect(bodies == ["l,Cl\n2,1032\n", "l,Cl\n2,1017\n"], "both versions were to be read")


def _pod_environment(run: Run, platform: dict[str, str], storage: dict[str, str]) -> dict[str, str]:
    """Return a pod's environment: on AWS the webhook adds what the annotation names."""
    operators = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    pod = {key: value for key, value in run.environment.items() if key not in operators}
    pod["CLOUD_PROVIDER"] = platform["provider"]
    if platform["provider"] == "aws":
        name, namespace = storage["serviceAccountName"], storage["namespace"]
        manifests = run.workspace.clusters.glob(f"*/{namespace}/serviceaccount-{name}.yaml")
        account = yaml.safe_load(next(manifests).read_text("utf-8"))
        token = run.workspace.folder / "token"
        token.write_text(_token(f"system:serviceaccount:{namespace}:{name}"), "utf-8")
        pod |= {
            "AWS_REGION": platform["region"],
            "AWS_ROLE_ARN": account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"],
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        }
    return pod


def _preview(run: Run, per_user: int) -> None:
    """Show that a preview has exactly the newcomer's resources in it."""
    report = json.loads(_pulumi(run, "preview", "--json"))
    changes = [step for step in report["steps"] if step["op"] != "same"]
    for kind, name in (step["urn"].split("::")[2:] for step in changes):
        print(f"  + {kind.rpartition('$')[2]:<92} {name}")
    _expect(len(changes) == per_user, f"{len(changes)} steps, not {per_user}")
    _expect(all(step["op"] == "create" for step in changes), "only creates were to come")
    _expect(
        all(step["urn"].rpartition("::")[2].startswith("eve-example-org-") for step in changes),
        f"only resources of {_NEWCOMER} were to come",
    )
    unchanged = report["changeSummary"]["same"]
    print(f"{len(changes)} to create, all of them {_NEWCOMER}'s; {unchanged} unchanged.")


def _pulumi(run: Run, *arguments: str) -> str:
    done = run.pulumi(*arguments, captured=True)
    _expect(done.returncode == 0, f"pulumi {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _summary(events: str) -> dict[str, Any]:
    """Return how many resources had which step, out of the engine's events."""
    for line in events.splitlines():
        if "summaryEvent" in (event := json.loads(line)):
            return dict(event["summaryEvent"]["resourceChanges"])
    raise DemoError(f"the engine told no summary:\n{events}")


def _token(subject: str) -> str:
    """Return a token like the one that the cluster projects into a pod, but for its signature."""
    parts = ({"alg": "none"}, {"sub": subject, "aud": ["sts.amazonaws.com"]})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(part.rstrip("=") for part in encoded), ""])


def _expect(as_said: bool, otherwise: str) -> None:
    if not as_said:
        raise DemoError(otherwise)


def _heading(text: str) -> None:
    print(f"\n== {text}\n", flush=True)
