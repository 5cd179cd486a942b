"""The keys of each cloud, and what follows from them: scope, bucket names, ARNs.

Twins: what the rest of the settings asks of a cloud, both answer.
"""

import re
from typing import Annotated, ClassVar, Literal, Self

from cmbcluster_storage import names, rules
from pydantic import Field, model_validator

from infra.problems import problem
from infra.settings.base import Model

# Regions without the account-regional bucket namespace.
# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
_GLOBAL_NAMESPACE_ONLY = ("me-central-1", "me-south-1")
_LONGEST_REGION = 16  # of an account-regional name: 63 characters, less what else is in it

# Where Cloud KMS calls a location of buckets otherwise.
# Source: https://cloud.google.com/kms/docs/locations
_KEY_LOCATIONS = {"eu": "europe"}

_S3_NAME = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_GCS_NAME = r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]"


class AwsCloud(Model):
    """Where the buckets and roles are made, on AWS."""

    provider: Literal["aws"] = Field(description="the cloud", examples=["aws"])
    account_id: str = Field(
        pattern=r"^[0-9]{12}$",
        description="the AWS account: 12 digits, quoted; credentials of another are refused",
        examples=["123456789012"],
    )
    region: str = Field(
        pattern=r"^(us-gov|[a-z]{2})-[a-z]+-[0-9]$",
        max_length=32,  # twice what the longest there is has; a trust policy has room for it
        description="the AWS region of the buckets",
        examples=["us-east-1"],
    )
    identity: Literal["irsa", "podIdentity"] = Field(
        "irsa",
        description="how a service account takes its role: IRSA, or EKS Pod Identity",
        examples=["irsa"],
    )
    oidc_issuer: str | None = Field(
        None,
        pattern=r"^[a-z0-9.-]+(/[A-Za-z0-9._-]+)*$",
        max_length=255,  # IAM's own limit; a trust policy has room for it thrice
        description=(
            "for irsa, required there: the cluster's OIDC issuer without https://, known to IAM "
            "as a provider"
        ),
        examples=["oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"],
    )
    cluster_name: str | None = Field(
        None,
        pattern=r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$",
        description="for podIdentity, required there: the EKS cluster, with its Pod Identity agent",
        examples=["cmbcluster"],
    )
    bucket_namespace: Literal["accountRegional", "global"] = Field(
        "accountRegional",
        description="where bucket names are unique: nobody else can take one, or the whole world",
        examples=["accountRegional"],
    )

    adoptable: ClassVar = (
        "bucket",
        "publicAccessBlock",
        "ownership",
        "encryption",
        "versioning",
        "lifecycle",
        "policy",
        "logging",
    )

    @model_validator(mode="after")
    def _names_what_the_identity_needs(self) -> Self:
        needed = {"irsa": "oidcIssuer", "podIdentity": "clusterName"}
        given = {"oidcIssuer": self.oidc_issuer, "clusterName": self.cluster_name}
        for identity, key in needed.items():
            if identity == self.identity and given[key] is None:
                raise problem(f"has no {key}, which identity {identity} needs; write it")
            if identity != self.identity and given[key] is not None:
                raise problem(
                    f"has {key}, which is for identity {identity}; drop it, or write "
                    f"identity: {identity}"
                )
        return self

    @model_validator(mode="after")
    def _has_names_for_buckets(self) -> Self:
        if self.bucket_namespace == "global":
            return self
        if self.region in _GLOBAL_NAMESPACE_ONLY:
            raise problem(
                f"is in {self.region}, where AWS offers no account-regional bucket names; write "
                "bucketNamespace: global, or use another region"
            )
        if len(self.region) > _LONGEST_REGION:
            raise problem(
                f"is in {self.region}, which is too long for account-regional bucket names; "
                "write bucketNamespace: global"
            )
        return self

    @property
    def partition(self) -> str:
        """The first field of every ARN.

        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
        """
        match self.region.split("-")[:2]:
            case ["us", "gov"]:
                return "aws-us-gov"
            case ["cn", _]:
                return "aws-cn"
            case _:
                return "aws"

    def scope(self, platform: str) -> str:
        """Return the scope in which the users' names are unique."""
        return names.aws_scope(platform, self.account_id, self.region)

    @property
    def place(self) -> str:
        """Where the buckets are, for ever."""
        return self.region

    def bucket_name(self, user_name: str) -> str:
        """Return the name of a user's bucket."""
        if self.bucket_namespace == "global":
            return user_name
        return names.aws_bucket_name(user_name, self.account_id, self.region)

    def bucket_problem(self, bucket: str) -> str | None:
        """Return why a bucket of that name cannot be one of this account's and region's."""
        if not re.fullmatch(_S3_NAME, bucket):
            return "is no name of an S3 bucket: 3-63 characters of [a-z0-9.-]; write its name"
        ours = f"-{self.account_id}-{self.region}-an"
        if bucket.endswith("-an") and not bucket.endswith(ours):
            return f"is in another account's or region's namespace; names of this one end in {ours}"
        return None

    def key_problem(self, key: str) -> str | None:
        """Return why an encryption key cannot serve the buckets."""
        arn = f"arn:{self.partition}:kms:{self.region}:"
        if re.fullmatch(rf"{re.escape(arn)}[0-9]{{12}}:key/[A-Za-z0-9-]+", key):
            return None
        return f"is no key of this region; write its ARN, {arn}<account>:key/<id>"

    def storage_class_problem(self, storage_class: rules.StorageClass) -> str | None:
        """Return why buckets cannot have a storage class."""
        if storage_class in rules.S3_STORAGE_CLASSES:
            return None
        return (
            "would make objects on S3 that nobody can read before they are restored; write one "
            f"of {', '.join(rules.S3_STORAGE_CLASSES)}"
        )


