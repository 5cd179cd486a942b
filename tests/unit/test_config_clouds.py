"""The keys of each cloud, and what the buckets' keys must be there."""

import json
from typing import Any

import pytest
from cures import (
    ACCOUNT,
    NO_ACCOUNT,
    NO_AWS_IDENTITY,
    NO_BUCKET_NAMESPACE,
    NO_CLUSTER,
    NO_IDENTITY,
    NO_ISSUER,
    NO_LOCATION,
    NO_NUMBER,
    NO_PROJECT,
    NO_REGION,
    NUMBER,
    OIDC,
    PROVIDER,
    REGION,
)
from stack_trees import (
    CLOUD_KMS_KEY,
    ISSUER,
    KMS_KEY,
    LEAST,
    LEAST_ON,
    POD_IDENTITY,
    Tree,
    Way,
    changed,
    config_of,
    each_wrong,
    engine_values,
    problems_of,
)

from infra.config import parse


@pytest.mark.parametrize(
    ("cloud", "scope"),
    [("aws", "cmbcluster/123456789012/us-east-1"), ("gcp", "cmbcluster/cmbcluster-research")],
)
def test_the_scope_is_the_platform_and_its_part_of_the_cloud(cloud: str, scope: str):
    assert config_of(LEAST_ON[cloud]).scope == scope


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"),
        ("ap-southeast-1", "aws"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-gov-east-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("cn-northwest-1", "aws-cn"),
    ],
)
def test_the_partition_follows_from_the_region(region: str, partition: str):
    made = parse(engine_values(changed(LEAST, ("cloud", "region"), region)))
    assert made.cloud.partition == partition


WRONG: list[tuple[Way, Any, str]] = [
    (("cloud", "provider"), "azure", f'cloud.provider: "azure" is wrong; {PROVIDER}'),
    (("cloud", "provider"), "AWS", f'cloud.provider: "AWS" is wrong; {PROVIDER}'),
    (("cloud", "provider"), None, f"cloud.provider: null is wrong; {PROVIDER}"),
    (("cloud",), {"region": "us-east-1"}, f"cloud.provider: is missing; {PROVIDER}"),
    (("cloud",), {"zzz": {"provider": "aws"}}, f"cloud.provider: is missing; {PROVIDER}"),
    (
        ("cloud",),
        {"Provider": "aws"},
        "cloud.Provider: is no key of this file; did you mean cmbcluster-storage:cloud.provider?",
    ),
    (
        ("cloud", "accountId"),
        123456789012,
        f"cloud.accountId: 123456789012 is wrong (Input should be a valid string); {ACCOUNT}",
    ),
    (("cloud", "accountId"), "12345", f'cloud.accountId: "12345" {NO_ACCOUNT}'),
    (("cloud", "accountId"), "1234-5678-9012", f'cloud.accountId: "1234-5678-9012" {NO_ACCOUNT}'),
    (("cloud", "region"), "us-east-1a", f'cloud.region: "us-east-1a" {NO_REGION}'),
    (("cloud", "region"), "US-EAST-1", f'cloud.region: "US-EAST-1" {NO_REGION}'),
    (
        ("cloud", "region"),
        "aa-" + "n" * 28 + "-1",
        f'cloud.region: "aa-{"n" * 28}-1" is wrong (String should have at most 32 characters); '
        f"{REGION}",
    ),
    (
        ("cloud", "oidcIssuer"),
        f"https://{ISSUER}",
        f'cloud.oidcIssuer: "https://{ISSUER}" {NO_ISSUER}',
    ),
    (("cloud", "oidcIssuer"), "example.org/", f'cloud.oidcIssuer: "example.org/" {NO_ISSUER}'),
    (("cloud", "oidcIssuer"), "*", f'cloud.oidcIssuer: "*" {NO_ISSUER}'),
    (
        ("cloud", "oidcIssuer"),
        "i" * 256,
        f'cloud.oidcIssuer: "{"i" * 256}" is wrong (String should have at most 255 characters); '
        f"{OIDC}",
    ),
    *[
        (
            ("cloud", "identity"),
            identity,
            f"cloud.identity: {json.dumps(identity)} {NO_AWS_IDENTITY}",
        )
        for identity in ("", "IRSA", "workloadIdentity", None)
    ],
    *[
        (
            ("cloud", "clusterName"),
            name,
            f'cloud.clusterName: "{name}" {NO_CLUSTER}',
        )
        for name in ("", "-a", "a.b", "a" * 101)
    ],
    *[
        (
            ("cloud", "bucketNamespace"),
            namespace,
            f"cloud.bucketNamespace: {json.dumps(namespace)} {NO_BUCKET_NAMESPACE}",
        )
        for namespace in ("", "account-regional", "Global", None)
    ],
    *[
        (
            ("buckets", "softDeleteDays"),
            days,
            "buckets: sets softDeleteDays, which AWS does not have; drop it",
        )
        for days in (7, 90)
    ],
]
WRONG_ON_GCP: list[tuple[Way, Any, str]] = [
    (("cloud", "provider"), "google", f'cloud.provider: "google" is wrong; {PROVIDER}'),
    (("cloud",), {"project": "cmbcluster"}, f"cloud.provider: is missing; {PROVIDER}"),
    *[
        (("cloud", "project"), project, f'cloud.project: "{project}" {NO_PROJECT}')
        for project in (
            "",
            "abcd5",
            "p" * 31,
            "7abcdef",
            "-abcdef",
            "abcdef-",
            "Project",
            "a.com:b",
        )
    ],
    (
        ("cloud", "projectNumber"),
        123456789012,
        f"cloud.projectNumber: 123456789012 is wrong (Input should be a valid string); {NUMBER}",
    ),
    *[
        (("cloud", "projectNumber"), number, f'cloud.projectNumber: "{number}" {NO_NUMBER}')
        for number in ("", "12345", "1" * 20, "-123456", "cmbcluster-research")
    ],
    *[
        (("cloud", "location"), location, f'cloud.location: "{location}" {NO_LOCATION}')
        for location in ("", "e", "europe-west", "Europe-West4", "europe-west4-a", "eu west4", "4")
    ],
    *[
        (("cloud", "identity"), identity, f"cloud.identity: {json.dumps(identity)} {NO_IDENTITY}")
        for identity in ("", "irsa", "WorkloadIdentity", None)
    ],
]


