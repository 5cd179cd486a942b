"""Wrong values of a stack file: each is named with its key and the cure, word by word."""

from typing import Any

import pytest
from cmbcluster_storage import rules
from cures import (
    ABORT,
    CONSENT,
    DAYS,
    KEPT,
    KEY,
    LABELS,
    LOGS,
    MAX_DELETES,
    MAX_REPLACES,
    MAX_USERS,
    NO_CLASS,
    NO_LABEL,
    NO_LABEL_KEY,
    NO_NAMESPACE,
    NO_PLATFORM,
    SCRATCH,
    SOFT,
    TARGET,
)
from stack_trees import (
    CLOUD_KMS_KEY,
    CLOUDS,
    KMS_KEY,
    LEAST,
    LEAST_ON,
    Way,
    changed,
    each_wrong,
    engine_values,
    problems_of,
)

from infra.config import ConfigError, parse

ENDS: dict[str, list[tuple[Way, Any]]] = {
    "aws": [
        (("platform",), "a"),
        (("platform",), "a2345678901234567890"),
        (("cloud", "accountId"), "000000000007"),
        (("cloud", "region"), "ap-southeast-1"),
        (("cloud", "region"), "aa-northnorths-1"),  # 16: an account-regional name has no more room
        (("cloud", "identity"), "irsa"),
        (("cloud", "bucketNamespace"), "accountRegional"),
        (("cloud", "bucketNamespace"), "global"),
        (("cloud", "oidcIssuer"), "oidc.example.org"),
        (("cloud", "oidcIssuer"), "i" * 255),
        (("kubernetes", "namespace"), "n" * 63),
        (("buckets", "noncurrentVersionsKept"), 1),
        (("buckets", "noncurrentVersionsKept"), 100),
        (("buckets", "noncurrentDays"), 1),
        (("buckets", "abortUploadsAfterDays"), 1),
        (("buckets", "scratchDays"), 1),
        (("buckets", "scratchDays"), 36_500),
        (("buckets", "scratchDays"), None),
        (("buckets", "encryptionKey"), None),
        (("buckets", "encryptionKey"), KMS_KEY),
        (("buckets", "accessLogsTo"), None),
        (("buckets", "accessLogsTo"), "a.b"),
        (("buckets", "accessLogsTo"), "l" * 63),
        *[(("buckets", "storageClass"), name) for name in ("STANDARD", "NEARLINE", "COLDLINE")],
        (("buckets", "labels"), {"a": "0"}),
        (("review", "maxDeletes"), 0),
        (("review", "maxReplaces"), 0),
        (("review", "maxUsers"), 0),
        (("review", "consent"), ("ann@example.org", "dan")),
        (("buckets", "labels"), {"k" * 63: "v" * 63}),
        (("buckets", "labels"), {f"label-{number}": "x" for number in range(40)}),
    ],
    "gcp": [
        (("cloud", "project"), "abcde6"),
        (("cloud", "project"), "p2345678901234567890-345678-30"),
        (("cloud", "projectNumber"), "000007"),
        (("cloud", "projectNumber"), "9" * 19),
        (("cloud", "location"), "EU"),
        (("cloud", "location"), "us"),
        (("cloud", "location"), "asia"),
        (("cloud", "location"), "NAM4"),
        (("cloud", "location"), "eur4"),
        (("cloud", "location"), "northamerica-northeast1"),
        (("cloud", "location"), "EUROPE-WEST12"),
        (("cloud", "identity"), "workloadIdentity"),
        (("cloud", "identity"), "serviceAccount"),
        (("buckets", "storageClass"), "ARCHIVE"),
        (("buckets", "encryptionKey"), CLOUD_KMS_KEY),
        (("buckets", "accessLogsTo"), "a_b"),
        (("buckets", "softDeleteDays"), 7),
        (("buckets", "softDeleteDays"), 90),
    ],
}


@pytest.mark.parametrize(
    ("cloud", "path", "value"), [(cloud, *row) for cloud in CLOUDS for row in ENDS[cloud]]
)
def test_the_ends_of_every_range_are_accepted(cloud: str, path: Way, value: Any):
    made = parse(engine_values(changed(LEAST_ON[cloud], path, value))).model_dump(by_alias=True)
    for part in path:
        made = made[part]
    assert made == value


