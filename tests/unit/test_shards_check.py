"""What is wrong between stack files, and what they are counted together for."""

import json
from pathlib import Path

import pytest
from cmbcluster_storage import names
from fleets import GCP, OTHER_HUB, Told, hub, run, shard, write
from stack_trees import LEAST, POD_IDENTITY, Tree, changed

USERS = "cmbcluster-storage:users"
RENDERED = changed(LEAST, ("kubernetes",), {"namespace": "hub", "renderTo": "manifests"})


def checked(
    folder: Path, capsys: pytest.CaptureFixture[str], stacks: dict[str, Tree], *arguments: str
) -> Told:
    write(folder, stacks)
    return run(capsys, folder, "check", *arguments)


@pytest.mark.parametrize(
    "stacks",
    [
        pytest.param({"aws": hub("ann"), "aws-002": shard("aws", "bob")}, id="two of a hub"),
        pytest.param({"aws": hub("ann"), "other": hub("ann", of=OTHER_HUB)}, id="two hubs"),
        pytest.param({"aws": hub("ann"), "gcp": hub("ann", of=GCP)}, id="two clouds"),
        pytest.param(
            {"aws": hub("ann", of=RENDERED), "aws-002": shard("aws", "bob")},
            id="a hub's shards render to one folder",
        ),
        pytest.param(
            {
                "aws": hub("ann", of=RENDERED),
                "gcp": hub("ann", of=changed(GCP, ("kubernetes",), {
                    "namespace": "hub", "renderTo": "manifests/gcp",
                })),
            },
            id="two hubs render to two folders",
        ),
        pytest.param(
            {
                "aws": hub({"id": "ann", "bucket": "old.data"}),
                "other": hub(
                    {"id": "bob", "bucket": "old-data"},
                    of=changed(OTHER_HUB, ("kubernetes", "namespace"), "other"),
                ),
            },
            id="two namespaces have a claim each",
        ),
    ],
)  # fmt: skip
def test_files_are_right_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stacks: dict[str, Tree]
):
    done = checked(tmp_path, capsys, stacks)
    assert (done.code, done.out, done.error) == (
        0,
        ["2 stack files with 2 users are right together."],
        [],
    )


BUCKET = "andromeda-nebula"
OWN_BUCKET = names.aws_bucket_name(
    names.user_name(names.aws_scope("cmbcluster", "123456789012", "us-east-1"), "ann"),
    "123456789012",
    "us-east-1",
)


