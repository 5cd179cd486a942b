"""Policies: every IAM document the stack writes, on both clouds, as plain dicts.

Least privilege is spelled out here and nowhere else. Pure functions: ARNs and names
in, documents out; `infra.aws` attaches them.
"""

import json
from typing import Any

from cmbcluster_storage import rules

Policy = dict[str, Any]


def document(*statements: dict[str, Any]) -> Policy:
    """Return a policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def text(policy: Policy) -> str:
    """Return a policy as JSON, the same for equal policies."""
    return json.dumps(policy, sort_keys=True)


def irsa_trust(
    partition: str, account_id: str, issuer: str, namespace: str, service_account: str
) -> Policy:
    """Return who may take the role: one service account of one cluster, nobody else.

    Both `sub` and `aud` are bound: without `aud` a token made for another audience
    would do.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
    """
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:{partition}:iam::{account_id}:oidc-provider/{issuer}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    f"{issuer}:sub": f"system:serviceaccount:{namespace}:{service_account}",
                    f"{issuer}:aud": "sts.amazonaws.com",
                }
            },
        }
    )


def pod_identity_trust(
    partition: str,
    account_id: str,
    region: str,
    cluster_name: str,
    namespace: str,
    service_account: str,
) -> Policy:
    """Return who may take the role by EKS Pod Identity: one service account of one cluster.

    The agent states them as session tags; the cluster's ARN holds account and region.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
    """
    cluster_arn = f"arn:{partition}:eks:{region}:{account_id}:cluster/{cluster_name}"
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {
                    "aws:RequestTag/eks-cluster-arn": cluster_arn,
                    "aws:RequestTag/eks-cluster-name": cluster_name,
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": service_account,
                }
            },
        }
    )


def user_access(bucket_arn: str, key_arn: str | None = None) -> Policy:
    """Return what a user's identity may do: work with objects of one bucket.

    It may read old versions, which bringing one back needs, but never delete one, and
    change nothing of the bucket itself: what a user deletes can be restored. A key may
    serve many buckets; S3 states for which one it is used (for the bucket with a bucket
    key, for the object without).

    Source: https://github.com/awslabs/mountpoint-s3/blob/main/doc/CONFIGURATION.md#iam-permissions
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    """
    use_of_key = {
        "Sid": "UseKey",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": key_arn,
        "Condition": {
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket_arn, f"{bucket_arn}/*"]}
        },
    }
    return document(
        {
            "Sid": "ListBucket",
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
            "Resource": bucket_arn,
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
            "Resource": f"{bucket_arn}/*",
        },
        *([use_of_key] if key_arn else []),
    )


def tls_only(bucket_arn: str) -> Policy:
    """Return the bucket policy that refuses every request without TLS, as the runtime's is."""
    return document(rules.tls_only(bucket_arn))


def principal(project: str, project_number: str, namespace: str, service_account: str) -> str:
    """Return the member that is one Kubernetes service account, without a Google one.

    Number first, then id. The same namespace and name in another cluster of the project
    is the same principal.

    Source: https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity
    """
    pool = f"{project}.svc.id.goog"
    return (
        f"principal://iam.googleapis.com/projects/{project_number}/locations/global/"
        f"workloadIdentityPools/{pool}/subject/ns/{namespace}/sa/{service_account}"
    )


def account_policy(project: str, namespace: str, service_account: str) -> Policy:
    """Return a Google service account's whole IAM policy: who may act as it.

    One Kubernetes service account; and the account itself, which has no key: that is how it
    signs links, as itself alone.

    Source: https://cloud.google.com/storage/docs/authentication/creating-signatures
    """
    server = f"serviceAccount:{project}.svc.id.goog[{namespace}/{service_account}]"
    itself = f"serviceAccount:{service_account}@{project}.iam.gserviceaccount.com"
    return _bindings(
        ("roles/iam.serviceAccountTokenCreator", itself), ("roles/iam.workloadIdentityUser", server)
    )


def object_user(member: str | None) -> Policy:
    """Return a bucket's whole IAM policy: one member works with objects, or nobody does.

    Whole, because the grants that a new bucket comes with let every viewer of the
    project read. Whoever runs the stack needs roles/storage.admin on the project.

    Source: https://cloud.google.com/storage/docs/access-control/iam-roles
    """
    return _bindings(("roles/storage.objectUser", member)) if member else {"bindings": []}


def _bindings(*granted: tuple[str, str]) -> Policy:
    return {"bindings": [{"role": role, "members": [member]} for role, member in granted]}
