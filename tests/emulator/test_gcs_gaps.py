"""What the sandbox's Cloud Storage does not have: 501, and the answer says what."""

import pytest

GAPS = [
    ("POST", "/storage/v1/b/{}/folders", "POST /storage/v1/b/{}/folders"),
    ("POST", "/storage/v1/b/{}/anywhereCaches", "anywhereCaches"),
    ("POST", "/storage/v1/b/{}/notificationConfigs", "notificationConfigs"),
    ("POST", "/storage/v1/b/{}/o/watch", "/o/watch"),
    ("POST", "/storage/v1/b/{}/o/bulkRestore", "bulkRestore"),
    ("GET", "/storage/v1/b/{}/operations", "operations"),
    ("GET", "/storage/v1/b/{}/managedFolders/a/iam", "iam"),
    ("GET", "/storage/v1/b/{}?colour=red", "the parameter colour"),
    ("POST", "/storage/v1/channels/stop", "channels"),
    ("POST", "/upload/storage/v1/b/{}/o?uploadType=new", "uploadType=new"),
    ("POST", "/v1/projects/p/serviceAccounts/a/keys", "keys"),
    ("POST", "/v1/projects/p/serviceAccounts/a:undelete", "undelete"),
]
XML_GAPS = [
    ("GET", "/", "list of buckets"),
    ("PUT", "/{}", "PUT of a bucket"),
    ("GET", "/{}?acl", "?acl"),
    ("GET", "/{}/a?tagging", "?tagging"),
    ("OPTIONS", "/{}/a", "OPTIONS of an object"),
]
KMS = "projects/p/locations/us/keyRings/r/cryptoKeys/k"


@pytest.mark.parametrize(("method", "path", "named"), GAPS)
def test_the_answer_names_what_is_missing(api, gcs_bucket, method, path, named):
    name = gcs_bucket.name
    status, message = api.refused(method, path.format(name))
    assert status == 501
    assert message.startswith("The sandbox's Cloud Storage does not have ")
    assert named.format(name) in message


@pytest.mark.parametrize(("method", "path", "named"), XML_GAPS)
def test_in_the_xml_api_too(api, gcs_bucket, method, path, named):
    response = api(method, path.format(gcs_bucket.name))
    assert response.status_code == 501
    assert "<Code>NotImplemented</Code>" in response.text
    assert named in response.text


def test_a_key_of_cloud_kms_for_one_object_is_refused_wherever_it_is_named(api, gcs_bucket):
    name = gcs_bucket.name
    objects, upload = f"/storage/v1/b/{name}/o", f"/upload/storage/v1/b/{name}/o"
    gcs_bucket.blob("a").upload_from_string(b"map")
    for method, path, body in (
        ("POST", f"{upload}?uploadType=media&name=b&kmsKeyName={KMS}", None),
        ("POST", f"{upload}?uploadType=resumable&name=b", {"kmsKeyName": KMS}),
        ("POST", f"{objects}/a/copyTo/b/{name}/o/b?destinationKmsKeyName={KMS}", {}),
        ("POST", f"{objects}/a/rewriteTo/b/{name}/o/b?destinationKmsKeyName={KMS}", {}),
        ("POST", f"{objects}/b/compose?kmsKeyName={KMS}", {"sourceObjects": [{"name": "a"}]}),
    ):
        status, message = api.refused(method, path, body)
        assert (status, KMS in message) == (501, True), path
    by_xml = api("PUT", f"/{name}/b", data=b"", headers={"x-goog-encryption-kms-key-name": KMS})
    assert (by_xml.status_code, KMS in by_xml.text) == (501, True)
    assert [blob.name for blob in gcs_bucket.list_blobs()] == ["a"]


@pytest.mark.parametrize("what", ["anywhereCaches", "folders", "notificationConfigs"])
def test_what_nobody_can_make_is_listed_as_none(api, gcs_bucket, what):
    answer = api("GET", f"/storage/v1/b/{gcs_bucket.name}/{what}").json()
    assert "items" not in answer
    assert api("GET", f"/storage/v1/b/none-such/{what}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/iam", {"bindings": "x"}),
        ("PUT", "/iam", {"bindings": [{"members": 5}]}),
        ("PUT", "/iam", {"bindings": [{"member": "x"}]}),
        ("POST", "/o/c/compose", {"sourceObjects": ["c"]}),
        ("PATCH", "", []),
        ("GET", "/o?maxResults=many", None),
    ],
)
def test_what_cannot_be_read_is_the_caller_s_fault(api, gcs_bucket, method, path, body):
    response = api(method, f"/storage/v1/b/{gcs_bucket.name}{path}", body)
    assert (response.status_code, response.json()["error"]["code"]) == (400, 400)
