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

from infra import policies
from infra.settings import AwsCloud, Buckets, StackConfig


def provider(cloud: AwsCloud) -> aws.Provider:
    """Return the provider of this account and region; it refuses other accounts."""
    return aws.Provider("aws", region=cloud.region, allowed_account_ids=[cloud.account_id])


def platform(cloud: AwsCloud, buckets: Buckets) -> dict[str, Any]:
    """Return what the stack's output `platform` says of the cloud and its buckets."""
    return {
        **cloud.model_dump(by_alias=True, exclude={"oidc_issuer"}),
        "buckets": buckets.model_dump(by_alias=True, exclude={"soft_delete_days"}),
    }


@dataclass(frozen=True)
class UserStorageArgs:
    """What one user's storage is made from.

    Attributes:
        config: the checked config of the stack.
        cloud: its part about AWS.
        user: the user's id.
    """

    config: StackConfig
    cloud: AwsCloud
    user: str


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
        cloud, buckets = args.cloud, args.config.buckets
        namespace = args.config.kubernetes.namespace
        self._name = name
        self._user_name = names.user_name(args.config.scope, args.user)
        self._labels = rules.bucket_labels(args.config.platform, name, buckets.labels)
        self.bucket_name = names.aws_bucket_name(self._user_name, cloud.account_id, cloud.region)
        self.bucket_url = f"s3://{self.bucket_name}"
        self.volume = volumes.s3_volume(
            self.bucket_name,
            names.volume_name(namespace, self._user_name),
            cloud.account_id,
            cloud.region,
        )
        self._bucket_arn = f"arn:{cloud.partition}:s3:::{self.bucket_name}"

        bucket = self._bucket()
        self.service_account_annotations = self._identity(cloud, namespace)
        self._guards(bucket, buckets.rules())

        self.register_outputs({"bucketName": self.bucket_name, "bucketUrl": self.bucket_url})

    def _bucket(self) -> aws.s3.Bucket:
        return aws.s3.Bucket(
            f"{self._name}-bucket",
            bucket=self.bucket_name,
            bucket_namespace="account-regional",
            force_destroy=False,
            tags=self._labels,
            opts=ResourceOptions(parent=self, protect=True, retain_on_delete=True),
        )

    def _identity(self, cloud: AwsCloud, namespace: str) -> dict[str, pulumi.Input[str]]:
        """Return the service account's annotations."""
        role = aws.iam.Role(
            f"{self._name}-role",
            name=self._user_name,
            description=f"Use of the bucket {self.bucket_name} by one user's server",
            assume_role_policy=policies.text(
                policies.irsa_trust(
                    cloud.partition,
                    cloud.account_id,
                    cloud.oidc_issuer,
                    namespace,
                    service_account=self._user_name,
                )
            ),
            tags=self._labels,
            opts=ResourceOptions(parent=self),
        )
        aws.iam.RolePolicy(
            f"{self._name}-access",
            name="storage",
            role=role.name,
            policy=policies.text(policies.user_access(self._bucket_arn)),
            opts=ResourceOptions(parent=self),
        )
        return {"eks.amazonaws.com/role-arn": role.arn}

    def _guards(self, bucket: aws.s3.Bucket, bucket_rules: rules.BucketRules) -> None:
        """Register the bucket's settings one after the other.

        S3 answers 409 OperationAborted when two are written at once. Each is deleted
        with the bucket, never before it, and stays when its line is dropped.
        """

        def after(previous: pulumi.Resource) -> ResourceOptions:
            return ResourceOptions(
                parent=self,
                protect=True,
                retain_on_delete=True,
                deleted_with=bucket,
                depends_on=[previous],
            )

        access_block = aws.s3.BucketPublicAccessBlock(
            f"{self._name}-public-access-block",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=after(bucket),
        )
        ownership = aws.s3.BucketOwnershipControls(
            f"{self._name}-ownership",
            bucket=bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=after(access_block),
        )
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="AES256"
                    ),
                )
            ],
            opts=after(ownership),
        )
        versioning = aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
                status="Enabled" if bucket_rules.versioning else "Suspended"
            ),
            opts=after(encryption),
        )
        lifecycle = aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=bucket.bucket,
            rules=_lifecycle_rules(bucket_rules),
            opts=after(versioning),
        )
        aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=bucket.bucket,
            policy=policies.text(policies.tls_only(self._bucket_arn)),
            opts=after(lifecycle),
        )


def _lifecycle_rules(
    bucket_rules: rules.BucketRules,
) -> list[aws.s3.BucketLifecycleConfigurationRuleArgs]:
    """Return the one lifecycle document of a bucket; two would fight."""
    return [
        aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="expire-noncurrent-versions",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=bucket_rules.noncurrent_days,
                newer_noncurrent_versions=bucket_rules.noncurrent_versions_kept,
            ),
        ),
        aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="abort-unfinished-uploads",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=bucket_rules.abort_uploads_after_days
            ),
        ),
    ]
