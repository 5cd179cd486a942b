import json
import uuid
from concurrent import futures
from contextlib import closing
from functools import partial
from types import SimpleNamespace

import grpc
import pytest
from aws_program import (
    ACCESS_BLOCK,
    ACCOUNT,
    ASSOCIATION,
    BUCKET,
    BUCKET_POLICY,
    CLUSTER,
    ENCRYPTION,
    LIFECYCLE,
    LOGGING,
    LOGS,
    OWNERSHIP,
    POD_TRUST,
    REGION,
    ROLE,
    ROLE_POLICY,
    SETTINGS,
    VERSIONING,
    bucket_of,
    client_of,
    configured,
    document,
    plugin_with,
    program_inputs,
    trust,
    variables,
)
from botocore.exceptions import ClientError
from plugin import entries, failed_init, plugin_of
from pulumi.runtime.proto import provider_pb2

from sandbox import aws
from sandbox.properties import UNKNOWN, from_struct

TOKENS = list(program_inputs("any"))


@pytest.fixture
def environment(aws_endpoint):
    with variables(aws_endpoint):
        yield


@pytest.fixture(scope="module")
def s3(aws_endpoint):
    with closing(client_of("s3", aws_endpoint)) as client:
        yield client


@pytest.fixture(scope="module")
def iam(aws_endpoint):
    with closing(client_of("iam", aws_endpoint)) as client:
        yield client


@pytest.fixture(scope="module")
def sdk(aws_endpoint, s3, iam):
    with closing(client_of("eks", aws_endpoint)) as eks:
        yield SimpleNamespace(s3=s3, iam=iam, eks=eks)


@pytest.fixture(scope="module")
def types(aws_endpoint, s3):
    """The provider's types themselves, to make their SDK calls fail."""
    s3.create_bucket(Bucket=LOGS)
    return configured(aws_endpoint)


@pytest.fixture(scope="module")
def plugin(types):
    with plugin_with(types) as plugin:
        yield plugin


@pytest.fixture
def name():
    return f"andromeda-nebula-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def program(name):
    return program_inputs(name)


@pytest.fixture
def made(plugin, program):
    """Make a type's resource, and what it needs, as the stack would."""

    def make(token, **more):
        if token in SETTINGS:
            plugin.create(BUCKET, program[BUCKET])
        if token == ROLE_POLICY:
            plugin.create(ROLE, program[ROLE])
        if token == ASSOCIATION:
            plugin.create(ROLE, program[ROLE] | {"assumeRolePolicy": POD_TRUST})
        return plugin.create(token, program[token] | more)[0]

    return make


# --- the types and their lives ------------------------------------------------------------


def test_the_stack_uses_every_type(plugin):
    assert sorted(TOKENS) == sorted(aws.TYPES)


@pytest.mark.parametrize("token", TOKENS)
def test_check_accepts_what_the_stack_registers(plugin, program, token):
    assert plugin.check(token, program[token]) == {}


@pytest.mark.parametrize("token", TOKENS)
def test_a_preview_makes_nothing_and_leaves_the_outputs_unknown(plugin, program, token):
    resource_id, state = plugin.create(token, program[token], preview=True)

    assert resource_id == ""
    assert {key: state[key] for key in program[token]} == program[token]
    assert {value for key, value in state.items() if key not in program[token]} <= {UNKNOWN}
    assert plugin.read(token, _id(token, program), program[token]) == ("", {}, {})


def _id(token, program):
    inputs = program[token]
    return {
        ROLE: inputs.get("name"),
        ROLE_POLICY: f"{inputs.get('role')}:storage",
        ASSOCIATION: "a-00000000000000000",  # EKS makes them up
    }.get(token, inputs.get("bucket"))


def _import_id(token, resource_id):
    return f"{CLUSTER},{resource_id}" if token == ASSOCIATION else resource_id


@pytest.mark.parametrize("token", TOKENS)
def test_what_was_created_reads_back_as_the_program_wrote_it(plugin, program, made, token):
    resource_id = made(token)
    found_id, inputs, state = plugin.read(token, resource_id, program[token])

    assert resource_id == found_id
    assert token == ASSOCIATION or resource_id == _id(token, program)
    assert inputs == program[token]
    assert plugin.diff(token, inputs, program[token]) == {}
    assert {key: state[key] for key in program[token]} == program[token]
    assert UNKNOWN not in state.values()


def test_create_returns_what_follows_from_a_buckets_name(plugin, name, program):
    bucket = bucket_of(name)

    assert plugin.create(BUCKET, program[BUCKET]) == (
        bucket,
        program[BUCKET]
        | {
            "arn": f"arn:aws:s3:::{bucket}",
            "bucketDomainName": f"{bucket}.s3.amazonaws.com",
            "bucketRegion": REGION,
            "bucketRegionalDomainName": f"{bucket}.s3.{REGION}.amazonaws.com",
            "region": REGION,
            "tagsAll": program[BUCKET]["tags"],
        },
    )


def test_create_returns_what_iam_adds_to_a_role(plugin, name, program, iam):
    _, state = plugin.create(ROLE, program[ROLE])
    role = iam.get_role(RoleName=name)["Role"]

    assert state == program[ROLE] | {
        "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "createDate": role["CreateDate"].isoformat(),
        "uniqueId": role["RoleId"],
        "tagsAll": program[ROLE]["tags"],
    }


@pytest.mark.parametrize("token", TOKENS)
def test_what_was_never_made_reads_as_gone(plugin, program, token):
    assert plugin.read(token, _id(token, program), program[token]) == ("", {}, {})
    assert plugin.read(token, _import_id(token, _id(token, program)), {}) == ("", {}, {})


