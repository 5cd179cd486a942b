"""The stack: one checked config in, every user's storage and volume, outputs out."""

from typing import Any

from cmbcluster_storage import names
from cmbcluster_storage.volumes import object_labels, s3_volume
from pulumi import ResourceOptions

from infra import aws, volumes
from infra.settings import StackConfig

# What the outputs hold; the README's table.
OUTPUTS = {
    "users.<id>.bucketName": "the user's bucket",
    "users.<id>.bucketUrl": "the same as tools open it, `s3://…`",
    "users.<id>.namespace": "where the user's server must run",
    "users.<id>.serviceAccountName": "which service account the server must run as",
    "users.<id>.claimName": "which claim the server mounts",
    "users.<id>.state": "`active`",
    "platform.name": "`platform` of the stack file",
    "platform.provider": "the cloud",
    "platform.accountId": "the account of the buckets",
    "platform.region": "the region of the buckets",
    "platform.buckets": "the rules of every bucket, as in the stack file",
}


def deploy(config: StackConfig) -> dict[str, Any]:
    """Register every user's resources.

    Returns:
        The stack's outputs, `users` by id and `platform`; see the README's table.
    """
    storage_options = ResourceOptions(providers=[aws.provider(config.cloud)])
    volume_options = ResourceOptions(providers=[volumes.provider(config.kubernetes)])
    return {
        "users": {
            user.id: _user(config, user.id, storage_options, volume_options)
            for user in config.users
        },
        "platform": {
            "name": config.platform,
            "provider": config.cloud.provider,
            "accountId": config.cloud.account_id,
            "region": config.cloud.region,
            "buckets": config.buckets.model_dump(by_alias=True),
        },
    }


def _user(
    config: StackConfig,
    user: str,
    storage_options: ResourceOptions,
    volume_options: ResourceOptions,
) -> dict[str, str]:
    name, slug = names.user_name(config.scope, user), names.user_slug(config.scope, user)
    namespace = config.kubernetes.namespace
    storage = aws.UserStorage(slug, aws.UserStorageArgs(config, user), storage_options)
    volumes.UserVolume(
        slug,
        volumes.UserVolumeArgs(
            name=name,
            namespace=namespace,
            service_account_annotations=storage.service_account_annotations,
            volume=s3_volume(
                storage.bucket_name,
                names.volume_name(namespace, name),
                config.cloud.account_id,
                config.cloud.region,
            ),
            labels=object_labels(config.platform, name),
        ),
        volume_options,
    )
    return {
        "bucketName": storage.bucket_name,
        "bucketUrl": storage.bucket_url,
        "namespace": namespace,
        "serviceAccountName": name,
        "claimName": name,
        "state": "active",
    }
