"""What a plan does to a user, also where our program would not: code is under review as well."""

import json
from typing import Any

import pytest
from stack_trees import LEAST_ON, config_of

from infra.review.cautions import cautions
from infra.review.changes import lines
from infra.review.effects import Effect, Kind, effects, moved
from infra.review.plans import Plan, PlanError, Resource, Step, read
from infra.settings import StackConfig

BUCKET = "aws:s3/bucket:Bucket"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ROLE = "aws:iam/role:Role"
VOLUME = "cmbcluster-storage:index:UserVolume"

HELD = Resource(True, True, {"bucket": "b"})
FREE = Resource(False, False, {"bucket": "b"})


def step(op: str, kind: str, before: Resource | None, after: Resource | None) -> Step:
    what = kind.rpartition(":")[2].lower()
    return Step(op, kind, f"eve-{what}" if kind != VOLUME else "eve", "eve", before, after)


def effect_of(*steps: Step) -> Effect:
    [found] = effects(Plan("aws", steps), None)
    return found


def warnings_on(*steps: Step) -> list[str]:
    return [one.text for one in cautions([], [effect_of(*steps)])]


UNUSUAL = {
    "bucket replaced": (
        [step("replace", BUCKET, HELD, HELD)],
        Kind.CHANGED,
        (False, True, 1),
        [
            "The stack forgets the bucket, and makes an empty one instead: it stays, and nobody "
            "looks after it"
        ],
    ),
    "free bucket replaced": (
        [step("replace", BUCKET, FREE, FREE)],
        Kind.CHANGED,
        (True, False, 1),
        ["The bucket is replaced by an empty one; all that is in it is lost"],
    ),
    "protected bucket deleted": (
        [step("delete", BUCKET, Resource(protect=True, inputs={"bucket": "b"}), None)],
        Kind.REMOVED,
        (True, True, 0),
        ["The bucket is deleted with all that is in it, for ever"],
    ),
    "bucket forgotten": (
        [step("delete", BUCKET, HELD, None)],
        Kind.REMOVED,
        (False, True, 0),
        ["The stack forgets the bucket: it stays, and nobody looks after it"],
    ),
    "guard deleted": (
        [step("delete", POLICY, HELD, None)],
        Kind.CHANGED,
        (False, True, 0),
        ["The bucket loses what guards it: `bucketpolicy`"],
    ),
    "guard forgotten": (
        [step("delete", POLICY, Resource(retain_on_delete=True), None)],
        Kind.CHANGED,
        (False, True, 0),
        ["The bucket loses what guards it: `bucketpolicy`"],
    ),
    "guard replaced": (
        [step("replace", POLICY, HELD, HELD)],
        Kind.CHANGED,
        (False, True, 1),
        [
            "The bucket loses what guards it: `bucketpolicy`",
            "Replaced: `bucketpolicy`; stop the server first: a claim that is mounted waits, and "
            "sessions lose access",
        ],
    ),
    "role replaced": (
        [step("replace", ROLE, FREE, FREE)],
        Kind.CHANGED,
        (False, False, 1),
        [
            "Replaced: `role`; stop the server first: a claim that is mounted waits, and sessions "
            "lose access"
        ],
    ),
    "unprotected by hand": (
        [step("same", BUCKET, FREE, HELD)],
        Kind.CHANGED,
        (False, False, 0),
        [],
    ),
    "logging ended": ([step("delete", ROLE, FREE, None)], Kind.CHANGED, (False, False, 0), []),
}


@pytest.mark.parametrize(
    ("steps", "kind", "counts", "told"), list(UNUSUAL.values()), ids=list(UNUSUAL)
)
def test_what_our_program_does_not_do_is_told_as_well(
    steps: list[Step], kind: Kind, counts: tuple[bool, bool, int], told: list[str]
):
    found = effect_of(*steps)
    assert found.kind == kind
    assert (found.loses_bucket, bool(found.unguarded), len(found.replaced)) == counts
    assert warnings_on(*steps) == told


def test_the_retention_that_a_bucket_loses_on_google_cloud_is_told():
    kind = "gcp:storage/bucket:Bucket"
    before, after = (
        Resource(inputs={"softDeletePolicy": {"retentionDurationSeconds": days * 86_400}})
        for days in (14, 7)
    )
    assert warnings_on(step("update", kind, before, after)) == [
        "Expiry begins to bite: what is deleted for good can be restored for 7 days (before: 14)"
    ]
    assert warnings_on(step("update", kind, after, before)) == []


LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"


def expiring(days: Any, kept: Any = 5, **rule: Any) -> Resource:
    noncurrent = {"noncurrentDays": days, "newerNoncurrentVersions": kept}
    rules = [{"status": "Enabled", "noncurrentVersionExpiration": noncurrent, **rule}]
    return Resource(inputs={"rules": rules})