# S3 has no bucket without versioning that ever had it, and none without encryption.
_UNDONE = [token for token in TOKENS if token not in (VERSIONING, ENCRYPTION)]


@pytest.mark.parametrize("token", _UNDONE)
def test_a_deleted_resource_is_gone_and_deleting_it_again_is_no_error(plugin, program, made, token):
    resource_id = made(token)
    for _ in range(2):
        plugin.delete(token, resource_id, program[token])
        assert plugin.read(token, resource_id, program[token]) == ("", {}, {})


@pytest.mark.parametrize("token", SETTINGS)
def test_a_setting_goes_with_its_bucket(plugin, program, made, s3, token):
    resource_id = made(token)
    s3.delete_bucket(Bucket=resource_id)

    assert plugin.read(token, resource_id, program[token]) == ("", {}, {})
    plugin.delete(token, resource_id, program[token])


def test_a_policy_goes_with_its_role(plugin, program, made, iam, name):
    resource_id = made(ROLE_POLICY)
    iam.delete_role_policy(RoleName=name, PolicyName="storage")
    iam.delete_role(RoleName=name)

    assert plugin.read(ROLE_POLICY, resource_id, program[ROLE_POLICY]) == ("", {}, {})
    assert plugin.read(ROLE, name, program[ROLE]) == ("", {}, {})
    plugin.delete(ROLE_POLICY, resource_id, program[ROLE_POLICY])


def test_deleting_the_versioning_suspends_it(plugin, program, made, s3):
    bucket = made(VERSIONING)
    for _ in range(2):
        plugin.delete(VERSIONING, bucket, program[VERSIONING])
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"


def test_deleting_the_encryption_leaves_that_of_s3(plugin, program, made):
    bucket = made(ENCRYPTION)
    for _ in range(2):
        plugin.delete(ENCRYPTION, bucket, program[ENCRYPTION])
        assert plugin.read(ENCRYPTION, bucket, program[ENCRYPTION])[1] == program[ENCRYPTION]


def test_a_role_with_policies_is_not_deleted(plugin, program, made, name):
    policy_id = made(ROLE_POLICY)
    with pytest.raises(grpc.RpcError, match=rf"deleting IAM Role \({name}\): .*DeleteConflict"):
        plugin.delete(ROLE, name, program[ROLE])

    plugin.delete(ROLE_POLICY, policy_id, program[ROLE_POLICY])
    plugin.delete(ROLE, name, program[ROLE])


@pytest.mark.parametrize("token", TOKENS)
def test_an_import_reads_everything_that_would_otherwise_differ(plugin, program, made, token):
    resource_id = made(token)
    found_id, found, state = plugin.read(token, _import_id(token, resource_id), {})

    assert found_id == resource_id
    assert plugin.diff(token, found, program[token]) == {}
    assert state == plugin.read(token, resource_id, found)[2]


# --- drift ----------------------------------------------------------------------------------


def _access_block(switch):
    def drift(sdk, name):
        now = sdk.s3.get_public_access_block(Bucket=bucket_of(name))[
            "PublicAccessBlockConfiguration"
        ]
        sdk.s3.put_public_access_block(
            Bucket=bucket_of(name), PublicAccessBlockConfiguration=now | {switch: False}
        )

    return drift


def _lifecycle(index, *path, value):
    def drift(sdk, name):
        bucket = bucket_of(name)
        rules = sdk.s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        parent = rules[index]
        for key in path[:-1]:
            parent = parent[key]
        assert parent[path[-1]] != value
        parent[path[-1]] = value
        sdk.s3.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": rules}
        )

    return drift


def _bucket_tag(key):
    def drift(sdk, name):
        bucket = bucket_of(name)
        tags = {
            tag["Key"]: tag["Value"] for tag in sdk.s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
        }
        assert key in tags
        tag_set = [
            {"Key": each, "Value": value} for each, value in (tags | {key: "by hand"}).items()
        ]
        sdk.s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tag_set})

    return drift


def _role_tag(key):
    return lambda sdk, name: sdk.iam.tag_role(
        RoleName=name, Tags=[{"Key": key, "Value": "by hand"}]
    )


def _bucket_encryption(sdk, name):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    sdk.s3.put_bucket_encryption(
        Bucket=bucket_of(name), ServerSideEncryptionConfiguration={"Rules": [rule]}
    )


def _logging(key):
    def drift(sdk, name):
        bucket = bucket_of(name)
        now = sdk.s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
        sdk.s3.put_bucket_logging(
            Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": now | {key: "by-hand"}}
        )

    return drift


def _association(sdk, name):
    [found] = sdk.eks.list_pod_identity_associations(clusterName=CLUSTER, serviceAccount=name)[
        "associations"
    ]
    return found


def _other_role(sdk, name):
    role = sdk.iam.create_role(RoleName=f"{name}-other", AssumeRolePolicyDocument=POD_TRUST)["Role"]
    sdk.eks.update_pod_identity_association(
        clusterName=CLUSTER,
        associationId=_association(sdk, name)["associationId"],
        roleArn=role["Arn"],
    )


def _association_tag(key):
    return lambda sdk, name: sdk.eks.tag_resource(
        resourceArn=_association(sdk, name)["associationArn"], tags={key: "by hand"}
    )


