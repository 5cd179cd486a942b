import pytest

from sandbox.gcp_bucket import changes, complete
from sandbox.properties import UNKNOWN

KEY = "projects/p/locations/us/keyRings/r/cryptoKeys/k"
ABORT = {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}}
OLD = {
    "name": "andromeda",
    "location": "US",
    "labels": {"user": "ann", "platform": "hub"},
    "lifecycleRules": [ABORT],
    "encryption": {"defaultKmsKeyName": KEY},
    "logging": {"logBucket": "logs", "logObjectPrefix": "andromeda/"},
    "publicAccessPrevention": "enforced",
    "softDeletePolicy": {"retentionDurationSeconds": 604_800},
    "storageClass": "NEARLINE",
    "uniformBucketLevelAccess": True,
    "versioning": {"enabled": True},
}


def without(*keys):
    return {key: value for key, value in OLD.items() if key not in keys}


@pytest.mark.parametrize(
    ("new", "patch"),
    [
        (OLD, {}),
        (OLD | {"forceDestroy": True}, {}),
        (OLD | {"labels": {"user": "bob"}}, {"labels": {"user": "bob", "platform": None}}),
        (without("labels"), {"labels": {"user": None, "platform": None}}),
        (without("lifecycleRules"), {"lifecycle": {"rule": []}}),
        (without("storageClass"), {"storageClass": "STANDARD"}),
        (without("encryption", "logging"), {"encryption": None, "logging": None}),
        (OLD | {"logging": {"logBucket": "logs"}}, {"logging": {"logBucket": "logs"}}),
        (without("softDeletePolicy", "versioning"), {}),
        (
            OLD | {"softDeletePolicy": {"retentionDurationSeconds": 0}},
            {"softDeletePolicy": {"retentionDurationSeconds": "0"}},
        ),
        (
            OLD | {"publicAccessPrevention": "inherited"},
            {
                "iamConfiguration": {
                    "publicAccessPrevention": "inherited",
                    "uniformBucketLevelAccess": {"enabled": True},
                }
            },
        ),
    ],
)
def test_a_patch_has_what_the_program_changed_and_clears_what_it_dropped(new, patch):
    assert changes(OLD, new) == patch


@pytest.mark.parametrize(
    ("found", "patch"),
    [
        ({"autoclass": {"enabled": True}}, {"autoclass": {"enabled": False}}),
        ({"cors": [{"origins": ["*"]}]}, {"cors": None}),
        ({"defaultEventBasedHold": True}, {"defaultEventBasedHold": False}),
        ({"requesterPays": True}, {"billing": {"requesterPays": False}}),
        ({"retentionPolicy": {"retentionPeriod": "60"}}, {"retentionPolicy": None}),
    ],
)
def test_a_patch_clears_what_an_import_found_and_no_program_sets(found, patch):
    assert changes(OLD | found, OLD) == patch


def test_inputs_are_complete_with_what_holds_and_what_stays():
    told = {"name": "andromeda", "location": "us-east1", "logging": {"logBucket": "logs"}}

    assert complete(told, OLD) == {
        "name": "andromeda",
        "location": "US-EAST1",
        "forceDestroy": False,
        "storageClass": "STANDARD",
        "logging": {"logBucket": "logs", "logObjectPrefix": "andromeda/"},
        **{
            key: OLD[key]
            for key in (
                "publicAccessPrevention",
                "softDeletePolicy",
                "uniformBucketLevelAccess",
                "versioning",
            )
        },
    }


def test_inputs_that_only_the_real_run_will_know_stay_so():
    unknown = {"location": UNKNOWN, "logging": UNKNOWN, "storageClass": UNKNOWN}

    completed = complete(unknown, OLD)
    assert {key: completed[key] for key in ("logging", "storageClass")} == {
        "logging": UNKNOWN,
        "storageClass": UNKNOWN,
    }
