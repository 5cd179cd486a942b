import asyncio
import dataclasses
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from cmbcluster_storage import (
    BucketExistsError,
    BucketNotFoundError,
    ConfigurationError,
    ConflictError,
    InvalidRequestError,
    PartialFailureError,
    StorageManager,
    StorageProviderFactory,
    UnavailableError,
)
from cmbcluster_storage.errors import AccessDeniedError


@pytest.fixture
def user():
    return f"ann-{uuid.uuid4().hex[:8]}@example.org"


async def test_a_user_s_bucket_is_made_once(storage, user, cloud):
    assert await storage.list_user_buckets(user) == []
    made = await storage.create_user_bucket(user)
    await storage.upload_object(made.name, "a", b"kept")
    again = await storage.create_user_bucket(user)

    assert again == made
    assert (made.bucket_name, made.versioned, made.storage_class) == (made.name, True, "STANDARD")
    assert made.url == f"{cloud.scheme}://{made.name}"
    assert made.labels["managed-by"] == "cmbcluster-storage"
    assert abs(made.created - datetime.now(UTC)) < timedelta(minutes=1)
    assert await storage.list_user_buckets(user) == [made]
    assert made.name in [one.name for one in await storage.provider.list_buckets(made.name[:20])]
    assert await storage.download_object(made.name, "a") == b"kept"


async def test_old_keys_of_a_bucket(storage, user):
    made = await storage.create_user_bucket(user)

    assert made["bucket_name"] == made["name"] == made.name
    assert {"size", "created", "updated", "url"} <= set(made)
    assert (made["created_at"], made["updated_at"]) == (made.created, made.updated)
    assert made["versioning_enabled"] is True
    assert made["size"] is made["size_bytes"] is made["object_count"] is None


async def test_another_user_s_bucket_is_refused(storage, user):
    made = await storage.create_user_bucket(user)
    with pytest.raises(BucketExistsError, match="another user's") as caught:
        await storage.create_user_bucket("bob", made.name)
    assert caught.value.bucket == made.name
    assert isinstance(caught.value, FileExistsError)


async def test_another_s_bucket_under_a_user_s_name_is_not_the_user_s(storage, user, cloud):
    name = storage.provider._platform.bucket_name(user)
    await storage.create_user_bucket(f"not-{user}", name)
    assert await storage.list_user_buckets(user) == []
    await storage.delete_user_bucket(name)
    if cloud.scheme == "gs":
        labels = storage.provider._platform.bucket_labels(user)
        theirs = type(cloud.client)(project="attackers").bucket(name)
        theirs.labels = dict(labels)
        theirs.create()
        assert await storage.list_user_buckets(user) == []
        with pytest.raises(BucketExistsError):
            await storage.create_user_bucket(user)


async def test_a_bucket_without_our_labels_is_refused(storage, bucket, user):
    with pytest.raises(BucketExistsError):
        await storage.create_user_bucket(user, bucket)


async def test_who_else_may_use_a_bucket_stays_when_it_is_asked_for_again(storage, user, cloud):
    if cloud.scheme == "s3":
        return  # a whole bucket's policy is not written again
    made = await storage.create_user_bucket(user)
    bucket = cloud.client.bucket(made.name)
    policy = bucket.get_iam_policy(requested_policy_version=3)
    reader, owner = "roles/storage.legacyBucketReader", "roles/storage.legacyBucketOwner"
    policy.bindings = [
        {"role": reader, "members": ["projectViewer:cosmology", cloud.members[0]]},
        {"role": owner, "members": ["projectEditor:cosmology", "projectOwner:cosmology"]},
        {"role": "roles/storage.objectViewer", "members": ["projectViewer:cosmology"]},
    ]
    bucket.set_iam_policy(policy)
    await storage.create_user_bucket(user)

    assert cloud.policy(made.name)["bindings"] == [
        {"role": reader, "members": [cloud.members[0]]},
        {"role": "roles/storage.objectViewer", "members": ["projectViewer:cosmology"]},
    ]


