"""What S3 alone does with objects."""

import pytest

pytestmark = pytest.mark.parametrize("cloud", ["aws"], indirect=True)


async def test_upload_does_not_wait_for_permission(storage, bucket):
    headers = []
    storage.provider._client.meta.events.register(
        "before-send.s3.PutObject", lambda request, **_: headers.append(request.headers)
    )
    await storage.upload_object(bucket, "a", b"content")

    assert ["Expect" in sent for sent in headers] == [False]
