"""The provider plugin `gcp`: the types that the stack uses, made in our own server.

What replaces, what exists already and what a delete really does follow the official
provider, so that a preview here tells the truth about a preview there.
"""

import os

from sandbox.gcp_api import Api
from sandbox.gcp_buckets import Buckets
from sandbox.gcp_iam import Account
from sandbox.gcp_iam_policies import AccountIAMPolicy, BucketIAMPolicy
from sandbox.gcp_storage import Bucket
from sandbox.properties import Properties
from sandbox.provider import Offer, serve

TYPES = {
    "gcp:storage/bucket:Bucket": "storage.Bucket",
    "gcp:storage/bucketIAMPolicy:BucketIAMPolicy": "storage.BucketIAMPolicy",
    "gcp:serviceaccount/account:Account": "serviceaccount.Account",
    "gcp:serviceaccount/iAMPolicy:IAMPolicy": "serviceaccount.IAMPolicy",
}

FUNCTIONS = {"gcp:storage/getBuckets:getBuckets": "storage.get_buckets"}


def configure(config: Properties) -> Offer:
    """Return the types and functions, behind the address that the SDK's own variable names."""
    api = Api(os.environ["STORAGE_EMULATOR_HOST"])
    project = config.get("project")
    types = (
        Bucket(api, project),
        BucketIAMPolicy(api),
        Account(api, project),
        AccountIAMPolicy(api),
    )
    offered = (*types, Buckets(api, project))
    return dict(zip(TYPES | FUNCTIONS, offered, strict=True))


if __name__ == "__main__":
    serve("pulumi_gcp", TYPES | FUNCTIONS, configure)
