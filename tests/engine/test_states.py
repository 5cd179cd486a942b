"""A user's states: active, suspended, back again, deleted; and nobody leaves by accident."""

from harness import Stack

VOLUME = ("service-account", "volume", "claim")


def test_a_suspended_user_keeps_the_bucket_alone_and_comes_back_to_all_of_it(stack: Stack):
    hand, before = stack.hand, stack.outputs()["users"]["bob"]
    bucket, name = before["bucketName"], before["serviceAccountName"]
    settings, identities = hand.settings(bucket), sorted(hand.identities())
    hand.write(bucket, "thesis.tex", b"first", b"second")
    stack.user("bob", state="suspended")

    steps = stack.steps("up")

    gone = {f"{hand.slug('bob')}-{what}" for what in (*hand.identity, *VOLUME)}
    granted = {f"{hand.slug('bob')}-policy": "update"} if stack.name == "gcp" else {}
    assert steps == dict.fromkeys([*gone, hand.slug("bob")], "delete") | granted
    assert stack.held("bob") == dict.fromkeys(hand.held, (True, True))
    assert not [identity for identity in hand.identities() if name in identity]
    assert not list(stack.workspace.clusters.rglob(f"*{name}*"))
    assert hand.members(bucket) == []
    assert hand.bodies(bucket, "thesis.tex") == [b"second", b"first"]
    assert stack.outputs()["users"]["bob"] == before | {
        "state": "suspended",
        "nextStep": "state: active gives the same bucket, identity and volume again; state: "
        "deleted prepares the bucket's end; the line cannot be dropped",
    }
    stack.pulumi("refresh", "--preview-only", "--expect-no-changes")
    stack.drop("bob")
    assert "'bob' is suspended in this stack and has no line any more" in stack.failing("preview")

    stack.user("bob")
    stack.pulumi("up", "--skip-preview")

    assert stack.outputs()["users"]["bob"] == before
    assert (hand.settings(bucket), sorted(hand.identities())) == (settings, identities)
    assert hand.bodies(bucket, "thesis.tex") == [b"second", b"first"]
    stack.pulumi("refresh", "--preview-only", "--expect-no-changes")


def test_a_deleted_user_leaves_in_two_edits_and_can_return_between_them(stack: Stack):
    hand, others = stack.hand, stack.outputs()["users"]["ann@example.org"]
    bucket = stack.outputs()["users"]["bob"]["bucketName"]
    hand.write(bucket, "thesis.tex", b"first", b"second")
    hand.write(others["bucketName"], "thesis.tex", b"ann's")
    stack.user("bob", state="deleted")

    stack.pulumi("up", "--skip-preview")

    assert stack.held("bob") == dict.fromkeys(hand.held, (False, False))
    assert hand.members(bucket) == []
    assert hand.bodies(bucket, "thesis.tex") == [b"second", b"first"]
    assert stack.outputs()["users"]["bob"]["nextStep"] == (
        "dropping the line deletes the bucket with all that is in it, for ever; state: suspended "
        "or active keeps it"
    )

    stack.user("bob")
    stack.pulumi("up", "--skip-preview")

    assert dict.fromkeys(hand.held, (True, True)).items() <= stack.held("bob").items()
    stack.drop("bob")
    assert "'bob' is active in this stack and has no line any more" in stack.failing("preview")

    stack.user("bob", state="deleted")
    stack.pulumi("up", "--skip-preview")
    stack.drop("bob")
    steps = stack.steps("up")

    gone = [hand.slug("bob"), *(f"{hand.slug('bob')}-{what}" for what in hand.held)]
    assert steps == dict.fromkeys(gone, "delete")
    assert hand.buckets() == [others["bucketName"]]
    assert hand.bodies(others["bucketName"], "thesis.tex") == [b"ann's"]
    stack.pulumi("preview", "--expect-no-changes")


def test_a_user_can_begin_suspended(stack: Stack):
    stack.user("eve", state="suspended")

    steps = stack.steps("up")

    made = [stack.hand.slug("eve"), *(f"{stack.hand.slug('eve')}-{x}" for x in stack.hand.held)]
    assert steps == dict.fromkeys(made, "create")
