"""Every argument that the program hands to one of Pulumi's SDKs exists, at every depth.

The SDKs would stop the program as well, at the first run that comes by: here every one is
looked at, also those of a stack that no test has.
"""

import ast
import importlib
import inspect
import types
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
from program import AWS, GCP, run

import infra
from infra import aws, gcp, volumes

INFRA = Path(infra.__file__).parent


def modules_with_an_sdk() -> Iterator[types.ModuleType]:
    for path in sorted(INFRA.rglob("*.py")):
        dotted = path.relative_to(INFRA.parent).with_suffix("").as_posix().replace("/", ".")
        if path.name != "__main__.py" and "pulumi" in path.read_text("utf-8"):
            yield importlib.import_module(dotted.removesuffix(".__init__"))


MODULES = {module.__name__: module for module in modules_with_an_sdk()}


@cache
def parameters(thing: Callable[..., Any]) -> set[str]:
    """Return the names of what an SDK's class or function takes."""
    # A resource's own constructor takes anything and hands it on to this one.
    if isinstance(thing, type) and issubclass(thing, pulumi.Resource):
        thing = thing._internal_init
    found = inspect.signature(thing).parameters.values()
    assert not [one for one in found if one.kind is inspect.Parameter.VAR_KEYWORD], thing
    return {one.name for one in found}


def called(module: types.ModuleType, function: ast.expr) -> Any:
    """Return what a dotted name stands for in a module, None for one of ours or Python's."""
    parts = ast.unparse(function).split(".")
    thing = vars(module).get(parts[0])
    for part in parts[1:]:
        thing = getattr(thing, part, None)
    of = getattr(thing, "__module__", None) or ""
    return thing if of.partition(".")[0].startswith("pulumi") else None


def arguments(module: types.ModuleType) -> Iterator[tuple[ast.keyword, set[str]]]:
    """Yield every argument that a module hands to an SDK, with what could stand there."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and (thing := called(module, node.func)):
            for keyword in node.keywords:
                assert keyword.arg, f"{module.__name__}:{node.lineno} hands over a whole dict"
                yield keyword, parameters(thing)


@pytest.mark.parametrize("name", MODULES)
def test_every_argument_exists(name: str):
    assert [
        f"{name}:{argument.value.lineno} {argument.arg}"
        for argument, known in arguments(MODULES[name])
        if argument.arg not in known
    ] == []


SOME = {
    "infra.aws": {"bucket_namespace", "role_arn", "target_prefix", "block_public_acls", "prefix"},
    "infra.aws_rules": {"noncurrent_days", "sse_algorithm", "expired_object_delete_marker"},
    "infra.gcp": {"policy_data", "account_id", "retention_duration_seconds", "project"},
    "infra.gcp_rules": {"num_newer_versions", "default_kms_key_name", "log_bucket"},
    "infra.held": {"protect", "retain_on_delete", "import_", "deleted_with"},
    "infra.stack": {"providers"},
    "infra.volumes": {"metadata", "spec", "annotations", "context", "depends_on"},
}


def test_what_is_looked_at_is_all_there_is():
    found = {name: {one.arg for one, _ in arguments(module)} for name, module in MODULES.items()}
    assert {name for name, names in found.items() if names} >= SOME.keys()
    for name, some in SOME.items():
        assert some <= found[name]
    assert sum(len([*arguments(module)]) for module in MODULES.values()) > 100


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('aws.s3.Bucket("b", force_destroy=True)', 'aws.s3.Bucket("b", force_destoy=True)'),
        (
            "aws.s3.BucketVersioningVersioningConfigurationArgs(status='Enabled')",
            "aws.s3.BucketVersioningVersioningConfigurationArgs(staus='Enabled')",
        ),
        ("aws.s3.get_buckets(prefix='b')", "aws.s3.get_buckets(prefx='b')"),
        ("ResourceOptions(protect=True)", "ResourceOptions(protec=True)"),
        (
            "f(lambda: [aws.iam.Role('r', tags={'a': str(object=1)})])",
            "f(lambda: [aws.iam.Role('r', tag={'a': str(object=1)})])",
        ),
    ],
)
def test_a_misspelt_argument_is_found(right: str, wrong: str, monkeypatch: pytest.MonkeyPatch):
    for source, misspelt in ((right, 0), (wrong, 1)):
        with monkeypatch.context() as patch:
            patch.setattr(inspect, "getsource", lambda _, source=source: source)
            found = [argument.arg not in known for argument, known in arguments(aws)]
        assert (len(found), sum(found)) == (1, misspelt)


@pytest.mark.parametrize(
    ("module", "spelt", "misspelt", "chosen"),
    [
        (aws, "force_destroy=", "force_destoy=", AWS),
        (aws, "object_ownership=", "object_owner=", AWS),
        (gcp, "retention_duration_seconds=", "retention_seconds=", GCP),
        (volumes, "annotations=", "annotation=", GCP),
    ],
)
def test_a_misspelt_argument_stops_the_program_too(
    module: types.ModuleType,
    spelt: str,
    misspelt: str,
    chosen: Any,
    monkeypatch: pytest.MonkeyPatch,
):
    source = inspect.getsource(module)
    assert source.count(spelt) == 1
    wrong = compile(source.replace(spelt, misspelt), str(module.__file__), "exec")
    with monkeypatch.context() as patch:
        for name, value in vars(module).items():
            patch.setattr(module, name, value)  # to have it back
        exec(wrong, vars(module))  # noqa: S102 - ours
        with pytest.raises(TypeError, match=f"'{misspelt[:-1]}'"):
            run(chosen.config("ann@example.org"))
