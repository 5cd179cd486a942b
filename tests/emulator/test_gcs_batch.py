import pytest


def test_the_client_s_batch(gcs, gcs_bucket):
    for key in ("a", "b"):
        gcs_bucket.blob(key).upload_from_string(key)
    with gcs.batch():
        gcs_bucket.blob("a").delete()
        blob = gcs_bucket.blob("b")
        blob.metadata = {"l": "1"}
        blob.patch()
    assert gcs_bucket.blob("a").exists() is False
    assert gcs_bucket.get_blob("b").metadata == {"l": "1"}


def test_one_request_s_failure_is_its_own(gcs, gcs_bucket):
    gcs_bucket.blob("a").upload_from_string("a")
    batch = gcs.batch(raise_exception=False)
    with batch:
        gcs_bucket.blob("missing").delete()
        gcs_bucket.blob("a").delete()
    assert [response.status_code for response in batch._responses] == [404, 204]
    assert list(gcs_bucket.list_blobs()) == []


def test_every_answer_says_to_which_request_it_belongs(api, gcs_bucket):
    path = f"/storage/v1/b/{gcs_bucket.name}"
    answers = api.batch(
        [("GET", path), ("GET", f"{path}/o/missing"), ("GET", f"{path}/operations")]
    )

    for index, (answer, status) in enumerate(zip(answers, (200, 404, 501), strict=True)):
        assert f"Content-ID: <response-{index}>" in answer
        assert f"HTTP/1.1 {status}" in answer


def test_a_hundred_requests_at_most(api):
    with pytest.raises(AssertionError, match="the limit is 100"):
        api.batch([("GET", "/storage/v1/b/none")] * 101)
