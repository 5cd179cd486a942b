"""What the program is made of: run, and read, to prove that it is nothing else."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import VARIANTS, resources_of
from stack_trees import PROJECT_FOLDER

from infra.shards.program import changes_program

# Every way to store, after what `__main__.py` begins with.
_RUN = """
import json, sys
sys.path[:0] = ["tests", "runtime", "."]
import program
for variant in program.VARIANTS.values():
    program.run(variant.config("ann"))
print(json.dumps({
    name: module.__file__ for name, module in sys.modules.items()
    if name.partition(".")[0] in ("infra", "cmbcluster_storage")
}))
"""
# Names which another than `import` brings in, and where: the twin of the cloud, which is run
# above, and the runtime's public names, none of which the program asks for.
_DYNAMIC = {"infra.stack", "cmbcluster_storage"}


@pytest.fixture(scope="module")
def loaded() -> dict[str, str]:
    """Return the files of all modules that a run loads, from the project's folder on."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN], cwd=PROJECT_FOLDER, check=True, capture_output=True, text=True
    )
    files = json.loads(done.stdout.splitlines()[-1])
    return {
        name: Path(file).resolve().relative_to(PROJECT_FOLDER).as_posix()
        for name, file in files.items()
    }


def test_all_that_a_run_loads_is_of_the_program(loaded: dict[str, str]):
    assert {"infra.aws", "infra.gcp", "infra.volumes", "cmbcluster_storage.rules"} <= loaded.keys()
    assert [file for file in loaded.values() if not changes_program([file])] == []


def test_nothing_else_is_of_it(loaded: dict[str, str]):
    modules = {
        path.relative_to(PROJECT_FOLDER).as_posix()
        for folder in ("infra", "runtime")
        for path in (PROJECT_FOLDER / folder).rglob("*.py")
    }
    assert {path for path in modules if changes_program([path])} == set(loaded.values())


def test_what_python_would_import_and_up_would_use_is_of_it():
    new = ("semver/__init__.py", "vendored/data.json", "semver.py", "yaml.cpython-312.so")
    for path in (*new, "__main__.py", "policy/rules/s3.py", ".github/kubeconfig.yaml"):
        assert changes_program([path]), path
    for path in ("LICENSE", "Pulumi.aws.yaml", "docs/x.md", ".github/workflows/up.yml", "Makefile"):
        assert not changes_program([path]), path


def imported(module: str, file: str) -> Iterator[str]:
    """Yield all that a module imports or may import, wherever in it that stands."""
    for node in ast.walk(ast.parse((PROJECT_FOLDER / file).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Name | ast.Attribute) and module not in _DYNAMIC:
            assert "import" not in ast.unparse(node), f"{module}: what it imports cannot be read"


def ours(name: str) -> str | None:
    """Return the file of the innermost module of ours in a dotted name."""
    parts = name.split(".")
    if parts[0] not in ("infra", "cmbcluster_storage"):
        return None
    root = PROJECT_FOLDER / ("runtime" if parts[0] == "cmbcluster_storage" else "")
    for end in range(len(parts), 0, -1):
        path = root.joinpath(*parts[:end])
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.exists():
                return file.relative_to(PROJECT_FOLDER).as_posix()
    raise AssertionError(name)


def test_no_import_in_a_function_brings_in_more(loaded: dict[str, str]):
    read = {**loaded, "__main__": "__main__.py"}
    del read["cmbcluster_storage"]  # its table of public names
    found = {name for module, file in read.items() for name in imported(module, file)}
    assert {ours(name) for name in found} - {None} <= set(loaded.values())
    assert {"infra.config.load", "infra.stack.deploy"} <= found
    # Not even a public name of the runtime, which its table would bring in.
    package = "runtime/cmbcluster_storage/__init__.py"
    assert [name for name in found if ours(name) == package] == []


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_limits_and_consent_reach_no_resource(cloud: str):
    review = {"maxDeletes": 9, "maxReplaces": 9, "maxUsers": 9, "consent": ["ann", "bob"]}
    variant = VARIANTS[cloud]
    assert resources_of(variant.config("ann", review=review)) == resources_of(variant.config("ann"))
