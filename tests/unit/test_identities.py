"""The identities in docs/identities: what they may do is what the program needs, and no more."""

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import botocore.session
import pytest
import yaml
from program import VARIANTS, resources_of

from sandbox.workspace import CHECKOUT

FOLDER = CHECKOUT / "docs/identities"
DOCUMENT = (CHECKOUT / "docs/gitops.md").read_text("utf-8")
STATES = ["arn:aws:s3:::STATE_BUCKET", "arn:aws:s3:::STATE_BUCKET/*"]

# What the official providers ask of the clouds, by resource type: to make and change one, and
# to delete it. Reading is every type's, and compared with the plan identity's.
_BUCKET_DATA = {
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:ListBucketMultipartUploads",
    "s3:ListBucketVersions",
}
CHANGES: dict[str, set[str]] = {
    "aws:s3/bucket:Bucket": {
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:PutBucketTagging",
        "s3:TagResource",
        "s3:UntagResource",
        *_BUCKET_DATA,
    },
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"s3:PutBucketPublicAccessBlock"},
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {"s3:PutBucketOwnershipControls"},
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "s3:PutEncryptionConfiguration"
    },
    "aws:s3/bucketVersioning:BucketVersioning": {"s3:PutBucketVersioning"},
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
        "s3:PutLifecycleConfiguration"
    },
    "aws:s3/bucketPolicy:BucketPolicy": {"s3:PutBucketPolicy", "s3:DeleteBucketPolicy"},
    "aws:s3/bucketLogging:BucketLogging": {"s3:PutBucketLogging"},
    "aws:iam/role:Role": {
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:ListInstanceProfilesForRole",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
    },
    "aws:iam/rolePolicy:RolePolicy": {"iam:PutRolePolicy", "iam:DeleteRolePolicy"},
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
        "eks:CreatePodIdentityAssociation",
        "eks:DeletePodIdentityAssociation",
        "eks:TagResource",
        "eks:UntagResource",
        "eks:UpdatePodIdentityAssociation",
        "iam:PassRole",
    },
    # The provider lists a bucket's caches before it empties it, and where it may not, it does not
    # empty it. Source: https://github.com/hashicorp/terraform-provider-google, of the bucket
    "gcp:storage/bucket:Bucket": {
        "storage.anywhereCaches.list",
        "storage.buckets.create",
        "storage.buckets.delete",
        "storage.buckets.update",
        "storage.objects.delete",
        "storage.objects.list",
    },
    "gcp:storage/bucketIAMPolicy:BucketIAMPolicy": {"storage.buckets.setIamPolicy"},
    "gcp:serviceaccount/account:Account": {
        "iam.serviceAccounts.create",
        "iam.serviceAccounts.delete",
        "iam.serviceAccounts.update",
    },
    "gcp:serviceaccount/iAMPolicy:IAMPolicy": {"iam.serviceAccounts.setIamPolicy"},
}


def statements(identity: str) -> list[dict[str, Any]]:
    return json.loads((FOLDER / f"aws-{identity}.json").read_text("utf-8"))["Statement"]


def allowed(identity: str) -> dict[str, list[dict[str, Any]]]:
    """Return the statements that allow each action."""
    found: dict[str, list[dict[str, Any]]] = {}
    for statement in statements(identity):
        if statement["Effect"] == "Allow":
            for action in statement["Action"]:
                found.setdefault(action, []).append(statement)
    return found


def permissions(identity: str) -> list[str]:
    return yaml.safe_load((FOLDER / f"gcp-{identity}.yaml").read_text("utf-8"))[
        "includedPermissions"
    ]


def made(variant: str) -> dict[str, dict[str, Any]]:
    """Return the inputs of what the program registers for one user, by type."""
    resources = resources_of(VARIANTS[variant].config("bob")).values()
    return {resource["type"]: resource["inputs"] for resource in resources}


def of_cloud(cloud: str) -> dict[str, set[str]]:
    return {kind: needs for kind, needs in CHANGES.items() if kind.startswith(f"{cloud}:")}