# Every property that the stack sets and AWS tells: (type, path) to its change by hand.
DRIFT = {
    **{(BUCKET, f"tags.{key}"): _bucket_tag(key) for key in ("managed-by", "platform", "user")},
    (ACCESS_BLOCK, "blockPublicAcls"): _access_block("BlockPublicAcls"),
    (ACCESS_BLOCK, "blockPublicPolicy"): _access_block("BlockPublicPolicy"),
    (ACCESS_BLOCK, "ignorePublicAcls"): _access_block("IgnorePublicAcls"),
    (ACCESS_BLOCK, "restrictPublicBuckets"): _access_block("RestrictPublicBuckets"),
    (OWNERSHIP, "rule.objectOwnership"): lambda sdk, name: sdk.s3.put_bucket_ownership_controls(
        Bucket=bucket_of(name),
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
    ),
    (ENCRYPTION, "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm"): _bucket_encryption,
    (VERSIONING, "versioningConfiguration.status"): lambda sdk, name: sdk.s3.put_bucket_versioning(
        Bucket=bucket_of(name), VersioningConfiguration={"Status": "Suspended"}
    ),
    (LIFECYCLE, "rules[0].id"): _lifecycle(0, "ID", value="by-hand"),
    (LIFECYCLE, "rules[0].status"): _lifecycle(0, "Status", value="Disabled"),
    (LIFECYCLE, "rules[0].filter.prefix"): _lifecycle(0, "Filter", value={"Prefix": "by-hand/"}),
    (LIFECYCLE, "rules[0].noncurrentVersionExpiration.noncurrentDays"): _lifecycle(
        0, "NoncurrentVersionExpiration", "NoncurrentDays", value=1
    ),
    (LIFECYCLE, "rules[0].noncurrentVersionExpiration.newerNoncurrentVersions"): _lifecycle(
        0, "NoncurrentVersionExpiration", "NewerNoncurrentVersions", value=1
    ),
    (LIFECYCLE, "rules[1].id"): _lifecycle(1, "ID", value="by-hand"),
    (LIFECYCLE, "rules[1].status"): _lifecycle(1, "Status", value="Disabled"),
    (LIFECYCLE, "rules[1].filter.prefix"): _lifecycle(1, "Filter", value={"Prefix": "by-hand/"}),
    (LIFECYCLE, "rules[1].abortIncompleteMultipartUpload.daysAfterInitiation"): _lifecycle(
        1, "AbortIncompleteMultipartUpload", "DaysAfterInitiation", value=1
    ),
    (BUCKET_POLICY, "policy"): lambda sdk, name: sdk.s3.put_bucket_policy(
        Bucket=bucket_of(name),
        Policy=document("ByHand", f"arn:aws:s3:::{bucket_of(name)}/*", Principal="*"),
    ),
    (ROLE, "description"): lambda sdk, name: sdk.iam.update_role(
        RoleName=name, Description="by hand"
    ),
    (ROLE, "assumeRolePolicy"): lambda sdk, name: sdk.iam.update_assume_role_policy(
        RoleName=name, PolicyDocument=trust("somebody-else")
    ),
    **{(ROLE, f"tags.{key}"): _role_tag(key) for key in ("managed-by", "platform", "user")},
    (LOGGING, "targetBucket"): _logging("TargetBucket"),
    (LOGGING, "targetPrefix"): _logging("TargetPrefix"),
    (ROLE_POLICY, "policy"): lambda sdk, name: sdk.iam.put_role_policy(
        RoleName=name, PolicyName="storage", PolicyDocument=document("ByHand", "*")
    ),
    (ASSOCIATION, "roleArn"): _other_role,
    **{
        (ASSOCIATION, f"tags.{key}"): _association_tag(key)
        for key in ("managed-by", "platform", "user")
    },
}

# What cannot drift, as it is what the resource is found by, or what AWS does not tell.
_STEADY = {
    *("bucket", "bucketNamespace", "forceDestroy", "name", "role"),
    *("clusterName", "namespace", "serviceAccount"),
}


def test_drift_is_tried_for_every_property_that_the_stack_sets():
    properties = {
        (token, path)
        for token, inputs in program_inputs("any").items()
        for path, _ in entries(inputs)
        if path not in _STEADY
    }

    assert properties == DRIFT.keys()


@pytest.mark.parametrize(("token", "path"), DRIFT, ids=lambda value: value.rpartition(":")[2])
def test_a_change_by_hand_is_found_and_repaired(plugin, program, name, made, sdk, token, path):
    resource_id = made(token)
    DRIFT[token, path](sdk, name)
    _, drifted, _ = plugin.read(token, resource_id, program[token])

    assert plugin.diff(token, drifted, program[token]) == {path: "update"}
    plugin.update(token, resource_id, drifted, program[token])
    assert plugin.read(token, resource_id, program[token])[1] == program[token]


@pytest.mark.parametrize("token", [BUCKET, ROLE, ASSOCIATION])
@pytest.mark.parametrize(
    ("extra", "removed", "expected"),
    [
        ({}, ["user"], {"tags.user": "add"}),
        ({"extra": "by hand"}, [], {"tags.extra": "delete"}),
        (
            {},
            ["managed-by", "platform", "user"],
            {"tags.managed-by": "add", "tags.platform": "add", "tags.user": "add"},
        ),
    ],
)
def test_tags_added_or_removed_by_hand_are_found_and_repaired(
    plugin, program, name, made, sdk, token, extra, removed, expected
):
    resource_id = made(token)
    by_hand = {key: tag for key, tag in program[token]["tags"].items() if key not in removed}
    by_hand |= extra
    tag_set = [{"Key": key, "Value": value} for key, value in by_hand.items()]
    if token == BUCKET:
        sdk.s3.put_bucket_tagging(Bucket=resource_id, Tagging={"TagSet": tag_set})
    elif token == ROLE:
        sdk.iam.untag_role(RoleName=name, TagKeys=list(program[ROLE]["tags"]))
        sdk.iam.tag_role(RoleName=name, Tags=tag_set)
    else:
        arn = _association(sdk, name)["associationArn"]
        sdk.eks.untag_resource(resourceArn=arn, tagKeys=list(program[ASSOCIATION]["tags"]))
        sdk.eks.tag_resource(resourceArn=arn, tags=by_hand)
    _, drifted, _ = plugin.read(token, resource_id, program[token])

    assert drifted.get("tags", {}) == by_hand
    assert plugin.diff(token, drifted, program[token]) == expected
    plugin.update(token, resource_id, drifted, program[token])
    assert plugin.read(token, resource_id, program[token])[1] == program[token]


