"""Each rule of the policy pack lets something pass and stops something, without the engine."""

import json
from typing import Any, NamedTuple

import pytest

from policy.rules import RULES
from policy.rules.model import UNKNOWN, Resource

Props = dict[str, Any]

ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/X"
SUBJECT, AUDIENCE = f"{ISSUER}:sub", f"{ISSUER}:aud"
ARN = "arn:aws:s3:::ara"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234"
PRINCIPAL = (
    "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/"
    "cmb.svc.id.goog/subject/ns/hub/sa/ann"
)
SERVER = "serviceAccount:cmb.svc.id.goog[hub/ann]"
ANN, BOB = (f"serviceAccount:{name}@cmb.iam.gserviceaccount.com" for name in ("ann", "bob"))
SIGNER = "roles/iam.serviceAccountTokenCreator"


class Case(NamedTuple):
    """What a rule lets pass, and what it stops with which words."""

    token: str
    good: Props
    bad: Props
    told: str
    protected: tuple[bool, bool] = (True, True)


class Refused(NamedTuple):
    """A type of which there may be no resource."""

    token: str


def aws(policy: dict[str, Any] | str, *more: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [policy, *more]})


def google(role: str, *members: str) -> str:
    return json.dumps({"bindings": [{"role": role, "members": list(members)}]})


def allow(action: str, resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [action], "Resource": resource, **more}


TLS = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [ARN, f"{ARN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
OLD_TLS = {"s3:TlsVersion": "1.2"}
ALLOW_ALL = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": ARN}
IRSA = {
    "Effect": "Allow",
    "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"},
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {
        "StringEquals": {SUBJECT: "system:serviceaccount:hub:ann", AUDIENCE: "sts.amazonaws.com"}
    },
}
TAGS = {
    "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:us-east-1:123456789012:cluster/research",
    "aws:RequestTag/eks-cluster-name": "research",
    "aws:RequestTag/kubernetes-namespace": "hub",
    "aws:RequestTag/kubernetes-service-account": "ann",
}
SERVER_TAG = "aws:RequestTag/kubernetes-service-account"
PODS = {
    "Effect": "Allow",
    "Principal": {"Service": "pods.eks.amazonaws.com"},
    "Action": ["sts:AssumeRole", "sts:TagSession"],
    "Condition": {"StringEquals": TAGS},
}
OPEN = {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True}
USE_KEY = allow(
    "kms:Decrypt", KEY, Condition={"StringLike": {"kms:EncryptionContext:aws:s3:arn": ARN}}
)
EXPIRE_OLD = {"status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 30}}
EXPIRE_UPLOADS = {"status": "Enabled", "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}
SCRATCH = {"id": "x", "filter": {"prefix": "scratch/"}, "expiration": {"days": 9}}
GONE = {"action": {"type": "Delete"}, "condition": {"age": 9}}
GONE_SCRATCH = {"action": {"type": "Delete"}, "condition": {"age": 9, "matchesPrefixes": ["s/"]}}
GONE_OLD = {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 9}}
GONE_UPLOADS = {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 9}}


def trust(statement: dict[str, Any], **condition: Any) -> Props:
    changed = {**statement, "Condition": condition} if condition else statement
    return {"assumeRolePolicy": aws(changed)}


def irsa(**changed: Any) -> Props:
    known = {"sub": "system:serviceaccount:hub:ann", "aud": "sts.amazonaws.com"} | changed
    equals = {f"{ISSUER}:{key}": value for key, value in known.items() if value is not None}
    return trust(IRSA, StringEquals=equals)


def s3(name: str) -> str:
    return f"aws:s3/{name[0].lower()}{name[1:]}:{name}"


BUCKET, GCS = s3("Bucket"), "gcp:storage/bucket:Bucket"
ROLE, ACCESS = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
IAM, MEMBER = (
    "gcp:storage/bucketIAMPolicy:BucketIAMPolicy",
    "gcp:storage/bucketIAMMember:BucketIAMMember",
)
ACCOUNT = "gcp:serviceaccount/iAMPolicy:IAMPolicy"
PV, PVC = "kubernetes:core/v1:PersistentVolume", "kubernetes:core/v1:PersistentVolumeClaim"
SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"
LIFECYCLE, POLICY = s3("BucketLifecycleConfiguration"), s3("BucketPolicy")


def access(*statements: dict[str, Any]) -> Props:
    return {"policy": aws(*statements)}


USE = access(allow("s3:GetObject", f"{ARN}/*"))

