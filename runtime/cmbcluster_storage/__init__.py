"""Bucket and object operations that are the same on Amazon S3 and Google Cloud.

Importing the package loads nothing but itself: a public name is imported from its
module when it is first asked for (PEP 562), so that a program which only wants
`cmbcluster_storage.names` pays for no SDK, no pydantic and no asyncio.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cmbcluster_storage.bucket_models import BucketDeletion, BucketInfo, BucketUsage, Permission
    from cmbcluster_storage.calls import Patience
    from cmbcluster_storage.errors import (
        AccessDeniedError,
        BucketExistsError,
        BucketNotFoundError,
        ConfigurationError,
        ConflictError,
        InvalidRequestError,
        MissingExtraError,
        ObjectNotFoundError,
        OutcomeUnknownError,
        PartialFailureError,
        PreconditionFailedError,
        StorageError,
        StorageTimeoutError,
        UnavailableError,
        UnsupportedError,
    )
    from cmbcluster_storage.factory import StorageProviderFactory
    from cmbcluster_storage.manager import StorageManager
    from cmbcluster_storage.models import ObjectInfo, ObjectPage, PresignedRequest
    from cmbcluster_storage.outputs import StackOutputs
    from cmbcluster_storage.settings import Settings

__all__ = [
    "AccessDeniedError",
    "BucketDeletion",
    "BucketExistsError",
    "BucketInfo",
    "BucketNotFoundError",
    "BucketUsage",
    "ConfigurationError",
    "ConflictError",
    "InvalidRequestError",
    "MissingExtraError",
    "ObjectInfo",
    "ObjectNotFoundError",
    "ObjectPage",
    "OutcomeUnknownError",
    "PartialFailureError",
    "Patience",
    "Permission",
    "PreconditionFailedError",
    "PresignedRequest",
    "Settings",
    "StackOutputs",
    "StorageError",
    "StorageManager",
    "StorageProviderFactory",
    "StorageTimeoutError",
    "UnavailableError",
    "UnsupportedError",
]

# Where a public name lives; those that are not here are errors.
_MODULES = {
    "BucketDeletion": "bucket_models",
    "BucketInfo": "bucket_models",
    "BucketUsage": "bucket_models",
    "ObjectInfo": "models",
    "ObjectPage": "models",
    "Patience": "calls",
    "Permission": "bucket_models",
    "PresignedRequest": "models",
    "Settings": "settings",
    "StackOutputs": "outputs",
    "StorageManager": "manager",
    "StorageProviderFactory": "factory",
}


def __getattr__(name: str) -> object:
    """Import a public name's module on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_MODULES.get(name, 'errors')}")
    return getattr(module, name)


def __dir__() -> list[str]:
    """List the names that are not imported yet as well."""
    return sorted({*globals(), *__all__})