def test_a_lifecycle_rule_added_by_hand_is_found_and_repaired(plugin, program, made, s3):
    bucket = made(LIFECYCLE)
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    rules.append(
        {"ID": "by-hand", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    )
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    _, drifted, _ = plugin.read(LIFECYCLE, bucket, program[LIFECYCLE])

    assert [rule["id"] for rule in drifted["rules"]] == [
        "expire-noncurrent-versions",
        "abort-unfinished-uploads",
        "by-hand",
    ]
    assert plugin.diff(LIFECYCLE, drifted, program[LIFECYCLE]) == {"rules": "update"}
    plugin.update(LIFECYCLE, bucket, drifted, program[LIFECYCLE])
    assert plugin.read(LIFECYCLE, bucket, program[LIFECYCLE])[1] == program[LIFECYCLE]


def test_a_policy_written_in_another_way_is_no_drift(plugin, program, made, s3):
    bucket = made(BUCKET_POLICY)
    same = json.loads(program[BUCKET_POLICY]["policy"])
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(same, indent=3, sort_keys=True))

    assert plugin.read(BUCKET_POLICY, bucket, program[BUCKET_POLICY])[1] == program[BUCKET_POLICY]


@pytest.mark.parametrize(
    ("token", "remove"),
    [
        (ACCESS_BLOCK, "delete_public_access_block"),
        (OWNERSHIP, "delete_bucket_ownership_controls"),
        (LIFECYCLE, "delete_bucket_lifecycle"),
        (BUCKET_POLICY, "delete_bucket_policy"),
    ],
)
def test_a_setting_removed_by_hand_is_gone_and_comes_back(plugin, program, made, s3, token, remove):
    bucket = made(token)
    getattr(s3, remove)(Bucket=bucket)

    assert plugin.read(token, bucket, program[token]) == ("", {}, {})
    plugin.create(token, program[token])
    assert plugin.read(token, bucket, program[token])[1] == program[token]


def test_an_encryption_key_removed_by_hand_is_found_and_comes_back(plugin, program, made, s3):
    key = "arn:aws:kms:us-east-1:123456789012:key/a"
    rule = {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key},
        "bucketKeyEnabled": True,
    }
    wanted = program[ENCRYPTION] | {"rules": [rule]}
    bucket = made(ENCRYPTION, rules=[rule])
    s3.delete_bucket_encryption(Bucket=bucket)
    _, drifted, _ = plugin.read(ENCRYPTION, bucket, wanted)

    assert plugin.diff(ENCRYPTION, drifted, wanted) == {
        "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm": "update",
        "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId": "add",
        "rules[0].bucketKeyEnabled": "update",
    }
    plugin.update(ENCRYPTION, bucket, drifted, wanted)
    assert plugin.read(ENCRYPTION, bucket, wanted)[1] == wanted


# --- create ---------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [BUCKET, ROLE])
def test_create_refuses_what_exists_and_changes_nothing(plugin, program, made, name, token):
    resource_id = made(token)
    other = program[token] | {"tags": {"user": "eve"}}
    with pytest.raises(grpc.RpcError, match=r"creating .*\(.*\): .*AlreadyExists") as refused:
        plugin.create(token, other)

    assert failed_init(refused.value) is None
    assert plugin.read(token, resource_id, program[token])[1] == program[token]


@pytest.mark.parametrize("token", [*SETTINGS, ROLE_POLICY])
def test_create_of_a_setting_overwrites_what_is_there(plugin, program, name, made, sdk, token):
    made(token)
    path = next(path for other, path in DRIFT if other == token)
    DRIFT[token, path](sdk, name)
    resource_id, _ = plugin.create(token, program[token])

    assert plugin.read(token, resource_id, program[token])[1] == program[token]


@pytest.mark.parametrize("token", [*SETTINGS, ROLE_POLICY])
def test_create_fails_without_the_bucket_or_role(plugin, program, token):
    with pytest.raises(grpc.RpcError, match=r"^(?s:.*)(creating|putting) .*\(.*NoSuch"):
        plugin.create(token, program[token])


def test_an_account_regional_bucket_needs_the_name_of_one(plugin, name, program, s3):
    with pytest.raises(grpc.RpcError, match="is not an account-regional namespace bucket"):
        plugin.create(BUCKET, program[BUCKET] | {"bucket": name})
    with pytest.raises(ClientError):
        s3.head_bucket(Bucket=name)


def _refuse(monkeypatch, client, operation, code="AccessDenied"):
    def refuse(**_):
        raise ClientError({"Error": {"Code": code, "Message": "by the test"}}, operation)

    monkeypatch.setattr(client, operation, refuse)


