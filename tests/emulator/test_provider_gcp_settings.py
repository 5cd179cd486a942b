"""A bucket's key, access logs, storage class and rules for scratch objects."""

import grpc
import pytest
from gcp_hand import BUCKET, found_by, repaired
from plugin import failed_init

from sandbox.properties import UNKNOWN

pytest_plugins = ("gcp_fixtures",)

KEY = "projects/observatory/locations/europe-west4/keyRings/hub/cryptoKeys/storage"
OTHER_KEY = f"{KEY}-2"
SCRATCH = [
    {
        "action": {"type": "Delete"},
        "condition": {"age": 14, "matchesPrefixes": ["scratch/"], "withState": "LIVE"},
    },
    {
        "action": {"type": "Delete"},
        "condition": {
            "daysSinceNoncurrentTime": 1,
            "matchesPrefixes": ["scratch/"],
            "withState": "ARCHIVED",
        },
    },
]
ABORT = {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}}


@pytest.fixture
def wanted(program, name):
    """A bucket with every choice that there is."""
    return program[BUCKET] | {
        "storageClass": "NEARLINE",
        "encryption": {"defaultKmsKeyName": KEY},
        "logging": {"logBucket": "hub-logs", "logObjectPrefix": f"{name}/"},
        "lifecycleRules": [*program[BUCKET]["lifecycleRules"], *SCRATCH],
    }


@pytest.fixture
def bucket(plugin, wanted):
    assert plugin.check(BUCKET, wanted) == {}
    return plugin.create(BUCKET, wanted)[0]


def test_create_makes_what_was_asked_for_and_reads_it_back(plugin, wanted, bucket, name, hand):
    made = hand.bucket(bucket)

    assert made["storageClass"] == "NEARLINE"
    assert made["encryption"] == {"defaultKmsKeyName": KEY}
    assert made["logging"] == {"logBucket": "hub-logs", "logObjectPrefix": f"{name}/"}
    assert made["lifecycle"]["rule"][2:] == [
        {
            "action": {"type": "Delete"},
            "condition": {"age": 14, "matchesPrefix": ["scratch/"], "isLive": True},
        },
        {
            "action": {"type": "Delete"},
            "condition": {
                "daysSinceNoncurrentTime": 1,
                "matchesPrefix": ["scratch/"],
                "isLive": False,
            },
        },
    ]
    assert found_by(plugin, BUCKET, bucket, wanted) == (wanted, {})
    assert {key: plugin.read(BUCKET, bucket, wanted)[2][key] for key in wanted} == wanted