def test_the_table_has_every_type_that_the_program_registers():
    types = {kind for variant in VARIANTS for kind in made(variant)}
    assert {kind for kind in types if kind.startswith(("aws:", "gcp:"))} == set(CHANGES)


def test_the_document_tells_of_every_file():
    assert [path.name for path in FOLDER.iterdir() if path.name not in DOCUMENT] == []


def test_the_plan_identity_changes_nothing_on_aws():
    actions = [action.partition(":")[2] for action in allowed("plan")]
    assert [one for one in actions if not one.startswith(("Describe", "Get", "List"))] == [
        "Decrypt"  # of the states' secrets: it writes nothing
    ]
    assert not [one for one in actions if "*" in one]


def test_the_plan_identity_changes_nothing_on_google_cloud():
    verbs = {permission.rpartition(".")[2] for permission in permissions("plan")}
    assert verbs == {"get", "getIamPolicy", "list"}


def test_the_plan_identity_sees_buckets_and_accounts_and_nothing_in_them():
    seen = {permission.rpartition(".")[0] for permission in permissions("plan")}
    assert seen == {"iam.serviceAccounts", "storage.buckets"}


# One of each kind of thing that is not ours, or of which the plan identity reads little.
USERS_BUCKET = "arn:aws:s3:::ara-planet-8c71157f-ACCOUNT-us-east-1-an"
OTHERS = (
    "arn:aws:iam::ACCOUNT:user/ann",
    "arn:aws:kms:us-east-1:ACCOUNT:key/of-a-bucket",
    "arn:aws:secretsmanager:us-east-1:ACCOUNT:secret:x",
    "arn:aws:ssm:us-east-1:ACCOUNT:parameter/x",
    "arn:aws:sts::ACCOUNT:assumed-role/x/y",
    "arn:aws:eks:us-east-1:ACCOUNT:cluster/another",
    "arn:aws:iam::ACCOUNT:role/admin",
    "arn:aws:s3:::payroll",
    "arn:aws:s3:::payroll/x",
    "arn:aws:s3:::payroll-ACCOUNT-us-east-1-an",
    "arn:aws:s3:::payroll-ACCOUNT-us-east-1-an/x",
    USERS_BUCKET.replace("ACCOUNT", "210987654321"),
)
USERS_ROLE = "arn:aws:iam::ACCOUNT:role/ara-planet-8c71157f"
READING_OF_ROLES = {
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
}
# Whatever of these services somebody could think of.
SERVICES = ("eks", "iam", "kms", "s3", "secretsmanager", "ssm", "sts")


def all_actions() -> set[str]:
    session = botocore.session.get_session()
    operations = {
        f"{service}:{name}"
        for service in SERVICES
        for name in session.get_service_model(service).operation_names
    }
    return operations | set(allowed("plan")) | set(allowed("apply"))


def granted(identity: str, resource: str, context: Mapping[str, str] | None = None) -> set[str]:
    """Return what an identity may do to a resource, as AWS decides: whatever is denied wins.

    Args:
        identity: plan or apply.
        resource: its ARN.
        context: what AWS knows of the request, by condition key.
    """

    def matching(effect: str) -> set[str]:
        return {
            action
            for one in statements(identity)
            if one["Effect"] == effect
            and _conditions(one).items() <= (context or {}).items()
            and any(fnmatchcase(resource, each) for each in _listed(one["Resource"]))
            for action in all_actions()
            if any(fnmatchcase(action, each) for each in _listed(one["Action"]))
        }

    return matching("Allow") - matching("Deny")


def _conditions(statement: dict[str, Any]) -> dict[str, str]:
    conditions = statement.get("Condition", {"StringEquals": {}})
    assert set(conditions) == {"StringEquals"}
    return conditions["StringEquals"]


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_the_plan_identity_has_no_right_that_this_does_not_read():
    keys = {"Sid", "Effect", "Action", "Resource"}
    assert [one for one in statements("plan") if set(one) != keys] == []
    assert {action.partition(":")[0] for action in allowed("plan")} <= set(SERVICES)


