"""How much a text of YAML may say, and what it says to the engine as well."""

import re
from pathlib import Path

import pytest
import yaml
from fleets import run, shard, write
from stack_trees import LEAST

from infra.yaml_text import parsed

ALIASES = "its aliases stand for more than a config has room for; write it out"
DEPTH = "it is nested more than 50 deep; write it flatter"


def levels(first: str, each: str, count: int) -> str:
    """Return keys each of which names the one before nine times."""
    lines = [f"a0: &a0 {first}"]
    for number in range(1, count):
        named = ",".join([f"*a{number - 1}"] * 9)
        lines.append(f"a{number}: &a{number} {each.format(named)}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(levels("[x]", "[{}]", 9), ALIASES, id="lists"),
        pytest.param(levels("[]", "[{}]", 9), ALIASES, id="empty lists"),
        pytest.param(levels("x", "[{}]", 9), ALIASES, id="texts"),
        pytest.param(levels("{b: c, d: e}", "{{<<: [{}]}}", 9), ALIASES, id="keys that are merged"),
        pytest.param(f"a: &a {'x' * 1000}\nb: [{'*a, ' * 200}]", ALIASES, id="a long text"),
        pytest.param("&a [*a]", ALIASES, id="a list in itself"),
        pytest.param("a: &a {b: {c: *a}}", ALIASES, id="keys in themselves"),
        pytest.param("a: &a x\nb: &a [*a]", ALIASES, id="an anchor that is there twice"),
        pytest.param("[" * 51 + "]" * 51, DEPTH, id="lists in lists"),
        pytest.param("[" * 200_000, DEPTH, id="lists without end"),
        pytest.param("- " * 200_000, DEPTH, id="lists on lines"),
        pytest.param("{a: " * 200_000, DEPTH, id="keys in keys"),
    ],
)
def test_more_than_there_is_room_for_is_refused(text: str, told: str):
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        parsed(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a {b: [c, 1]}\nd: *a\ne: [*a, *a]", None),
        ("a: &a {b: c}\nd: {<<: *a, e: f}", {"a": {"b": "c"}, "d": {"b": "c", "e": "f"}}),
        ("[" * 50 + "]" * 50, None),
        ("- yes\n- true\n- 2020-01-01\n- 0x1F", ["yes", True, "2020-01-01", 31]),
        (f"a: [{', '.join(['user@example.org'] * 20_000)}]", {"a": ["user@example.org"] * 20_000}),
    ],
    ids=["aliases", "merged keys", "lists in lists", "words", "a long list"],
)
def test_what_there_is_room_for_is_read(text: str, said: object):
    assert parsed(text) == (yaml.safe_load(text) if said is None else said)


@pytest.mark.parametrize("text", ["!!bool x", "!!timestamp x", "a: !!bool maybe"])
def test_a_tag_that_does_not_fit_is_told(text: str):
    with pytest.raises(ValueError, match="a tag that does not fit its value; drop the tag"):
        parsed(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: *b", "found undefined alias"),
        ("a: 1\nb: 2\na: 3\nb: 4", "the key a, b is there twice"),
        ("? [a]\n: b", "found unhashable key"),
        ("a: b\n---\nc: d", "expected a single document"),
    ],
)
def test_what_is_no_yaml_is_told(text: str, told: str):
    with pytest.raises(yaml.YAMLError, match=told):
        parsed(text)


@pytest.mark.parametrize("command", ["check", "list", "place"])
def test_one_such_file_stops_every_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
):
    write(tmp_path, {"aws": {**LEAST}, "aws-002": shard("aws", "bob")})
    (tmp_path / "Pulumi.bomb.yaml").write_text(levels("[x]", "[{}]", 20), "utf-8")
    done = run(capsys, tmp_path, command, *(["carol"] if command == "place" else []))
    assert (done.code, done.out) == (2, [])
    assert done.error == [
        "Pulumi.bomb.yaml: the stack's config cannot be used:",
        f"Pulumi.bomb.yaml is no stack file; write it anew: {ALIASES}",
    ]


def test_many_keys_take_no_longer_than_they_are_many():
    text = "\n".join(f"k{number}: x" for number in range(20_000))
    assert len(parsed(text)) == 20_000
