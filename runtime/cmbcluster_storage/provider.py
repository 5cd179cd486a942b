"""A provider: all operations, on one cloud.

Each subject has a module: objects, copies, uploads, downloads, listings, links, batches,
directories, buckets. `StorageProviderFactory` makes a provider from a cloud's backend,
`StorageManager` is how a hub holds one.
"""

from cmbcluster_storage.buckets import Buckets
from cmbcluster_storage.copies import Copies
from cmbcluster_storage.directories import Directories
from cmbcluster_storage.links import Links


class StorageProvider(Directories, Copies, Links, Buckets):
    """Buckets and objects in one cloud.

    Every method raises a StorageError and nothing else of the SDK's; errors of the local
    file system pass as they are. A cancelled call returns at once and starts no further
    request; one that was sent whole may still take effect.
    """
