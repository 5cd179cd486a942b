"""Google Cloud: one user's bucket, its guards, and the identity that alone may use it.

The twin of `infra.aws`: same class, attributes and order. Knows Cloud Storage and IAM
only, no Kubernetes: it hands what a service account and a volume need to whoever makes one.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp
from cmbcluster_storage import names, rules, volumes
from pulumi import ResourceOptions

from infra import gcp_rules, policies
from infra.held import held
from infra.settings import Buckets, GcpCloud, StackConfig, User

_DAY_SECONDS = 24 * 60 * 60


def provider(cloud: GcpCloud) -> gcp.Provider:
    """Return the provider of this project; it adds no label of its own."""
    return gcp.Provider("gcp", project=cloud.project, add_pulumi_attribution_label=False)


def owns(cloud: GcpCloud, provider: gcp.Provider, bucket_name: str) -> bool:
    """Tell whether a bucket is the project's, in the location of the stack's."""
    found = gcp.storage.get_buckets(
        project=cloud.project,
        prefix=bucket_name,
        opts=pulumi.InvokeOptions(provider=provider),
    )
    place = (bucket_name, cloud.place)
    return place in [(bucket.name, bucket.location) for bucket in found.buckets]


def platform(cloud: GcpCloud, buckets: Buckets) -> dict[str, Any]:
    """Return what the stack's output `platform` says of the cloud and its buckets."""
    return {
        **cloud.model_dump(
            by_alias=True, include={"provider", "project", "project_number", "location"}
        ),
        "buckets": buckets.model_dump(by_alias=True),
    }


@dataclass(frozen=True)
class UserStorageArgs:
    """What one user's storage is made from.

    Attributes:
        config: the checked config of the stack.
        cloud: its part about Google Cloud.
        user: the user's entry in it.
    """

    config: StackConfig
    cloud: GcpCloud
    user: User


class UserStorage(pulumi.ComponentResource):
    """One private, versioned bucket and the one identity that may use it.

    Attributes:
        bucket_name: known before it is made: it follows from the user's id.
        bucket_url: what tools open, gs://….
        service_account_annotations: tie the user's service account to the identity.
        volume: the bucket as its CSI driver mounts it.
    """

    bucket_name: str
    bucket_url: str
    service_account_annotations: dict[str, pulumi.Input[str]]
    volume: volumes.CsiVolume

    def __init__(
        self, name: str, args: UserStorageArgs, opts: ResourceOptions | None = None
    ) -> None:
        """Register everything below the component `name`, the user's slug."""
        super().__init__("cmbcluster-storage:index:UserStorage", name, {}, opts)
        cloud, config, user = args.cloud, args.config, args.user
        bucket_rules = config.buckets.rules()
        self._name = name
        self._user = user
        self._user_name = user.name(config.scope)
        self._labels = rules.bucket_labels(config.platform, name, config.buckets.labels)
        self.bucket_name = user.bucket_name(cloud, config.platform)
        self.bucket_url = f"gs://{self.bucket_name}"
        self.volume = volumes.gcs_volume(
            self.bucket_name, names.volume_name(config.kubernetes.namespace, self._user_name)
        )

        bucket = self._bucket(cloud, bucket_rules)
        member: pulumi.Input[str | None] = None
        self.service_account_annotations = {}
        if user.state == "active":
            member, self.service_account_annotations = self._identity(
                cloud, config.kubernetes.namespace
            )
        self._guards(bucket, member)

        self.register_outputs(
            {
                "user": user.id,
                "state": user.state,
                "place": cloud.place,
                "bucketName": self.bucket_name,
                "bucketUrl": self.bucket_url,
            }
        )

    def _bucket(self, cloud: GcpCloud, bucket_rules: rules.BucketRules) -> gcp.storage.Bucket:
        return gcp.storage.Bucket(
            f"{self._name}-bucket",
            name=self.bucket_name,
            project=cloud.project,
            location=cloud.place,
            storage_class=bucket_rules.storage_class,
            force_destroy=self._user.state == "deleted",
            labels=self._labels,
            public_access_prevention="enforced",
            uniform_bucket_level_access=True,
            versioning=gcp.storage.BucketVersioningArgs(enabled=bucket_rules.versioning),
            encryption=gcp_rules.encryption(bucket_rules.encryption_key),
            logging=gcp_rules.logging(bucket_rules.access_logs_to, self.bucket_name),
            lifecycle_rules=[
                gcp_rules.lifecycle_rule(rule)
                for rule in rules.lifecycle_rules(bucket_rules)
                if not self._user.adopt  # here a rule cannot be switched off, only left out
            ],
            soft_delete_policy=gcp.storage.BucketSoftDeletePolicyArgs(
                retention_duration_seconds=bucket_rules.soft_delete_days * _DAY_SECONDS
            ),
            opts=held(self, self._user, "bucket", self.bucket_name),
        )

    def _identity(
        self, cloud: GcpCloud, namespace: str
    ) -> tuple[pulumi.Input[str], dict[str, pulumi.Input[str]]]:
        """Return who may use the bucket, and the service account's annotations."""
        if cloud.identity == "workloadIdentity":
            member = policies.principal(
                cloud.project, cloud.project_number, namespace, service_account=self._user_name
            )
            return member, {}
        account = gcp.serviceaccount.Account(
            f"{self._name}-account",
            account_id=self._user_name,
            project=cloud.project,
            description=f"Use of the bucket {self.bucket_name} by one user's server",
            opts=ResourceOptions(parent=self),
        )
        gcp.serviceaccount.IAMPolicy(
            f"{self._name}-access",
            service_account_id=account.name,
            policy_data=policies.text(
                policies.account_policy(cloud.project, namespace, service_account=self._user_name)
            ),
            opts=ResourceOptions(parent=self),
        )
        return account.member, {"iam.gke.io/gcp-service-account": account.email}

    def _guards(self, bucket: gcp.storage.Bucket, member: pulumi.Input[str | None]) -> None:
        """Register what else guards the bucket: here one policy, the rest is the bucket's own."""
        policy = pulumi.Output.from_input(member).apply(
            lambda known: policies.text(policies.object_user(known))
        )
        gcp.storage.BucketIAMPolicy(
            f"{self._name}-policy",
            bucket=bucket.name,
            policy_data=policy,
            opts=held(self, self._user, "policy", f"b/{self.bucket_name}", bucket),
        )