@each_wrong(aws=WRONG, gcp=WRONG_ON_GCP)
def test_a_wrong_value_is_named_with_its_key_and_the_cure(
    cloud: str, path: Way, value: Any, line: str
):
    assert problems_of(changed(LEAST_ON[cloud], path, value)) == [f"cmbcluster-storage:{line}"]


def test_the_keys_of_the_other_cloud_are_no_keys():
    cloud = {**LEAST_ON["gcp"]["cloud"], "accountId": "123456789012", "region": "us-east-1"}
    known = ", ".join(
        f"cmbcluster-storage:cloud.{key}"
        for key in ("identity", "location", "project", "projectNumber", "provider")
    )
    assert problems_of(changed(LEAST_ON["gcp"], ("cloud",), cloud)) == [
        f"cmbcluster-storage:cloud.{key}: is no key of this file; drop it; known are {known}"
        for key in ("accountId", "region")
    ]


@pytest.mark.parametrize(
    ("cloud", "key", "value"),
    [
        (
            "aws",
            "accountId",
            "\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660\u0661\u0662",
        ),
        ("aws", "region", "us-east-\u0661"),
        ("gcp", "project", "research\u0661"),
        ("gcp", "projectNumber", "\u0661\u0662\u0663\u0664\u0665\u0666"),
        ("gcp", "location", "europe-west\u0664"),
    ],
)
def test_digits_of_other_scripts_are_refused(cloud: str, key: str, value: str):
    [line] = problems_of(changed(LEAST_ON[cloud], ("cloud", key), value))
    assert line.startswith(f"cmbcluster-storage:cloud.{key}: {json.dumps(value)} is wrong (")


def on_aws(**keys: Any) -> Tree:
    """Return a stack on AWS with these keys of its cloud; None takes one away."""
    cloud = {**LEAST["cloud"], **keys}
    return {**LEAST, "cloud": {key: value for key, value in cloud.items() if value is not None}}


