"""Entries put into and taken out of a stack file's text, which stays as it is otherwise."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infra.shards.editing import Entry, entry, new_file, with_entries, without_entries
from infra.shards.errors import RequestError

FILE = """\
# the hub's first
config:
  cmbcluster-storage:users:  # everybody
    # physics
    - ann@example.org   # PI
    - {id: bob, state: suspended}   # on leave

    - id: eve
      adopt: [bucket,
              policy]  # until May
      bucket: "old-data"
    # guests
    - "007"  # the last

  # the bucket rules
  cmbcluster-storage:extends: aws
encryptionsalt: v1:abc=
"""
NAME = "Pulumi.aws.yaml"


def test_an_entry_comes_behind_the_last_and_nothing_else_changes():
    added = FILE.replace(
        '    - "007"  # the last\n', '    - "007"  # the last\n    - carol\n    - "0123"\n'
    )
    assert with_entries(NAME, FILE, [entry("carol"), entry("0123")]) == added


def test_an_entry_goes_with_what_stands_on_its_lines():
    left, taken = without_entries(NAME, FILE, ["eve", "bob", "007", "nobody"])

    assert left == (
        "# the hub's first\n"
        "config:\n"
        "  cmbcluster-storage:users:  # everybody\n"
        "    # physics\n"
        "    - ann@example.org   # PI\n"
        "\n"
        "    # guests\n"
        "\n"
        "  # the bucket rules\n"
        "  cmbcluster-storage:extends: aws\n"
        "encryptionsalt: v1:abc=\n"
    )
    assert taken == [
        Entry("bob", ("- {id: bob, state: suspended}   # on leave",)),
        Entry(
            "eve",
            (
                "- id: eve",
                "  adopt: [bucket,",
                "          policy]  # until May",
                '  bucket: "old-data"',
            ),
        ),
        Entry("007", ('- "007"  # the last',)),
    ]


def test_entries_are_the_same_in_another_file():
    _, taken = without_entries(NAME, FILE, ["eve", "bob"])
    assert new_file("aws", "", taken) == (
        "config:\n"
        "  cmbcluster-storage:extends: aws\n"
        "  cmbcluster-storage:users:\n"
        "    - {id: bob, state: suspended}   # on leave\n"
        "    - id: eve\n"
        "      adopt: [bucket,\n"
        "              policy]  # until May\n"
        '      bucket: "old-data"\n'
    )


def test_a_new_file_names_what_encrypts_the_state():
    assert new_file("aws", "awskms://alias/hub?region=us-east-1", [entry("ann")]) == (
        'secretsprovider: "awskms://alias/hub?region=us-east-1"\n'
        "config:\n"
        "  cmbcluster-storage:extends: aws\n"
        "  cmbcluster-storage:users:\n"
        "    - ann\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  cmbcluster-storage:users: []\n", "  cmbcluster-storage:users:\n    - ann\n"),
        ("  cmbcluster-storage:users: []  # x\n", "  cmbcluster-storage:users:  # x\n    - ann\n"),
        ("  cmbcluster-storage:users:\n", "  cmbcluster-storage:users:\n    - ann\n"),
        ("  cmbcluster-storage:users:", "  cmbcluster-storage:users:\n    - ann\n"),
        (
            "  cmbcluster-storage:users:\n  - bob",
            "  cmbcluster-storage:users:\n  - bob\n  - ann\n",
        ),
        (
            "  cmbcluster-storage:users:\r\n    - bob\r\n  a:b: c\r\n",
            "  cmbcluster-storage:users:\r\n    - bob\r\n    - ann\r\n  a:b: c\r\n",
        ),
        (
            "      cmbcluster-storage:users:\n      -   id: bob\n          state: deleted\n",
            "      cmbcluster-storage:users:\n      -   id: bob\n          state: deleted\n"
            "      - ann\n",
        ),
    ],
)
def test_lines_are_indented_as_the_file_is(before: str, after: str):
    assert with_entries(NAME, f"config:\n{before}", [entry("ann")]) == f"config:\n{after}"


@pytest.mark.parametrize(
    "users",
    ["[bob, eve]", "{bob: 1}", "\n    -\n      id: bob", "\n    - &b bob\n    - *b", "[ ]", "7"],
)
def test_entries_on_no_lines_of_their_own_are_left_alone(users: str):
    text = f"config:\n  cmbcluster-storage:users: {users}\n"
    cure = (
        f"{NAME}: its users do not stand on lines of their own; write each as `- id` or "
        "`- {id: …}` on a line below cmbcluster-storage:users"
    )

    def exchanged() -> str:
        without, _ = without_entries(NAME, text, ["bob"])
        return with_entries(NAME, without, [entry("ann")])

    with pytest.raises(RequestError) as caught:
        exchanged()
    assert str(caught.value) == cure


@pytest.mark.parametrize("text", ["", "config:\n", "config:\n  a:b: c\n", "config: [users]\n"])
def test_a_file_without_users_says_where_they_go(text: str):
    with pytest.raises(RequestError) as caught:
        with_entries(NAME, text, [entry("ann")])
    assert str(caught.value) == (
        f"{NAME}: has no cmbcluster-storage:users; write `cmbcluster-storage:users: []` below "
        "`config:`"
    )


@pytest.mark.parametrize(
    ("user", "line"),
    [
        ("ann@example.org", "- ann@example.org"),
        ("yes", '- "yes"'),
        ("0o17", '- "0o17"'),
        ("=", '- "="'),
        ("true", '- "true"'),
        ("007", '- "007"'),
        ("12:30", '- "12:30"'),
        ("a: b", '- "a: b"'),
        ("a #b", '- "a #b"'),
        ("@ann", '- "@ann"'),
        ('a"b\\', '- "a\\"b\\\\"'),
        ("[x", '- "[x"'),
        ("null", '- "null"'),
        ("Zoë", "- Zoë"),
    ],
)
def test_an_id_is_quoted_where_it_would_be_something_else(user: str, line: str):
    assert entry(user) == Entry(user, (line,))


# Hypothesis tries the constants of our modules as well: whom the file lists already.
_LISTED = {"ann@example.org", "bob", "eve", "007"}
_IDS = st.text(min_size=1, max_size=30).filter(
    lambda one: one.isprintable() and one == one.strip() and one not in _LISTED
)


@given(st.lists(_IDS, min_size=1, max_size=5, unique=True))
def test_any_id_is_read_as_it_was_written(users: list[str]):
    text = with_entries(NAME, FILE, [entry(user) for user in users])
    found = yaml.safe_load(text)["config"]["cmbcluster-storage:users"]
    assert len(found) == 4 + len(users)
    left, taken = without_entries(NAME, text, users)
    assert (left, [one.user for one in taken]) == (FILE, users)
