"""The function getBuckets, by which a program sees whose a bucket is before it adopts it."""

from gcp_hand import OTHER_PROJECT, PROJECT

pytest_plugins = ("gcp_fixtures",)

GET_BUCKETS = "gcp:storage/getBuckets:getBuckets"


def test_only_the_projects_own_buckets_of_that_name_are_found(plugin, hand, name):
    for project, bucket in ((PROJECT, name), (PROJECT, f"{name}-2"), (OTHER_PROJECT, f"{name}-3")):
        body = {"name": bucket, "location": "EUR4", "labels": {"a": "1"}}
        hand.call("POST", "/storage/v1/b", body, project=project)
    hand.call("POST", "/storage/v1/b", {"name": f"before-{name}"}, project=PROJECT)

    found, failures = plugin.invoke(GET_BUCKETS, {"prefix": name, "project": PROJECT})

    assert failures == {}
    assert found == {
        "prefix": name,
        "project": PROJECT,
        "buckets": [
            {
                "labels": {"a": "1"},
                "location": "EUR4",
                "name": bucket,
                "selfLink": f"https://www.googleapis.com/storage/v1/b/{bucket}",
                "storageClass": "STANDARD",
            }
            for bucket in (name, f"{name}-2")
        ],
    }


def test_the_providers_project_is_asked_when_none_is_named(plugin, hand, name):
    hand.call("POST", "/storage/v1/b", {"name": name}, project=OTHER_PROJECT)

    assert plugin.invoke(GET_BUCKETS, {"prefix": name}) == ({"prefix": name, "buckets": []}, {})
