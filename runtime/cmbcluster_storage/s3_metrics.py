"""A bucket's usage as CloudWatch has it: measured once a day.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from cmbcluster_storage.bucket_models import BucketUsage
from cmbcluster_storage.errors import ConflictError

_NAMESPACE = "AWS/S3"


def bucket_metrics(cloudwatch: Any, bucket: str) -> BucketUsage:
    """Return the newest figures of the last three days, all storage types together.

    Raises:
        ConflictError: there is none yet, as of a bucket that was made today.
    """
    named = {"Name": "BucketName", "Value": bucket}
    types = [
        dimension["Value"]
        for page in cloudwatch.get_paginator("list_metrics").paginate(
            Namespace=_NAMESPACE, MetricName="BucketSizeBytes", Dimensions=[named]
        )
        for metric in page["Metrics"]
        for dimension in metric["Dimensions"]
        if dimension["Name"] == "StorageType"
    ]
    sizes = [_newest(cloudwatch, "BucketSizeBytes", named, kind) for kind in types]
    known = [size for size in sizes if size]
    if not known:
        raise ConflictError("there are no metrics of the bucket yet; count by listing")
    counted = _newest(cloudwatch, "NumberOfObjects", named, "AllStorageTypes")
    return BucketUsage(
        size_bytes=sum(int(value) for _, value in known),
        object_count=None,
        version_count=int(counted[1]) if counted else None,
        measured=max(when for when, _ in known),
    )


def _newest(
    cloudwatch: Any, metric: str, named: dict[str, str], kind: str
) -> tuple[datetime, float] | None:
    now = datetime.now(UTC)
    points = cloudwatch.get_metric_statistics(
        Namespace=_NAMESPACE,
        MetricName=metric,
        Dimensions=[named, {"Name": "StorageType", "Value": kind}],
        StartTime=now - timedelta(days=3),
        EndTime=now,
        Period=24 * 60 * 60,
        Statistics=["Average"],
    )["Datapoints"]
    return max(((point["Timestamp"], point["Average"]) for point in points), default=None)
