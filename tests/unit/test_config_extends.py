"""Stacks that take settings over from another stack's file."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.runtime.settings import SETTINGS
from stack_trees import (
    LEAST,
    MOST_ON,
    Tree,
    changed,
    config_of,
    engine_values,
    on_each_cloud,
    without,
)

from infra.config import ConfigError, load, parse, read

EXTENDS = "cmbcluster-storage:extends"
TAKEN_OVER = ("platform", "cloud", "kubernetes", "buckets", "review")


def write(folder: Path, stack: str, tree: Tree, **root: Any) -> None:
    config = {f"cmbcluster-storage:{key}": value for key, value in tree.items()}
    text = yaml.safe_dump({**root, "config": config}, allow_unicode=True)
    (folder / f"Pulumi.{stack}.yaml").write_text(text, "utf-8")


def shard(of: str, *users: Any, **tree: Any) -> Tree:
    return {"extends": of, "users": list(users), **tree}


def base(cloud: str = "aws", /, **tree: Any) -> Tree:
    return {**without(MOST_ON[cloud], ("extends",)), **tree}


def refusal(folder: Path, stack: str) -> tuple[str, list[str]]:
    with pytest.raises(ConfigError) as caught:
        read(folder, stack)
    first, *rest = str(caught.value).splitlines()
    return first, rest


def problems_in(folder: Path, stack: str) -> list[str]:
    first, rest = refusal(folder, stack)
    assert first == "the stack's config cannot be used:"
    return rest


@on_each_cloud
def test_a_stack_takes_everything_over_but_users(tmp_path: Path, cloud: str):
    write(tmp_path, "one", base(cloud))
    write(tmp_path, "two", shard("one", "eve", {"id": "sam", "state": "suspended"}))
    users = ["eve", {"id": "sam", "state": "suspended"}]
    assert read(tmp_path, "two") == config_of(base(cloud, extends="one", users=users))


def test_what_the_other_leaves_out_is_the_default_here_too(tmp_path: Path):
    write(tmp_path, "aws", LEAST)
    write(tmp_path, "aws-2", shard("aws"))
    assert read(tmp_path, "aws-2") == config_of({**LEAST, "extends": "aws"})


def test_a_stack_takes_over_from_one_that_does_so_itself(tmp_path: Path):
    write(tmp_path, "one", base())
    write(tmp_path, "two", shard("one", "eve"))
    write(tmp_path, "three", shard("two", "sam"))
    assert read(tmp_path, "three") == config_of(base(extends="two", users=["sam"]))


@pytest.mark.parametrize("value", [None, "", "{}"])
def test_a_key_that_is_empty_is_not_written(tmp_path: Path, value: Any):
    # The engine hands over the project file's defaults.
    write(tmp_path, "aws", LEAST)
    empty = {} if value is None else dict.fromkeys(TAKEN_OVER, value)
    values = engine_values({**empty, "extends": "aws", "users": ["eve"]})
    assert under_the_engine(tmp_path, "aws-2", values) == config_of(
        {**LEAST, "extends": "aws", "users": ["eve"]}
    )


def under_the_engine(folder: Path, stack: str, values: dict[str, str]) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SETTINGS, "root_directory", str(folder))
        patch.setattr(SETTINGS, "stack", stack)
        patch.setenv("PULUMI_CONFIG", json.dumps(values))
        return load()


def test_the_running_stack_takes_over_in_the_same_way(tmp_path: Path):
    write(tmp_path, "aws", LEAST)
    write(tmp_path, "aws-2", shard("aws", "eve"))
    made = under_the_engine(tmp_path, "aws-2", engine_values(shard("aws", "eve")))
    assert made == read(tmp_path, "aws-2")


def test_the_running_stack_needs_no_file_of_its_own_to_take_over(tmp_path: Path):
    write(tmp_path, "aws", LEAST)
    made = under_the_engine(tmp_path, "aws-2", engine_values(shard("aws", "eve")))
    assert made == config_of({**LEAST, **shard("aws", "eve")})


@pytest.mark.parametrize("missing", ["hub", "Aws", "aws-3", "yaml", "*", "true"])
def test_a_stack_that_has_no_file_cannot_be_taken_over(tmp_path: Path, missing: str):
    write(tmp_path, "aws", LEAST)
    write(tmp_path, "aws-2", shard(missing))
    assert problems_in(tmp_path, "aws-2") == [
        f'cmbcluster-storage:extends: "{missing}" has no stack file here; write one of aws, aws-2'
    ]


def test_files_elsewhere_are_not_taken_over(tmp_path: Path):
    folder = tmp_path / "project"
    (folder / "Pulumi.x").mkdir(parents=True)
    write(tmp_path, "aws", LEAST)
    write(folder / "Pulumi.x", "y", LEAST)
    for way in ("../aws", "x/Pulumi.y", f"{tmp_path}/aws"):
        write(folder, "aws-2", shard(way))
        assert problems_in(folder, "aws-2") == [
            f'cmbcluster-storage:extends: "{way}" has no stack file here; write one of aws-2'
        ]


@pytest.mark.parametrize(
    ("extends", "way"),
    [
        ({"one": "one"}, "one extends one"),
        ({"one": "two", "two": "one"}, "one extends two extends one"),
        (
            {"one": "two", "two": "three", "three": "two"},
            "one extends two extends three extends two",
        ),
    ],
)
def test_stacks_do_not_take_over_from_each_other(tmp_path: Path, extends: dict[str, str], way: str):
    for stack, of in extends.items():
        write(tmp_path, stack, shard(of))
    assert problems_in(tmp_path, "one") == [
        f"cmbcluster-storage:extends: {way}, which never ends; drop one of them"
    ]


def test_a_row_of_stacks_has_an_end(tmp_path: Path):
    write(tmp_path, "s1", base())
    for number in range(2, 12):
        write(tmp_path, f"s{number}", shard(f"s{number - 1}"))
    assert read(tmp_path, "s10").platform == base()["platform"]
    assert problems_in(tmp_path, "s11") == [
        "cmbcluster-storage:extends: s11 extends s10, and so on over 10 stack files; extend the "
        "one that writes the settings"
    ]


@pytest.mark.parametrize("key", TAKEN_OVER)
def test_what_is_taken_over_is_not_written_again(tmp_path: Path, key: str):
    write(tmp_path, "aws", base())
    write(tmp_path, "aws-2", shard("aws", **{key: base()[key]}))
    assert problems_in(tmp_path, "aws-2") == [
        f'cmbcluster-storage:extends: "aws" gives aws-2 its {key}, and Pulumi.aws-2.yaml has it '
        "as well; drop one of the two"
    ]


def test_all_that_is_written_again_is_told_in_the_file_that_has_it(tmp_path: Path):
    write(tmp_path, "one", base())
    write(tmp_path, "two", base(extends="one"))
    write(tmp_path, "three", shard("two"))
    assert problems_in(tmp_path, "three") == [
        'cmbcluster-storage:extends: "one" gives two its platform, cloud, kubernetes, buckets, '
        "review, and Pulumi.two.yaml has it as well; drop one of the two"
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("platform", {"secure": "v1:x"}),
        ("cloud", {"provider": "aws", "accountId": {"secure": "v1:x"}}),
    ],
)
def test_what_is_encrypted_is_not_taken_over(tmp_path: Path, key: str, value: Tree):
    write(tmp_path, "aws", base(**{key: value}))
    write(tmp_path, "aws-2", shard("aws"))
    assert problems_in(tmp_path, "aws-2") == [
        f"cmbcluster-storage:extends: Pulumi.aws.yaml has {key} encrypted; nothing there is "
        "secret, write it plainly"
    ]


def test_what_is_not_taken_over_may_be_anything(tmp_path: Path):
    write(tmp_path, "aws", {**LEAST, "users": [{"id": {"secure": "v1:x"}}, 7], "zzz": 1}, zzz={})
    write(tmp_path, "aws-2", shard("aws", "eve"))
    assert read(tmp_path, "aws-2").users[0].id == "eve"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("config: {", "while parsing a flow node"),
        ("config: {x: 1, x: 2}", "the key x is there twice"),
        ("- x", "it has list where keys are to be"),
    ],
)
def test_a_broken_file_is_not_taken_over_and_named(tmp_path: Path, text: str, why: str):
    write(tmp_path, "aws-2", shard("aws"))
    (tmp_path / "Pulumi.aws.yaml").write_text(text, "utf-8")
    first, *_ = problems_in(tmp_path, "aws-2")
    assert first.startswith(f"Pulumi.aws.yaml is no stack file; write it anew: {why}")


ELSEWHERE = (
    "the stack's config cannot be used (platform, cloud, kubernetes, buckets, review are those "
    "of Pulumi.one.yaml):"
)


def test_a_wrong_value_is_told_with_the_file_that_has_it(tmp_path: Path):
    write(tmp_path, "one", changed(LEAST, ("buckets", "versionning"), True))
    write(tmp_path, "two", shard("one"))
    write(tmp_path, "three", shard("two", "eve", "eve"))
    assert refusal(tmp_path, "three") == (
        ELSEWHERE,
        [
            "cmbcluster-storage:buckets.versionning: is no key of this file; did you mean "
            "cmbcluster-storage:buckets.versioning?",
            "cmbcluster-storage:users: 'eve' and 'eve' are one user to this stack; keep one line",
        ],
    )


def test_what_nobody_wrote_is_told_with_the_last_file(tmp_path: Path):
    write(tmp_path, "one", without(LEAST, ("kubernetes",)))
    write(tmp_path, "two", shard("one"))
    assert refusal(tmp_path, "two") == (
        ELSEWHERE,
        [
            "cmbcluster-storage:kubernetes: is missing; write namespace and context or renderTo",
        ],
    )


def test_numbers_that_lost_their_quotes_there_are_refused_as_here(tmp_path: Path):
    tree = changed(LEAST, ("cloud", "accountId"), 123456789012)
    write(tmp_path, "one", tree)
    write(tmp_path, "two", shard("one"))
    with pytest.raises(ConfigError) as here:
        parse(engine_values(tree))
    assert refusal(tmp_path, "two") == (ELSEWHERE, str(here.value).splitlines()[1:])
