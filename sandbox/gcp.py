"""The provider plugin `gcp`: the types that the stack uses, made in our own server.

What replaces, what exists already and what a delete really does follow the official
provider, so that a preview here tells the truth about a preview there.
"""

import os

from sandbox.gcp_api import Api
from sandbox.gcp_iam import Account, AccountIAMPolicy
from sandbox.gcp_storage import Bucket, BucketIAMPolicy
from sandbox.properties import Properties
from sandbox.provider import serve
from sandbox.resource import ResourceType

TYPES = {
    "gcp:storage/bucket:Bucket": "storage.Bucket",
    "gcp:storage/bucketIAMPolicy:BucketIAMPolicy": "storage.BucketIAMPolicy",
    "gcp:serviceaccount/account:Account": "serviceaccount.Account",
    "gcp:serviceaccount/iAMPolicy:IAMPolicy": "serviceaccount.IAMPolicy",
}


def configure(config: Properties) -> dict[str, ResourceType]:
    """Return the types, behind the address that the SDK's own variable names."""
    api = Api(os.environ["STORAGE_EMULATOR_HOST"])
    bucket = Bucket(api, config.get("project"))
    types = (bucket, BucketIAMPolicy(api), Account(api), AccountIAMPolicy(api))
    return dict(zip(TYPES, types, strict=True))


if __name__ == "__main__":
    serve("pulumi_gcp", TYPES, configure)
