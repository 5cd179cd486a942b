"""What older callers rely on: every public name, what it takes, whether it is awaited."""

import inspect

import pytest
from cmbcluster_storage import StorageManager, StorageProviderFactory
from cmbcluster_storage.provider import StorageProvider

# As the program that this replaces had them: the parameters that may be given by position.
AWAITED = {
    "create_user_bucket": ("user_id", "bucket_name", "storage_class"),
    "delete_user_bucket": ("bucket_name", "force"),
    "list_user_buckets": ("user_id",),
    "get_bucket_metadata": ("bucket_name",),
    "upload_object": ("bucket_name", "object_name", "file_content", "content_type"),
    "download_object": ("bucket_name", "object_name"),
    "list_objects": ("bucket_name", "prefix"),
    "delete_object": ("bucket_name", "object_name"),
    "get_object_info": ("bucket_name", "object_name"),
}
PROVIDERS = {
    "create_bucket": ("bucket_name",),
    "delete_bucket": ("bucket_name", "force"),
    "list_buckets": ("prefix",),
    "ensure_bucket_permissions": ("bucket_name", "member", "access"),
}
AT_ONCE = {
    "get_fuse_volume_spec": ("bucket_name", "mount_path"),
    "get_fuse_volume_mount": ("bucket_name", "mount_path"),
    "get_friendly_display_name": ("bucket_name",),
    "format_bucket_size": ("size_bytes",),
    "pod_annotations": (),
}


def by_position(method):
    parameters = inspect.signature(method).parameters.values()
    assert not [
        one
        for one in parameters
        if one.annotation is inspect.Parameter.empty and one.name != "self"
    ], "each is typed"
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(one.name for one in parameters if one.kind in kinds and one.name != "self")


@pytest.mark.parametrize(
    ("owner", "methods"),
    [(StorageManager, AWAITED), (StorageProvider, AWAITED | PROVIDERS)],
    ids=["manager", "provider"],
)
def test_what_is_awaited(owner, methods):
    assert {name: by_position(getattr(owner, name)) for name in methods} == methods
    assert [name for name in methods if not inspect.iscoroutinefunction(getattr(owner, name))] == []


def test_what_is_not():
    assert {name: by_position(getattr(StorageManager, name)) for name in AT_ONCE} == AT_ONCE
    assert [
        name for name in AT_ONCE if inspect.iscoroutinefunction(getattr(StorageManager, name))
    ] == []


def test_how_a_provider_is_made():
    assert by_position(StorageProviderFactory.create) == ("kind",)
    assert by_position(StorageProviderFactory.create_from_config) == ("settings",)
    assert by_position(StorageManager) == ("settings",)


def test_the_manager_has_all_of_a_provider_s_operations():
    """But for those that only an operator wants."""
    operations = {name for name in dir(StorageProvider) if not name.startswith("_")}
    missing = operations - set(dir(StorageManager))
    assert missing == {"create_bucket", "delete_bucket", "list_buckets"}
