"""A stack file that is renamed: whom the old stack still has is told, and stops the review."""

import json
from pathlib import Path

import pytest
from cmbcluster_storage import names
from fleets import OTHER_HUB, Repository, hub, shard, write
from stack_trees import LEAST_ON, config_of, on_each_cloud

from infra.review import base
from infra.review.command import main
from infra.review.gone import Gone

TYPES = {"aws": ("aws:s3/bucket:Bucket", "bucket"), "gcp": ("gcp:storage/bucket:Bucket", "name")}
OWNER = "cmbcluster-storage:index:UserStorage"
USERS = ("bob", "eve; o'hara")


def buckets(cloud: str, *users: str) -> dict[str, str]:
    config = config_of(hub(*users, of=LEAST_ON[cloud]))
    return {user.id: user.bucket_name(config.cloud, config.platform) for user in config.users}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.chdir(tmp_path)
    return Repository(tmp_path)


def plan(cloud: str, stack: str, *made: str) -> str:
    """Write the plan of a stack that makes these users' buckets, and return its file's name."""
    begin = f"urn:pulumi:{stack}::cmbcluster-storage::"
    kind, name = TYPES[cloud]
    steps: list[object] = [{"op": "same", "urn": f"{begin}pulumi:pulumi:Stack::x"}]
    scope = config_of(LEAST_ON[cloud]).scope
    for user, bucket in buckets(cloud, *made).items():
        slug = names.user_slug(scope, user)
        state = {"parent": f"{begin}{OWNER}::{slug}", "inputs": {name: bucket}}
        urn = f"{begin}{OWNER}${kind}::{slug}-bucket"
        steps.append({"op": "create", "urn": urn, "newState": state})
    Path(f"{stack}.json").write_text(json.dumps({"steps": steps}), "utf-8")
    return f"{stack}.json"


REFUSED = """\
<!-- cmbcluster-storage review -->

## 1 preview failed; beside that, 3 users added, 0 buckets lost

> [!CAUTION]
> **The guard refuses this.**
> - 1 preview failed

### The preview of `old` failed

```text
Pulumi.old.yaml is gone, and what the stack has cannot be seen without it. Put it back with no \
users in it, and move them before merging; delete it when the stack is empty:
  python -m infra.move --from old --to new \\
    bob \\
    'eve; o'"'"'hara'
```

### Warnings

- The user is in the stack `old` already, and `up` would fail here: first run \
`python -m infra.move`: `bob`, `eve; o'hara` in `new`

### Users

"""


@on_each_cloud
def test_who_is_not_moved_out_of_a_stack_without_file_stops_the_review(
    repository: Repository, capsys: pytest.CaptureFixture[str], cloud: str
):
    settings = hub("ann", of=LEAST_ON[cloud])
    write(repository.folder, {"hub": settings, "old": shard("hub", *USERS)})
    commit = repository.commit()
    (repository.folder / "Pulumi.old.yaml").unlink()
    write(repository.folder, {"new": shard("hub", *USERS, "zoe")})

    assert main(["--base", commit, plan(cloud, "new", *USERS, "zoe")]) == 3
    text, heading, _ = capsys.readouterr().out.partition("### Users\n\n")
    assert text + heading == REFUSED

    # Moved, with the file put back or not: only who is new has a bucket made.
    for file in (False, True):
        if file:
            write(repository.folder, {"old": shard("hub")})
        assert main(["--base", commit, plan(cloud, "new", "zoe")]) == 0
        text, _, _ = capsys.readouterr().out.partition("### Users\n\n")
        assert text == (
            "<!-- cmbcluster-storage review -->\n\n## 1 user added, 0 buckets lost\n\n"
            "The guard lets this pass.\n\n"
        )


def test_who_goes_to_several_stacks_has_a_command_for_each(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    write(repository.folder, {"old": hub("ann", "bob", "eve")})
    commit = repository.commit()
    (repository.folder / "Pulumi.old.yaml").unlink()
    write(repository.folder, {"b": hub("bob"), "c": hub("ann", "eve")})

    plans = [plan("aws", "b", "bob"), plan("aws", "c", "ann", "eve")]
    assert main(["--base", commit, *plans]) == 3

    _, _, text = capsys.readouterr().out.partition("empty:\n")
    assert text.partition("\n```")[0].splitlines() == [
        "  python -m infra.move --from old --to b \\",
        "    bob",
        "  python -m infra.move --from old --to c \\",
        "    ann \\",
        "    eve",
    ]


def test_stacks_without_file_are_those_of_the_base_alone_that_can_be_read(tmp_path: Path):
    before, after = tmp_path / "base", tmp_path / "head"
    for folder in (before, after):
        folder.mkdir()
    other = config_of({**OTHER_HUB, "users": ["bob"]})
    [bob] = other.users
    write(
        before,
        {
            "aws": hub("ann"),
            "empty": shard("aws"),
            "gone": shard("aws", {"id": "eve", "bucket": "old-data", "adopt": ["bucket"]}, "sam"),
            "broken": hub("zoe", zzz=1),
            "other": {**OTHER_HUB, "users": ["bob"]},
        },
    )
    write(after, {"aws": hub(), "new": shard("aws", "ann")})

    assert base.gone(before, after) == [
        Gone("empty", {}),
        Gone("gone", {"eve": "old-data", **buckets("aws", "sam")}),
        Gone("other", {"bob": bob.bucket_name(other.cloud, other.platform)}),
    ]