WRONG: list[tuple[Way, Any, str]] = [
    (("platform",), "CMB", f'platform: "CMB" {NO_PLATFORM}'),
    (("platform",), "hub-", f'platform: "hub-" {NO_PLATFORM}'),
    (("platform",), "a" * 21, f'platform: "{"a" * 21}" {NO_PLATFORM}'),
    (("platform",), "7", f'platform: "7" {NO_PLATFORM}'),
    (("kubernetes", "namespace"), "Hub", f'kubernetes.namespace: "Hub" {NO_NAMESPACE}'),
    (("kubernetes", "namespace"), "n" * 64, f'kubernetes.namespace: "{"n" * 64}" {NO_NAMESPACE}'),
    (("kubernetes", "namespace"), "", f'kubernetes.namespace: "" {NO_NAMESPACE}'),
    (("kubernetes", "renderTo"), "manifests", f"kubernetes: {TARGET}"),
    (("kubernetes",), {"namespace": "hub"}, f"kubernetes: {TARGET}"),
    (
        ("kubernetes", "context"),
        "",
        'kubernetes.context: "" is wrong (String should have at least 1 character); write the '
        'kubeconfig context of the cluster; or renderTo instead, like "cmbcluster-aws"',
    ),
    (
        ("kubernetes",),
        {"namespace": "hub", "renderTo": ""},
        'kubernetes.renderTo: "" is wrong (String should have at least 1 character); write a '
        'folder for manifests that something else applies; or context instead, like "manifests"',
    ),
    (
        ("buckets", "versioning"),
        "yes",
        'buckets.versioning: "yes" is wrong (Input should be a valid boolean); write whether '
        "overwritten and deleted objects stay as noncurrent versions, like true",
    ),
    (
        ("buckets", "noncurrentVersionsKept"),
        0,
        "buckets.noncurrentVersionsKept: 0 is wrong (Input should be greater than or equal to 1); "
        f"{KEPT}",
    ),
    (
        ("buckets", "noncurrentVersionsKept"),
        101,
        "buckets.noncurrentVersionsKept: 101 is wrong (Input should be less than or equal to 100); "
        f"{KEPT}",
    ),
    (
        ("buckets", "noncurrentDays"),
        0,
        f"buckets.noncurrentDays: 0 is wrong (Input should be greater than or equal to 1); {DAYS}",
    ),
    (
        ("buckets", "noncurrentDays"),
        1.5,
        f"buckets.noncurrentDays: 1.5 is wrong (Input should be a valid integer); {DAYS}",
    ),
    (
        ("buckets", "abortUploadsAfterDays"),
        -1,
        "buckets.abortUploadsAfterDays: -1 is wrong (Input should be greater than or equal to 1); "
        f"{ABORT}",
    ),
    (("buckets", "labels"), {"a": "Physics"}, f'buckets.labels.a: "Physics" {NO_LABEL}'),
    (("buckets", "labels"), {"a": ""}, f'buckets.labels.a: "" {NO_LABEL}'),
    (
        ("buckets", "labels"),
        {"a": 7},
        f"buckets.labels.a: 7 is wrong (Input should be a valid string); {LABELS}",
    ),
    (("buckets", "labels"), {"Team": "x"}, f'buckets.labels.Team.[key]: "Team" {NO_LABEL_KEY}'),
    (
        ("buckets", "labels"),
        {"aws:team": "x"},
        f'buckets.labels.aws:team.[key]: "aws:team" {NO_LABEL_KEY}',
    ),
    *[
        (
            ("buckets", "labels"),
            {key: "x"},
            f"buckets.labels: sets {key}, which this stack sets itself; use another key",
        )
        for key in sorted(rules.OWN_LABELS)
    ],
    (
        ("buckets", "labels"),
        {"user": "x", "team": "x", "platform": "x"},
        "buckets.labels: sets platform, user, which this stack sets itself; use another key",
    ),
    (
        ("buckets", "labels"),
        {f"label-{number}": "x" for number in range(41)},
        "buckets.labels: is wrong (Dictionary should have at most 40 items after validation, "
        f"not more); {LABELS}",
    ),
    (
        ("buckets", "scratchDays"),
        0,
        f"buckets.scratchDays: 0 is wrong (Input should be greater than or equal to 1); {SCRATCH}",
    ),
    (
        ("buckets", "scratchDays"),
        36_501,
        "buckets.scratchDays: 36501 is wrong (Input should be less than or equal to 36500); "
        f"{SCRATCH}",
    ),
    *[
        (("buckets", "storageClass"), name, f'buckets.storageClass: "{name}" {NO_CLASS}')
        for name in ("", "standard", "STANDARD_IA", "GLACIER", "MULTI_REGIONAL")
    ],
    (
        ("buckets", "encryptionKey"),
        "",
        f'buckets.encryptionKey: "" is wrong (String should have at least 1 character); {KEY}',
    ),
    (
        ("buckets", "accessLogsTo"),
        "",
        f'buckets.accessLogsTo: "" is wrong (String should have at least 1 character); {LOGS}',
    ),
    *[
        (
            ("review", key),
            -1,
            f"review.{key}: -1 is wrong (Input should be greater than or equal to 0); {cure}",
        )
        for key, cure in (
            ("maxDeletes", MAX_DELETES),
            ("maxReplaces", MAX_REPLACES),
            ("maxUsers", MAX_USERS),
        )
    ],
    (
        ("review", "consent"),
        "dan",
        f'review.consent: "dan" is wrong (Input should be a valid array); {CONSENT}',
    ),
    (
        ("review", "consent"),
        [7],
        f"review.consent[0]: 7 is wrong (Input should be a valid string); {CONSENT}",
    ),
]
# softDeleteDays is refused on AWS whatever it is: see the tests of the clouds.
WRONG_ON_GCP: list[tuple[Way, Any, str]] = [
    (
        ("buckets", "softDeleteDays"),
        6,
        f"buckets.softDeleteDays: 6 is wrong (Input should be greater than or equal to 7); {SOFT}",
    ),
    (
        ("buckets", "softDeleteDays"),
        91,
        f"buckets.softDeleteDays: 91 is wrong (Input should be less than or equal to 90); {SOFT}",
    ),
]


@each_wrong(aws=WRONG, gcp=WRONG_ON_GCP)
def test_a_wrong_value_is_named_with_its_key_and_the_cure(
    cloud: str, path: Way, value: Any, line: str
):
    assert problems_of(changed(LEAST_ON[cloud], path, value)) == [f"cmbcluster-storage:{line}"]


def test_labels_may_have_any_key_of_the_right_form():
    labels = {"cost-center": "x", "cost-centre": "x", "versionning": "x"}
    made = parse(engine_values(changed(LEAST, ("buckets", "labels"), labels)))
    assert made.buckets.labels == labels


def test_a_text_of_brackets_is_a_text():
    values = {**engine_values(LEAST), "cmbcluster-storage:platform": "[" * 100_000}
    with pytest.raises(ConfigError, match="platform: "):
        parse(values)