def test_a_bucket_whose_tagging_failed_is_kept_and_finished_by_an_update(
    plugin, program, types, monkeypatch, s3
):
    with monkeypatch.context() as patch:
        _refuse(patch, types[BUCKET]._s3, "put_bucket_tagging")
        with pytest.raises(grpc.RpcError) as partial:
            plugin.create(BUCKET, program[BUCKET])
    bucket = program[BUCKET]["bucket"]
    detail = failed_init(partial.value)
    reason = (
        f"setting S3 Bucket ({bucket}) tags: An error occurred (AccessDenied) when calling the "
        "put_bucket_tagging operation: by the test"
    )

    assert detail.id == bucket
    assert list(detail.reasons) == [reason] == [partial.value.details()]
    assert from_struct(detail.inputs) == from_struct(detail.properties) == program[BUCKET]
    _, found, _ = plugin.read(BUCKET, bucket, program[BUCKET])
    assert plugin.diff(BUCKET, found, program[BUCKET])
    plugin.update(BUCKET, bucket, found, program[BUCKET])
    assert plugin.read(BUCKET, bucket, program[BUCKET])[1] == program[BUCKET]


def test_a_role_that_cannot_be_read_after_it_was_made_is_kept(
    plugin, program, types, name, monkeypatch
):
    with monkeypatch.context() as patch:
        _refuse(patch, types[ROLE]._iam, "get_role", "Throttling")
        with pytest.raises(grpc.RpcError) as partial:
            plugin.create(ROLE, program[ROLE])

    assert plugin.read(ROLE, name, program[ROLE])[0] == name
    detail = failed_init(partial.value)
    assert detail is not None, "the engine would make it a second time"
    assert detail.id == name


def test_a_bucket_that_could_not_be_made_is_no_partial_failure(plugin, program, types, monkeypatch):
    with monkeypatch.context() as patch:
        _refuse(patch, types[BUCKET]._s3, "create_bucket")
        with pytest.raises(grpc.RpcError, match=r"creating S3 Bucket \(.*AccessDenied") as refused:
            plugin.create(BUCKET, program[BUCKET])

    assert failed_init(refused.value) is None
    assert plugin.read(BUCKET, program[BUCKET]["bucket"], program[BUCKET]) == ("", {}, {})


@pytest.mark.parametrize(
    ("token", "operation"),
    [
        (BUCKET, "head_bucket"),
        (BUCKET, "get_bucket_tagging"),
        (LIFECYCLE, "get_bucket_lifecycle_configuration"),
        (ROLE, "get_role"),
        (ROLE_POLICY, "get_role_policy"),
        (LOGGING, "get_bucket_logging"),
        (ASSOCIATION, "describe_pod_identity_association"),
    ],
)
def test_a_read_that_is_refused_is_an_error_and_no_disappearance(
    plugin, program, made, types, monkeypatch, token, operation
):
    resource_id = made(token)
    kind = vars(types[token])
    client = kind.get("_s3") or kind.get("_iam") or kind["_eks"]
    _refuse(monkeypatch, client, operation)
    with pytest.raises(grpc.RpcError, match="AccessDenied"):
        plugin.read(token, resource_id, program[token])


def test_a_refused_read_says_which_resource(plugin, program, made, types, monkeypatch, name):
    made(ROLE)
    _refuse(monkeypatch, types[ROLE]._iam, "get_role")
    with pytest.raises(grpc.RpcError) as refused:
        plugin.read(ROLE, name, program[ROLE])

    assert refused.value.details().startswith(f"reading IAM Role ({name}): ")


def test_32_users_are_made_at_once(plugin):
    users = [program_inputs(f"orion-quasar-{uuid.uuid4().hex[:8]}") for _ in range(32)]

    def create(program):
        return {token: plugin.create(token, program[token])[0] for token in (BUCKET, ROLE)}

    with futures.ThreadPoolExecutor(32) as pool:
        made = list(pool.map(create, users))
        read = list(
            pool.map(lambda user: plugin.read(BUCKET, user[BUCKET]["bucket"], user[BUCKET]), users)
        )

    assert made == [{token: _id(token, user) for token in (BUCKET, ROLE)} for user in users]
    assert [inputs for _, inputs, _ in read] == [user[BUCKET] for user in users]


def test_of_32_creates_of_one_role_a_single_one_succeeds(plugin, program):
    def create(_):
        try:
            return plugin.create(ROLE, program[ROLE])[0]
        except grpc.RpcError as error:
            return "refused" if "EntityAlreadyExists" in error.details() else error.details()

    with futures.ThreadPoolExecutor(32) as pool:
        answers = sorted(pool.map(create, range(32)))

    assert answers == sorted([program[ROLE]["name"], *["refused"] * 31])


# --- update, delete -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "change"),
    [
        (BUCKET, {"tags": {"user": "bob", "new": "tag"}}),
        (ACCESS_BLOCK, {"blockPublicAcls": False}),
        (OWNERSHIP, {"rule": {"objectOwnership": "ObjectWriter"}}),
        (
            ENCRYPTION,
            {
                "rules": [
                    {
                        "applyServerSideEncryptionByDefault": {
                            "sseAlgorithm": "aws:kms",
                            "kmsMasterKeyId": "arn:aws:kms:us-east-1:123456789012:key/a",
                        },
                        "bucketKeyEnabled": True,
                    }
                ]
            },
        ),
        (VERSIONING, {"versioningConfiguration": {"status": "Suspended"}}),
        (
            LIFECYCLE,
            {
                "rules": [
                    {
                        "id": "expire-scratch",
                        "status": "Enabled",
                        "filter": {"prefix": "scratch/"},
                        "expiration": {"days": 30},
                    },
                ]
            },
        ),
        (BUCKET_POLICY, {"policy": document("Other", "*", Principal="*")}),
        (ROLE, {"description": "other", "maxSessionDuration": 7200, "tags": {"new": "tag"}}),
        (ROLE, {"assumeRolePolicy": trust("bob")}),
        (ROLE_POLICY, {"policy": document("Other", "*")}),
        (LOGGING, {"targetPrefix": "other/"}),
        (ASSOCIATION, {"tags": {"new": "tag"}}),
    ],
)
def test_an_update_leaves_exactly_what_the_program_now_says(plugin, program, made, token, change):
    resource_id, new = made(token), program[token] | change
    assert plugin.check(token, new) == {}

    state = plugin.update(token, resource_id, program[token], new, preview=True)
    assert {key: state[key] for key in new} == new
    assert plugin.read(token, resource_id, program[token])[1] == program[token]

    state = plugin.update(token, resource_id, program[token], new)
    assert {key: state[key] for key in new} == new
    assert plugin.read(token, resource_id, new)[1] == new


