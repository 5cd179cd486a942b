"""Cloud Storage as a backend: one session, and the requests that its modules know.

`gcs_*` and this are the only modules that import google-cloud-storage.
"""

from collections.abc import Mapping
from typing import ClassVar

from cmbcluster_storage.gcs_buckets import GcsBuckets
from cmbcluster_storage.gcs_links import GcsLinks
from cmbcluster_storage.gcs_listing import GcsListing
from cmbcluster_storage.gcs_uploads import GcsUploads


class GcsBackend(GcsUploads, GcsListing, GcsLinks, GcsBuckets):
    """Google Cloud Storage and servers that speak its language."""

    provider: ClassVar[str] = "gcp"
    scheme: ClassVar[str] = "gs"
    compares_versions: ClassVar[bool] = True
    oldest_first: ClassVar[bool] = True
    write_headers: Mapping[str, str] = {}  # a bucket has a class of its own
