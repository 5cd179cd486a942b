"""AWS: one user's bucket, its guards, and the role that alone may use it.

The twin of `infra.gcp`: same class, attributes and order. Knows S3 and IAM only, no
Kubernetes: it hands what a service account and a volume need to whoever makes one.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from cmbcluster_storage import names, rules, volumes
from pulumi import ResourceOptions

from infra import aws_rules, policies
from infra.held import held
from infra.settings import AwsCloud, Buckets, StackConfig, User


def provider(cloud: AwsCloud) -> aws.Provider:
    """Return the provider of this account and region; it refuses other accounts."""
    return aws.Provider("aws", region=cloud.region, allowed_account_ids=[cloud.account_id])


def owns(cloud: AwsCloud, provider: aws.Provider, bucket_name: str) -> bool:
    """Tell whether a bucket is the account's, in the region of the stack's."""
    found = aws.s3.get_buckets(
        bucket_region=cloud.region,
        prefix=bucket_name,
        opts=pulumi.InvokeOptions(provider=provider),
    )
    return bucket_name in [bucket.name for bucket in found.buckets]


def platform(cloud: AwsCloud, buckets: Buckets) -> dict[str, Any]:
    """Return what the stack's output `platform` says of the cloud and its buckets."""
    return {
        **cloud.model_dump(
            by_alias=True, include={"provider", "account_id", "region", "bucket_namespace"}
        ),
        "buckets": buckets.model_dump(by_alias=True, exclude={"soft_delete_days"}),
    }


@dataclass(frozen=True)
class UserStorageArgs:
    """What one user's storage is made from.

    Attributes:
        config: the checked config of the stack.
        cloud: its part about AWS.
        user: the user's entry in it.
    """

    config: StackConfig
    cloud: AwsCloud
    user: User


class UserStorage(pulumi.ComponentResource):
    """One private, versioned bucket and the one identity that may use it.

    Attributes:
        bucket_name: known before it is made: it follows from the user's id.
        bucket_url: what tools open, s3://….
        service_account_annotations: tie the user's service account to the role.
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
        self.bucket_url = f"s3://{self.bucket_name}"
        self.volume = volumes.s3_volume(
            self.bucket_name,
            names.volume_name(config.kubernetes.namespace, self._user_name),
            cloud.account_id,
            cloud.region,
            bucket_rules,
        )
        self._bucket_arn = f"arn:{cloud.partition}:s3:::{self.bucket_name}"

        bucket = self._bucket()
        self.service_account_annotations = {}
        if user.state == "active":
            self.service_account_annotations = self._identity(
                cloud, config.kubernetes.namespace, bucket_rules
            )
        self._guards(bucket, bucket_rules)

        self.register_outputs(
            {
                "user": user.id,
                "state": user.state,
                "place": cloud.place,
                "bucketName": self.bucket_name,
                "bucketUrl": self.bucket_url,
            }
        )

    def _bucket(self) -> aws.s3.Bucket:
        regional = self.bucket_name.endswith("-an")
        return aws.s3.Bucket(
            f"{self._name}-bucket",
            bucket=self.bucket_name,
            bucket_namespace="account-regional" if regional else "global",
            force_destroy=self._user.state == "deleted",
            tags=self._labels,
            opts=held(self, self._user, "bucket", self.bucket_name),
        )

    def _identity(
        self, cloud: AwsCloud, namespace: str, bucket_rules: rules.BucketRules
    ) -> dict[str, pulumi.Input[str]]:
        """Return the service account's annotations."""
        role = aws.iam.Role(
            f"{self._name}-role",
            name=self._user_name,
            description=f"Use of the bucket {self.bucket_name} by one user's server",
            assume_role_policy=policies.text(self._trust(cloud, namespace)),
            tags=self._labels,
            opts=ResourceOptions(parent=self),
        )
        access = policies.user_access(self._bucket_arn, bucket_rules.encryption_key)
        aws.iam.RolePolicy(
            f"{self._name}-access",
            name="storage",
            role=role.name,
            policy=policies.text(access),
            opts=ResourceOptions(parent=self),
        )
        if cloud.cluster_name is None:
            return {"eks.amazonaws.com/role-arn": role.arn}
        aws.eks.PodIdentityAssociation(
            f"{self._name}-association",
            cluster_name=cloud.cluster_name,
            namespace=namespace,
            service_account=self._user_name,
            role_arn=role.arn,
            tags=self._labels,
            opts=ResourceOptions(parent=self),
        )
        return {}

    def _trust(self, cloud: AwsCloud, namespace: str) -> policies.Policy:
        if cloud.oidc_issuer is not None:
            return policies.irsa_trust(
                cloud.partition,
                cloud.account_id,
                cloud.oidc_issuer,
                namespace,
                service_account=self._user_name,
            )
        return policies.pod_identity_trust(
            cloud.partition,
            cloud.account_id,
            cloud.region,
            str(cloud.cluster_name),
            namespace,
            service_account=self._user_name,
        )

    def _guards(self, bucket: aws.s3.Bucket, bucket_rules: rules.BucketRules) -> None:
        """Register the bucket's settings one after the other.

        S3 answers 409 OperationAborted when two are written at once.
        """

        def after(previous: pulumi.Resource, part: str) -> ResourceOptions:
            return held(self, self._user, part, self.bucket_name, bucket, previous)

        access_block = aws.s3.BucketPublicAccessBlock(
            f"{self._name}-public-access-block",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=after(bucket, "publicAccessBlock"),
        )
        ownership = aws.s3.BucketOwnershipControls(
            f"{self._name}-ownership",
            bucket=bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=after(access_block, "ownership"),
        )
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=bucket.bucket,
            rules=[aws_rules.encryption_rule(bucket_rules.encryption_key)],
            opts=after(ownership, "encryption"),
        )
        versioning = aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
                status="Enabled" if bucket_rules.versioning else "Suspended"
            ),
            opts=after(encryption, "versioning"),
        )
        lifecycle = aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=bucket.bucket,
            rules=[
                aws_rules.lifecycle_rule(rule, enabled=not self._user.adopt)
                for rule in rules.lifecycle_rules(bucket_rules)
            ],
            opts=after(versioning, "lifecycle"),
        )
        policy = aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=bucket.bucket,
            policy=policies.text(policies.tls_only(self._bucket_arn)),
            opts=after(lifecycle, "policy"),
        )
        if bucket_rules.access_logs_to:
            aws.s3.BucketLogging(
                f"{self._name}-logging",
                bucket=bucket.bucket,
                target_bucket=bucket_rules.access_logs_to,
                target_prefix=f"{self.bucket_name}/",
                # It guards nothing: when the key goes, so does this.
                opts=ResourceOptions(
                    parent=self,
                    import_=self.bucket_name if "logging" in self._user.adopt else None,
                    deleted_with=bucket,
                    depends_on=[policy],
                ),
            )
