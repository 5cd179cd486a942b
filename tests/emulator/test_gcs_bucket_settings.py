"""Settings of a bucket that other buckets or objects to come have to do with."""

import pytest


@pytest.fixture
def path(gcs_bucket):
    return f"/storage/v1/b/{gcs_bucket.name}"


def test_access_logs_are_kept_changed_and_cleared(api, gcs_bucket, path):
    def logging(method="GET", **body):
        return api(method, path, body or None).json().get("logging")

    told = {"logBucket": "hub-logs", "logObjectPrefix": "ann/"}
    assert logging("PATCH", logging=told) == logging() == told
    assert logging("PATCH", labels={"a": "1"}) == told
    assert logging("PATCH", logging={"logBucket": "other"}) == told | {"logBucket": "other"}
    own = {"logBucket": "other", "logObjectPrefix": gcs_bucket.name}
    assert logging("PATCH", logging={"logObjectPrefix": None}) == own
    assert logging("PATCH", logging=None) is logging() is None
    logging("PATCH", logging=told)
    assert logging("PUT", labels={"a": "1"}) is None


def test_the_prefix_of_access_logs_is_the_bucket_s_name_unless_it_is_told(api, name):
    body = {"name": name, "logging": {"logBucket": "hub-logs"}}
    made = api("POST", "/storage/v1/b?project=cosmology", body).json()

    assert made["logging"] == {"logBucket": "hub-logs", "logObjectPrefix": name}


def test_access_logs_go_to_a_bucket(api, path):
    for nowhere in ({"logObjectPrefix": "ann/"}, {"logBucket": ""}):
        assert api.refused("PATCH", path, {"logging": nowhere})[0] == 400
    assert "logging" not in api("GET", path).json()


def test_objects_are_of_the_class_that_the_bucket_has_when_they_are_written(api, gcs_bucket, path):
    def write(key, **options):
        blob = gcs_bucket.blob(key)
        blob.storage_class = options.get("storage_class")
        blob.upload_from_string(b"map")
        return blob.storage_class

    assert write("first") == "STANDARD"
    assert api("PATCH", path, {"storageClass": "NEARLINE"}).json()["storageClass"] == "NEARLINE"
    assert write("second") == "NEARLINE"
    assert write("third", storage_class="COLDLINE") == "COLDLINE"
    shown = [blob.storage_class for blob in gcs_bucket.list_blobs()]
    assert shown == ["STANDARD", "NEARLINE", "COLDLINE"]


def test_a_class_that_there_is_not(api, name, path):
    body = {"storageClass": "COSY"}
    assert api.refused("PATCH", path, body)[0] == 400
    insert = "/storage/v1/b?project=cosmology"
    assert api.refused("POST", insert, body | {"name": f"{name}-c"})[0] == 400
    assert api("GET", f"/storage/v1/b/{name}-c").status_code == 404


def test_rules_for_the_objects_under_one_prefix(api, path):
    rules = [
        {
            "action": {"type": "Delete"},
            "condition": {"age": 14, "isLive": True, "matchesPrefix": ["scratch/"]},
        },
        {
            "action": {"type": "Delete"},
            "condition": {
                "daysSinceNoncurrentTime": 1,
                "isLive": False,
                "matchesPrefix": ["scratch/"],
            },
        },
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
    ]
    api("PATCH", path, {"lifecycle": {"rule": rules}})

    assert api("GET", path).json()["lifecycle"] == {"rule": rules}
