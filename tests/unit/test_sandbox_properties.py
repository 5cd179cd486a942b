import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.properties import UNKNOWN, besides, differences, from_struct, like, to_struct

# A busy machine makes no test fail.
UNTIMED = settings(deadline=None)

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
# The wire knows doubles only: whole numbers are exact up to 2**53.
SCALARS = (
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)
PROPERTIES = st.dictionaries(NAMES, VALUES, max_size=4)
# Of few names and values, so that two draws have something in common.
SIMILAR = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.sampled_from(["", "x", "y", 0, 1, 7, False, '{"a": 1}', '{"a":1}']),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
        ),
    ),
    max_size=3,
)


@UNTIMED
@given(PROPERTIES)
def test_properties_come_off_the_wire_as_they_went_onto_it(properties):
    assert from_struct(to_struct(properties)) == properties


def test_null_crosses_the_wire_as_none():
    properties = {"a": None, "b": [None, {"c": None}]}

    assert from_struct(to_struct(properties)) == properties


@pytest.mark.parametrize(
    ("value", "type_"), [(30, int), (30.0, int), (0.5, float), (True, bool), ("30", str)]
)
def test_whole_numbers_come_back_as_int_and_nothing_else_changes_its_type(value, type_):
    back = from_struct(to_struct({"top": value, "nested": [{"leaf": value}]}))

    assert back == {"top": value, "nested": [{"leaf": value}]}
    assert type(back["top"]) is type_
    assert type(back["nested"][0]["leaf"]) is type_


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 2}, [("a", "update")]),
        ({"a": 1}, {}, [("a", "delete")]),
        ({}, {"a": 1}, [("a", "add")]),
        ({"a": 1}, {"b": 1}, [("a", "delete"), ("b", "add")]),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}}}, [("a.b.c", "update")]),
        ({"a": {"b": 1, "c": 1}}, {"a": {"b": 1}}, [("a.c", "delete")]),
        ({"a": {"b": 1}}, {}, [("a", "delete")]),
        ({"a": [1, 2, 3]}, {"a": [1, 9, 3]}, [("a[1]", "update")]),
        ({"a": [{"b": 1}, {"b": 1}]}, {"a": [{"b": 1}, {"b": 2}]}, [("a[1].b", "update")]),
        ({"a": [1]}, {"a": [1, 2]}, [("a", "update")]),
        ({"a": [1, 2]}, {"a": []}, [("a", "update")]),
        ({"a": {"b": 1}}, {"a": "b"}, [("a", "update")]),
        ({"a": "1"}, {"a": 1}, [("a", "update")]),
        ({"a": True}, {"a": False}, [("a", "update")]),
        ({"a": True}, {}, [("a", "delete")]),
        ({"a": 0}, {}, [("a", "delete")]),
        ({"a": "x"}, {"a": UNKNOWN}, [("a", "update")]),
        ({"a": '{"b": 1}'}, {"a": '{"b": 2}'}, [("a", "update")]),
        ({"a": '{"b": 1}'}, {"a": "{no json"}, [("a", "update")]),
    ],
)
def test_differences_name_the_leaf_and_what_became_of_it(old, new, expected):
    assert list(differences(old, new)) == expected


@pytest.mark.parametrize("nothing", [None, False, "", [], {}])
def test_absent_none_false_and_empty_are_no_difference(nothing):
    assert list(differences({"a": nothing}, {})) == []
    assert list(differences({}, {"a": nothing})) == []
    assert list(differences({"a": {"b": nothing}}, {"a": {}})) == []


def test_documents_with_one_meaning_are_no_difference():
    document = {"Statement": [{"Sid": "a", "Effect": "Deny"}], "Version": "2012-10-17"}

    assert (
        list(
            differences(
                {"policy": json.dumps(document, indent=2)},
                {"policy": json.dumps(document, sort_keys=True)},
            )
        )
        == []
    )


def test_differences_start_below_the_path_that_is_given():
    assert list(differences({"a": 1}, {"a": 2}, "spec")) == [("spec.a", "update")]
    assert list(differences(1, 2, "spec")) == [("spec", "update")]


@UNTIMED
@given(PROPERTIES)
def test_nothing_differs_from_itself(properties):
    assert list(differences(properties, properties)) == []


@UNTIMED
@given(SIMILAR, SIMILAR)
def test_differences_are_the_same_places_in_both_directions(one, other):
    there, back = dict(differences(one, other)), dict(differences(other, one))
    opposite = {"add": "delete", "delete": "add", "update": "update"}

    assert {path: opposite[change] for path, change in there.items()} == back


@pytest.mark.parametrize(
    ("found", "wanted", "written"),
    [
        # What means the same is written as it was wanted ...
        ({"a": '{"b":1}'}, {"a": '{ "b": 1 }'}, {"a": '{ "b": 1 }'}),
        ({"a": {}}, {"a": {"b": ""}}, {"a": {"b": ""}}),
        ({}, {"a": False, "b": []}, {"a": False, "b": []}),
        ({"a": 1, "b": ""}, {"a": 1}, {"a": 1}),
        ({"a": [{"b": 1, "c": {}}]}, {"a": [{"b": 1}]}, {"a": [{"b": 1}]}),
        # ... and drift as it was found.
        ({"a": 2}, {"a": 1}, {"a": 2}),
        ({"a": 1, "b": 2}, {"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 1, "b": 2}, {"a": 1}),
        ({"a": {"b": 2, "c": 3}}, {"a": {"b": 1, "c": 3}}, {"a": {"b": 2, "c": 3}}),
        ({"a": [1, 2]}, {"a": [1]}, {"a": [1, 2]}),
        ({"a": "x"}, {"a": {"b": 1}}, {"a": "x"}),
        ({"a": 1}, {}, {"a": 1}),
    ],
)
def test_what_was_found_is_written_the_way_it_was_wanted(found, wanted, written):
    assert like(found, wanted) == written


@pytest.mark.parametrize(
    ("properties", "kept", "said"),
    [
        ({"path": "/"}, {}, {}),
        ({"path": "/"}, {"path": "/hub/"}, {"path": "/"}),
        ({"path": "/hub/"}, {}, {"path": "/hub/"}),
        ({"path": None, "name": "/"}, {}, {"path": None, "name": "/"}),
    ],
)
def test_a_default_is_not_said_unless_it_is_kept(properties, kept, said):
    assert besides(properties, {"path": "/"}, kept=kept) == said


def test_the_order_is_that_of_what_was_wanted():
    assert list(like({"new": 9, "b": 1, "a": 1}, {"a": 1, "b": 1})) == ["a", "b", "new"]


@UNTIMED
@given(SIMILAR, SIMILAR)
def test_rewriting_hides_no_drift_and_makes_none_up(found, wanted):
    assert list(differences(like(found, wanted), wanted)) == list(differences(found, wanted))


@UNTIMED
@given(SIMILAR, SIMILAR)
def test_without_drift_reading_back_returns_what_was_wanted(found, wanted):
    if not list(differences(found, wanted)):
        assert like(found, wanted) == wanted