@pytest.mark.parametrize(
    ("keys", "lines"),
    [
        ({"oidcIssuer": None}, ["has no oidcIssuer, which identity irsa needs; write it"]),
        (
            {"identity": "irsa", "oidcIssuer": None},
            ["has no oidcIssuer, which identity irsa needs; write it"],
        ),
        (
            {"clusterName": "research"},
            [
                "has clusterName, which is for identity podIdentity; drop it, or write identity: "
                "podIdentity"
            ],
        ),
        (
            {"identity": "podIdentity", "oidcIssuer": None},
            ["has no clusterName, which identity podIdentity needs; write it"],
        ),
        (
            {"identity": "podIdentity", "clusterName": "research"},
            ["has oidcIssuer, which is for identity irsa; drop it, or write identity: irsa"],
        ),
    ],
)
def test_an_identity_has_what_it_needs_and_nothing_else(keys: Tree, lines: list[str]):
    assert problems_of(on_aws(**keys)) == [f"cmbcluster-storage:cloud: {line}" for line in lines]


@pytest.mark.parametrize("name", ["r", "0", "Research_2", "r" * 100])
def test_pod_identity_names_the_cluster(name: str):
    made = config_of({**LEAST, "cloud": {**POD_IDENTITY, "clusterName": name}})
    assert (made.cloud.cluster_name, made.cloud.oidc_issuer) == (name, None)


@pytest.mark.parametrize("region", ["me-central-1", "me-south-1"])
@pytest.mark.parametrize("namespace", [None, "accountRegional"])
def test_a_region_without_account_regional_names_needs_the_global_ones(
    region: str, namespace: str | None
):
    assert problems_of(on_aws(region=region, bucketNamespace=namespace)) == [
        f"cmbcluster-storage:cloud: is in {region}, where AWS offers no account-regional bucket "
        "names; write bucketNamespace: global, or use another region"
    ]
    assert config_of(on_aws(region=region, bucketNamespace="global")).cloud.region == region


def test_a_region_too_long_for_account_regional_names_needs_the_global_ones():
    region = "aa-northnorthso-1"
    assert problems_of(on_aws(region=region)) == [
        f"cmbcluster-storage:cloud: is in {region}, which is too long for account-regional bucket "
        "names; write bucketNamespace: global"
    ]
    assert config_of(on_aws(region=region, bucketNamespace="global")).cloud.region == region


@pytest.mark.parametrize(
    ("namespace", "bucket"),
    [
        ("accountRegional", "ara-planet-8c71157f-123456789012-us-east-1-an"),
        ("global", "ara-planet-8c71157f"),
    ],
)
def test_a_bucket_is_called_after_its_namespace(namespace: str, bucket: str):
    made = config_of({**on_aws(bucketNamespace=namespace), "users": ["bob"]})
    assert made.users[0].bucket_name(made.cloud, made.platform) == bucket


def with_buckets(cloud: str, **keys: Any) -> Tree:
    return {**LEAST_ON[cloud], "buckets": keys}


def test_objects_that_nobody_can_read_at_once_are_refused_on_aws():
    assert problems_of(with_buckets("aws", storageClass="ARCHIVE")) == [
        "cmbcluster-storage:buckets: sets storageClass ARCHIVE, which would make objects on S3 "
        "that nobody can read before they are restored; write one of STANDARD, NEARLINE, COLDLINE"
    ]
    assert config_of(with_buckets("gcp", storageClass="ARCHIVE")).buckets.storage_class == "ARCHIVE"


KEY_OF = "arn:aws:kms:us-east-1:123456789012:"


@pytest.mark.parametrize(
    "key",
    [
        CLOUD_KMS_KEY,
        "alias/users",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        f"{KEY_OF}alias/users",
        f"{KEY_OF}key/",
        f"{KEY_OF}key/1234abcd ",
        KMS_KEY.replace("us-east-1", "us-east-2"),
        KMS_KEY.replace("arn:aws:", "arn:aws-cn:"),
        KMS_KEY.replace("123456789012", "12345"),
        KMS_KEY.replace(":kms:", ":s3:"),
    ],
)
def test_a_key_is_one_of_the_buckets_region_on_aws(key: str):
    assert problems_of(with_buckets("aws", encryptionKey=key)) == [
        f"cmbcluster-storage:buckets: sets encryptionKey {key}, which is no key of this region; "
        "write its ARN, arn:aws:kms:us-east-1:<account>:key/<id>"
    ]


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_a_key_may_be_another_accounts_and_for_many_regions(region: str, partition: str):
    key = f"arn:{partition}:kms:{region}:210987654321:key/mrk-1234abcd"
    tree = {**on_aws(region=region), "buckets": {"encryptionKey": key}}
    assert config_of(tree).buckets.encryption_key == key