@pytest.mark.parametrize("token", [BUCKET, ROLE, ASSOCIATION])
def test_what_leaves_the_program_leaves_the_resource(plugin, program, made, token):
    resource_id = made(token)
    new = {key: value for key, value in program[token].items() if key != "tags"}
    plugin.update(token, resource_id, program[token], new)

    assert plugin.diff(token, plugin.read(token, resource_id, new)[1], new) == {}


def test_a_bucket_with_objects_is_kept_unless_force_destroy_is_set(plugin, program, made, s3):
    bucket = made(VERSIONING)
    for body in (b"first", b"second"):
        s3.put_object(Bucket=bucket, Key="maps/cmb.fits", Body=body)
    with pytest.raises(grpc.RpcError, match=r"deleting S3 Bucket \(.*\): BucketNotEmpty"):
        plugin.delete(BUCKET, bucket, program[BUCKET])
    versions = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert len(versions) == 2

    plugin.update(BUCKET, bucket, program[BUCKET], program[BUCKET] | {"forceDestroy": True})
    plugin.delete(BUCKET, bucket, program[BUCKET] | {"forceDestroy": True})
    assert plugin.read(BUCKET, bucket, program[BUCKET]) == ("", {}, {})


def _as_strict_as_s3(monkeypatch, client):
    """Refuse to delete a bucket with anything in it: the emulator looks at live objects only."""
    delete_bucket = client.delete_bucket

    def strict(Bucket):  # noqa: N803 - boto3's own name
        left = client.list_object_versions(Bucket=Bucket).keys() & {"Versions", "DeleteMarkers"}
        assert not left, f"BucketNotEmpty: {left}"
        delete_bucket(Bucket=Bucket)

    monkeypatch.setattr(client, "delete_bucket", strict)


def test_old_versions_and_delete_markers_alone_keep_a_bucket_too(
    plugin, program, made, s3, types, monkeypatch
):
    _as_strict_as_s3(monkeypatch, types[BUCKET]._s3)
    bucket = made(VERSIONING)
    s3.put_object(Bucket=bucket, Key="maps/cmb.fits", Body=b"map")
    s3.delete_object(Bucket=bucket, Key="maps/cmb.fits")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    with pytest.raises(grpc.RpcError, match="BucketNotEmpty"):
        plugin.delete(BUCKET, bucket, program[BUCKET])

    [version] = s3.list_object_versions(Bucket=bucket)["Versions"]
    s3.delete_object(Bucket=bucket, Key="maps/cmb.fits", VersionId=version["VersionId"])
    with pytest.raises(grpc.RpcError, match="BucketNotEmpty"):
        plugin.delete(BUCKET, bucket, program[BUCKET])

    plugin.delete(BUCKET, bucket, program[BUCKET] | {"forceDestroy": True})
    assert plugin.read(BUCKET, bucket, program[BUCKET]) == ("", {}, {})


def test_force_destroy_empties_a_bucket_of_more_than_one_page(
    plugin, program, made, s3, types, monkeypatch
):
    client = types[BUCKET]._s3
    _as_strict_as_s3(monkeypatch, client)
    short = partial(client.list_object_versions, MaxKeys=50)
    monkeypatch.setattr(client, "list_object_versions", short)
    bucket = made(VERSIONING)
    keys = [f"maps/{index}" for index in range(60)]
    with futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=bucket, Key=key, Body=b""), keys))
    plugin.delete(BUCKET, bucket, program[BUCKET] | {"forceDestroy": True})

    assert plugin.read(BUCKET, bucket, program[BUCKET]) == ("", {}, {})


# --- diff -----------------------------------------------------------------------------------