CHANGES = [
    ({"encryption": {"defaultKmsKeyName": OTHER_KEY}}, {"encryption.defaultKmsKeyName": "update"}),
    ({"encryption": None}, {"encryption": "delete"}),
    ({"logging": {"logBucket": "other-logs", "logObjectPrefix": "a/"}},
     {"logging.logBucket": "update", "logging.logObjectPrefix": "update"}),
    ({"logging": None}, {"logging": "delete"}),
    ({"storageClass": "ARCHIVE"}, {"storageClass": "update"}),
    ({"storageClass": None}, {"storageClass": "update"}),
    ({"lifecycleRules": [ABORT]}, {"lifecycleRules": "update"}),
    ({"lifecycleRules": []}, {"lifecycleRules": "update"}),
    ({"lifecycleRules": None}, {"lifecycleRules": "delete"}),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_all_of_it_changes_in_place_and_goes_when_the_program_drops_it(
    plugin, wanted, bucket, hand, change, expected
):
    new = {key: value for key, value in (wanted | change).items() if value is not None}
    [key] = change
    field = {"lifecycleRules": "lifecycle"}.get(key, key)
    assert plugin.check(BUCKET, new) == {}
    assert plugin.diff(BUCKET, wanted, new) == expected
    assert list(plugin.full_diff(BUCKET, wanted, new).replaces) == []
    before = hand.bucket(bucket)
    plugin.update(BUCKET, bucket, wanted, new)
    after = hand.bucket(bucket)

    assert found_by(plugin, BUCKET, bucket, new) == (new, {})
    changing = dict.fromkeys((field, "etag", "metageneration", "updated"))
    assert after | changing == before | changing
    left = {"storageClass": "STANDARD"}.get(key) if not change[key] else after[field]
    assert after.get(field) == left != before[field]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_all_of_it_comes_when_the_program_sets_it(plugin, wanted, hand, change, expected):
    old = {key: value for key, value in (wanted | change).items() if value is not None}
    bucket = plugin.create(BUCKET, old)[0]
    plugin.update(BUCKET, bucket, old, wanted)

    opposite = {"delete": "add"}
    differences = {path: opposite.get(kind, kind) for path, kind in expected.items()}
    assert plugin.diff(BUCKET, old, wanted) == differences
    assert found_by(plugin, BUCKET, bucket, wanted) == (wanted, {})


@pytest.mark.parametrize(
    ("by_hand", "expected"),
    [
        (
            {"encryption": {"defaultKmsKeyName": OTHER_KEY}},
            {"encryption.defaultKmsKeyName": "update"},
        ),
        ({"encryption": None}, {"encryption": "add"}),
        ({"logging": {"logBucket": "eves-logs"}}, {"logging.logBucket": "update"}),
        ({"logging": {"logObjectPrefix": "eve/"}}, {"logging.logObjectPrefix": "update"}),
        ({"logging": None}, {"logging": "add"}),
        ({"storageClass": "COLDLINE"}, {"storageClass": "update"}),
        ({"lifecycle": None}, {"lifecycleRules": "update"}),
    ],
)
def test_what_was_changed_by_hand_is_found_and_repaired(
    plugin, wanted, bucket, hand, by_hand, expected
):
    hand.patch(bucket, **by_hand)
    found, differences = found_by(plugin, BUCKET, bucket, wanted)

    assert differences == expected
    repaired(plugin, BUCKET, bucket, found, wanted)


def test_a_prefix_that_the_program_does_not_set_is_whatever_it_is(plugin, wanted, name, hand):
    wanted["logging"] = {"logBucket": "hub-logs"}
    bucket = plugin.create(BUCKET, wanted)[0]
    told = {"logBucket": "hub-logs", "logObjectPrefix": "ann/"}

    assert hand.bucket(bucket)["logging"] == {"logBucket": "hub-logs", "logObjectPrefix": name}
    assert found_by(plugin, BUCKET, bucket, wanted) == (wanted, {})
    hand.patch(bucket, logging=told)
    assert found_by(plugin, BUCKET, bucket, wanted) == (wanted, {})
    assert plugin.diff(BUCKET, wanted | {"logging": told}, wanted) == {}
    elsewhere = wanted | {"logging": {"logBucket": "other-logs"}}
    plugin.update(BUCKET, bucket, wanted | {"logging": told}, elsewhere)
    assert hand.bucket(bucket)["logging"] == told | {"logBucket": "other-logs"}


@pytest.mark.parametrize(
    ("set_by_hand", "path", "left"),
    [
        ({"encryption": {"defaultKmsKeyName": KEY}}, "encryption", None),
        ({"logging": {"logBucket": "eves-logs"}}, "logging", None),
        ({"cors": [{"origin": ["*"], "method": ["GET"], "maxAgeSeconds": 60}]}, "cors", None),
        ({"retentionPolicy": {"retentionPeriod": "60"}}, "retentionPolicy", None),
        ({"defaultEventBasedHold": True}, "defaultEventBasedHold", False),
        ({"billing": {"requesterPays": True}}, "requesterPays", {"requesterPays": False}),
    ],
)
def test_what_somebody_sets_that_the_program_does_not_is_found_and_taken_away(
    plugin, program, made, hand, set_by_hand, path, left
):
    bucket = made(BUCKET)
    hand.patch(bucket, **set_by_hand)
    found, differences = found_by(plugin, BUCKET, bucket, program[BUCKET])

    assert differences == {path: "delete"}
    repaired(plugin, BUCKET, bucket, found, program[BUCKET])
    [field] = set_by_hand
    assert hand.bucket(bucket).get(field) == left


def test_autoclass_that_somebody_turns_on_is_found_and_turned_off(plugin, program, made, hand):
    bucket = made(BUCKET)
    hand.patch(bucket, autoclass={"enabled": True})
    found, differences = found_by(plugin, BUCKET, bucket, program[BUCKET])

    assert found["autoclass"] == {"enabled": True, "terminalStorageClass": "NEARLINE"}
    assert differences == {"autoclass": "delete"}
    repaired(plugin, BUCKET, bucket, found, program[BUCKET])
    assert hand.bucket(bucket)["autoclass"]["enabled"] is False


def test_an_update_leaves_what_the_program_did_not_change(plugin, wanted, bucket, hand):
    """The official provider sends what differs from what it last knew, and nothing else."""
    hand.patch(bucket, storageClass="COLDLINE", logging=None, versioning={"enabled": False})
    new = wanted | {"encryption": {"defaultKmsKeyName": OTHER_KEY}}
    plugin.update(BUCKET, bucket, wanted, new)

    left = hand.bucket(bucket)
    assert left["encryption"] == {"defaultKmsKeyName": OTHER_KEY}
    assert (left["storageClass"], left["versioning"]) == ("COLDLINE", {"enabled": False})
    assert "logging" not in left


@pytest.mark.parametrize(
    "key",
    ["publicAccessPrevention", "softDeletePolicy", "uniformBucketLevelAccess", "versioning"],
)
def test_what_stays_when_the_program_no_longer_sets_it_is_no_difference(plugin, wanted, key):
    new = {each: value for each, value in wanted.items() if each != key}

    assert plugin.diff(BUCKET, wanted, new) == {}
    assert plugin.diff(BUCKET, new, wanted) == {key: "add"}


def test_what_holds_by_default_is_no_difference(plugin, program):
    told = program[BUCKET] | {"storageClass": "STANDARD", "forceDestroy": False}
    untold = {key: value for key, value in program[BUCKET].items() if key != "forceDestroy"}

    assert plugin.diff(BUCKET, told, untold) == plugin.diff(BUCKET, untold, told) == {}


def test_a_location_in_small_letters_is_no_difference(plugin, wanted):
    assert plugin.diff(BUCKET, wanted, wanted | {"location": "europe-west4"}) == {}
    changed = plugin.diff(BUCKET, wanted, wanted | {"location": "europe-west1"})
    assert changed == {"location": "update_replace"}


@pytest.mark.parametrize("place", ["us", "europe", "global"])
def test_a_key_of_another_place_is_refused_and_nothing_is_made(plugin, wanted, name, place):
    elsewhere = KEY.replace("europe-west4", place)
    inputs = wanted | {"encryption": {"defaultKmsKeyName": elsewhere}}
    assert plugin.check(BUCKET, inputs) == {}
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(BUCKET, inputs)

    assert refused.value.details() == (
        f"googleapi: Error 400: Cloud KMS region '{place}' not available for use with "
        "GCS region 'EUROPE_WEST4'., invalid"
    )
    assert failed_init(refused.value) is None
    assert plugin.read(BUCKET, name, wanted) == ("", {}, {})


def test_a_storage_class_that_there_is_not_is_refused_and_nothing_is_made(plugin, wanted, name):
    with pytest.raises(grpc.RpcError, match="Error 400"):
        plugin.create(BUCKET, wanted | {"storageClass": "COSY"})

    assert plugin.read(BUCKET, name, wanted) == ("", {}, {})


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        *(
            ({"encryption": {"defaultKmsKeyName": wrong}}, "encryption.defaultKmsKeyName",
             f"expected the name of a key, like {form}, got {wrong!r}")
            for form in ["projects/…/locations/…/keyRings/…/cryptoKeys/…"]
            for wrong in ("storage", KEY[1:], f"{KEY}/cryptoKeyVersions/1", f"{KEY}\n", "")
        ),
        ({"logging": {"logBucket": "Logs"}}, "logging.logBucket", "expected 3-63 characters"),
        ({"logging": {"logObjectPrefix": "a/"}}, "logging.logBucket", "is missing"),
        ({"logging": {"logBuckt": "logs", "logBucket": "logs"}}, "logging.logBuckt",
         "did you mean 'logBucket'?"),
        ({"encryption": {"kmsKeyName": KEY}}, "encryption.kmsKeyName", "unknown property"),
        ({"encryption": KEY}, "encryption", "expected an object"),
        ({"storageClass": 7}, "storageClass", "expected string"),
    ],
)  # fmt: skip
def test_check_refuses_nonsense_and_names_the_path(plugin, wanted, change, path, reason):
    failures = plugin.check(BUCKET, wanted | change)

    assert list(failures) == [path]
    assert reason in failures[path]


@pytest.mark.parametrize("key", ["encryption", "logging", "storageClass"])
def test_check_accepts_what_only_the_real_run_will_know(plugin, wanted, key):
    assert plugin.check(BUCKET, wanted | {key: UNKNOWN}) == {}
    if isinstance(wanted[key], dict):
        inner = {key: dict.fromkeys(wanted[key], UNKNOWN)}
        assert plugin.check(BUCKET, wanted | inner) == {}
    assert plugin.diff(BUCKET, wanted, wanted | {key: UNKNOWN}) == {key: "update"}
