import datetime

import pytest
from gcs_client import client_of
from google.api_core.exceptions import BadRequest, Conflict, Forbidden, NotFound, PreconditionFailed

WEEK = 7 * 86_400
RULE = {
    "action": {"type": "Delete"},
    "condition": {"daysSinceNoncurrentTime": 30, "isLive": False, "numNewerVersions": 3},
}


def test_a_new_bucket_has_all_that_the_service_fills_in(api, name):
    bucket = api("POST", "/storage/v1/b?project=cosmology", {"name": name}).json()
    born = bucket["timeCreated"]

    assert bucket == {
        "kind": "storage#bucket",
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{name}",
        "id": name,
        "name": name,
        "projectNumber": "210987654321",
        "generation": bucket["generation"],
        "metageneration": "1",
        "location": "US",
        "locationType": "multi-region",
        "rpo": "DEFAULT",
        "storageClass": "STANDARD",
        "etag": "CAE=",
        "timeCreated": born,
        "updated": born,
        "softDeletePolicy": {"retentionDurationSeconds": str(WEEK), "effectiveTime": born},
        "iamConfiguration": {
            "bucketPolicyOnly": {"enabled": False},
            "uniformBucketLevelAccess": {"enabled": False},
            "publicAccessPrevention": "inherited",
        },
    }
    assert born == api("GET", f"/storage/v1/b/{name}").json()["updated"]
    assert datetime.datetime.fromisoformat(born).tzinfo == datetime.UTC


def test_a_region_is_shown_in_capitals_and_has_no_rpo(gcs, name):
    bucket = gcs.create_bucket(name, location="europe-west1")

    assert (bucket.location, bucket.location_type) == ("EUROPE-WEST1", "region")
    assert "rpo" not in bucket._properties


@pytest.mark.parametrize("location", ["mars", "us_east1", "EUROPE"])
def test_a_location_that_there_is_not(gcs, name, location):
    with pytest.raises(BadRequest, match="location constraint is not valid"):
        gcs.create_bucket(name, location=location)


def test_uniform_access_is_locked_after_ninety_days(gcs, name):
    bucket = gcs.bucket(name)
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.create()
    configuration = bucket._properties["iamConfiguration"]
    locked = bucket.iam_configuration.uniform_bucket_level_access_locked_time

    assert configuration["bucketPolicyOnly"] == configuration["uniformBucketLevelAccess"]
    assert (locked - bucket.time_created).days == 90

    bucket.labels = {"a": "b"}
    bucket.patch()
    assert bucket.iam_configuration.uniform_bucket_level_access_locked_time == locked


def test_a_bucket_tells_the_number_of_the_project_that_has_it(gcs, gcs_endpoint, name):
    with client_of(gcs_endpoint, "cmbcluster-research") as other:
        other.create_bucket(name)
    gcs.create_bucket(f"{name}-mine")

    assert gcs.get_bucket(name).project_number == 123456789012
    assert gcs.get_bucket(f"{name}-mine").project_number == 210987654321


def test_names_are_one_world_wide_space(gcs, gcs_endpoint, gcs_bucket):
    with pytest.raises(Conflict, match="you already own it"):
        gcs.create_bucket(gcs_bucket.name)
    with client_of(gcs_endpoint, "geology") as other:
        with pytest.raises(Conflict, match="requested bucket name is not available"):
            other.create_bucket(gcs_bucket.name)
        assert gcs_bucket.name not in [bucket.name for bucket in other.list_buckets()]
    assert gcs_bucket.name in [bucket.name for bucket in gcs.list_buckets()]


@pytest.mark.parametrize(
    "wrong",
    ["ab", "a" * 64, "Nebula", "-nebula", "nebula_", "goog-nebula", "my-google-nebula", "my-g00gle",
     "192.168.5.4", "two..dots"],
)  # fmt: skip
def test_names_that_no_bucket_can_have(api, wrong):
    refused = api.refused("POST", "/storage/v1/b?project=cosmology", {"name": wrong})
    assert refused == (400, f"Invalid bucket name: '{wrong}'")


def test_a_domain_belongs_to_somebody_else(gcs):
    with pytest.raises(Forbidden, match="domain name owned by another user"):
        gcs.create_bucket("nebula.example.com")