REPLACED = [
    (BUCKET, {"bucket": "other-123456789012-us-east-1-an"}),
    (BUCKET, {"bucketNamespace": "global"}),
    *((setting, {"bucket": "other-123456789012-us-east-1-an"}) for setting in SETTINGS),
    (ROLE, {"name": "other"}),
    (ROLE, {"path": "/other/"}),
    (ROLE_POLICY, {"name": "other"}),
    (ROLE_POLICY, {"role": "other"}),
    (ASSOCIATION, {"clusterName": "other"}),
    (ASSOCIATION, {"namespace": "other"}),
    (ASSOCIATION, {"serviceAccount": "other"}),
]
CHANGED_IN_PLACE = [
    (BUCKET, {"forceDestroy": True}),
    (BUCKET, {"tags": {}}),
    (ACCESS_BLOCK, {"blockPublicAcls": False}),
    (OWNERSHIP, {"rule": {"objectOwnership": "ObjectWriter"}}),
    (ENCRYPTION, {"rules": [{"bucketKeyEnabled": True}]}),
    (VERSIONING, {"versioningConfiguration": {"status": "Suspended"}}),
    (LIFECYCLE, {"rules": []}),
    (BUCKET_POLICY, {"policy": "{}"}),
    (ROLE, {"assumeRolePolicy": "{}"}),
    (ROLE, {"description": "other"}),
    (ROLE, {"maxSessionDuration": 7200}),
    (ROLE, {"tags": {"user": "bob"}}),
    (ROLE_POLICY, {"policy": "{}"}),
    (LOGGING, {"targetBucket": "other"}),
    (LOGGING, {"targetPrefix": "other/"}),
    (ASSOCIATION, {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/other"}),
    (ASSOCIATION, {"tags": {}}),
]


@pytest.mark.parametrize(("token", "change"), REPLACED)
def test_what_a_resource_is_known_by_replaces_it_the_old_one_first(plugin, program, token, change):
    [(key, value)] = change.items()
    kind = "update_replace" if key in program[token] else "add_replace"
    response = plugin.full_diff(token, program[token], program[token] | change)

    assert plugin.diff(token, program[token], program[token] | {key: value}) == {key: kind}
    assert response.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(response.diffs) == list(response.replaces) == [key]
    # EKS lets two associations stand side by side, whose names differ.
    assert response.deleteBeforeReplace == (token != ASSOCIATION)


@pytest.mark.parametrize(("token", "change"), CHANGED_IN_PLACE)
def test_everything_else_changes_in_place(plugin, program, token, change):
    response = plugin.full_diff(token, program[token], program[token] | change)

    assert response.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(response.diffs) == list(change)
    assert list(response.replaces) == []
    assert not response.deleteBeforeReplace
    assert response.hasDetailedDiff
    kinds = plugin.diff(token, program[token], program[token] | change).values()
    assert set(kinds) <= {"add", "update", "delete"}


def test_every_property_that_the_stack_sets_is_in_one_of_the_two_tables():
    tried = {(token, key) for token, change in REPLACED + CHANGED_IN_PLACE for key in change}
    properties = {(token, key) for token, inputs in program_inputs("a").items() for key in inputs}

    # All four switches of the access block are alike.
    assert properties - tried == {
        (ACCESS_BLOCK, "blockPublicPolicy"),
        (ACCESS_BLOCK, "ignorePublicAcls"),
        (ACCESS_BLOCK, "restrictPublicBuckets"),
    }


def test_what_the_program_ignores_is_no_difference(plugin, program):
    new = program[BUCKET] | {"tags": {"user": "bob"}, "forceDestroy": True}

    assert plugin.diff(BUCKET, program[BUCKET], new, ignored=["tags"]) == {"forceDestroy": "update"}
    assert plugin.diff(BUCKET, program[BUCKET], new, ignored=["tags", "forceDestroy"]) == {}
    assert plugin.full_diff(BUCKET, program[BUCKET], new, ["tags", "forceDestroy"]).changes == (
        provider_pb2.DiffResponse.DIFF_NONE
    )


def test_a_name_that_only_the_real_run_will_know_replaces(plugin, program):
    new = program[VERSIONING] | {"bucket": UNKNOWN}

    assert plugin.diff(VERSIONING, program[VERSIONING], new) == {"bucket": "update_replace"}


# --- check ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "change", "path", "reason"),
    [
        (BUCKET, {"forceDestory": True}, "forceDestory", "did you mean 'forceDestroy'?"),
        (BUCKET, {"tags": ["ann"]}, "tags", "expected map"),
        (BUCKET, {"forceDestroy": "yes"}, "forceDestroy", "expected boolean"),
        (BUCKET, {"bucket": None}, "bucket", "required property 'bucket' is missing"),
        (
            OWNERSHIP,
            {"rule": {"objectOwnership": "Nobody"}},
            "rule.objectOwnership",
            'got "Nobody"',
        ),
        (
            ENCRYPTION,
            {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "rot13"}}]},
            "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm",
            "expected one of AES256, aws:kms, aws:kms:dsse",
        ),
        (
            VERSIONING,
            {"versioningConfiguration": {"status": "enabled"}},
            "versioningConfiguration.status",
            "expected one of Enabled, Suspended, Disabled",
        ),
        (
            LIFECYCLE,
            {"rules": [{"id": "a", "status": "On"}]},
            "rules[0].status",
            "expected one of Enabled, Disabled",
        ),
        *(
            (
                LIFECYCLE,
                {"rules": [{"id": "a", "status": "Enabled", key: {inner: 0}}]},
                f"rules[0].{key}.{inner}",
                "expected at least 1, got 0",
            )
            for key, inner in (
                ("noncurrentVersionExpiration", "noncurrentDays"),
                ("abortIncompleteMultipartUpload", "daysAfterInitiation"),
                ("expiration", "days"),
            )
        ),
        (
            LIFECYCLE,
            {
                "rules": [
                    {
                        "id": "a",
                        "status": "Enabled",
                        "noncurrentVersionExpiration": {
                            "noncurrentDays": 1,
                            "newerNoncurrentVersions": 0,
                        },
                    }
                ]
            },
            "rules[0].noncurrentVersionExpiration.newerNoncurrentVersions",
            "expected at least 1, got 0",
        ),
        (BUCKET_POLICY, {"policy": "{"}, "policy", "contains an invalid JSON policy"),
        (BUCKET_POLICY, {"policy": "[]"}, "policy", "it has no Statement"),
        (ROLE, {"assumeRolePolicy": "no"}, "assumeRolePolicy", "contains an invalid JSON policy"),
        (ROLE, {"name": "ann@example.org/x"}, "name", "expected 1-64 characters"),
        (ROLE, {"name": "a" * 65}, "name", "expected 1-64 characters"),
        (ROLE_POLICY, {"policy": '{"Version": "2012-10-17"}'}, "policy", "it has no Statement"),
    ],
)
def test_check_refuses_what_aws_would_and_names_the_path(
    plugin, program, token, change, path, reason
):
    failures = plugin.check(token, program[token] | change)

    assert list(failures) == [path]
    assert reason in failures[path]


