"""The README is true: its tables are the code's, its Python runs, its commands exist."""

import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cmbcluster_storage import rules
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from infra.config import read
from infra.settings import StackConfig
from infra.stack import OUTPUTS
from infra.stack_files import EXTENDS
from sandbox.workspace import CHECKOUT

README = (CHECKOUT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)


def table(name: str) -> list[str]:
    """Return a generated table's rows as they stand in the README."""
    text = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", README, re.S)
    assert text, f"the README has no {name}"
    return text[1].splitlines()[2:]


def config_rows(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for field in model.model_fields.values():
        key = f"{prefix}{field.alias}"
        if inner := models_in(field.annotation):
            entry = f"{key}[]" if typing.get_origin(field.annotation) is tuple else key
            yield f"| `{entry}` | | {shown_default(field)} | {field.description} |"
            if len(inner) > 1:
                yield from union_rows(inner, f"{entry}.")
            else:
                yield from config_rows(inner[0], f"{entry}.")
        else:
            yield row(key, field, type_name(field.annotation))


def union_rows(models: list[type[BaseModel]], prefix: str) -> Iterator[str]:
    """Yield the key that chooses the model, with all choices, then the keys of each."""
    choices = [model.model_fields["provider"] for model in models]
    kinds = " or ".join(type_name(choice.annotation) for choice in choices)
    yield row(f"{prefix}provider", choices[0], kinds)
    for model in models:
        cloud = str(model.__doc__).rstrip(".").rpartition(", ")[2]  # "on AWS"
        for name, field in model.model_fields.items():
            if name != "provider":
                kind = type_name(field.annotation)
                yield row(f"{prefix}{field.alias}", field, kind, f"{cloud}: ")


def row(key: str, field: FieldInfo, kind: str, cloud: str = "") -> str:
    return f"| `{key}` | {kind} | {shown_default(field)} | {cloud}{field.description} |"


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in typing.get_args(annotation) for model in models_in(inner)]


def type_name(annotation: Any) -> str:
    origin = typing.get_origin(annotation)
    if origin is tuple:
        return f"list of {type_name(typing.get_args(annotation)[0])}"
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in typing.get_args(annotation))
    if origin is types.UnionType:
        return type_name(typing.get_args(annotation)[0])
    return {str: "text", int: "whole number", bool: "true or false"}.get(annotation, "map of text")


def shown_default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, str):
        return f"`{default}`"
    return f"`{str(default).lower()}`" if isinstance(default, bool | int) else ""


def test_keys_of_one_cloud_say_of_which():
    rows = [row for row in table("config table") if row.startswith("| `cloud.")]
    assert rows[0] == "| `cloud.provider` | `aws` or `gcp` | required | the cloud |"
    assert {re.sub(r".*\| on (AWS|Google Cloud): .*", r"\1", row) for row in rows[1:]} == {
        "AWS",
        "Google Cloud",
    }


def test_the_config_table_is_the_models():
    assert table("config table") == list(config_rows(StackConfig))


def test_the_outputs_table_is_the_code_s():
    assert table("outputs table") == [
        f"| `{name}` | {meaning} |" for name, meaning in OUTPUTS.items()
    ]


def class_rows() -> Iterator[str]:
    """Yield, for each neutral class, what is written on each cloud and what is read on S3."""
    for neutral in typing.get_args(rules.StorageClass):
        written = rules.S3_STORAGE_CLASSES.get(neutral)
        read = [
            f"`{on_s3}`"
            for on_s3, as_neutral in rules.NEUTRAL_STORAGE_CLASSES.items()
            if as_neutral == neutral and on_s3 != written
        ]
        on_aws = f"`{written}`" if written else "refused: nobody can read it before it is restored"
        yield f"| `{neutral}` | `{neutral}` | {on_aws} | {', '.join(read)} |"


def test_the_table_of_storage_classes_is_the_code_s():
    assert table("storage classes table") == list(class_rows())


@pytest.mark.parametrize("block", blocks("python"))
def test_python_blocks_run(block: str):
    exec(compile(block, "README.md", "exec"), {})  # noqa: S102 - our own README


@pytest.mark.parametrize("block", blocks("yaml"))
def test_yaml_blocks_are_stack_files_that_are_accepted(tmp_path: Path, block: str):
    """A piece of one is completed from the committed file, unless it extends that."""
    committed = (CHECKOUT / "Pulumi.aws.yaml").read_text("utf-8")
    (tmp_path / "Pulumi.aws.yaml").write_text(committed, "utf-8")
    written = yaml.safe_load(block)
    shown = written.get("config", written)
    whole = {} if EXTENDS in shown else yaml.safe_load(committed)["config"]
    (tmp_path / "Pulumi.shown.yaml").write_text(yaml.safe_dump({"config": whole | shown}), "utf-8")

    config = read(tmp_path, "shown")

    users = shown["cmbcluster-storage:users"]
    assert [user.id for user in config.users] == [
        entry if isinstance(entry, str) else entry["id"] for entry in users
    ]


def test_the_first_screen_shows_exactly_two_commands():
    first_screen = README.partition("\n## ")[0]

    assert re.findall(r"^```bash\n(.*?)^```$", first_screen, re.M | re.S) == [
        "make demo\n",
        "make test\n",
    ]
    assert len(first_screen.splitlines()) < 40


def test_make_targets_of_the_documents_exist():
    targets = set(re.findall(r"^([a-z -]+):", (CHECKOUT / "Makefile").read_text("utf-8"), re.M))
    known = {target for line in targets for target in line.split()}
    texts = README + (CHECKOUT / "CONTRIBUTING.md").read_text("utf-8")

    assert set(re.findall(r"make ([a-z-]+)\b(?=`|\n)", texts)) <= known


def test_ci_runs_only_what_the_readme_says():
    commands = re.findall(r"^make .*$", (CHECKOUT / ".ci" / "run").read_text("utf-8"), re.M)

    assert commands == ["make check", "make test"]
    assert all(f"{command}" in README for command in commands)
