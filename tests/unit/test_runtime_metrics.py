from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import ANY, Stubber
from cmbcluster_storage.bucket_models import BucketUsage
from cmbcluster_storage.calls import Patience
from cmbcluster_storage.errors import ConflictError
from cmbcluster_storage.gcs_metrics import metric_query, usage_of
from cmbcluster_storage.s3 import S3Backend
from cmbcluster_storage.s3_metrics import bucket_metrics

OLD, NEW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def cloudwatch():
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("cloudwatch", region_name="us-east-1", **keys)
    with Stubber(client) as stub:
        yield client, stub
    client.close()


def metric(kind):
    named = [{"Name": "BucketName", "Value": "b"}, {"Name": "StorageType", "Value": kind}]
    return {"Namespace": "AWS/S3", "MetricName": "BucketSizeBytes", "Dimensions": named}


def test_cloudwatch_s_storage_types_are_added(cloudwatch):
    client, stub = cloudwatch
    stub.add_response("list_metrics", {"Metrics": [metric("StandardStorage"), metric("Other")]})
    points = [{"Timestamp": OLD, "Average": 1.0}, {"Timestamp": NEW, "Average": 5.0}]
    for found in (points, [{"Timestamp": OLD, "Average": 2.0}], points):
        stub.add_response("get_metric_statistics", {"Datapoints": found})

    assert bucket_metrics(client, "b") == BucketUsage(
        size_bytes=7, object_count=None, version_count=5, measured=NEW
    )


def test_cloudwatch_has_none_yet(cloudwatch):
    client, stub = cloudwatch
    stub.add_response("list_metrics", {"Metrics": []}, {
        "Namespace": ANY, "MetricName": ANY, "Dimensions": ANY,
    })  # fmt: skip
    with pytest.raises(ConflictError, match="count by listing"):
        bucket_metrics(client, "b")


def test_cloudwatch_is_asked_once_by_one_attempt(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    asked = []

    def send(client, *_):
        asked.append(client.meta.config)
        raise ConnectionError

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", send)
    patience = Patience(deadline_seconds=8)
    backend = S3Backend(region="us-east-1", patience=patience, storage_class="STANDARD")
    with pytest.raises(ConnectionError):
        backend.metrics("ara")
    backend.close()

    [config] = asked
    assert config.retries["total_max_attempts"] == 1
    assert (config.connect_timeout, config.read_timeout) == (4, 4)


def series(*points):
    return {
        "points": [
            {"interval": {"endTime": when.isoformat()}, "value": value} for when, value in points
        ]
    }


def test_cloud_monitoring_s_classes_are_added():
    sizes = [series((NEW, {"doubleValue": 5.0}), (OLD, {"doubleValue": 1.0}))]
    sizes.append(series((OLD, {"doubleValue": 2.0})))
    counts = [series((NEW, {"int64Value": "3"}))]

    assert usage_of({"timeSeries": sizes}, {"timeSeries": counts}) == BucketUsage(
        size_bytes=7, object_count=None, version_count=3, measured=NEW
    )
    assert usage_of({"timeSeries": sizes}, {}).version_count is None
    with pytest.raises(ConflictError, match="count by listing"):
        usage_of({}, {})


def test_what_cloud_monitoring_is_asked():
    address, key, query = metric_query("science", "b", "total_bytes")

    assert address == "https://monitoring.googleapis.com/v3/projects/science/timeSeries"
    assert key is None
    assert 'bucket_name="b"' in query["filter"]
