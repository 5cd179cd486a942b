"""Config read from the engine, and from any stack's file."""

import json
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime.settings import SETTINGS
from stack_trees import CLOUDS, COMMITTED, LEAST, PROJECT_FOLDER, engine_values, on_each_cloud

from infra import stack_files
from infra.config import ConfigError, load, parse, read


@pytest.fixture
def stack_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return where the stack file of the running stack would be; the engine's part is done."""
    monkeypatch.setattr(SETTINGS, "root_directory", str(tmp_path))
    monkeypatch.setattr(SETTINGS, "stack", "aws")
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(engine_values(LEAST)))
    return tmp_path / "Pulumi.aws.yaml"


def test_load_reads_what_the_engine_hands_over(monkeypatch: pytest.MonkeyPatch, stack_file: Path):
    stack_file.write_text("config:\n  cmbcluster-storage:platform: not-from-here\n", "utf-8")
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(engine_values(COMMITTED["aws"])))
    assert load() == parse(engine_values(COMMITTED["aws"]))


@on_each_cloud
def test_load_reads_the_committed_stack_file(
    cloud: str, monkeypatch: pytest.MonkeyPatch, stack_file: Path
):
    monkeypatch.setattr(SETTINGS, "root_directory", str(PROJECT_FOLDER))
    monkeypatch.setattr(SETTINGS, "stack", cloud)
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(engine_values(COMMITTED[cloud])))
    made = load()
    assert made.cloud.provider == cloud
    assert [user.id for user in made.users] == ["ann@example.org", "bob"]


def test_load_needs_no_stack_file(stack_file: Path):
    assert not stack_file.exists()
    assert load() == parse(engine_values(LEAST))


def test_load_without_config_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, stack_file: Path
):
    monkeypatch.delenv("PULUMI_CONFIG")
    with pytest.raises(ConfigError, match="cmbcluster-storage:platform: is missing"):
        load()


def test_load_refuses_a_misspelt_root_key_of_this_stacks_file(stack_file: Path):
    stack_file.write_text("encryptionsalt: v1:x\nconfg: {}\n", "utf-8")
    with pytest.raises(ConfigError, match="\nconfg: is no key of this file; did you mean config"):
        load()


def test_load_reads_no_other_stacks_file(stack_file: Path):
    stack_file.with_name("Pulumi.gcp.yaml").write_text("confg: {}\n", "utf-8")
    assert load() == parse(engine_values(LEAST))


def test_load_refuses_what_is_encrypted(monkeypatch: pytest.MonkeyPatch, stack_file: Path):
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(engine_values({**LEAST, "users": ["ann"]})))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", '["cmbcluster-storage:users"]')
    with pytest.raises(ConfigError, match="\ncmbcluster-storage:users: is encrypted; "):
        load()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet\n",
        "config:\n  cmbcluster-storage:users: [2024-99-99]\n",
        "config:\n  cmbcluster-storage:users: [=]\n",
    ],
    ids=["empty", "comment", "a date that is none", "an equals sign"],
)
def test_load_takes_every_stack_file_that_the_engine_takes(stack_file: Path, text: str):
    stack_file.write_text(text, "utf-8")
    assert load() == parse(engine_values(LEAST))


def test_load_names_a_root_key_as_it_was_written(stack_file: Path):
    stack_file.write_text("on: x\n", "utf-8")  # to the engine it is text, to YAML 1.1 a boolean
    with pytest.raises(ConfigError, match="\non: is no key of this file; "):
        load()


@pytest.mark.parametrize("text", ["7: x\n", "null: x\n", "2024-01-01: x\n"])
def test_a_root_key_that_is_no_text_is_named_too(stack_file: Path, text: str):
    stack_file.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=": is no key of this file; drop it; known are config, "):
        load()


def test_load_tells_of_limits_that_are_near(monkeypatch: pytest.MonkeyPatch, stack_file: Path):
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    users = [f"user{number}" for number in range(40)]
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(engine_values({**LEAST, "users": users[:39]})))
    load()
    assert told == []
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(engine_values({**LEAST, "users": users})))
    load()
    assert told == [
        "this stack has 40 users, and the limit is 50; the engine writes the whole state with "
        "every step: move some to another stack file that extends this one"
    ]


# ---- read -----------------------------------------------------------------------------------