async def test_making_goes_on_where_it_broke_off(storage, user, cloud):
    name = storage.provider._platform.bucket_name(user)
    cloud.create_bucket(name, versioned=False)
    if cloud.scheme == "gs":  # which makes a bucket with all its settings, or none
        with pytest.raises(BucketExistsError):
            await storage.create_user_bucket(user)
        assert await storage.list_user_buckets(user) == []
        return
    await storage.ensure_bucket_permissions(name, cloud.members[0])
    made = await storage.create_user_bucket(user)

    assert made.versioned
    assert made.labels["platform"] == "cmbcluster"
    said = [statement["Sid"] for statement in cloud.policy(name)["Statement"]]
    assert len(said) == 2
    assert "DenyInsecureTransport" in said


async def test_what_a_bucket_needs_is_named(cloud, user):
    for variable, settings in cloud.incomplete.items():
        async with StorageManager(settings) as storage:
            with pytest.raises(ConfigurationError, match=f"set {variable}"):
                await storage.create_user_bucket(user)


async def test_missing_bucket(storage, absent):
    for call in (
        storage.get_bucket_metadata(absent),
        storage.delete_user_bucket(absent),
        storage.delete_user_bucket(absent, force=True),
        storage.ensure_bucket_permissions(absent, "serviceAccount:ann@example.org"),
    ):
        with pytest.raises(BucketNotFoundError):
            await call


async def test_a_word_that_there_is_not_is_refused(storage, bucket, cloud):
    with pytest.raises(ValueError, match="usage is none, listing or metrics, not 'metric'"):
        await storage.get_bucket_metadata(bucket, usage="metric")
    with pytest.raises(ValueError, match="access is read or write, not 'own'"):
        await storage.ensure_bucket_permissions(bucket, cloud.members[0], "own")


async def test_usage_by_listing_counts_every_version(storage, bucket):
    for key in ("a/1", "a/2", "b/c/3", "top"):
        await storage.upload_object(bucket, key, b"1234")
    await storage.upload_object(bucket, "top", b"12")
    await storage.delete_object(bucket, "a/1")
    seen = []
    info = await storage.get_bucket_metadata(
        bucket, usage="listing", progress=lambda done, total: seen.append((done, total))
    )

    assert (info.usage.size_bytes, info.usage.object_count, info.usage.version_count) == (18, 3, 5)
    assert info.size == info["size"] == info["size_bytes"] == 18
    assert info["object_count"] == 3
    assert seen[-1] == (5, None)
    assert (await storage.get_bucket_metadata(bucket)).usage is None


async def filled(storage, bucket):
    for content in (b"1", b"22"):
        await asyncio.gather(
            *(storage.upload_object(bucket, f"k/{number}", content) for number in range(20))
        )
    await storage.delete_object(bucket, "k/0")


async def test_a_full_bucket_is_deleted_by_force_alone(storage, bucket, cloud):
    await filled(storage, bucket)
    with pytest.raises(ConflictError):
        await storage.delete_user_bucket(bucket)

    planned = await storage.delete_user_bucket(bucket, True, dry_run=True)
    assert (planned.deleted, planned.version_count, planned.size_bytes) == (False, 40, 60)
    assert planned.marker_count == (1 if cloud.scheme == "s3" else 0)
    seen = []
    done = await storage.delete_user_bucket(
        bucket, force=True, progress=lambda count, total: seen.append(count)
    )
    assert dataclasses.replace(done, deleted=False, restorable_until=None) == dataclasses.replace(
        planned, restorable_until=None
    )
    assert done.deleted
    assert seen[-1] == done.version_count + done.marker_count
    assert bool(done.restorable_until) is (cloud.scheme == "gs")
    with pytest.raises(BucketNotFoundError):
        await storage.get_bucket_metadata(bucket)


