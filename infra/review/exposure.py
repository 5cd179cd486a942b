"""Exposure: what of a plan opens a bucket to others, or keeps its data less safe. Pure.

Most of it no stack file can ask for: the program is under review as well.
"""

from collections.abc import Iterator, Mapping

from infra.review.markdown import code
from infra.review.plans import Resource, Step, at

_POLICY = "gcp:storage/bucketIAMPolicy:BucketIAMPolicy"
_ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)

# The inputs that decide who reaches a bucket, by the type that has them.
_DECIDING: Mapping[str, tuple[str, ...]] = {
    "aws:s3/bucketPolicy:BucketPolicy": ("policy",),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ("rule",),
    "aws:iam/role:Role": ("assumeRolePolicy", "inlinePolicies", "managedPolicyArns"),
    "aws:iam/rolePolicy:RolePolicy": ("policy",),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": ("roleArn", "targetRoleArn"),
    "gcp:storage/bucket:Bucket": ("publicAccessPrevention", "uniformBucketLevelAccess"),
    "gcp:serviceaccount/iAMPolicy:IAMPolicy": ("policyData",),
    _POLICY: ("policyData",),
}


def is_freed(step: Step) -> bool:
    """Tell whether what was protected, or kept when it is forgotten, is so no longer."""
    before, after = step.before, step.after
    return bool(
        before
        and after
        and (
            (before.protect and not after.protect)
            or (before.retain_on_delete and not after.retain_on_delete)
        )
    )


def changes_access(step: Step, identity_moves: bool) -> bool:
    """Tell whether a step decides anew who reaches the bucket, or what they may do.

    Args:
        step: of one user.
        identity_moves: whether the user's identity comes or goes, and that is told already.
    """
    if not (step.before and step.after):
        return False
    if step.type == _POLICY and identity_moves:
        return False  # it names the identity
    before, after = step.before.inputs, step.after.inputs
    return any(before.get(key) != after.get(key) for key in _DECIDING.get(step.type, ()))


def left_keys(step: Step) -> Iterator[str]:
    """Yield in words which key what is stored stays encrypted with, though another comes."""
    if not (step.before and step.after):
        return
    known = _key(step, step.before)
    if not known or known == _key(step, step.after):
        return
    stays = f"The encryption key changes: what is stored stays encrypted with {code(known)}"
    if step.type == _ENCRYPTION:
        yield f"{stays}, which users' roles may no longer use: they cannot read it any more"
    else:
        yield f"{stays}; whoever disables or destroys that key loses it"


def _key(step: Step, resource: Resource) -> str:
    if step.type == _ENCRYPTION:
        first = ("rules", 0, "applyServerSideEncryptionByDefault", "kmsMasterKeyId")
        return str(at(resource.inputs, *first) or "")
    if step.type == "gcp:storage/bucket:Bucket":
        return str(at(resource.inputs, "encryption", "defaultKmsKeyName") or "")
    return ""
