"""The stack: one checked config in, every user's storage and volume, outputs out."""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from cmbcluster_storage import names
from cmbcluster_storage.volumes import object_labels
from pulumi import ResourceOptions

from infra import history, volumes
from infra.config import ConfigError
from infra.settings import StackConfig, User

# What the outputs hold; the README's table.
OUTPUTS = {
    "users.<id>.bucketName": "the user's bucket",
    "users.<id>.bucketUrl": "the same as tools open it, `s3://…` or `gs://…`",
    "users.<id>.namespace": "where the user's server must run",
    "users.<id>.serviceAccountName": "which service account the server must run as",
    "users.<id>.claimName": "which claim the server mounts",
    "users.<id>.state": "`active`, `suspended` or `deleted`; only the first may have a server",
    "users.<id>.nextStep": "what the next edit of the user's line would do, in words",
    "platform.name": "`platform` of the stack file",
    "platform.provider": "the cloud",
    "platform.accountId, region, bucketNamespace": "on AWS: of the buckets",
    "platform.project, projectNumber, location": "on Google Cloud: of the buckets",
    "platform.buckets": "the rules of every bucket, as in the stack file",
}


_NEXT_STEPS = {
    "active": (
        "state: suspended takes identity and volume away and keeps the bucket; the line cannot "
        "be dropped"
    ),
    "suspended": (
        "state: active gives the same bucket, identity and volume again; state: deleted prepares "
        "the bucket's end; the line cannot be dropped"
    ),
    "deleted": (
        "dropping the line deletes the bucket with all that is in it, for ever; state: suspended "
        "or active keeps it"
    ),
}
_ADOPTED = "dropping adopt, and not bucket, lets old versions and scratch expire in it as in others"


def deploy(config: StackConfig) -> dict[str, Any]:
    """Register every user's resources.

    Returns:
        The stack's outputs, `users` by id and `platform`; see the README's table.

    Raises:
        ConfigError: a line was dropped, or a bucket is adopted, that must not be.
    """
    history.check(config, history.recorded())
    # The twin of the config's cloud. The other one's SDK costs a second and is not imported.
    twin = import_module(f"infra.{config.cloud.provider}")
    provider = twin.provider(config.cloud)
    _check_adopted(config, lambda bucket: twin.owns(config.cloud, provider, bucket))
    storage_options = ResourceOptions(providers=[provider])
    volume_options = ResourceOptions(providers=[volumes.provider(config.kubernetes)])
    return {
        "users": {
            user.id: _user(config, user, twin, storage_options, volume_options)
            for user in config.users
        },
        "platform": {
            "name": config.platform,
            **twin.platform(config.cloud, config.buckets),
        },
    }


def _check_adopted(config: StackConfig, owned: Callable[[str], bool]) -> None:
    """Refuse to take over what is somebody else's, before anything of it is touched."""
    problems = [
        f"{history.USERS}: {user.id!r} adopts the bucket {bucket!r}, which is not in this "
        "stack's account or project and its region or location; write the name of one that is, "
        "or drop bucket and adopt, and the user gets a new one"
        for user in config.users
        if user.adopt and not owned(bucket := user.bucket_name(config.cloud, config.platform))
    ]
    if problems:
        raise ConfigError(*problems)


def _user(
    config: StackConfig,
    user: User,
    twin: ModuleType,
    storage_options: ResourceOptions,
    volume_options: ResourceOptions,
) -> dict[str, str]:
    name, slug = user.name(config.scope), user.slug(config.scope)
    namespace = config.kubernetes.namespace
    storage = twin.UserStorage(
        slug, twin.UserStorageArgs(config, config.cloud, user), storage_options
    )
    claim_name = names.name_of_bucket(storage.bucket_name)
    if user.state == "active":
        volumes.UserVolume(
            slug,
            volumes.UserVolumeArgs(
                name=name,
                claim_name=claim_name,
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
        "claimName": claim_name,
        "state": user.state,
        "nextStep": "; ".join([*([_ADOPTED] if user.adopt else []), _NEXT_STEPS[user.state]]),
    }
