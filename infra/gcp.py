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

from infra import policies
from infra.settings import Buckets, GcpCloud, StackConfig

_DAY_SECONDS = 24 * 60 * 60


def provider(cloud: GcpCloud) -> gcp.Provider:
    """Return the provider of this project; it adds no label of its own."""
    return gcp.Provider("gcp", project=cloud.project, add_pulumi_attribution_label=False)


def platform(cloud: GcpCloud, buckets: Buckets) -> dict[str, Any]:
    """Return what the stack's output `platform` says of the cloud and its buckets."""
    return {
        **cloud.model_dump(by_alias=True, exclude={"identity"}),
        "buckets": buckets.model_dump(by_alias=True),
    }


@dataclass(frozen=True)
class UserStorageArgs:
    """What one user's storage is made from.

    Attributes:
        config: the checked config of the stack.
        cloud: its part about Google Cloud.
        user: the user's id.
    """

    config: StackConfig
    cloud: GcpCloud
    user: str


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
        cloud, buckets = args.cloud, args.config.buckets
        namespace = args.config.kubernetes.namespace
        self._name = name
        self._user_name = names.user_name(args.config.scope, args.user)
        self._labels = rules.bucket_labels(args.config.platform, name, buckets.labels)
        self.bucket_name = self._user_name
        self.bucket_url = f"gs://{self.bucket_name}"
        self.volume = volumes.gcs_volume(
            self.bucket_name, names.volume_name(namespace, self._user_name)
        )

        bucket = self._bucket(cloud, buckets.rules())
        member, self.service_account_annotations = self._identity(cloud, namespace)
        self._guards(bucket, member)

        self.register_outputs({"bucketName": self.bucket_name, "bucketUrl": self.bucket_url})

    def _bucket(self, cloud: GcpCloud, bucket_rules: rules.BucketRules) -> gcp.storage.Bucket:
        return gcp.storage.Bucket(
            f"{self._name}-bucket",
            name=self.bucket_name,
            project=cloud.project,
            location=cloud.location.upper(),
            force_destroy=False,
            labels=self._labels,
            public_access_prevention="enforced",
            uniform_bucket_level_access=True,
            versioning=gcp.storage.BucketVersioningArgs(enabled=bucket_rules.versioning),
            lifecycle_rules=_lifecycle_rules(bucket_rules),
            soft_delete_policy=gcp.storage.BucketSoftDeletePolicyArgs(
                retention_duration_seconds=bucket_rules.soft_delete_days * _DAY_SECONDS
            ),
            opts=ResourceOptions(parent=self, protect=True, retain_on_delete=True),
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
                policies.workload_identity_user(
                    cloud.project, namespace, service_account=self._user_name
                )
            ),
            opts=ResourceOptions(parent=self),
        )
        return account.member, {"iam.gke.io/gcp-service-account": account.email}

    def _guards(self, bucket: gcp.storage.Bucket, member: pulumi.Input[str]) -> None:
        """Register what else guards the bucket: here one policy, the rest is the bucket's own.

        It is deleted with the bucket, never before it, and stays when its line is dropped.
        """
        policy = pulumi.Output.from_input(member).apply(
            lambda known: policies.text(policies.object_user(known))
        )
        gcp.storage.BucketIAMPolicy(
            f"{self._name}-policy",
            bucket=bucket.name,
            policy_data=policy,
            opts=ResourceOptions(
                parent=self, protect=True, retain_on_delete=True, deleted_with=bucket
            ),
        )


def _lifecycle_rules(
    bucket_rules: rules.BucketRules,
) -> list[gcp.storage.BucketLifecycleRuleArgs]:
    """Return the one lifecycle document of a bucket; conditions of one rule are ANDed."""
    return [
        gcp.storage.BucketLifecycleRuleArgs(
            action=gcp.storage.BucketLifecycleRuleActionArgs(type="Delete"),
            condition=gcp.storage.BucketLifecycleRuleConditionArgs(
                with_state="ARCHIVED",
                days_since_noncurrent_time=bucket_rules.noncurrent_days,
                # The live version counts as a newer one.
                num_newer_versions=bucket_rules.noncurrent_versions_kept + 1,
            ),
        ),
        gcp.storage.BucketLifecycleRuleArgs(
            action=gcp.storage.BucketLifecycleRuleActionArgs(type="AbortIncompleteMultipartUpload"),
            condition=gcp.storage.BucketLifecycleRuleConditionArgs(
                age=bucket_rules.abort_uploads_after_days
            ),
        ),
    ]