# Whatever a request could say of itself to be let through.
ANY = {
    "aws:RequestTag/managed-by": "cmbcluster-storage",
    "iam:PassedToService": "pods.eks.amazonaws.com",
}


@pytest.mark.parametrize("resource", OTHERS)
@pytest.mark.parametrize("identity", ["plan", "apply"])
def test_what_is_not_ours_is_nothing_to_an_identity(identity: str, resource: str):
    assert granted(identity, resource, ANY) == {"s3:ListAllMyBuckets"}


def test_a_bucket_of_the_program_is_the_apply_identity_s():
    name = made("aws")["aws:s3/bucket:Bucket"]["bucket"].replace("123456789012", "ACCOUNT")
    needed = {action for kind in made("aws") for action in CHANGES.get(kind, ())}
    bucket, contents = f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/notes.txt"
    of_contents = {"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"}
    assert granted("apply", contents) >= of_contents
    assert granted("apply", bucket) >= {one for one in needed if one[:3] == "s3:"} - of_contents
    assert granted("apply", bucket) >= granted("plan", bucket)


@pytest.mark.parametrize("resource", ["", "/notes.txt"])
def test_a_bucket_of_the_world_s_namespace_is_in_what_the_document_adds(resource: str):
    name = made("aws_everything")["aws:s3/bucket:Bucket"]["bucket"]
    assert granted("apply", f"arn:aws:s3:::{name}{resource}") == {"s3:ListAllMyBuckets"}
    added = re.findall(r"`(arn:aws:s3:::[^`]*)`", DOCUMENT)
    assert [one for one in added if fnmatchcase(f"arn:aws:s3:::{name}{resource}", one)]


def test_a_role_of_the_program_is_the_apply_identity_s():
    role = made("aws_pod_identity")["aws:iam/role:Role"]
    arn = f"arn:aws:iam::ACCOUNT:role/{role['name']}"
    own = {"aws:ResourceTag/managed-by": role["tags"]["managed-by"]}
    # AWS takes the tags of a request that makes something for those of what it makes, and asks
    # for TagRole as well.
    # Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    new = {**own, "aws:RequestTag/managed-by": role["tags"]["managed-by"]}
    assert granted("apply", arn, new) >= {"iam:CreateRole", "iam:TagRole"}
    passing = {"iam:PassedToService": "pods.eks.amazonaws.com"}
    needed = CHANGES["aws:iam/role:Role"] | CHANGES["aws:iam/rolePolicy:RolePolicy"]
    assert granted("apply", arn, own) >= (needed - {"iam:CreateRole"}) | READING_OF_ROLES
    assert "iam:PassRole" in granted("apply", arn, passing)


def test_another_s_role_with_such_a_name_is_not_and_cannot_be_made_ours():
    reading = READING_OF_ROLES | {"iam:ListInstanceProfilesForRole", "s3:ListAllMyBuckets"}
    assert granted("apply", USERS_ROLE) == reading
    assert granted("apply", USERS_ROLE, ANY) == reading | {"iam:CreateRole", "iam:PassRole"}


def test_what_the_plan_identity_may_do_to_what_is_ours():
    everywhere = {"s3:ListAllMyBuckets"}
    of_bucket = granted("plan", USERS_BUCKET) - everywhere
    assert {one for one in of_bucket if not one.startswith(("s3:GetBucket", "s3:List"))} == {
        "s3:GetAccelerateConfiguration",
        "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration",
    }
    assert {one for one in of_bucket if one.startswith("s3:List")} == {
        "s3:ListBucket",
        "s3:ListTagsForResource",
    }
    # To AWS the pattern of buckets is also that of objects that end so.
    assert granted("plan", f"{USERS_BUCKET}/notes.txt") == everywhere
    assert granted("plan", f"{USERS_BUCKET}/notes-an") == of_bucket | everywhere
    assert {one for one in of_bucket if "Object" in one} == {"s3:GetBucketObjectLockConfiguration"}
    for states in (STATES[0], "arn:aws:s3:::STATE_BUCKET/.pulumi/x.json"):
        assert granted("plan", states) == everywhere | {"s3:GetObject", "s3:ListBucket"}
    assert granted("plan", "arn:aws:kms:us-east-1:ACCOUNT:key/STATE_KEY") == everywhere | {
        "kms:Decrypt"
    }
    assert granted("plan", USERS_ROLE) == everywhere | READING_OF_ROLES


