"""A workspace: one folder in which the engine runs a copy of the project.

The engine rewrites stack files, so it never sees the committed ones: each run copies
them here, with `main:` pointing back at the program. Pulumi's home with our plugins, the
state and the emulated cloud live beside them, so removing the folder forgets everything.
"""

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from infra import stack_files
from infra.stack_files import PROJECT, StackFileError
from sandbox import clouds, engine

CHECKOUT = Path(__file__).resolve().parent.parent
ROOT = CHECKOUT / ".sandbox"
SCHEMAS = ROOT / "schemas"

_CLOUD = f"{PROJECT}:cloud"
_PLUGINS = {"aws": "pulumi_aws", "gcp": "pulumi_gcp", "kubernetes": "pulumi_kubernetes"}
# What is passed on to the engine and to what it starts: no credential or setting of a
# person's own may reach a plugin. With PULUMI_DEBUG_COMMANDS the engine knows `--event-log`.
_PASSED_ON = (
    "HOME", "LANG", "LC_ALL", "NO_COLOR", "PATH", "PULUMI_DEBUG_COMMANDS", "SHELL", "TERM",
    "TMPDIR", "TZ", "USER",
)  # fmt: skip


class Workspace:
    """The folders of one workspace, made when it is entered for the first time.

    Attributes:
        folder: all of it.
        project: where the engine runs: the copies of `Pulumi*.yaml`.
        emulators: what the emulated clouds contain.
        clusters: the Kubernetes objects, a folder for each kubeconfig context.
    """

    def __init__(
        self, folder: Path, stack_files: Path = CHECKOUT, virtualenv: Path = Path(sys.prefix)
    ) -> None:
        """Take the folder, the one with the `Pulumi*.yaml` files, the program's Python."""
        self.folder = folder
        self.project = folder / "project"
        self.emulators = folder / "emulators"
        self.clusters = folder / "clusters"
        self._home = folder / "home"
        self._state = folder / "state"
        self._stack_files = stack_files
        self._virtualenv = virtualenv

    def prepare(self) -> None:
        """Make what is missing, and copy the stack files as they are now."""
        for path in (self.project, self.emulators, self.clusters, self._state):
            path.mkdir(parents=True, exist_ok=True)
        host = self._home / "plugins" / f"language-python-v{engine.version()}"
        host.mkdir(parents=True, exist_ok=True)
        _write_script(host / "pulumi-language-python", "sandbox.language_host")
        for name in _PLUGINS:
            plugin = self._plugin(name)
            remove(plugin)  # it may be an official one, of an earlier run
            plugin.mkdir(parents=True)
            _write_script(plugin / f"pulumi-resource-{name}", f"sandbox.{name}")
        self._keep_no_log()
        self._copy_stack_files()
        self._link_policy_pack()
        self._remove_stale_locks()

    def take_official_plugin(self, name: str, installed: Path) -> bool:
        """Put the official plugin of a provider in the place of ours.

        Args:
            name: of the provider.
            installed: the folder of a person's plugins.

        Returns:
            Whether it is there, in the version that the SDK wants.
        """
        plugin = self._plugin(name)
        official = installed / plugin.name
        if not (official / f"pulumi-resource-{name}").exists():
            return False
        remove(plugin)
        plugin.mkdir()
        for path in official.iterdir():
            (plugin / path.name).symlink_to(path)
        return True

    def has_stack(self, stack: str) -> bool:
        """Tell whether the engine knows the stack already."""
        return (self._state / f".pulumi/stacks/{PROJECT}/{stack}.json").exists()

    def _plugin(self, name: str) -> Path:
        return self._home / "plugins" / f"resource-{name}-v{plugin_version(_PLUGINS[name])}"

    def environment(self, stack: str, emulator_url: str) -> dict[str, str]:
        """Return the whole environment of the engine, and of who works beside it.

        Args:
            stack: what plain `pulumi` commands mean.
            emulator_url: where the emulator of the stack's cloud listens.
        """
        inherited = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        paths = (engine.path().parent, Path(sys.executable).parent)
        return inherited | {
            "PATH": os.pathsep.join([*map(str, paths), inherited.get("PATH", os.defpath)]),
            "PULUMI_HOME": str(self._home),
            "PULUMI_BACKEND_URL": f"file://{self._state}?metadata=skip",
            "PULUMI_STACK": stack,
            "PULUMI_CONFIG_PASSPHRASE": "sandbox",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "SANDBOX_CLUSTERS": str(self.clusters),
            "SANDBOX_PROJECT": str(self.project),
            **clouds.environment(self.cloud(stack), emulator_url),
        }

    def cloud(self, stack: str) -> dict[str, str]:
        """Return what the stack's file says of its cloud, empty if that cannot be read."""
        try:
            values = stack_files.read(self.project, stack).values
            cloud = json.loads(stack_files.extended(self.project, stack, values)[0][_CLOUD])
        except (StackFileError, KeyError, ValueError):
            cloud = None  # whatever is wrong with the file, the program says it better
        return cloud if isinstance(cloud, dict) else {}

    def _copy_stack_files(self) -> None:
        committed = {path.name: path for path in self._stack_files.glob("Pulumi*.yaml")}
        for stale in set(self.project.glob("Pulumi*.yaml")):
            if stale.name not in committed:
                stale.unlink()
        for name, source in committed.items():
            text, copy = source.read_text("utf-8"), self.project / name
            if name == "Pulumi.yaml":
                text = self._project_file(text)
            elif copy.exists():  # the engine has added the salt of this workspace's secrets
                lines = copy.read_text("utf-8").splitlines(keepends=True)
                text += "".join(line for line in lines if line.startswith("encryptionsalt:"))
            copy.write_text(text, "utf-8")

    def _keep_no_log(self) -> None:
        """Put a file where the engine keeps a log of all that it does, which it then leaves out.

        It takes a third of the engine's time, and has secrets in plain text until the stack is
        known. There is no option. `--logtostderr --verbose 9` tells the same.
        """
        log = self._home / "logs"
        if log.is_dir():
            remove(log)
        log.touch()

    def _link_policy_pack(self) -> None:
        """Let `--policy-pack policy` mean here what it means in the checkout."""
        link = self.project / "policy"
        if not link.exists():
            link.unlink(missing_ok=True)  # to a checkout that has gone
            link.symlink_to(CHECKOUT / "policy")

    def _project_file(self, text: str) -> str:
        try:
            settings = yaml.safe_load(text)
            settings.setdefault("main", str(CHECKOUT))
            settings["runtime"]["options"]["virtualenv"] = str(self._virtualenv)
        except (yaml.YAMLError, AttributeError, KeyError, TypeError):
            return text  # the engine says what is wrong with it
        return yaml.safe_dump(settings, sort_keys=False)

    def _remove_stale_locks(self) -> None:
        """Remove the locks of engines that were killed; those of living ones stay."""
        for lock in self._locks():
            try:
                holder = json.loads(lock.read_text("utf-8"))["pid"]
            except (ValueError, KeyError):
                holder = None
            if holder is None or not _is_alive(holder):
                lock.unlink(missing_ok=True)

    def _locks(self) -> Iterator[Path]:
        yield from (self._state / ".pulumi" / "locks").rglob("*.json")


def folder_of(name: str) -> Path:
    """Return the folder of a workspace: below .sandbox, or where SANDBOX_FOLDER says."""
    return Path(os.environ.get("SANDBOX_FOLDER") or ROOT).absolute() / name


def remove(folder: Path) -> None:
    """Remove a workspace and all that it remembers."""
    if folder.exists():
        shutil.rmtree(folder)


def plugin_version(sdk: str) -> str:
    """Return the version of the plugin that an SDK asks for, as the SDK tells it."""
    spec = importlib.util.find_spec(sdk)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{sdk} is not installed; run `make setup`")
    document = json.loads((Path(spec.origin).parent / "pulumi-plugin.json").read_text("utf-8"))
    return str(document["version"])


def _write_script(path: Path, module: str) -> None:
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n', "utf-8")
    path.chmod(0o755)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
