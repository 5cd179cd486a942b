"""What is true of any list of users, in any states, on either cloud."""

import re
import unicodedata
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from program import (
    AWS_EVERYTHING,
    AWS_POD_IDENTITY,
    GCP,
    GCP_SERVICE_ACCOUNT,
    Resources,
    Variant,
    of_user,
    resources_of,
)

Line = dict[str, Any]

STATES = ("active", "suspended", "deleted")

variants = st.sampled_from([AWS_POD_IDENTITY, AWS_EVERYTHING, GCP, GCP_SERVICE_ACCOUNT])
states = st.sampled_from(STATES)


def as_people_read_it(user: str) -> str:
    return unicodedata.normalize("NFKC", user).casefold()


def lines(least: int) -> st.SearchStrategy[list[Line]]:
    """Return lists of users whom a stack file may have side by side."""
    ids = st.lists(
        st.text("abZ0@.-\u00e9\u674e", min_size=1, max_size=8),
        min_size=least,
        max_size=3,
        unique_by=as_people_read_it,
    )
    return ids.flatmap(
        lambda users: st.tuples(
            *[st.fixed_dictionaries({"id": st.just(user), "state": states}) for user in users]
        ).map(list)
    )


def of(chosen: Variant, users: list[Line]) -> Resources:
    return resources_of(chosen.config(*users))


@settings(max_examples=6, deadline=None)
@given(variants, lines(least=2), st.data())
def test_the_order_of_users_does_not_matter(
    chosen: Variant, users: list[Line], data: st.DataObject
):
    assert of(chosen, data.draw(st.permutations(users))) == of(chosen, users)


@settings(max_examples=6, deadline=None)
@given(variants, lines(least=1), st.data())
def test_what_happens_to_one_user_touches_only_theirs(
    chosen: Variant, users: list[Line], data: st.DataObject
):
    before = of(chosen, users)
    one = data.draw(st.sampled_from(users))
    others = [user for user in users if user is not one]
    theirs = of_user(before, chosen.slug(one["id"]))
    assert theirs != {}
    rest = {urn: made for urn, made in before.items() if urn not in theirs}

    # The line is dropped, or, read the other way, was added.
    assert of(chosen, others) == rest

    # The state changes: whatever it was and is.
    changed = {**one, "state": data.draw(states)}
    after = of(chosen, [*others, changed])
    their_own = of_user(after, chosen.slug(one["id"]))
    assert {urn: made for urn, made in after.items() if urn not in their_own} == rest
    assert (their_own == theirs) == (changed == one)


# Each kind's name: where it is, what is legal, and in what it is unique.
DNS_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
DNS_SUBDOMAIN = r"(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?"
LEGAL = {
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    "aws:s3/bucket:Bucket": (("bucket",), r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    "aws:iam/role:Role": (("name",), r"[\w+=,.@-]{1,64}"),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": (("serviceAccount",), DNS_LABEL),
    # https://cloud.google.com/storage/docs/buckets#naming
    "gcp:storage/bucket:Bucket": (("name",), r"(?!goog)[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]"),
    # https://cloud.google.com/iam/docs/service-accounts-create
    "gcp:serviceaccount/account:Account": (("accountId",), r"[a-z]([a-z0-9-]{4,28}[a-z0-9])"),
    "kubernetes:core/v1:ServiceAccount": (("metadata", "name"), DNS_LABEL),
    "kubernetes:core/v1:PersistentVolumeClaim": (("metadata", "name"), DNS_LABEL),
    "kubernetes:core/v1:PersistentVolume": (("metadata", "name"), DNS_SUBDOMAIN),
}
# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
KUBERNETES_LABEL = r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?"
# https://cloud.google.com/storage/docs/tags-and-labels
GOOGLE_LABEL = r"[a-z0-9_-]{0,63}"
TAG = r"[\w\s_.:/=+@-]{0,256}"


def found(inputs: Any, way: tuple[str, ...]) -> Any:
    for part in way:
        inputs = inputs[part]
    return inputs


def labels(inputs: Line) -> list[tuple[str, str]]:
    """Return every label's and tag's value, with what is legal there."""
    return [
        *((value, TAG) for value in inputs.get("tags", {}).values()),
        *((value, GOOGLE_LABEL) for value in inputs.get("labels", {}).values()),
        *(
            (value, KUBERNETES_LABEL)
            for value in inputs.get("metadata", {}).get("labels", {}).values()
        ),
    ]


@settings(max_examples=10, deadline=None)
@given(
    variants,
    st.lists(
        st.text(min_size=1, max_size=254).filter(
            lambda id_: id_ == id_.strip() and id_.isprintable()
        ),
        min_size=1,
        max_size=4,
        unique_by=as_people_read_it,
    ),
)
def test_names_are_legal_for_every_limit_and_nobody_elses(chosen: Variant, users: list[str]):
    made = resources_of(chosen.config(*users, kubernetes={"namespace": "n" * 63, "context": "x"}))
    seen: set[tuple[str, str]] = set()
    for one in made.values():
        inputs = one["inputs"]
        for value, legal in labels(inputs):
            assert re.fullmatch(legal, value)
        if one["type"] in LEGAL:
            way, legal = LEGAL[one["type"]]
            name = found(inputs, way)
            assert re.fullmatch(legal, name)
            assert (one["type"], name) not in seen
            seen.add((one["type"], name))
    named = [kind for kind in chosen.of_a_user if kind in LEGAL]
    assert len(named) >= 4
    assert len(seen) == len(named) * len(users)