@pytest.mark.parametrize(
    ("token", "change", "path"),
    [
        (BUCKET, {"acl": "private"}, "acl"),
        (BUCKET, {"versioning": {"enabled": True}}, "versioning"),
        (BUCKET, {"bucketPrefix": "ann-"}, "bucketPrefix"),
        (ACCESS_BLOCK, {"skipDestroy": True}, "skipDestroy"),
        (OWNERSHIP, {"region": "eu-west-1"}, "region"),
        (ENCRYPTION, {"expectedBucketOwner": ACCOUNT}, "expectedBucketOwner"),
        (VERSIONING, {"mfa": "123456"}, "mfa"),
        (
            VERSIONING,
            {"versioningConfiguration": {"status": "Enabled", "mfaDelete": "Enabled"}},
            "versioningConfiguration.mfaDelete",
        ),
        (LIFECYCLE, {"transitionDefaultMinimumObjectSize": "varies_by_storage_class"}, None),
        (ROLE, {"permissionsBoundary": "arn:aws:iam::aws:policy/a"}, "permissionsBoundary"),
        (ROLE, {"managedPolicyArns": []}, "managedPolicyArns"),
        (ROLE_POLICY, {"namePrefix": "a"}, "namePrefix"),
        (LOGGING, {"targetGrants": []}, "targetGrants"),
        (LOGGING, {"targetObjectKeyFormat": {"simplePrefix": {}}}, "targetObjectKeyFormat"),
        (ASSOCIATION, {"disableSessionTags": True}, "disableSessionTags"),
        (ASSOCIATION, {"targetRoleArn": "arn:aws:iam::1:role/a"}, "targetRoleArn"),
        (ASSOCIATION, {"policy": "{}"}, "policy"),
    ],
)
def test_check_refuses_by_name_what_is_not_emulated(plugin, program, token, change, path):
    path = path or next(iter(change))
    failures = plugin.check(token, program[token] | change)

    assert list(failures) == [path]
    assert "is not emulated by the sandbox" in failures[path]
    assert repr(path.rpartition(".")[2]) in failures[path]


@pytest.mark.parametrize("token", TOKENS)
def test_check_accepts_what_only_the_real_run_will_know(plugin, program, token):
    for path, _ in entries(program[token]):
        inputs = json.loads(json.dumps(program[token]))
        parent, keys = inputs, path.replace("[", ".[").split(".")
        for key in keys[:-1]:
            parent = parent[int(key[1:-1]) if key[0] == "[" else key]
        parent[keys[-1]] = UNKNOWN
        failures = plugin.check(token, inputs)
        # The program always knows a role's name, and nothing else could have one.
        assert failures.keys() <= ({"name"} if token == ROLE and path == "name" else set())


@pytest.mark.parametrize(
    ("token", "cure"),
    [
        ("aws:s3/bucketVersionings:BucketVersionings", f"; did you mean {VERSIONING}?"),
        ("gcp:storage/bucket:Bucket", f"; did you mean {BUCKET}?"),
        ("azure:x", "; it knows "),
    ],
)
def test_an_unknown_type_is_refused_by_name(plugin, token, cure):
    calls = [
        lambda: plugin.check(token, {}),
        lambda: plugin.create(token, {}),
        lambda: plugin.create(token, {}, preview=True),
        lambda: plugin.read(token, "a", {}),
        lambda: plugin.diff(token, {}, {}),
        lambda: plugin.update(token, "a", {}, {}),
        lambda: plugin.delete(token, "a", {}),
    ]
    for call in calls:
        with pytest.raises(grpc.RpcError) as refused:
            call()
        assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
        assert refused.value.details().startswith(f"the sandbox knows no type {token}{cure}")


# --- configure ------------------------------------------------------------------------------


def test_credentials_of_another_account_are_refused(environment):
    with plugin_of("pulumi_aws", aws.TYPES, aws.configure) as plugin:
        with pytest.raises(grpc.RpcError) as refused:
            plugin.configure(region=REGION, allowedAccountIds='["210987654321"]')
        assert refused.value.details() == (
            f"AWS account ID not allowed: {ACCOUNT}; allowedAccountIds has 210987654321"
        )
        with pytest.raises(grpc.RpcError, match="the sandbox knows no type"):
            plugin.create(BUCKET, {"bucket": "never-made"})

        assert plugin.configure(
            region=REGION, allowedAccountIds=f'["210987654321", "{ACCOUNT}"]'
        ).supportsPreview


def test_buckets_outside_of_us_east_1_say_where_they_are(environment, s3):
    bucket = f"cygnus-pulsar-{uuid.uuid4().hex[:8]}"
    with plugin_of("pulumi_aws", aws.TYPES, aws.configure) as plugin:
        plugin.configure(region="eu-west-1", allowedAccountIds=f'["{ACCOUNT}"]')
        _, state = plugin.create(BUCKET, {"bucket": bucket})

    assert state["bucketRegion"] == "eu-west-1"
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == "eu-west-1"