CASES: dict[str, list[Case | Refused]] = {
    "s3-bucket-protected": [
        Case(BUCKET, {"forceDestroy": False}, {}, "it is not protected: write", (True, False)),
        Case(
            BUCKET,
            {"forceDestroy": True},
            {"forceDestroy": True},
            "drop forceDestroy",
            (False, True),
        ),
    ],
    "s3-bucket-plain": [
        Case(BUCKET, {"tags": {"a": "b"}}, {key: [bad]}, f"{key} is {told}: write the resource")
        for key, bad, told in (
            ("policy", "{}", '["{}"]'),
            ("lifecycleRules", {"enabled": True}, '[{"enabled": true}]'),
            ("replicationConfiguration", {"role": "x"}, '[{"role": "x"}]'),
            ("websites", {"indexDocument": "x"}, '[{"indexDocument": "x"}]'),
        )
    ],
    "s3-public-access-blocked": [
        Case(
            s3("BucketPublicAccessBlock"),
            {**OPEN, "restrictPublicBuckets": True},
            OPEN,
            "restrictPublicBuckets is missing: write true",
        )
    ],
    "s3-no-acl": [
        Case(
            s3("BucketOwnershipControls"),
            {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
            {"rule": {"objectOwnership": "ObjectWriter"}},
            'rule.objectOwnership is "ObjectWriter": write "BucketOwnerEnforced"',
        ),
        Case(BUCKET, {}, {"acl": "public-read"}, 'acl is "public-read": drop it'),
        Case("aws:s3/bucketObject:BucketObject", {}, {"acl": "public-read"}, "drop it"),
        Refused(s3("BucketAcl")),
    ],
    "s3-encrypted": [
        Case(
            s3("BucketServerSideEncryptionConfiguration"),
            {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
            {"rules": []},
            "sseAlgorithm is missing: write one of",
        )
    ],
    "s3-versioned": [
        Case(
            s3("BucketVersioning"),
            {"versioningConfiguration": {"status": "Enabled"}},
            {"versioningConfiguration": {"status": "Suspended"}},
            'versioningConfiguration.status is "Suspended": write "Enabled"',
        )
    ],
    "s3-objects-kept": [
        Case(
            LIFECYCLE,
            {"rules": [SCRATCH]},
            {"rules": [{**SCRATCH, "filter": bad}]},
            'the rule "x" deletes objects anywhere',
        )
        for bad in (
            {"prefix": ""},
            {"objectSizeGreaterThan": 1},
            {"tag": {"key": "a", "value": "b"}},
            {"and": {"prefix": "", "objectSizeLessThan": 5e12}},
            None,
        )
    ]
    + [
        Case(
            LIFECYCLE,
            {"rules": [good]},
            {"rules": [{"id": "x", "expiration": {"date": "2030-01-01"}}]},
            'the rule "x" deletes objects anywhere',
        )
        for good in (
            {**SCRATCH, "filter": {"and": {"prefix": "s/", "objectSizeLessThan": 9}}},
            {"prefix": "s/", "expiration": {"days": 9}},
            {"status": "Disabled", "expiration": {"days": 9}},
        )
    ]
    + [
        Case(
            LIFECYCLE,
            {"rules": [good]},
            {"rules": [{"id": "x", "transitions": [{"days": 0, "storageClass": storage_class}]}]},
            'the rule "x" archives objects anywhere',
        )
        for storage_class in ("GLACIER", "DEEP_ARCHIVE")
        for good in (
            {"transitions": [{"days": 0, "storageClass": "GLACIER_IR"}]},
            {"prefix": "s/", "transitions": [{"days": 0, "storageClass": storage_class}]},
            {"noncurrentVersionTransitions": [{"storageClass": storage_class}]},
        )
    ],
    "s3-expiry": [
        Case(
            LIFECYCLE,
            {"rules": [EXPIRE_OLD, EXPIRE_UPLOADS]},
            {"rules": [{**EXPIRE_OLD, "status": "Disabled"}, EXPIRE_UPLOADS]},
            "no rule has noncurrentVersionExpiration",
        )
    ],
    "s3-policy-readable": [
        Case(POLICY, {"policy": aws(TLS)}, {"policy": bad}, told)
        for bad, told in (
            ("no JSON", "it is no JSON with Statement, or has a key twice"),
            (aws(TLS)[:-1] + ', "statement": []}', "or has a key twice"),
            (aws({**TLS, "principal": "*"} | {"Principal": None}), "or has a key twice"),
            (aws({"effect": "Allow"}), 'it has ["effect"]: write Action, Condition'),
            (aws("x"), 'it has ["\\"x\\""]: write Action'),
        )
    ],
    "s3-tls-only": [
        Case(
            POLICY,
            {"bucket": "ara", "policy": aws({**TLS, "Principal": {"AWS": ["*"]}})},
            {"bucket": "ara", "policy": bad},
            "add it",
        )
        for bad in (
            "{}",
            "no JSON",
            aws({**TLS, "Resource": f"{ARN}/*"}),
            aws({**TLS, "Action": "s3:GetObject"}),
            aws({**TLS, "Principal": {"AWS": "123456789012"}}),
            aws({**TLS, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
            aws({**TLS, "Condition": {**TLS["Condition"], "StringEquals": {"aws:x": "y"}}}),
        )
    ],
    "s3-policy-allows-nobody": [
        Case(POLICY, {"policy": aws(TLS)}, {"policy": aws(TLS, bad)}, f"allows something to {who}")
        for bad, who in (
            (ALLOW_ALL, '"*"'),
            ({**ALLOW_ALL, "Principal": {"AWS": "210987654321"}}, '{"AWS": "210987654321"}'),
        )
    ]
    + [
        Case(
            POLICY,
            {"policy": aws(TLS, {**TLS, "Condition": {"NumericLessThan": OLD_TLS}})},
            {"policy": aws(TLS, {**TLS, "Condition": bad})},
            f"denies something under the condition {shown}",
        )
        for bad, shown in (
            (None, "missing"),
            ({"Bool": {"aws:SecureTransport": "true"}}, '{"Bool": {"aws:SecureTransport": "true"}'),
            ({"NumericGreaterThan": OLD_TLS}, '{"NumericGreaterThan": '),
            ({"NumericLessThan": {"s3:TlsVersion": "9"}}, '{"NumericLessThan": '),
            ({**TLS["Condition"], "Null": {"aws:x": "y"}}, '{"Bool": '),
        )
    ],
    "iam-readable": [
        Case(ROLE, irsa(), {"assumeRolePolicy": "{}"}, "it is no JSON with Statement"),
        Case(
            ACCESS, USE, {"policy": '{"Statement": [], "Statements": []}'}, 'it has ["Statements"]'
        ),
    ],
    "iam-trust": [
        *(
            Case(ROLE, irsa(), bad, "bind sub and aud")
            for bad in (
                irsa(aud=None),
                irsa(sub=None),
                irsa(sub="system:serviceaccount:hub:*"),
                irsa(sub=["system:serviceaccount:hub:ann", "system:serviceaccount:hub:bob"]),
                irsa(sub="system:serviceaccount:hub:default"),
                trust(IRSA, StringLike=IRSA["Condition"]["StringEquals"]),
                trust(IRSA, **IRSA["Condition"], StringLike={"a": "b"}),
                trust({**IRSA, "Principal": {"AWS": "*"}}),
                trust({**IRSA, "Principal": "*"}),
                trust({**IRSA, "Action": "sts:AssumeRole"}),
            )
        ),
        *(
            Case(ROLE, trust(PODS), trust(PODS, StringEquals=bad), "the four session tags")
            for bad in (
                {},
                {key: TAGS[key] for key in list(TAGS)[:3]},
                {key: f"${{{key}}}" for key in TAGS},
                {**TAGS, SERVER_TAG: f"${{{SERVER_TAG}}}"},
                {**TAGS, SERVER_TAG: "default"},
                {**TAGS, SERVER_TAG: ["ann", "bob"]},
            )
        ),
        Case(
            ROLE, irsa(sub=["system:serviceaccount:hub:ann"]), trust(ALLOW_ALL), "bind sub and aud"
        ),
        Case(ROLE, trust(PODS), trust(IRSA, StringEquals="x"), "bind sub and aud"),
        Case(ROLE, irsa(), {"assumeRolePolicy": aws(IRSA, PODS)}, "2 statements say who"),
        Case(ROLE, irsa(), {"assumeRolePolicy": "{}"}, "0 statements say who"),
    ],
    "iam-own-policy": [
        Case(ROLE, {}, {"managedPolicyArns": ["x"]}, 'managedPolicyArns is ["x"]: write'),
        Case(ROLE, {}, {"inlinePolicies": [{"name": "x"}]}, "inlinePolicies is"),
        Refused("aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"),
    ],
    "iam-actions": [
        Case(ACCESS, USE, access(allow(action, ARN)), f'it allows "{action}": drop it')
        for action in ("s3:*", "*", "s3:DeleteObjectVersion", "s3:PutBucketPolicy", "s3:Get*")
    ]
    + [
        Case(
            ACCESS,
            USE,
            access({"Effect": "Allow", "NotAction": "s3:x", "Resource": ARN}),
            'NotAction allows all but "s3:x"',
        )
    ],
    "iam-one-bucket": [
        *(
            Case(ACCESS, USE, access(allow("s3:GetObject", arn)), f'it reaches "{arn}"')
            for arn in ("*", "arn:aws:s3:::*", "arn:aws:s3:::ara*/*")
        ),
        Case(
            ACCESS,
            USE,
            access(allow("s3:GetObject", ARN), allow("s3:GetObject", "arn:aws:s3:::eve")),
            'it reaches 2 buckets, ["ara", "eve"]: write one',
        ),
        Case(
            ACCESS,
            USE,
            access({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": ARN}),
            "NotResource allows all but",
        ),
    ],
    "iam-key-for-bucket": [
        Case(
            ACCESS,
            access(allow("s3:GetObject", ARN), USE_KEY),
            access(*bad),
            "it may use the key for",
        )
        for bad in ([allow("kms:Decrypt", KEY)], [allow("s3:GetObject", f"{ARN}2"), USE_KEY])
    ],
    "iam-association": [
        Case(
            ASSOCIATION,
            {"serviceAccount": "ann", "roleArn": "x"},
            {"serviceAccount": "default", "roleArn": "x"},
            "every pod of the namespace",
        ),
        Case(
            ASSOCIATION,
            {"serviceAccount": "ann"},
            {"serviceAccount": "ann", "targetRoleArn": "x"},
            "drop targetRoleArn",
        ),
    ],
    "iam-role-alone": [
        Refused("aws:iam/userPolicy:UserPolicy"),
        Refused("aws:iam/groupPolicyAttachment:GroupPolicyAttachment"),
    ],
    "iam-no-lasting-key": [Refused("aws:iam/accessKey:AccessKey")],
    "gcs-bucket-protected": [
        Case(GCS, {}, {}, "it is not protected: write", (True, False)),
    ],
    "gcs-public-access-prevented": [
        Case(GCS, {"publicAccessPrevention": "enforced"}, {}, 'missing: write "enforced"')
    ],
    "gcs-uniform-access": [
        Case(GCS, {"uniformBucketLevelAccess": True}, {}, "missing: write true"),
        Refused("gcp:storage/bucketACL:BucketACL"),
    ],
    "gcs-soft-delete": [
        Case(
            GCS,
            {"softDeletePolicy": {"retentionDurationSeconds": 604800.0}},
            bad,
            "write 604800 or more",
        )
        for bad in (
            {},
            {"softDeletePolicy": {"retentionDurationSeconds": 0}},
            {"softDeletePolicy": {"retentionDurationSeconds": "604800"}},
        )
    ],
    "gcs-versioning-stated": [
        Case(GCS, {"versioning": {"enabled": False}}, {}, "versioning.enabled is missing")
    ],
    "gcs-versioned": [
        Case(
            GCS,
            {"versioning": {"enabled": True}},
            {"versioning": {"enabled": False}},
            "versioning.enabled is false: write true",
        )
    ],
    "gcs-objects-kept": [
        Case(GCS, {"lifecycleRules": [good]}, {"lifecycleRules": [bad]}, "deletes objects anywhere")
        for good, bad in (
            (GONE_SCRATCH, GONE),
            (GONE_OLD, {**GONE, "condition": {"age": 9, "matchesSuffixes": ["s"]}}),
            (GONE_UPLOADS, {**GONE, "condition": {"age": 9, "matchesPrefixes": ["s/", ""]}}),
        )
    ],
    "gcs-expiry": [
        Case(
            GCS,
            {"lifecycleRules": [GONE_OLD, GONE_UPLOADS]},
            {"lifecycleRules": bad},
            "no lifecycle rule is about",
        )
        for bad in ([GONE_OLD], [GONE_SCRATCH, GONE_UPLOADS])
    ],
    "gcp-iam-readable": [
        Case(
            IAM,
            {"policyData": google("roles/storage.objectUser", PRINCIPAL)},
            {"policyData": bad},
            told,
        )
        for bad, told in (
            ("no JSON", "it is no JSON with bindings"),
            ("{}", "it is no JSON with bindings"),
            ('{"Bindings": []}', "it is no JSON with bindings"),
            ('{"bindings": [], "BINDINGS": [{}]}', "or has a key twice"),
            ('{"bindings": [{"Role": "x", "Members": []}]}', 'it has ["Members", "Role"]: write'),
            ('{"bindings": ["x"]}', "it has"),
        )
    ],
    "gcs-iam-whole": [
        Refused(MEMBER),
        Refused("gcp:storage/managedFolderIamMember:ManagedFolderIamMember"),
    ],
    "gcs-iam-member": [
        *(
            Case(
                IAM,
                {"policyData": google("roles/storage.objectUser", PRINCIPAL)},
                {"policyData": google("roles/storage.objectUser", who)},
                f'"{who}" may use it',
            )
            for who in (
                "allUsers",
                "allAuthenticatedUsers",
                "projectViewer:cmb",
                "domain:example.org",
                "principalSet://iam.googleapis.com/projects/1/x",
            )
        ),
        Case(
            IAM,
            {
                "policyData": google(
                    "roles/storage.objectUser", "serviceAccount:x@y.iam.gserviceaccount.com"
                )
            },
            {
                "policyData": google(
                    "roles/storage.objectUser", PRINCIPAL.replace("/ann", "/default")
                )
            },
            "name one service account, and not default",
        ),
        Case(
            IAM,
            {"policyData": '{"bindings": []}'},
            {"policyData": google("roles/storage.objectUser", PRINCIPAL, f"{PRINCIPAL}2")},
            "2 members may use it: write one",
        ),
        Case(MEMBER, {"member": PRINCIPAL}, {"member": "allUsers"}, '"allUsers" may use it'),
    ],
    "gcs-iam-role": [
        Case(
            IAM,
            {"policyData": google("roles/storage.objectViewer", PRINCIPAL)},
            {"policyData": google(role, PRINCIPAL)},
            f'"{role}" is given',
        )
        for role in ("roles/storage.admin", "roles/storage.legacyBucketReader")
    ],
    "gcp-account-whole": [Refused("gcp:serviceaccount/iAMMember:IAMMember")],
    "gcp-account-server": [
        Case(
            ACCOUNT,
            {"policyData": google("roles/iam.workloadIdentityUser", SERVER)},
            {"policyData": bad},
            told,
        )
        for bad, told in (
            (google("roles/iam.serviceAccountTokenCreator", SERVER), "is given: write roles/iam"),
            (google("roles/iam.workloadIdentityUser", SERVER, f"{SERVER[:-1]}2]"), "may act as it"),
            (google("roles/iam.workloadIdentityUser", "allUsers"), "may act as it"),
            (google("roles/iam.workloadIdentityUser", SERVER.replace("/ann", "/default")), "may"),
        )
    ]
    + [
        Case(
            ACCOUNT,
            {"serviceAccountId": of, "policyData": google(SIGNER, ANN)},
            {"serviceAccountId": of, "policyData": google(SIGNER, *bad)},
            "for the account itself alone",
        )
        for of, bad in (
            (f"projects/cmb/serviceAccounts/{ANN.removeprefix('serviceAccount:')}", [BOB]),
            (f"projects/cmb/serviceAccounts/{ANN.removeprefix('serviceAccount:')}", [ANN, BOB]),
            (UNKNOWN, [ANN, BOB]),
            (UNKNOWN, ["allUsers"]),
            (UNKNOWN, [SERVER]),
        )
    ],
    "gcp-no-lasting-key": [Refused("gcp:serviceaccount/key:Key")],
    "gcp-no-project-grant": [
        Refused("gcp:projects/iAMMember:IAMMember"),
        Refused("gcp:organizations/iAMPolicy:IAMPolicy"),
    ],
    "kubernetes-whole": [Refused(f"{PV}List"), Refused(f"{SERVICE_ACCOUNT}Patch")],
    "volume-driver": [
        Case(
            PV,
            {"spec": {"csi": {"driver": "gcsfuse.csi.storage.gke.io"}}},
            {"spec": {"hostPath": {"path": "/"}}},
            "spec.csi.driver is missing: write s3.csi.aws.com or",
        )
    ],
    "volume-retained": [
        Case(
            PV,
            {"spec": {"persistentVolumeReclaimPolicy": "Retain"}},
            {"spec": {}},
            'missing: write "Retain"',
        )
    ],
    "volume-reserved": [
        Case(PV, {"spec": {"claimRef": {"namespace": "a", "name": "b"}}}, {"spec": bad}, told)
        for bad, told in (
            ({"claimRef": {"name": "b"}}, "spec.claimRef.namespace is missing"),
            ({"claimRef": {"namespace": "a", "name": ""}}, "spec.claimRef.name is missing"),
        )
    ],
    "volume-no-class": [
        Case(PV, {"spec": good}, {"spec": {"storageClassName": "gp3"}}, 'is "gp3": write ""')
        for good in ({"storageClassName": ""}, {})
    ],
    "volume-pod-identity": [
        Case(
            PV,
            {"spec": {"csi": {"driver": "gcsfuse.csi.storage.gke.io"}}},
            {"spec": {"csi": {"driver": "s3.csi.aws.com", "volumeAttributes": {}}}},
            'authenticationSource is missing: write "pod"',
        ),
        Case(
            PV,
            {"spec": {"csi": {}}},
            {"spec": {"csi": {"nodePublishSecretRef": {"name": "x"}}}},
            "is a credential",
        ),
    ],
    "claim-no-class": [Case(PVC, {"spec": {"storageClassName": ""}}, {"spec": {}}, 'write ""')],
    "claim-volume": [Case(PVC, {"spec": {"volumeName": "v"}}, {"spec": {}}, "is missing")],
    "service-account-own": [
        Case(
            SERVICE_ACCOUNT,
            {"metadata": {"name": "default"}},
            {"metadata": {"name": "default", "annotations": {"eks.amazonaws.com/role-arn": "x"}}},
            "every pod of the namespace",
        )
    ],
    "type-known": [
        Refused("aws:s3/bucketReplicationConfig:BucketReplicationConfig"),
        Refused("aws:s3/accessPoint:AccessPoint"),
        Refused("aws:s3/directoryBucket:DirectoryBucket"),
        Refused("aws:s3control/accessGrant:AccessGrant"),
        Refused("aws:s3tables/tablePolicy:TablePolicy"),
        Refused("aws:iam/groupMembership:GroupMembership"),
        Refused("aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive"),
        Refused("aws-native:s3:BucketPolicy"),
        Refused("gcp:storage/transferJob:TransferJob"),
        Refused("gcp:storage/managedFolder:ManagedFolder"),
        Refused("gcp:projects/defaultServiceAccounts:DefaultServiceAccounts"),
    ],
}
ALL = [(name, case) for name, cases in CASES.items() for case in cases]
JUDGED = [(name, case) for name, case in ALL if isinstance(case, Case)]
BY_NAME = {rule.name: rule for rule in RULES}


def told(name: str, token: str, props: Props, protected: bool = True) -> list[str]:
    rule = BY_NAME[name]
    assert token in rule.types
    return list(rule.violations(Resource("urn", token, props, protected)))


@pytest.mark.parametrize(("name", "case"), JUDGED)
def test_a_rule_lets_the_good_one_pass_and_stops_the_bad_one(name: str, case: Case):
    good, bad = case.protected
    assert told(name, case.token, case.good, good) == []
    stopped = told(name, case.token, case.bad, bad)
    assert len(stopped) == 1
    assert case.told in stopped[0]


@pytest.mark.parametrize(
    ("name", "token"), [(name, one.token) for name, one in ALL if isinstance(one, Refused)]
)
def test_a_type_of_which_there_may_be_none(name: str, token: str):
    assert len(told(name, token, {})) == 1


@pytest.mark.parametrize(("name", "case"), JUDGED)
def test_what_is_not_known_yet_is_no_violation(name: str, case: Case):
    props = dict.fromkeys({**case.good, **case.bad, "forceDestroy": None}, UNKNOWN)
    assert told(name, case.token, props, case.protected[1]) == []


@pytest.mark.parametrize(
    "token",
    [
        BUCKET,
        s3("BucketLogging"),
        "aws:iam/accessKey:AccessKey",
        ASSOCIATION,
        "aws:eks/cluster:Cluster",
        "gcp:serviceaccount/account:Account",
        "pulumi:providers:aws",
        PV,
    ],
)
def test_what_a_rule_is_about_or_gives_no_access_is_known(token: str):
    assert token not in BY_NAME["type-known"].types


def test_every_rule_has_its_cases():
    assert list(CASES) == [rule.name for rule in RULES]
    refused_whole = {
        "iam-role-alone",
        "iam-no-lasting-key",
        "gcs-iam-whole",
        "gcp-account-whole",
        "gcp-no-lasting-key",
        "gcp-no-project-grant",
        "kubernetes-whole",
        "type-known",
    }
    with_both = {name for name, case in ALL if isinstance(case, Case)}
    assert with_both == set(CASES) - refused_whole
