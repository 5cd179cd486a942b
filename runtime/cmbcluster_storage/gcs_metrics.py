"""A bucket's usage as Cloud Monitoring has it: measured once a day. Pure, no client.

Source: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-storage
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from cmbcluster_storage.bucket_models import BucketUsage
from cmbcluster_storage.errors import ConflictError

_API = "https://monitoring.googleapis.com/v3"


def metric_query(project: str, bucket: str, metric: str) -> tuple[str, None, dict[str, object]]:
    """Return address, key and parameters of a request for the last three days."""
    now = datetime.now(UTC)
    return (
        f"{_API}/projects/{project}/timeSeries",
        None,
        {
            "filter": f'metric.type="storage.googleapis.com/storage/{metric}" AND '
            f'resource.labels.bucket_name="{bucket}"',
            "interval.startTime": (now - timedelta(days=3)).isoformat(),
            "interval.endTime": now.isoformat(),
        },
    )


def usage_of(sizes: Any, counts: Any) -> BucketUsage:
    """Return the usage that two answers tell, all storage classes together.

    Raises:
        ConflictError: there is none yet, as of a bucket that was made today.
    """
    newest = [_newest(series) for series in sizes.get("timeSeries", ())]
    if not newest:
        raise ConflictError("there are no metrics of the bucket yet; count by listing")
    objects = [_newest(series)[1] for series in counts.get("timeSeries", ())]
    return BucketUsage(
        size_bytes=sum(int(value) for _, value in newest),
        object_count=None,
        version_count=sum(int(value) for value in objects) if objects else None,
        measured=max(when for when, _ in newest),
    )


def _newest(series: Any) -> tuple[datetime, float]:
    """Return a series' newest point; a number comes as text if it is whole."""
    point = series["points"][0]  # the newest is the first
    value = point["value"]
    return (
        datetime.fromisoformat(point["interval"]["endTime"]),
        float(value.get("int64Value", value.get("doubleValue", 0))),
    )