def test_a_patch_merges_and_null_deletes(api, gcs_bucket):
    path = f"/storage/v1/b/{gcs_bucket.name}"
    first = api("PATCH", path, {"labels": {"a": "1", "b": "2"}, "versioning": {"enabled": True}})
    second = api("PATCH", path, {"labels": {"a": None, "c": "3"}})
    third = api("PATCH", path, {"labels": None, "versioning": None})

    assert first.json()["labels"] == {"a": "1", "b": "2"}
    assert second.json()["labels"] == {"b": "2", "c": "3"}
    assert second.json()["versioning"] == {"enabled": True}
    assert not {"labels", "versioning"} & third.json().keys()
    assert [each.json()["metageneration"] for each in (first, second, third)] == ["2", "3", "4"]
    assert third.json()["etag"] == "CAQ="
    assert third.json()["softDeletePolicy"] == first.json()["softDeletePolicy"]


def test_an_update_replaces(api, gcs_bucket):
    path = f"/storage/v1/b/{gcs_bucket.name}"
    api("PATCH", path, {"labels": {"a": "1"}, "versioning": {"enabled": True}})
    bucket = api("PUT", path, {"labels": {"b": "2"}}).json()

    assert bucket["labels"] == {"b": "2"}
    assert "versioning" not in bucket


def test_what_a_resource_says_is_taken_back_unchanged(api, gcs_bucket):
    path = f"/storage/v1/b/{gcs_bucket.name}"
    api("PATCH", path, {"lifecycle": {"rule": [RULE]}, "labels": {"a": "1"}})
    before = api("GET", f"{path}?projection=full").json()
    after = api("PATCH", f"{path}?projection=full", before).json()
    changing = ("etag", "metageneration", "updated", "acl", "defaultObjectAcl")

    for field in changing:
        before.pop(field), after.pop(field)
    assert after == before


@pytest.mark.parametrize(
    "labels", [{"Upper": "x"}, {"1st": "x"}, {"a": "Upper"}, {"a" * 64: ""}, {"a": "x" * 64}]
)
def test_labels_that_no_bucket_can_have(api, gcs_bucket, labels):
    status, message = api.refused("PATCH", f"/storage/v1/b/{gcs_bucket.name}", {"labels": labels})
    assert (status, message[:13]) == (400, "Invalid label")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"colour": "red"}, "\"colour\" at 'bucket'"),
        ({"versioning": {"on": True}}, "\"on\" at 'bucket.versioning'"),
        (
            {"lifecycle": {"rule": [RULE, {"condition": {"ages": 1}}]}},
            "\"ages\" at 'bucket.lifecycle.rule[1].condition'",
        ),
    ],
)
def test_unknown_names_are_refused_at_any_depth(api, gcs_bucket, body, where):
    for method in ("PATCH", "PUT"):
        assert api.refused(method, f"/storage/v1/b/{gcs_bucket.name}", body) == (
            400,
            f"Invalid JSON payload received. Unknown name {where}: Cannot find field.",
        )


def test_values_of_another_kind_are_refused(api, gcs_bucket):
    path = f"/storage/v1/b/{gcs_bucket.name}"
    for body in (
        {"versioning": {"enabled": "yes"}},
        {"versioning": True},
        {"labels": {"a": 1}},
        {"lifecycle": {"rule": {}}},
        {"softDeletePolicy": {"retentionDurationSeconds": "a week"}},
    ):
        status, message = api.refused("PATCH", path, body)
        assert (status, message.startswith("Invalid value at 'bucket.")) == (400, True)