@pytest.mark.parametrize(
    "key",
    [
        KMS_KEY,
        "users",
        CLOUD_KMS_KEY.replace("europe-west4", "europe-west1"),
        CLOUD_KMS_KEY.replace("europe-west4", "global"),
        CLOUD_KMS_KEY.replace("europe-west4", "EUROPE-WEST4"),
        f"{CLOUD_KMS_KEY}/cryptoKeyVersions/1",
        f"/{CLOUD_KMS_KEY}",
        CLOUD_KMS_KEY.replace("users", "\u00fcsers"),
        "projects//locations/europe-west4/keyRings/hub/cryptoKeys/users",
    ],
)
def test_a_key_is_one_of_the_buckets_location_on_google_cloud(key: str):
    assert problems_of(with_buckets("gcp", encryptionKey=key)) == [
        f"cmbcluster-storage:buckets: sets encryptionKey {key}, which is no key of the buckets' "
        "location; write projects/<project>/locations/europe-west4/keyRings/<ring>/"
        "cryptoKeys/<key>"
    ]


@pytest.mark.parametrize(
    ("location", "keys"), [("EU", "europe"), ("europe-west4", "europe-west4"), ("NAM4", "nam4")]
)
def test_a_key_is_where_the_buckets_are_however_that_is_written(location: str, keys: str):
    key = f"projects/example.com:cmb/locations/{keys}/keyRings/hub_1/cryptoKeys/users-1"
    tree = changed(with_buckets("gcp", encryptionKey=key), ("cloud", "location"), location)
    assert config_of(tree).buckets.encryption_key == key


NO_S3_BUCKET = "is no name of an S3 bucket: 3-63 characters of [a-z0-9.-]; write its name"
NO_GCS_BUCKET = "is no name of a bucket that can be mounted: 3-63 characters of [a-z0-9._-]"
OTHERS = (
    "is in another account's or region's namespace; names of this one end in "
    "-123456789012-us-east-1-an"
)
# What is no bucket of this cloud, wherever it is named.
NO_BUCKETS = [
    *[
        ("aws", name, NO_S3_BUCKET)
        for name in ("ab", "l" * 64, "Logs", "my_logs", "-logs", "logs-", ".logs", "s3://logs")
    ],
    *[
        ("aws", name, OTHERS)
        for name in (
            "logs-210987654321-us-east-1-an",
            "logs-123456789012-us-west-2-an",
            "logs-an",
        )
    ],
    *[
        ("gcp", name, NO_GCS_BUCKET)
        for name in ("ab", "l" * 64, "Logs", "_logs", "logs_", "gs://logs", "google", "goog-logs")
    ],
]


@pytest.mark.parametrize(("cloud", "name", "why"), NO_BUCKETS)
def test_logs_go_to_a_bucket_of_this_cloud(cloud: str, name: str, why: str):
    assert problems_of(with_buckets(cloud, accessLogsTo=name)) == [
        f"cmbcluster-storage:buckets: sets accessLogsTo {name}, which {why}"
    ]


@pytest.mark.parametrize(("cloud", "name", "why"), NO_BUCKETS)
def test_a_users_bucket_is_one_of_this_cloud(cloud: str, name: str, why: str):
    users = [{"id": "bob", "bucket": name}]
    assert problems_of({**LEAST_ON[cloud], "users": users}) == [
        f"cmbcluster-storage:users: 'bob' has the bucket '{name}', which {why}"
    ]


def test_soft_deletion_is_not_refused_on_a_cloud_that_is_wrong():
    tree = changed(LEAST, ("buckets", "softDeleteDays"), 14)
    assert problems_of(changed(tree, ("cloud", "region"), "moon")) == [
        f'cmbcluster-storage:cloud.region: "moon" {NO_REGION}'
    ]