@pytest.mark.parametrize(
    ("stacks", "problem"),
    [
        pytest.param(
            {"aws": hub("ann"), "aws-002": shard("aws", {"id": "ann", "state": "suspended"})},
            f"{USERS}: 'ann' in Pulumi.aws.yaml and 'ann' in Pulumi.aws-002.yaml are one user to "
            "this hub; keep one line",
            id="one user",
        ),
        pytest.param(
            {"aws": hub("ﬁona"), "aws-002": shard("aws", "FIONA")},
            f"{USERS}: 'ﬁona' in Pulumi.aws.yaml and 'FIONA' in Pulumi.aws-002.yaml are one user "
            "to this hub; keep one line",
            id="ids that look alike",
        ),
        pytest.param(
            {"a": hub("ann"), "b": hub("ann")},
            f"{USERS}: 'ann' in Pulumi.a.yaml and 'ann' in Pulumi.b.yaml are one user to this hub; "
            "keep one line",
            id="files of one hub that extend nothing",
        ),
        pytest.param(
            {
                "aws": hub({"id": "ann", "bucket": BUCKET, "adopt": ["bucket"]}),
                "aws-002": shard("aws", {"id": "bob", "bucket": BUCKET, "adopt": ["bucket"]}),
            },
            f"{USERS}: 'ann' in Pulumi.aws.yaml and 'bob' in Pulumi.aws-002.yaml have one bucket; "
            "keep one line",
            id="one adopted bucket",
        ),
        pytest.param(
            {
                "aws": hub({"id": "ann", "bucket": BUCKET}),
                "other": hub({"id": "bob", "bucket": BUCKET}, of=OTHER_HUB),
            },
            f"{USERS}: 'ann' in Pulumi.aws.yaml and 'bob' in Pulumi.other.yaml have one bucket; "
            "keep one line",
            id="one bucket of two hubs",
        ),
        pytest.param(
            {"aws": hub("ann"), "aws-002": shard("aws", {"id": "bob", "bucket": OWN_BUCKET})},
            f"{USERS}: 'ann' in Pulumi.aws.yaml and 'bob' in Pulumi.aws-002.yaml have one bucket; "
            "keep one line",
            id="somebody's own bucket",
        ),
        pytest.param(
            {
                "aws": hub({"id": "ann", "bucket": "old.data"}),
                "aws-002": shard("aws", {"id": "bob", "bucket": "old-data"}),
            },
            f"{USERS}: 'ann' in Pulumi.aws.yaml and 'bob' in Pulumi.aws-002.yaml have one claim; "
            "keep one line",
            id="one claim",
        ),
        pytest.param(
            {
                "aws": hub({"id": "ann", "bucket": "old.data"}),
                "other": hub({"id": "bob", "bucket": "old-data"}, of=OTHER_HUB),
            },
            f"{USERS}: 'ann' in Pulumi.aws.yaml and 'bob' in Pulumi.other.yaml have one claim; "
            "keep one line",
            id="one claim of two hubs in one namespace",
        ),
        pytest.param(
            {
                "aws": hub("ann", of=OTHER_HUB, buckets={"accessLogsTo": "logs"}),
                "logs": hub({"id": "bob", "bucket": "logs"}),
            },
            f"{USERS}: 'bob' in Pulumi.logs.yaml has the bucket that accessLogsTo of "
            "Pulumi.aws.yaml names; use another",
            id="the access logs' bucket",
        ),
        pytest.param(
            {
                "aws": hub(of=RENDERED),
                "gcp": hub(of=changed(GCP, ("kubernetes",), {
                    "namespace": "hub", "renderTo": "x/../manifests/",
                })),
            },
            "cmbcluster-storage:kubernetes.renderTo: Pulumi.aws.yaml and Pulumi.gcp.yaml are of "
            "two hubs and render to one folder, x/../manifests/; write another in one of them",
            id="manifests of two hubs",
        ),
    ],
)  # fmt: skip
def test_what_no_two_files_may_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stacks: dict[str, Tree], problem: str
):
    done = checked(tmp_path, capsys, stacks)
    assert (done.code, done.out, done.error) == (1, [], [problem])


def test_files_that_cannot_be_used_are_all_told_and_what_they_share_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    wrong = {f"aws-{number}": shard("aws") for number in range(2, 6)}
    done = checked(
        tmp_path, capsys, {"aws": changed(hub(), ("platform",), "A"), "gcp": hub(7), **wrong}
    )
    first, *_ = done.error
    assert (done.code, done.out) == (2, [])
    assert first == "Pulumi.aws.yaml: the stack's config cannot be used:"
    assert [line for line in done.error if line.startswith("Pulumi.")] == [
        first,
        "Pulumi.aws-2.yaml, Pulumi.aws-3.yaml, Pulumi.aws-4.yaml and 1 more: the stack's config "
        "cannot be used (platform, cloud, kubernetes, buckets, review are those of "
        "Pulumi.aws.yaml):",
        "Pulumi.gcp.yaml: the stack's config cannot be used:",
    ]


