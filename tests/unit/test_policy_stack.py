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
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
ACCOUNT = "gcp:serviceaccount/account:Account"
ACCOUNT_IAM = "gcp:serviceaccount/iAMPolicy:IAMPolicy"
SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"
ARN = "arn:aws:iam::123456789012:role"
EMAIL = "ann@cmb.iam.gserviceaccount.com"
STRANGER = "ci@evil-project.iam.gserviceaccount.com"
FOREIGN = "is no role or account of this stack: name one that is"


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
    foreign = [("identity-own", name, f'"elsewhere" {FOREIGN}') for name in ("p", "q")]
    assert broken(policy("p", "elsewhere"), policy("q", "elsewhere")) == told + foreign


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

    assert broken(policy("ann", "principal://a"), policy("bob"), policy("eve")) == []
    assert broken(policy("ann", "principal://a"), policy("bob", "principal://a")) == [
        ("member-one-bucket", "bob", '"principal://a" is in ann too: one bucket each')
    ]


def access(name: str, bucket: str, role: object = UNKNOWN) -> Resource:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}"}
    return resource(ACCESS, name, {"role": role, "policy": json.dumps({"Statement": statement})})


def bucket_of(name: str) -> list[Resource]:
    return [resource(BUCKET, name, {"bucket": name}), *settings(name)]


def test_no_two_roles_reach_one_bucket():
    both = (*bucket_of("ara"), *bucket_of("eve"))
    assert broken(*both, access("ann", "ara"), access("bob", "eve")) == []
    assert broken(*both, access("ann", "ara"), access("bob", "ara/*")) == [
        ("bucket-one-role", "bob", '"ara" is reached by ann too: write one of them')
    ]


def test_access_is_to_a_bucket_of_the_stack():
    def policy(bucket: object) -> Resource:
        sources = {"bucket": frozenset({ORION.urn})}
        return resource(IAM, "iam", {"bucket": bucket, "policyData": "{}"}, sources=sources)

    assert broken(*bucket_of("ara"), access("ann", "ara/*")) == []
    assert broken(*bucket_of("ara"), resource(ACCESS, "ann", {"policy": UNKNOWN})) == []
    assert broken(ORION, policy("orion")) == []
    assert broken(ORION, policy(UNKNOWN)) == []
    cure = "is no bucket of this stack: name one that is"
    assert broken(*bucket_of("ara"), access("ann", "of-another-shard/*")) == [
        ("bucket-own", "ann", f'"of-another-shard" {cure}')
    ]
    assert broken(ORION, policy("b/orion"), policy("elsewhere")) == [
        ("bucket-own", "iam", f'"elsewhere" {cure}')
    ]


def service_account(
    name: str, identity: object, key: str = "eks.amazonaws.com/role-arn"
) -> Resource:
    return resource(SERVICE_ACCOUNT, name, {"metadata": {"annotations": {key: identity}}})


@pytest.mark.parametrize("arn", [UNKNOWN, f"{ARN}/ann"])
def test_access_is_for_a_role_of_the_stack(arn: object):
    made = role("ann", "hub:ann")
    ann = Resource(made.urn, made.type, {**made.props, "arn": arn})
    ara = bucket_of("ara")

    def association(arn: object) -> Resource:
        return resource(ASSOCIATION, "association", {"roleArn": arn})

    for name in ("ann", UNKNOWN):
        assert broken(ann, *ara, access("p", "ara", name)) == []
    for identity in (f"{ARN}/ann", UNKNOWN):
        assert broken(ann, association(identity), service_account("bob", identity)) == []

    node = f"{ARN}/eks-node-group-role"
    assert broken(ann, *ara, access("p", "ara", "eks-node-group-role")) == [
        ("identity-own", "p", f'"eks-node-group-role" {FOREIGN}')
    ]
    assert broken(ann, association(node), service_account("bob", node)) == [
        ("identity-own", "association", f'"{node}" {FOREIGN}'),
        ("identity-own", "bob", f'"{node}" {FOREIGN}'),
    ]


def test_a_role_of_another_account_is_none_of_the_stack():
    made = role("ann", "hub:ann")
    ann = Resource(made.urn, made.type, {**made.props, "arn": f"{ARN}/ann"})
    arn = f"{ARN}/ann".replace("123456789012", "210987654321")
    assert broken(ann, service_account("bob", arn)) == [
        ("identity-own", "bob", f'"{arn}" {FOREIGN}')
    ]


@pytest.mark.parametrize("email", [UNKNOWN, EMAIL])
def test_access_is_for_an_account_of_the_stack(email: object):
    account = resource(ACCOUNT, "account", {"accountId": "ann", "project": "cmb", "email": email})

    def given_to(email: str) -> list[Resource]:
        bindings = [{"role": "roles/storage.objectUser", "members": [f"serviceAccount:{email}"]}]
        props = {"bucket": "orion", "policyData": json.dumps({"bindings": bindings})}
        return [
            resource(IAM, "iam", props),
            resource(
                ACCOUNT_IAM,
                "server",
                {"serviceAccountId": f"projects/cmb/serviceAccounts/{email}", "policyData": "{}"},
            ),
            service_account("ann", email, "iam.gke.io/gcp-service-account"),
        ]

    assert broken(ORION, account, *given_to(EMAIL)) == []
    assert broken(ORION, account, *given_to(STRANGER)) == [
        ("identity-own", "iam", f'"{STRANGER}" {FOREIGN}'),
        ("identity-own", "server", f'"projects/cmb/serviceAccounts/{STRANGER}" {FOREIGN}'),
        ("identity-own", "ann", f'"{STRANGER}" {FOREIGN}'),
    ]


def test_no_two_service_accounts_have_one_identity():
    roles = [resource(ROLE, name, {"name": name}) for name in ("x", "y")]
    x, y = f"{ARN}/x", f"{ARN}/y"
    assert broken(*roles, service_account("ann", x), service_account("bob", y)) == []
    assert broken(service_account("ann", UNKNOWN), service_account("bob", UNKNOWN)) == []
    assert broken(*roles, service_account("ann", x), service_account("bob", x)) == [
        ("identity-one-server", "bob", f'ann has "{x}" too: one identity each')
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
