import dataclasses
from typing import Any, get_args

import pytest
from botocore.loaders import Loader
from cmbcluster_storage import rules

CLASSES = get_args(rules.StorageClass)


def test_the_defaults_are_the_safe_ones():
    assert dataclasses.asdict(rules.BucketRules()) == {
        "versioning": True,
        "noncurrent_versions_kept": 30,
        "noncurrent_days": 30,
        "abort_uploads_after_days": 7,
        "soft_delete_days": 7,
        "scratch_days": None,
        "storage_class": "STANDARD",
        "encryption_key": None,
        "access_logs_to": None,
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


def set_in(rule: rules.LifecycleRule) -> dict[str, Any]:
    """Return what a rule says, without what it does not."""
    return {key: value for key, value in dataclasses.asdict(rule).items() if value is not None}


EVERYWHERE = [
    {
        "id": "expire-noncurrent-versions",
        "prefix": "",
        "noncurrent_days": 60,
        "noncurrent_versions_kept": 5,
    },
    {"id": "abort-unfinished-uploads", "prefix": "", "abort_uploads_after_days": 1},
]
BUCKET_RULES = rules.BucketRules(
    noncurrent_versions_kept=5, noncurrent_days=60, abort_uploads_after_days=1
)


def test_old_versions_and_unfinished_uploads_expire():
    assert [set_in(rule) for rule in rules.lifecycle_rules(BUCKET_RULES)] == EVERYWHERE


def test_scratch_expires_and_none_of_its_versions_is_kept_for_ever():
    scratch = dataclasses.replace(BUCKET_RULES, scratch_days=14)
    assert [set_in(rule) for rule in rules.lifecycle_rules(scratch)] == [
        *EVERYWHERE,
        {"id": "expire-scratch", "prefix": "scratch/", "live_days": 14},
        {"id": "expire-scratch-versions", "prefix": "scratch/", "noncurrent_days": 60},
    ]


def test_rules_of_a_lifecycle_have_different_ids():
    # S3 refuses a document with one id twice.
    made = rules.lifecycle_rules(rules.BucketRules(scratch_days=1))
    assert len({rule.id for rule in made}) == len(made)


def test_every_class_of_s3_has_its_way_back():
    # The SDK knows them all; those of other services are in no bucket.
    shapes = Loader().load_service_model("s3", "service-2")["shapes"]
    others = ("AWS_BACKUP_", "FSX_", "OUTPOSTS", "SNOW")
    known = {name for name in shapes["StorageClass"]["enum"] if not name.startswith(others)}
    assert rules.NEUTRAL_STORAGE_CLASSES.keys() == known


def test_a_class_goes_to_s3_and_comes_back_as_itself():
    for neutral, on_s3 in rules.S3_STORAGE_CLASSES.items():
        assert rules.NEUTRAL_STORAGE_CLASSES[on_s3] == neutral


def test_classes_that_cannot_be_read_at_once_are_not_written_to_s3():
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
    assert CLASSES == ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")
    assert [*rules.S3_STORAGE_CLASSES] == [name for name in CLASSES if name != "ARCHIVE"]
    assert not {"GLACIER", "DEEP_ARCHIVE"} & set(rules.S3_STORAGE_CLASSES.values())
