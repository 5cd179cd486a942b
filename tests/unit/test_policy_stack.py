"""The rules of the policy pack about resources together, and both kinds on whole stacks."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policy.rules import RULES, STACK_RULES
from policy.rules.model import UNKNOWN, Resource

GOLDEN = Path(__file__).parent / "golden"
# Nothing expires in a bucket while it is adopted, and one of everything is not versioned.
ADVISED = {
    "aws_adopted": {"s3-expiry"},
    "gcp_adopted": {"gcs-expiry"},
    "aws_everything": {"s3-versioned"},
    "gcp_everything": {"gcs-versioned"},
}


def s3(name: str) -> str:
    return f"aws:s3/{name[0].lower()}{name[1:]}:{name}"


SETTINGS = (
    "BucketPublicAccessBlock",
    "BucketOwnershipControls",
    "BucketServerSideEncryptionConfiguration",
    "BucketVersioning",
    "BucketLifecycleConfiguration",
    "BucketPolicy",
)
BUCKET, GCS, IAM = (
    s3("Bucket"),
    "gcp:storage/bucket:Bucket",
    "gcp:storage/bucketIAMPolicy:BucketIAMPolicy",
)
ROLE, ACCESS = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
PV, PVC = "kubernetes:core/v1:PersistentVolume", "kubernetes:core/v1:PersistentVolumeClaim"
SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"


def resource(token: str, name: str, props: dict[str, Any], **more: Any) -> Resource:
    return Resource(f"urn:pulumi:aws::x::{token}::{name}", token, props, True, **more)


def broken(*resources: Resource) -> list[tuple[str, str, str]]:
    """Return each broken rule with the name of what is to blame and the words."""
    return [
        (rule.name, one.urn.rpartition("::")[2], told)
        for rule in STACK_RULES
        for one, told in rule.violations([one for one in resources if one.type in rule.types])
    ]


def settings(bucket: object = "ara", **more: Any) -> list[Resource]:
    return [resource(s3(name), name, {"bucket": bucket}, **more) for name in SETTINGS]


ARA = resource(BUCKET, "ara", {"bucket": "ara"})
ORION = resource(GCS, "orion", {"name": "orion"})


def test_a_bucket_has_each_setting_once():
    known = [resource(s3(name), name, {"bucket": "ara"}) for name in SETTINGS]
    assert broken(ARA, *known) == []
    assert broken(ORION, resource(IAM, "iam", {"bucket": "b/orion"})) == []

    assert broken(ARA, *known[1:]) == [
        ("bucket-settings", "ara", "it has no BucketPublicAccessBlock: write one")
    ]
    assert broken(ORION) == [("bucket-settings", "orion", "it has no BucketIAMPolicy: write one")]
    second = resource(s3("BucketVersioning"), "second", {"bucket": "ara"})
    assert broken(ARA, *known, second) == [
        (
            "bucket-settings",
            "ara",
            "it has 2 of BucketVersioning, each of which undoes the others: write one",
        )
    ]


def test_whose_a_setting_is_is_told_by_where_its_value_comes_from():
    sources = {"bucket": frozenset({ARA.urn})}
    assert broken(ARA, *settings(UNKNOWN, sources=sources)) == []
    nameless = resource(BUCKET, "ara", {})
    assert broken(nameless, *settings(UNKNOWN, sources=sources)) == []
    assert len(broken(ARA, *settings("eve", sources=sources))) == len(SETTINGS)


def test_what_guards_a_protected_bucket_is_protected():
    first, *others = settings()
    loose = Resource(first.urn, first.type, first.props, protected=False)
    assert broken(ARA, loose, *others) == [
        (
            "bucket-settings-protected",
            "BucketPublicAccessBlock",
            "its bucket is protected, and it is not: write protect=True",
        )
    ]
    ending = Resource(ARA.urn, ARA.type, {**ARA.props, "forceDestroy": True}, protected=False)
    assert broken(ending, loose, *others) == []


def role(name: str, who: str) -> Resource:
    issuer = "oidc.eks.us-east-1.amazonaws.com/id/X"
    equals = {f"{issuer}:sub": f"system:serviceaccount:{who}", f"{issuer}:aud": "sts.amazonaws.com"}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": equals},
    }
    return resource(
        ROLE, name, {"name": name, "assumeRolePolicy": json.dumps({"Statement": [statement]})}
    )


def test_no_role_has_two_policies():
    ann, bob = role("ann", "hub:ann"), role("bob", "hub:bob")
    nameless = Resource(ann.urn, ann.type, {**ann.props, "name": UNKNOWN})

    def policy(name: str, of: object, source: Resource | None = None) -> Resource:
        sources = {"role": frozenset({source.urn, "urn:cluster"})} if source else {}
        return resource(ACCESS, name, {"role": of, "policy": "{}"}, sources=sources)

    assert broken(ann, bob, policy("p", "ann"), policy("q", "bob", ann)) == []
    assert broken(ann, bob, policy("p", UNKNOWN, ann), policy("q", UNKNOWN, bob)) == []
    told = [("role-one-policy", "q", "its role has p too: write one policy")]
    assert broken(ann, policy("p", "ann"), policy("q", "ann")) == told
    assert broken(ann, policy("p", "ann"), policy("q", UNKNOWN, ann)) == told
    assert broken(nameless, policy("p", UNKNOWN, ann), policy("q", UNKNOWN, ann)) == told
    assert broken(policy("p", "elsewhere"), policy("q", "elsewhere")) == told


def test_no_server_takes_two_roles():
    assert broken(role("ann", "hub:ann"), role("bob", "lab:ann")) == []
    assert broken(role("ann", "hub:ann"), role("bob", "hub:ann")) == [
        (
            "role-one-server",
            "bob",
            '"system:serviceaccount:hub:ann" takes ann too: one role each',
        )
    ]


def test_no_member_uses_two_buckets():
    def policy(name: str, *members: str) -> Resource:
        bindings = [{"role": "roles/storage.objectUser", "members": list(members)}]
        return resource(IAM, name, {"policyData": json.dumps({"bindings": bindings})})

    assert broken(policy("ann", "serviceAccount:a@b"), policy("bob"), policy("eve")) == []
    assert broken(policy("ann", "serviceAccount:a@b"), policy("bob", "serviceAccount:a@b")) == [
        ("member-one-bucket", "bob", '"serviceAccount:a@b" is in ann too: one bucket each')
    ]


def test_no_two_roles_reach_one_bucket():
    def access(name: str, bucket: str) -> Resource:
        statement = {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket}",
        }
        return resource(ACCESS, name, {"policy": json.dumps({"Statement": statement})})

    assert broken(access("ann", "ara"), access("bob", "eve")) == []
    assert broken(access("ann", "ara"), access("bob", "ara/*")) == [
        ("bucket-one-role", "bob", '"ara" is reached by ann too: write one of them')
    ]


def test_no_two_service_accounts_have_one_identity():
    def account(name: str, identity: object) -> Resource:
        annotations = {"eks.amazonaws.com/role-arn": identity}
        return resource(SERVICE_ACCOUNT, name, {"metadata": {"annotations": annotations}})

    assert broken(account("ann", "x"), account("bob", "y")) == []
    assert broken(account("ann", UNKNOWN), account("bob", UNKNOWN)) == []
    assert broken(account("ann", "x"), account("bob", "x")) == [
        ("identity-one-server", "bob", 'ann has "x" too: one identity each')
    ]


def test_no_two_volumes_have_one_handle():
    def volume(name: str, handle: object) -> Resource:
        return resource(PV, name, {"spec": {"csi": {"volumeHandle": handle}}})

    assert broken(volume("ann", "x"), volume("bob", "y")) == []
    assert broken(volume("ann", UNKNOWN), volume("bob", UNKNOWN)) == []
    assert broken(volume("ann", "x"), volume("bob", "x")) == [
        ("volume-handle", "bob", 'ann has the volumeHandle "x" too: one each')
    ]


def test_a_claim_is_the_one_that_its_volume_is_reserved_for():
    def pair(reserved: dict[str, Any], claim: dict[str, Any]) -> list[Resource]:
        volume = {"metadata": {"name": "v"}, "spec": {"claimRef": reserved}}
        return [
            resource(PV, "volume", volume),
            resource(PVC, "claim", {"metadata": claim, "spec": {"volumeName": "v"}}),
        ]

    own = {"namespace": "hub", "name": "ara"}
    unclear = [
        resource(
            kind, f"{kind}-{who}", {"metadata": {"name": name, "namespace": "hub"}, "spec": spec}
        )
        for who in ("ann", "bob")
        for kind, name, spec in (
            (PV, UNKNOWN, {"claimRef": {"namespace": "hub", "name": who}}),
            (PVC, who, {"volumeName": UNKNOWN}),
        )
    ]
    assert broken(*unclear) == []
    assert broken(*pair(own, own)) == []
    assert broken(*pair(own, {"namespace": UNKNOWN, "name": "ara"})) == []
    assert broken(*pair(own, {"namespace": "default", "name": "ara"})) == [
        (
            "claim-reserved",
            "claim",
            'its namespace is "default", and the volume is reserved for "hub": write that',
        )
    ]


def of_golden(name: str) -> Iterator[Resource]:
    for urn, one in json.loads((GOLDEN / f"{name}.json").read_text("utf-8")).items():
        yield Resource(urn, one["type"], one["inputs"], one.get("protect", False))


@pytest.mark.parametrize("name", [path.stem for path in sorted(GOLDEN.glob("*.json"))])
def test_whole_stacks_of_this_program_pass(name: str):
    resources = list(of_golden(name))
    one_by_one = {
        rule.name
        for rule in RULES
        for one in resources
        if one.type in rule.types and list(rule.violations(one))
    }
    assert one_by_one == ADVISED.get(name, set())
    assert {rule.name for rule in RULES if rule.name in one_by_one and not rule.advisory} == set()
    assert broken(*resources) == []


def test_the_table_of_rules_is_the_code_s():
    text = (GOLDEN.parents[2] / "docs/gitops.md").read_text("utf-8")
    rows = text.partition("<!-- policy table -->\n")[2].partition("<!-- end -->")[0].splitlines()
    resource_rules = [
        f"| `{rule.name}` | {rule.description} | {'advisory' if rule.advisory else 'mandatory'} |"
        for rule in RULES
    ]
    stack_rules = [f"| `{rule.name}` | {rule.description} | mandatory |" for rule in STACK_RULES]
    assert rows[2:] == resource_rules + stack_rules


def test_names_are_unique():
    names = [rule.name for rule in (*RULES, *STACK_RULES)]
    assert len(names) == len(set(names))
