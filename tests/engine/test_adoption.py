"""A bucket that exists already becomes a user's, and nothing in it is lost."""

import json
import sys
from typing import Any

import kubernetes_validate
import yaml
from harness import Stack
from test_life import EXPECTED

BUCKET = "andromeda-nebula-0a1b2c3d"


def as_adopted(stack: Stack, expires: bool) -> dict[str, Any]:
    """Return the settings of a bucket of the stack's, as they are of eve's adopted one."""
    bob, text = stack.outputs()["users"]["bob"], json.dumps(EXPECTED[stack.name])
    eve = stack.outputs()["users"]["eve"]
    for key, before in (("serviceAccountName", "sa/"), ("bucketName", "")):
        text = text.replace(before + bob[key], before + eve[key])
    settings = json.loads(text.replace(stack.hand.slug("bob"), stack.hand.slug("eve")))
    if stack.name == "gcp":  # labels that nobody wrote into the program are left alone there
        settings["labels"]["group"] = "planck"
    if not expires:
        stack.hand.keep_everything(settings)
    return settings


def entry_for(stack: Stack, user: str) -> Any:
    """Return what the command writes, as an operator would run it in the sandbox's shell."""
    command = [sys.executable, "-m", "infra.adopt", "--stack", stack.name, user, BUCKET]
    done = stack.run.command(command, stack.run.environment)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def test_a_bucket_with_other_settings_is_adopted_with_all_that_is_in_it(stack: Stack):
    hand = stack.hand
    hand.make_old_bucket(BUCKET)
    hand.write(BUCKET, "thesis.tex", b"first", b"second")
    hand.write(BUCKET, "scratch/map.fits", bytes(range(256)))
    [entry] = entry_for(stack, "eve")
    stack.user(entry.pop("id"), **entry)

    preview = stack.pulumi("preview", "--diff")
    stack.pulumi("up", "--skip-preview")

    assert f"= {len(entry['adopt'])} to import" in preview
    assert not [old for old in hand.old_settings if f'"{old}"' not in preview], preview
    eve = stack.outputs()["users"]["eve"]
    assert (eve["bucketName"], eve["claimName"]) == (BUCKET, BUCKET)
    assert eve["nextStep"].startswith("dropping adopt, and not bucket, lets old versions")
    assert hand.settings(BUCKET) == as_adopted(stack, expires=False)
    assert dict.fromkeys(hand.held, (True, True)).items() <= stack.held("eve").items()
    for path in stack.workspace.clusters.rglob("*.yaml"):
        kubernetes_validate.validate(yaml.safe_load(path.read_text("utf-8")), "1.35", strict=True)
    stack.pulumi("preview", "--expect-no-changes")

    stack.user("eve", bucket=BUCKET)
    steps = stack.steps("up")

    expiring = {"aws": "lifecycle", "gcp": "bucket"}[stack.name]
    assert steps == {f"{hand.slug('eve')}-{expiring}": "update"}
    assert hand.settings(BUCKET) == as_adopted(stack, expires=True)
    assert hand.bodies(BUCKET, "thesis.tex") == [b"second", b"first"]
    assert hand.bodies(BUCKET, "scratch/map.fits") == [bytes(range(256))]
    stack.pulumi("refresh", "--preview-only", "--expect-no-changes")


def test_a_bucket_of_somebody_else_is_not_adopted(stack: Stack):
    hand = stack.hand
    hand.make_foreign_bucket(BUCKET)
    stack.user("eve", bucket=BUCKET, adopt=["bucket"])

    for command in (("preview",), ("up", "--skip-preview")):
        told = " ".join(stack.failing(*command).split())

        assert (
            f"users: 'eve' adopts the bucket '{BUCKET}', which is not in this stack's account or "
            "project and its region or location; write the name of one that is, or drop bucket "
            "and adopt, and the user gets a new one"
        ) in told
        assert "Traceback" not in told
    assert stack.held("eve") == {}