@pytest.mark.parametrize(
    ("before", "after", "term"),
    [
        (expiring(30), expiring(31), None),
        (expiring(30), expiring(30, 6), None),
        (expiring(30), expiring(30, status="Disabled"), None),
        (expiring(30), expiring(29), "after 29 days beyond the newest 5 (before: after 30"),
        (expiring(30), expiring(30, 4), "after 30 days beyond the newest 4 (before: after 30"),
        (expiring(30), expiring(60, None), "after 60 days (before: after 30 days beyond"),
        (expiring(30, status="Disabled"), expiring(30), "beyond the newest 5 (before: never)"),
        (Resource(), expiring(30), "after 30 days beyond the newest 5 (before: never)"),
        (Resource(), expiring("unknown"), None),
    ],
)
def test_expiry_bites_when_it_is_nearer_than_before(
    before: Resource, after: Resource, term: str | None
):
    told = warnings_on(step("update", LIFECYCLE, before, after))
    assert [term in one for one in told] == ([True] if term else [])


def config(**tree: Any) -> StackConfig:
    return config_of({**LEAST_ON["aws"], **tree})


def test_a_user_is_called_by_the_id_that_file_or_state_know():
    steps = tuple(
        Step("create", ROLE, f"{slug}-role", slug, None, FREE)
        for slug in ("ann-example-org-219ed38f", "bob-8c71157f", "eve-00000000")
    )
    found = effects(Plan("aws", steps, users={"bob": "b"}), config(users=["ann@example.org"]))
    assert [one.user for one in found] == ["ann@example.org", "bob", "eve-00000000"]


def bucket_of(user: str, cloud: str = "aws") -> str:
    whole = config_of({**LEAST_ON[cloud], "users": [user]})
    return whole.users[0].bucket_name(whole.cloud, whole.platform)


def held(*users: str, cloud: str = "aws") -> dict[str, str]:
    return {user: bucket_of(user, cloud) for user in users}


def test_who_is_moved_comes_from_the_other_stack():
    plans = [Plan("aws", users=held("ann", "bob")), Plan("aws-2", users=held("eve"))]
    configs = {"aws": config(users=["ann"]), "aws-2": config(users=["eve", "bob", "new"])}

    assert list(moved(plans, configs, [])) == [Effect("aws-2", "bob", Kind.MOVED, source="aws")]
    assert list(moved(plans[1:], configs, [])) == []
    # Somebody who goes there, or comes here, is not moved.
    for stack in ("aws", "aws-2"):
        assert list(moved(plans, configs, [Effect(stack, "bob", Kind.ADDED)])) == []
    # Nor is anybody of that id on another cloud.
    plans[0] = Plan("aws", users=held("ann", "bob", cloud="gcp"))
    assert list(moved(plans, configs, [])) == []


def test_who_is_not_moved_yet_is_told_the_command():
    bucket = Resource(inputs={"bucket": bucket_of("bob")})
    made = Effect(
        "aws-2", "bob", Kind.ADDED, (Step("create", BUCKET, "b-bucket", "b", None, bucket),)
    )
    plans = [Plan("aws", users=held("ann", "bob"), errors=("error: dropped",)), Plan("aws-2")]
    [told] = cautions(plans, [made])
    assert told.text == (
        "The user is in the stack `aws` already, and `up` would fail here: first run `python -m "
        "infra.move`"
    )
    assert told.effects == (made,)
    assert cautions([Plan("gcp", users=held("bob", cloud="gcp")), Plan("aws-2")], [made]) == []


def test_what_belongs_to_nobody_and_goes_is_told():
    provider = Step("replace", "pulumi:providers:aws", "aws", "", FREE, FREE)
    made = Step("create", "pulumi:providers:aws", "aws-2", "", None, FREE)
    assert [one.text for one in cautions([Plan("aws", (provider, made))], [])] == [
        "In `aws` goes what belongs to no user: `aws`"
    ]


def test_a_bucket_that_is_nobody_s_is_lost_as_well():
    assets = Step("delete", BUCKET, "assets", "", Resource(inputs={"bucket": "b"}), None)
    kept = Step("update", BUCKET, "logs", "", FREE, FREE)
    [gone] = effects(Plan("aws", (assets, kept)), config())
    assert (gone.user, gone.kind, gone.loses_bucket) == ("assets", Kind.REMOVED, True)


@pytest.mark.parametrize("held", [Resource(protect=True), Resource(retain_on_delete=True)])
def test_what_is_nobody_s_and_held_counts_when_it_goes(held: Resource):
    key = Step("delete", "aws:kms/key:Key", "key", "", held, None)
    [gone] = effects(Plan("aws", (key,)), config())
    assert (gone.user, gone.unguarded) == ("key", [key])