class GcpCloud(Model):
    """Where the buckets and identities are made, on Google Cloud."""

    provider: Literal["gcp"] = Field(description="the cloud", examples=["gcp"])
    project: str = Field(
        pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$",
        description="the project's id",
        examples=["cmbcluster-research"],
    )
    project_number: str = Field(
        pattern=r"^[0-9]{6,19}$",
        description="the project's number, quoted; principals are named by it",
        examples=["123456789012"],
    )
    location: str = Field(
        # Source: https://cloud.google.com/storage/docs/locations
        pattern=r"^([a-z]{2,}[0-9]?|[A-Z]{2,}[0-9]?|[a-z]+-[a-z]+[0-9]+|[A-Z]+-[A-Z]+[0-9]+)$",
        description="the region, dual-region or multi-region of the buckets",
        examples=["europe-west4"],
    )
    identity: Literal["workloadIdentity", "serviceAccount"] = Field(
        "workloadIdentity",
        description="the Kubernetes service account itself, or a Google one: it can sign URLs",
        examples=["workloadIdentity"],
    )

    adoptable: ClassVar = ("bucket", "policy")

    def scope(self, platform: str) -> str:
        """Return the scope in which the users' names are unique."""
        return names.gcp_scope(platform, self.project)

    @property
    def place(self) -> str:
        """Where the buckets are, for ever; the API answers in capitals, whatever it is given."""
        return self.location.upper()

    def bucket_name(self, user_name: str) -> str:
        """Return the name of a user's bucket."""
        return user_name

    def bucket_problem(self, bucket: str) -> str | None:
        """Return why a bucket of that name cannot be one of this project's."""
        if re.fullmatch(_GCS_NAME, bucket) and not bucket.startswith("goog"):
            return None
        return "is no name of a bucket that can be mounted: 3-63 characters of [a-z0-9._-]"

    def key_problem(self, key: str) -> str | None:
        """Return why an encryption key cannot serve the buckets.

        Source: https://cloud.google.com/storage/docs/encryption/customer-managed-keys
        """
        found = re.fullmatch(
            r"projects/[a-z0-9.:-]+/locations/([a-z0-9-]+)/keyRings/[\w-]+/cryptoKeys/[\w-]+",
            key,
            re.ASCII,
        )
        wanted = self.location.lower()
        place = _KEY_LOCATIONS.get(wanted, wanted)
        if found and found[1] == place:
            return None
        return (
            "is no key of the buckets' location; write projects/<project>/locations/"
            f"{place}/keyRings/<ring>/cryptoKeys/<key>"
        )

    def storage_class_problem(self, storage_class: rules.StorageClass) -> str | None:
        """Return why buckets cannot have a storage class: every one is at hand here."""
        return None


Cloud = Annotated[AwsCloud | GcpCloud, Field(discriminator="provider")]