async def test_what_cannot_be_deleted_is_listed(storage, bucket, monkeypatch):
    info = await storage.upload_object(bucket, "held", b"")
    await storage.upload_object(bucket, "free", b"")
    backend = storage.provider._backend
    delete = backend.delete_batch

    def refused(name, entries):
        free = [entry for entry in entries if entry[0] != "held"]
        outcomes = dict(zip(free, delete(name, free), strict=True))
        return [
            AccessDeniedError("held") if entry[0] == "held" else outcomes[entry]
            for entry in entries
        ]

    monkeypatch.setattr(backend, "delete_batch", refused)
    with pytest.raises(PartialFailureError, match="1 versions or uploads could not") as caught:
        await storage.delete_user_bucket(bucket, force=True)
    assert caught.value.left == (f"held ({info.version_id})",)
    assert [one.name for one in await storage.list_objects(bucket)] == ["held"]

    monkeypatch.undo()
    assert (await storage.delete_user_bucket(bucket, force=True)).version_count == 1


async def test_permissions_are_given_once_and_beside_others(storage, bucket, cloud):
    members = cloud.members
    first = await storage.ensure_bucket_permissions(bucket, members[0])
    again = await storage.ensure_bucket_permissions(bucket, members[0])
    other = await storage.ensure_bucket_permissions(bucket, members[1], "read")

    assert [one.changed for one in (first, again, other)] == [True, False, True]
    assert (other.member, other.access, other.bucket_name) == (members[1], "read", bucket)
    policy = json.dumps(cloud.policy(bucket))
    assert all(member in policy for member in members)


async def test_permissions_that_are_given_at_once_are_all_there(storage, bucket, cloud):
    members = [cloud.members[0].replace("ann", f"ann{number}") for number in range(8)]
    given = await asyncio.gather(
        *(storage.ensure_bucket_permissions(bucket, member) for member in members)
    )
    policy = json.dumps(cloud.policy(bucket))

    assert [(one.member, one.changed) for one in given] == [(member, True) for member in members]
    assert [member for member in members if member not in policy] == []


@pytest.mark.parametrize("cloud", ["aws"], indirect=True)
@pytest.mark.parametrize("times", [1, 9])
async def test_somebody_else_writes_the_policy_meanwhile(storage, bucket, cloud, times):
    """S3 has no condition on a policy: who writes last, wins."""
    ann, bob = cloud.members
    await storage.ensure_bucket_permissions(bucket, bob)
    others = cloud.client.get_bucket_policy(Bucket=bucket)["Policy"]
    left = [others] * times

    def overwritten(**_):
        if left:
            cloud.client.put_bucket_policy(Bucket=bucket, Policy=left.pop())

    events = storage.provider._backend._client.meta.events
    events.register("after-call.s3.PutBucketPolicy", overwritten)
    giving = storage.ensure_bucket_permissions(bucket, ann)
    if times == 1:
        assert (await giving).changed
        assert all(member in json.dumps(cloud.policy(bucket)) for member in (ann, bob))
    else:
        with pytest.raises(UnavailableError, match="somebody else changes the policy"):
            await giving
        assert ann not in json.dumps(cloud.policy(bucket))


async def test_only_what_can_be_given_is_permitted(storage, bucket, cloud):
    with pytest.raises(ValueError, match="read or write, not 'admin'"):
        await storage.ensure_bucket_permissions(bucket, cloud.members[0], "admin")


async def test_the_database_s_bucket_is_not_touched(storage, bucket, cloud):
    provider = StorageProviderFactory.create(
        cloud.settings.CLOUD_PROVIDER, region="us-east-1", refused_buckets=(bucket,)
    )
    for call in (
        provider.upload_object(bucket, "a", b""),
        provider.delete_bucket(bucket, True),
        provider.copy_object("other", "a", bucket, "a"),
    ):
        with pytest.raises(InvalidRequestError, match="not a user's"):
            await call
    await provider.aclose()