def differences(before: dict[str, Any], after: dict[str, Any], *reasons: str) -> list[str]:
    changed = Step(
        "update", ROLE, "eve-role", "eve", Resource(inputs=before), Resource(inputs=after), reasons
    )
    return lines([changed])[1:]


def test_what_is_secret_stays_hidden():
    signed = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    assert differences({"a": "[secret]", "b": 1}, {"a": "[secret]", "b": 1}, "a") == [
        "-   a: (not shown)",
        "+   a: (not shown)",
    ]
    assert differences({"a": 1}, {"a": 1}, "tagsAll") == []  # what follows from something else
    assert differences({"a": "x"}, {"a": {**signed, "value": "hunter2"}}) == [
        '-   a: "x"',
        "+   a: [secret]",
    ]


def test_settings_are_compared_part_by_part():
    document = {"Statement": [{"Action": "s3:*", "Effect": "Deny"}]}
    changed = {"Statement": [{"Action": "s3:*", "Effect": "Allow"}], "Version": "1"}
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert differences(
        {"policy": json.dumps(document), "tags": {"a.b": "1"}, "__defaults": ["x"], "n": 1.0},
        {"policy": json.dumps(changed), "tags": {}, "__defaults": [], "arn": unknown, "n": 1.0},
        "policy",
        "tags",
    ) == [
        "+   arn: (known after up)",
        '-   policy.Statement[0].Effect: "Deny"',
        '+   policy.Statement[0].Effect: "Allow"',
        '+   policy.Version: "1"',
        "+   tags: {}",
        '-   tags.a.b: "1"',
    ]


def test_a_long_value_is_cut():
    assert differences({}, {"a": "x" * 500}) == [f'+   a: "{"x" * 399}…']


def document(**parts: Any) -> str:
    stack = {"op": "same", "urn": "urn:pulumi:aws::p::pulumi:pulumi:Stack::p-aws"}
    return json.dumps({"steps": [stack], **parts})


def test_a_plan_of_another_stack_is_refused():
    with pytest.raises(
        PlanError, match=r"gcp: this is a plan of the stack 'aws'; name it aws.json"
    ):
        read("gcp", document())


def _tampered(**step: Any) -> str:
    whole = json.loads(document())
    whole["steps"].append(
        {"op": "update", "urn": "urn:pulumi:aws::p::aws:s3/bucket:Bucket::eve-bucket", **step}
    )
    return json.dumps(whole)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "7",
        "{}",
        "[" * 100_000,
        '{"steps": []}',
        '{"steps": [{}]}',
        '{"steps": 7}',
        document(steps=[{"op": "same", "urn": "urn:pulumi:aws::p::x:y:Z::one"}]),
        document(diagnostics=[{"message": "warning: no severity"}]),
        document(diagnostics=[{"message": 7, "severity": "error"}]),
        document(diagnostics=7),
        _tampered(urn="urn"),
        _tampered(urn=7),
        _tampered(oldState="gone"),
        _tampered(oldState={"inputs": "[secret]"}),
        _tampered(oldState={"parent": 7}),
        _tampered(diffReasons=7),
    ],
)
def test_what_is_no_plan_is_a_preview_that_failed(text: str):
    assert read("aws", text) == Plan(
        "aws", errors=("the preview left no plan; what it printed says why",)
    )


def test_what_stays_as_it_is_is_no_step_though_it_may_be_listed():
    state = {"inputs": {"name": "x"}, "protect": True}
    urn = "urn:pulumi:aws::p::aws:s3/bucket:Bucket::eve-bucket"
    same = {"op": "same", "urn": urn, "oldState": state, "newState": state | {"inputs": {}}}
    freed = same | {"newState": state | {"protect": False}}
    left = same | {"newState": state | {"retainOnDelete": True}}
    stack = json.loads(document())["steps"]
    steps = read("aws", document(steps=[*stack, same, freed, left])).steps
    there = Resource(protect=True, inputs={"name": "x"})
    assert [(step.before, step.after) for step in steps] == [
        (there, Resource(protect=False, inputs={"name": "x"})),
        (there, Resource(protect=True, retain_on_delete=True, inputs={"name": "x"})),
    ]


def test_an_error_says_of_what_it_is_and_the_language_host_s_own_only_if_it_is_alone():
    urn = "urn:pulumi:aws::p::a:b:Component$aws:s3/bucket:Bucket::eve-bucket"
    noise = "error: an unhandled error occurred: the program exited with code 1\n"
    error = {"message": "error: name is taken\n", "severity": "error", "urn": urn}
    last = {"message": noise, "severity": "error"}
    near = {"message": "warning: 90 of 100 roles", "severity": "warning"}
    assert read("aws", document(diagnostics=[error, near, last])) == Plan(
        "aws",
        errors=("eve-bucket: error: name is taken",),
        warnings=("warning: 90 of 100 roles",),
    )
    assert read("aws", document(diagnostics=[last])).errors == (noise.strip(),)


BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
GCP_BUCKET = "gcp:storage/bucket:Bucket"
GCP_POLICY = "gcp:storage/bucketIAMPolicy:BucketIAMPolicy"


def of(kind: str, before: dict[str, Any], after: dict[str, Any]) -> Step:
    return step("update", kind, Resource(inputs=before), Resource(inputs=after))


def encrypted(key: str | None) -> dict[str, Any]:
    by_key = {"kmsMasterKeyId": key} if key else {}
    return {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "x", **by_key}}]}


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (of(POLICY, {"policy": "{}"}, {"policy": "[]"}), "bucketpolicy"),
        (
            of(BLOCK, {"blockPublicAcls": True}, {"blockPublicAcls": False}),
            "bucketpublicaccessblock",
        ),
        (of(ROLE, {"assumeRolePolicy": "{}"}, {"assumeRolePolicy": "[]"}), "role"),
        (of(GCP_BUCKET, {"publicAccessPrevention": "enforced"}, {}), "bucket"),
        (of(GCP_BUCKET, {"uniformBucketLevelAccess": True}, {}), "bucket"),
        (of(GCP_POLICY, {"policyData": "{}"}, {"policyData": "[]"}), "bucketiampolicy"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.type,
)
def test_who_reaches_a_bucket_is_told_when_it_changes(changed: Step, what: str):
    told = f"Who reaches the bucket, or what they may do, changes: `{what}`"
    assert warnings_on(changed) == [told]


@pytest.mark.parametrize(
    "changed",
    [
        of(ROLE, {"tags": {"a": "b"}}, {"tags": {}}),
        of(GCP_BUCKET, {"labels": {"a": "b"}}, {"labels": {}}),
        step("create", POLICY, None, Resource(inputs={"policy": "{}"})),
    ],
)
def test_what_lets_nobody_else_in_is_not_told(changed: Step):
    assert warnings_on(changed) == []


def test_the_policy_of_who_is_suspended_loses_them_and_that_is_no_warning_of_its_own():
    policy = of(GCP_POLICY, {"policyData": '{"bindings": ["x"]}'}, {"policyData": "{}"})
    assert warnings_on(policy, step("delete", VOLUME, FREE, None)) == [
        "Identity and volume go; stop the server first: a claim that is mounted waits, and "
        "sessions lose access"
    ]
    adopted = step("import", GCP_BUCKET, None, HELD)
    assert warnings_on(adopted, policy, step("create", VOLUME, None, FREE)) == [
        "Who reaches the bucket, or what they may do, changes: `bucketiampolicy`"
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (HELD, FREE),
        (HELD, Resource(False, True, {"bucket": "b"})),
        (HELD, Resource(True, False, {"bucket": "b"})),
        (Resource(False, True, {"bucket": "b"}), FREE),
    ],
)
def test_what_is_held_no_longer_is_told_unless_the_user_is_marked(
    before: Resource, after: Resource
):
    assert warnings_on(step("same", BUCKET, before, after)) == [
        "No longer protected, or kept when it is forgotten: `bucket`"
    ]
    assert warnings_on(step("same", BUCKET, after, before)) == []
    marked = Resource(False, False, {"bucket": "b", "forceDestroy": True})
    assert warnings_on(step("update", BUCKET, HELD, marked)) == [
        "This bucket will be emptied when its line goes; any other `state` keeps it"
    ]


def test_the_key_that_stored_data_stays_encrypted_with_is_told():
    stays = "The encryption key changes: what is stored stays encrypted with `k1`"
    unreadable = f"{stays}, which users' roles may no longer use: they cannot read it any more"
    for later in ("k2", None):
        changed = of(ENCRYPTION, encrypted("k1"), encrypted(later))
        assert warnings_on(changed) == [unreadable]
    for later in ({"encryption": {"defaultKmsKeyName": "k2"}}, {}):
        changed = of(GCP_BUCKET, {"encryption": {"defaultKmsKeyName": "k1"}}, later)
        assert warnings_on(changed) == [f"{stays}; whoever disables or destroys that key loses it"]
    assert warnings_on(of(ENCRYPTION, encrypted(None), encrypted("k1"))) == []
    assert warnings_on(of(ENCRYPTION, encrypted("k1"), encrypted("k1"))) == []


def test_ids_that_nobody_can_have_and_texts_that_are_no_documents_tell_nothing():
    config = config_of(LEAST_ON["aws"])
    before, after = (Resource(inputs={"policy": text}) for text in ("[" * 100_000, "{}"))
    changed = step("update", POLICY, before, after)
    others = {"a" * 255: "b", "\udcff": "c", "": "d"}
    [effect] = effects(Plan("aws", (changed,), others), config)
    assert effect.user == "eve"
    assert any("policy" in line for line in lines(effect.steps))
