"""The stack: one checked config in, every user's storage and volume, outputs out."""

from importlib import import_module
from types import ModuleType
from typing import Any

from cmbcluster_storage import names
from cmbcluster_storage.volumes import object_labels
from pulumi import ResourceOptions

from infra import volumes
from infra.settings import StackConfig

# What the outputs hold; the README's table.
OUTPUTS = {
    "users.<id>.bucketName": "the user's bucket",
    "users.<id>.bucketUrl": "the same as tools open it, `s3://…` or `gs://…`",
    "users.<id>.namespace": "where the user's server must run",
    "users.<id>.serviceAccountName": "which service account the server must run as",
    "users.<id>.claimName": "which claim the server mounts",
    "users.<id>.state": "`active`",
    "platform.name": "`platform` of the stack file",
    "platform.provider": "the cloud",
    "platform.accountId, region": "on AWS: of the buckets",
    "platform.project, projectNumber, location": "on Google Cloud: of the buckets",
    "platform.buckets": "the rules of every bucket, as in the stack file",
}


def deploy(config: StackConfig) -> dict[str, Any]:
    """Register every user's resources.

    Returns:
        The stack's outputs, `users` by id and `platform`; see the README's table.
    """
    # The twin of the config's cloud. The other one's SDK costs a second and is not imported.
    twin = import_module(f"infra.{config.cloud.provider}")
    storage_options = ResourceOptions(providers=[twin.provider(config.cloud)])
    volume_options = ResourceOptions(providers=[volumes.provider(config.kubernetes)])
    return {
        "users": {
            user.id: _user(config, user.id, twin, storage_options, volume_options)
            for user in config.users
        },
        "platform": {
            "name": config.platform,
            **twin.platform(config.cloud, config.buckets),
        },
    }


def _user(
    config: StackConfig,
    user: str,
    twin: ModuleType,
    storage_options: ResourceOptions,
    volume_options: ResourceOptions,
) -> dict[str, str]:
    name, slug = names.user_name(config.scope, user), names.user_slug(config.scope, user)
    namespace = config.kubernetes.namespace
    args = twin.UserStorageArgs(config, config.cloud, user)
    storage = twin.UserStorage(slug, args, storage_options)
    volumes.UserVolume(
        slug,
        volumes.UserVolumeArgs(
            name=name,
            namespace=namespace,
            service_account_annotations=storage.service_account_annotations,
            volume=storage.volume,
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