def test_the_lifecycle_comes_back_as_it_was_set(api, gcs_bucket):
    path = f"/storage/v1/b/{gcs_bucket.name}"
    document = {
        "rule": [
            RULE,
            {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
            {
                "action": {"type": "SetStorageClass", "storageClass": "NEARLINE"},
                "condition": {"age": 0, "matchesPrefix": ["scratch/"]},
            },
        ]
    }
    assert api("PATCH", path, {"lifecycle": document}).json()["lifecycle"] == document
    assert api("GET", path).json()["lifecycle"] == document
    for nothing in ({"rule": []}, {}, None):
        api("PATCH", path, {"lifecycle": document})
        cleared = {"lifecycle": nothing}
        method = "PUT" if nothing == {} else "PATCH"
        assert "lifecycle" not in api(method, path, cleared).json()


@pytest.mark.parametrize(
    "rule",
    [
        {"action": {"type": "Delete"}},
        {"action": {"type": "Delete"}, "condition": {}},
        {"action": {"type": "Shred"}, "condition": {"age": 1}},
        {"action": {"type": "Delete"}, "condition": {"age": -1}},
        {"action": {"type": "SetStorageClass"}, "condition": {"age": 1}},
        {"action": {"type": "SetStorageClass", "storageClass": "COSY"}, "condition": {"age": 1}},
        {"action": {"type": "Delete"}, "condition": {"matchesStorageClass": ["COSY"]}},
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"isLive": True}},
        {"action": {"type": "Delete"}, "condition": {"createdBefore": "yesterday"}},
    ],
)
def test_lifecycle_rules_that_the_service_refuses(api, gcs_bucket, rule):
    body = {"lifecycle": {"rule": [rule]}}
    assert api.refused("PATCH", f"/storage/v1/b/{gcs_bucket.name}", body)[0] == 400


def test_preconditions_on_buckets(gcs_bucket):
    gcs_bucket.labels = {"a": "1"}
    with pytest.raises(PreconditionFailed):
        gcs_bucket.patch(if_metageneration_match=7)
    gcs_bucket.patch(if_metageneration_match=1)
    with pytest.raises(PreconditionFailed):
        gcs_bucket.delete(if_metageneration_match=1)


def test_only_an_empty_bucket_goes_and_can_be_brought_back(gcs, gcs_bucket):
    blob = gcs_bucket.blob("a")
    blob.upload_from_string("a")
    with pytest.raises(Conflict, match="The bucket you tried to delete is not empty"):
        gcs_bucket.delete()
    blob.delete()
    gcs_bucket.delete()
    with pytest.raises(NotFound, match="The specified bucket does not exist"):
        gcs.get_bucket(gcs_bucket.name)

    generation = gcs_bucket.generation
    gone = gcs.get_bucket(gcs_bucket.name, generation=generation, soft_deleted=True)
    assert (gone.hard_delete_time - gone.soft_delete_time).total_seconds() == WEEK
    back = gcs.restore_bucket(gcs_bucket.name, generation=generation)
    assert (back.generation, back.soft_delete_time) == (generation, None)
    assert [each.name for each in back.list_blobs(soft_deleted=True)] == ["a"]


def test_without_soft_delete_a_bucket_is_gone_for_good(gcs, name):
    bucket = gcs.bucket(name)
    bucket.soft_delete_policy.retention_duration_seconds = 0
    bucket.create()
    bucket.delete()
    with pytest.raises(NotFound):
        gcs.get_bucket(name, generation=bucket.generation, soft_deleted=True)


def test_soft_delete_lasts_a_week_to_ninety_days(gcs_bucket):
    set_at = gcs_bucket.soft_delete_policy.effective_time
    for seconds in (3600, 91 * 86_400):
        gcs_bucket.soft_delete_policy.retention_duration_seconds = seconds
        with pytest.raises(BadRequest, match="between 7 and 90 days"):
            gcs_bucket.patch()
    gcs_bucket.soft_delete_policy.retention_duration_seconds = 2 * WEEK
    gcs_bucket.patch()
    assert gcs_bucket.soft_delete_policy.effective_time > set_at


def test_a_locked_retention_policy_only_grows(gcs_bucket):
    gcs_bucket.retention_period = 100
    gcs_bucket.patch()
    gcs_bucket.lock_retention_policy()
    assert gcs_bucket.retention_policy_locked
    gcs_bucket.retention_period = 50
    with pytest.raises(Forbidden, match="Cannot reduce retention duration"):
        gcs_bucket.patch()
    gcs_bucket.retention_period = 200
    gcs_bucket.patch()
    assert gcs_bucket.retention_period == 200


def test_the_location_does_not_change(api, gcs_bucket):
    body = {"location": "EU"}
    assert api.refused("PATCH", f"/storage/v1/b/{gcs_bucket.name}", body)[0] == 400


def test_partial_answers(api, gcs_bucket):
    path = f"/storage/v1/b/{gcs_bucket.name}?fields=name,iamConfiguration"
    selected = f"{path}(uniformBucketLevelAccess/enabled)"
    assert api("GET", selected).json() == {
        "name": gcs_bucket.name,
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": False}},
    }
