import dataclasses

import pytest
from cmbcluster_storage import rules


def test_the_defaults_are_the_safe_ones():
    assert dataclasses.asdict(rules.BucketRules()) == {
        "versioning": True,
        "noncurrent_versions_kept": 30,
        "noncurrent_days": 30,
        "abort_uploads_after_days": 7,
        "soft_delete_days": 7,
    }


def test_rules_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        rules.BucketRules().versioning = False


def test_a_bucket_says_whose_it_is():
    assert rules.bucket_labels("cmbcluster", "bob-8c71157f", {}) == {
        "managed-by": "cmbcluster-storage",
        "platform": "cmbcluster",
        "user": "bob-8c71157f",
    }


def test_the_operators_labels_come_too():
    assert rules.bucket_labels("cmbcluster", "bob-8c71157f", {"cost-centre": "physics"}) == {
        "cost-centre": "physics",
        "managed-by": "cmbcluster-storage",
        "platform": "cmbcluster",
        "user": "bob-8c71157f",
    }


def test_the_operators_labels_do_not_hide_ours():
    forged = dict.fromkeys(rules.OWN_LABELS, "forged")
    assert rules.bucket_labels("hub", "bob-8c71157f", forged) == rules.bucket_labels(
        "hub", "bob-8c71157f", {}
    )


def test_the_operators_labels_are_left_as_they_are():
    labels = {"cost-centre": "physics"}
    rules.bucket_labels("hub", "bob-8c71157f", labels)
    assert labels == {"cost-centre": "physics"}


def test_our_labels_are_known_by_name():
    assert rules.bucket_labels("hub", "bob-8c71157f", {}).keys() == rules.OWN_LABELS