def test_only_one_hub_may_be_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    stacks = {
        "aws": hub("ann"),
        "aws-002": shard("aws", "bob"),
        "other": hub("eve", of=OTHER_HUB),
        "other-002": shard("other", "eve"),
    }
    assert checked(tmp_path, capsys, stacks, "--in", "aws-002").out == [
        "2 stack files with 2 users are right together."
    ]
    assert checked(tmp_path, capsys, stacks, "--in", "other").code == 1
    done = checked(tmp_path, capsys, stacks, "--in", "hub")
    assert (done.code, done.error) == (
        2,
        ['"hub" has no stack file here; write one of aws, aws-002, other, other-002'],
    )


def test_without_stack_files_there_is_nothing_to_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    done = checked(tmp_path, capsys, {})
    assert (done.code, done.error) == (
        2,
        [f"there is no stack file in {tmp_path}; write Pulumi.<stack>.yaml"],
    )


def many(first: int, count: int) -> list[str]:
    return [f"u{number}" for number in range(first, first + count)]


def test_what_an_account_has_is_counted_over_all_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    stacks = {
        "aws": hub(*many(0, 400)),
        "aws-002": shard("aws", *many(400, 399)),
        "else": hub("u0", of=changed(OTHER_HUB, ("cloud", "accountId"), "210987654321")),
    }
    assert checked(tmp_path, capsys, stacks).error == []

    stacks["other"] = hub("u0", {"id": "u1", "state": "suspended"}, of=OTHER_HUB)
    done = checked(tmp_path, capsys, stacks)

    assert (done.code, done.error) == (
        0,
        [
            "the account 123456789012 has 800 IAM roles, and the limit is 1,000; ask AWS for more "
            "in the account, up to 5,000"
        ],
    )


def test_more_than_an_account_can_have_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    stacks = {"aws": hub(*many(0, 2_500)), "aws-002": shard("aws", *many(2_500, 2_501))}
    done = checked(tmp_path, capsys, stacks)
    assert (done.code, done.error[1:]) == (
        1,
        [
            "cmbcluster-storage:users: the account 123456789012 has 5,001 IAM roles, and there can "
            "be 5,000; move some to another account"
        ],
    )


def test_clusters_and_projects_are_counted_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    accounts = changed(GCP, ("cloud", "identity"), "serviceAccount")
    pods = changed(LEAST, ("cloud",), POD_IDENTITY)
    other_region = changed(pods, ("cloud", "region"), "eu-west-1")
    done = checked(
        tmp_path,
        capsys,
        {
            "gcp": hub(*many(0, 40), of=accounts),
            "gcp-002": shard("gcp", *many(40, 40)),
            "here": hub(*many(0, 2_000), of=pods),
            "there": hub(*many(0, 3_999), of=other_region),
        },
    )
    assert [line.partition(", and")[0] for line in done.error] == [
        "the project cmbcluster-research has 80 Google service accounts",
        "the account 123456789012 has 5,999 IAM roles",
        "cmbcluster-storage:users: the account 123456789012 has 5,999 IAM roles",
    ]
    assert (done.code, done.out) == (1, [])


@pytest.mark.parametrize("name", ["a b", "a\nb", "\udcff", "*", ""])
@pytest.mark.parametrize("command", ["check", "list"])
def test_a_name_that_no_stack_has_is_refused_by_every_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, name: str
):
    write(tmp_path, {"aws": hub("ann"), name: shard("aws")})
    done = run(capsys, tmp_path, command)
    assert (done.code, done.out) == (2, [])
    assert done.error == [
        f"{json.dumps(f'Pulumi.{name}.yaml')}: is no name of a stack file: 1-100 characters of "
        "[A-Za-z0-9_.-] between `Pulumi.` and `.yaml`, the first of them no dot or dash; rename it"
    ]


def test_a_project_that_the_engine_would_read_instead_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "Pulumi.json").write_text("{}", "utf-8")
    done = checked(tmp_path, capsys, {"aws": hub("ann")})
    assert (done.code, done.error) == (
        2,
        [
            "Pulumi.json: the engine would read it in place of Pulumi.yaml, and stack files of "
            "that format, which nobody looks at here; delete it"
        ],
    )