def test_the_apply_identity_cannot_write_the_states_away_nor_change_itself():
    assert "s3:DeleteObjectVersion" not in granted("apply", "arn:aws:s3:::STATE_BUCKET/x")
    tagged = {**ANY, "aws:ResourceTag/managed-by": "cmbcluster-storage"}
    own = granted("apply", "arn:aws:iam::ACCOUNT:role/cmbcluster-storage-apply", tagged)
    assert not own & {"iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole"}


@pytest.mark.parametrize("identity", ["plan", "apply"])
def test_no_identity_reads_what_users_store(identity: str):
    assert [one["Resource"] for one in allowed(identity)["s3:GetObject"]] == [STATES]
    assert "s3:GetObjectVersion" not in allowed(identity)
    assert "storage.objects.get" not in permissions(identity)


def test_the_apply_identity_may_do_what_the_program_needs_on_aws_and_no_more():
    state = {"s3:DeleteObject", "s3:PutObject", "kms:Encrypt"}
    needed = set().union(*of_cloud("aws").values()) | state | set(allowed("plan"))
    assert set(allowed("apply")) == needed


def test_the_apply_identity_may_do_what_the_program_needs_on_google_cloud_and_no_more():
    needed = set().union(*of_cloud("gcp").values()) | set(permissions("plan"))
    assert sorted(permissions("apply") + permissions("apply-accounts")) == sorted(needed)


def test_who_makes_no_service_accounts_may_change_none():
    of_accounts = "iam.serviceAccounts."
    assert [one for one in permissions("apply") if one.startswith(of_accounts)] == []
    assert [one for one in permissions("apply-accounts") if not one.startswith(of_accounts)] == []
    needed = {action for kind in made("gcp") for action in CHANGES.get(kind, ())}
    assert needed <= set(permissions("apply"))


def test_the_apply_identity_writes_objects_only_to_the_states():
    assert [one["Resource"] for one in allowed("apply")["s3:PutObject"]] == [STATES]


def test_roles_are_passed_to_pods_alone():
    [passing] = allowed("apply")["iam:PassRole"]
    assert passing["Action"] == ["iam:PassRole"]
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "pods.eks.amazonaws.com"}
    }


def test_the_apply_identity_cannot_change_the_identities_nor_unguard_the_states():
    denied = {one["Sid"]: one for one in statements("apply") if one["Effect"] == "Deny"}
    assert denied["NotWhatGuardsItself"]["Resource"] == [
        "arn:aws:iam::ACCOUNT:role/cmbcluster-storage-apply",
        "arn:aws:iam::ACCOUNT:role/cmbcluster-storage-plan",
    ]
    on_roles = {"DeleteRole", "DeleteRolePolicy", "PutRolePolicy", "UpdateAssumeRolePolicy"}
    assert set(denied["NotWhatGuardsItself"]["Action"]) == {f"iam:{one}" for one in on_roles}
    # All that the apply identity may do to a bucket, but for what a state's own writes need.
    on_buckets = {
        action
        for action in allowed("apply")
        if action.startswith(("s3:Put", "s3:Delete")) and not action.endswith("Tagging")
    }
    assert set(denied["NotTheStatesBucket"]["Action"]) == on_buckets - {
        "s3:DeleteObject",
        "s3:PutObject",
    }
    assert denied["NotTheStatesBucket"]["Resource"] == STATES


@pytest.mark.parametrize("service", ["eks", "iam"])
def test_actions_are_the_service_s_own_words(service: str):
    model = botocore.session.get_session().get_service_model(service)
    known = {f"{service}:{name}" for name in model.operation_names}
    named = {one for one in allowed("apply") if one.startswith(f"{service}:")}
    assert named - known == ({"iam:PassRole"} if service == "iam" else set())
