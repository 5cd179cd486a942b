import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from infra import policies

BUCKET = "arn:aws:s3:::ara-planet-8c71157f-123456789012-us-east-1-an"
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"

# Names of S3's actions that a user's identity must not have, under any spelling of a grant.
FORBIDDEN = [
    "s3:BypassGovernanceRetention",
    "s3:CreateBucket",
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:DeleteObjectVersion",
    "s3:ListAllMyBuckets",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutObjectAcl",
    "s3:PutObjectVersionAcl",
    "iam:PassRole",
    "kms:CreateGrant",
    "kms:DisableKey",
    "kms:Encrypt",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "sts:AssumeRole",
]


def actions(policy: policies.Policy) -> list[str]:
    return [action for statement in policy["Statement"] for action in statement["Action"]]


def test_a_document_has_its_version_and_statements():
    assert policies.document({"Sid": "A"}, {"Sid": "B"}) == {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "A"}, {"Sid": "B"}],
    }


def test_the_text_of_equal_policies_is_equal():
    one: dict[str, Any] = {"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Deny"}]}
    other: dict[str, Any] = {"Statement": [{"Effect": "Deny", "Sid": "A"}], "Version": "2012-10-17"}
    assert policies.text(one) == policies.text(other)
    assert json.loads(policies.text(one)) == one


def test_a_role_is_taken_by_one_service_account_with_a_token_for_sts():
    trust = policies.irsa_trust("aws", "123456789012", ISSUER, "hub", "ara-planet-8c71157f")
    assert trust == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {
                    "Federated": (
                        "arn:aws:iam::123456789012:oidc-provider/"
                        "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
                    )
                },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{ISSUER}:sub": "system:serviceaccount:hub:ara-planet-8c71157f",
                        f"{ISSUER}:aud": "sts.amazonaws.com",
                    }
                },
            }
        ],
    }


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_cluster_is_trusted_in_its_own_partition(partition: str):
    trust = policies.irsa_trust(partition, "123456789012", ISSUER, "hub", "ara-planet-8c71157f")
    assert trust["Statement"][0]["Principal"] == {
        "Federated": f"arn:{partition}:iam::123456789012:oidc-provider/{ISSUER}"
    }


def test_a_role_is_taken_by_one_service_account_of_one_cluster_through_pod_identity():
    trust = policies.pod_identity_trust(
        "aws", "123456789012", "us-east-1", "research", "hub", "ara-planet-8c71157f"
    )
    assert trust == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Condition": {
                    "StringEquals": {
                        "aws:RequestTag/eks-cluster-arn": (
                            "arn:aws:eks:us-east-1:123456789012:cluster/research"
                        ),
                        "aws:RequestTag/eks-cluster-name": "research",
                        "aws:RequestTag/kubernetes-namespace": "hub",
                        "aws:RequestTag/kubernetes-service-account": "ara-planet-8c71157f",
                    }
                },
            }
        ],
    }


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_cluster_of_a_pod_identity_is_of_its_own_partition(partition: str):
    trust = policies.pod_identity_trust(
        partition, "123456789012", "cn-north-1", "research", "hub", "ara-planet-8c71157f"
    )
    assert trust["Statement"][0]["Condition"]["StringEquals"]["aws:RequestTag/eks-cluster-arn"] == (
        f"arn:{partition}:eks:cn-north-1:123456789012:cluster/research"
    )


def test_a_user_works_with_the_objects_of_one_bucket():
    assert policies.user_access(BUCKET) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ListBucket",
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
                "Resource": BUCKET,
            },
            {
                "Sid": "UseObjects",
                "Effect": "Allow",
                "Action": [
                    "s3:AbortMultipartUpload",
                    "s3:DeleteObject",
                    "s3:GetObject",
                    "s3:GetObjectVersion",
                    "s3:PutObject",
                ],
                "Resource": f"{BUCKET}/*",
            },
        ],
    }


KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def test_a_user_uses_the_operators_key_for_their_own_bucket_only():
    plain, with_key = policies.user_access(BUCKET), policies.user_access(BUCKET, KEY)
    assert with_key == {
        "Version": "2012-10-17",
        "Statement": [
            *plain["Statement"],
            {
                "Sid": "UseKey",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": KEY,
                "Condition": {
                    "StringLike": {"kms:EncryptionContext:aws:s3:arn": [BUCKET, f"{BUCKET}/*"]}
                },
            },
        ],
    }


@pytest.mark.parametrize("forbidden", FORBIDDEN)
def test_no_grant_of_a_user_covers(forbidden: str):
    granted = actions(policies.user_access(BUCKET, KEY))
    assert [grant for grant in granted if fnmatchcase(forbidden.lower(), grant.lower())] == []


def test_a_user_has_no_wildcard_and_puts_nothing_but_objects():
    granted = actions(policies.user_access(BUCKET, KEY))
    assert [action for action in granted if "*" in action or "?" in action] == []
    assert [action for action in granted if action.startswith("s3:Put")] == ["s3:PutObject"]
    assert [action for action in granted if action.startswith("s3:Delete")] == ["s3:DeleteObject"]


def test_a_user_has_grants_on_their_own_bucket_only():
    resources = [statement["Resource"] for statement in policies.user_access(BUCKET)["Statement"]]
    assert resources == [BUCKET, f"{BUCKET}/*"]


def test_a_bucket_refuses_requests_without_tls():
    assert policies.tls_only(BUCKET) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DenyInsecureTransport",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [BUCKET, f"{BUCKET}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


MEMBER = (
    "principal://iam.googleapis.com/projects/123456789012/locations/global/"
    "workloadIdentityPools/cmbcluster-research.svc.id.goog/subject/ns/hub/sa/ara-planet-8c71157f"
)


def test_a_principal_is_one_service_account_of_one_namespace():
    assert (
        policies.principal("cmbcluster-research", "123456789012", "hub", "ara-planet-8c71157f")
        == MEMBER
    )


def test_a_google_service_account_is_used_by_one_service_account_and_signs_as_itself():
    assert policies.account_policy("cmbcluster-research", "hub", "ara-planet-8c71157f") == {
        "bindings": [
            {
                "role": "roles/iam.serviceAccountTokenCreator",
                "members": [
                    "serviceAccount:ara-planet-8c71157f@cmbcluster-research.iam.gserviceaccount.com"
                ],
            },
            {
                "role": "roles/iam.workloadIdentityUser",
                "members": [
                    "serviceAccount:cmbcluster-research.svc.id.goog[hub/ara-planet-8c71157f]"
                ],
            },
        ]
    }


def test_one_member_works_with_the_objects_of_a_bucket_and_nobody_else():
    # Whole: no projectViewer, projectEditor or projectOwner, no allUsers, no second role.
    assert policies.object_user(MEMBER) == {
        "bindings": [{"role": "roles/storage.objectUser", "members": [MEMBER]}]
    }


def test_nobody_works_with_the_objects_of_a_bucket_without_a_member():
    assert policies.object_user(None) == {"bindings": []}