@pytest.mark.parametrize("cloud", CLOUDS)
def test_any_stacks_file_can_be_read_without_the_engine(cloud: str):
    assert read(PROJECT_FOLDER, cloud) == parse(engine_values(COMMITTED[cloud]))


def problems_in(folder: Path, stack: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(folder, stack)
    first, *rest = str(caught.value).splitlines()
    assert first == "the stack's config cannot be used:"
    return rest


def test_a_stack_without_a_file_is_answered_with_those_that_have_one(tmp_path: Path):
    assert problems_in(tmp_path, "aws") == [
        "there is no Pulumi.aws.yaml; stack files here are of: none"
    ]
    for stack in ("gcp", "aws-2"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text("config: {}\n", "utf-8")
    (tmp_path / "Pulumi.yaml").write_text("name: cmbcluster-storage\n", "utf-8")
    assert problems_in(tmp_path, "aws") == [
        "there is no Pulumi.aws.yaml; stack files here are of: aws-2, gcp"
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("config: {", "while parsing a flow node"),
        ("- config", "it has list where keys are to be"),
        ("config", "it has str where keys are to be"),
        ("config: [x]", "it has list where keys are to be"),
        ("config: {x: &x [*x]}", "its aliases stand for more than a config has room for"),
        ("config: {x: !!binary eA==}", "Object of type bytes is not JSON serializable"),
        ("config: {x: !!python/name:os.system }", "could not determine a constructor"),
        ("config: {x: 1}\nconfig: {x: 2}", "the key config is there twice"),
        ("config: {x: 1, y: 2, x: 3, y: 4}", "the key x, y is there twice"),
        ("config: {k: {x: [{y: 1, y: 2}]}}", "the key y is there twice"),
    ],
)
def test_what_is_no_stack_file_is_refused_with_its_name(tmp_path: Path, text: str, why: str):
    (tmp_path / "Pulumi.aws.yaml").write_text(text, "utf-8")
    first, *_ = problems_in(tmp_path, "aws")
    assert first.startswith(f"Pulumi.aws.yaml is no stack file; write it anew: {why}")


def test_a_folder_is_no_stack_file(tmp_path: Path):
    (tmp_path / "Pulumi.aws.yaml").mkdir()
    [line] = problems_in(tmp_path, "aws")
    assert line.startswith("Pulumi.aws.yaml is no stack file; write it anew: ")


def test_what_is_encrypted_or_unknown_in_a_file_is_refused_as_the_engines_is(tmp_path: Path):
    path = tmp_path / "Pulumi.aws.yaml"
    encrypted = "config:\n  cmbcluster-storage:users: [{id: {secure: v1:x}}]\n"
    path.write_text(f"encryptionsalt: v1:x\n{encrypted}", "utf-8")
    assert problems_in(tmp_path, "aws") == [
        "cmbcluster-storage:users: is encrypted; nothing here is secret, write it plainly"
    ]
    path.write_text("confg: {}\n", "utf-8")
    assert problems_in(tmp_path, "aws")[0] == (
        "confg: is no key of this file; did you mean config?"
    )


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("x", "x"),
        ("'007'", "007"),
        ("7", "7"),
        ("010", "8"),
        ("0o17", "15"),
        ("0891234", "891234.0"),
        ("1e3", "1000.0"),
        ("-.5e3", "-500.0"),
        ("1_000", "1000"),
        ("1:30", "1:30"),
        ("0x", "0x"),
        ("1.50", "1.5"),
        ("true", "true"),
        ("yes", "yes"),
        ("=", "="),
        ("", ""),
        (
            "[yes, no, on, off, y, =, True, 0x1F, .5, ~]",
            '["yes", "no", "on", "off", "y", "=", true, 31, 0.5, null]',
        ),
        ("{a: yes, on: {off: 7}}", '{"a": "yes", "on": {"off": 7}}'),
    ],
)
def test_scalars_are_what_they_are_to_the_engine(tmp_path: Path, written: str, value: str):
    # As `pulumi config --json` of 3.259 says, but for the spaces in JSON and `.0`.
    (tmp_path / "Pulumi.aws.yaml").write_text(f"config:\n  k: {written}\n", "utf-8")
    assert stack_files.read(tmp_path, "aws").values == {"k": value}
