"""Large uploads to S3, without a server."""

import pytest
from botocore.stub import Stubber
from cmbcluster_storage import Patience
from cmbcluster_storage.messages import Write
from cmbcluster_storage.s3 import S3Backend
from cmbcluster_storage.uploads import SMALL_BYTES

GIB = 1024**3


@pytest.mark.parametrize("size_bytes", [None, 9 * 1024**2, 484 * GIB, 485 * GIB, 5 * 1024 * GIB])
def test_the_parts_that_s3_takes_are_enough(monkeypatch, size_bytes):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    backend = S3Backend(region="us-east-1", patience=Patience(), storage_class="STANDARD")
    with Stubber(backend._client) as stub:
        stub.add_response("create_multipart_upload", {"UploadId": "7"})
        write = Write(bucket="ara", key="a", content_type="text/plain")
        upload = backend.begin_upload(write, size_bytes)
    backend.close()
    sizes = [SMALL_BYTES, SMALL_BYTES, *map(upload.part_bytes, range(1, 9_999))]

    assert len(sizes) == 10_000
    assert sum(sizes) >= (size_bytes or 484 * GIB)
    assert max(sizes) <= 5 * GIB
    if size_bytes is None or size_bytes <= 484 * GIB:  # larger parts are held in memory, too
        assert sizes[:2000] == [SMALL_BYTES] * 2000
