import asyncio
import logging
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from cmbcluster_storage import ObjectInfo
from cmbcluster_storage.calls import Call, Patience, StoppedError
from cmbcluster_storage.deletions import Deletions
from cmbcluster_storage.errors import (
    AccessDeniedError,
    ConflictError,
    ObjectNotFoundError,
    OutcomeUnknownError,
    PreconditionFailedError,
    StorageTimeoutError,
    UnavailableError,
)
from cmbcluster_storage.messages import Stored, Write
from cmbcluster_storage.objects import Objects
from cmbcluster_storage.rules import tls_only
from cmbcluster_storage.runner import together
from cmbcluster_storage.s3_policies import access_statement, document, with_statement
from cmbcluster_storage.writes import Writes

from infra import policies

QUICK = Patience(deadline_seconds=5, attempts=3, first_wait_seconds=0.001)


def call(patience=QUICK):
    return Call("aws", "upload_object", "bucket", "secret-key", patience)


def failing(*errors):
    left = list(errors)

    def request(*_):
        if left:
            raise left.pop(0)
        return "done"

    return request


def test_what_may_pass_is_tried_again():
    assert call().tried(failing(UnavailableError("busy"), UnavailableError("busy"))) == "done"


def test_attempts_end():
    with pytest.raises(UnavailableError) as caught:
        call().tried(failing(*[UnavailableError("busy") for _ in range(9)]))
    assert (caught.value.attempts, caught.value.bucket) == (3, "bucket")
    assert caught.value.filename == "bucket/secret-key"
    assert caught.value.seconds > 0


def test_the_deadline_ends_them():
    patient = Patience(deadline_seconds=0.2, attempts=100, first_wait_seconds=0.1)
    started = time.monotonic()
    with pytest.raises(UnavailableError):
        call(patient).tried(failing(*[UnavailableError("busy") for _ in range(99)]))
    assert time.monotonic() - started < 1


def test_a_body_ends_at_the_deadline():
    def trickle(attempt):
        while True:
            time.sleep(0.01)
            attempt.go_on()

    with pytest.raises(StorageTimeoutError, match="deadline"):
        call(Patience(deadline_seconds=0.05, attempts=1)).tried(trickle)


@pytest.mark.parametrize("error", [AccessDeniedError("no"), ConflictError("no")])
def test_what_does_not_pass_is_not_tried_again(error):
    with pytest.raises(type(error)) as caught:
        call().tried(failing(error))
    assert caught.value.attempts == 1


def test_what_cannot_be_repeated_is_only_if_it_was_not_done():
    refused, lost = UnavailableError("busy"), UnavailableError("lost", uncertain=True)
    assert call().tried(failing(refused), repeatable=False) == "done"
    with pytest.raises(UnavailableError):
        call().tried(failing(lost), repeatable=False)


def lost():
    return UnavailableError("lost", uncertain=True)


def busy():
    return UnavailableError("busy")


@pytest.mark.parametrize(
    "errors", [(lost(), busy(), busy()), (lost(), AccessDeniedError("expired"))]
)
def test_a_lost_answer_is_not_forgotten(errors):
    with pytest.raises(type(errors[-1])) as caught:
        call().tried(failing(*errors))
    assert caught.value.uncertain
    assert caught.value.attempts == len(errors)


def test_a_delete_that_may_be_done_is_not_said_to_be_refused():
    def stored(*_):
        raise AccessDeniedError("may delete alone")

    backend = SimpleNamespace(provider="aws", delete=failing(lost()), stored=stored)
    with pytest.raises(AccessDeniedError) as caught:
        Objects(backend, None)._delete(call(), "bucket", "secret-key", None)
    assert caught.value.uncertain


def test_of_many_only_what_was_not_done_is_deleted_again():
    answers = [[lost(), lost(), busy(), None], [None]]
    asked, there = [], {"kept"}

    def delete_batch(bucket, entries):
        asked.append(entries)
        return answers.pop(0)

    def stored(bucket, key, version_id):
        if key not in there:
            raise ObjectNotFoundError("gone")

    backend = SimpleNamespace(provider="aws", delete_batch=delete_batch, stored=stored)
    batch = [(key, None) for key in ("gone", "kept", "busy", "done")]
    outcomes = Deletions(backend, None)._delete_batch(call(), batch)

    assert asked == [batch, [("busy", None)]]
    assert [type(one) for one in outcomes] == [type(None), OutcomeUnknownError, *[type(None)] * 2]
    assert (outcomes[1].key, outcomes[1].uncertain) == ("kept", True)


def test_versions_are_deleted_again_whatever_was_lost():
    answers = [[lost(), None], [None]]
    asked = []

    def delete_batch(bucket, entries):
        asked.append(entries)
        return answers.pop(0)

    backend = SimpleNamespace(provider="aws", delete_batch=delete_batch)
    batch = [("a", "1"), ("a", "2")]
    assert Deletions(backend, None)._delete_batch(call(), batch) == [None, None]
    assert asked == [batch, batch[:1]]


INFO = ObjectInfo(
    bucket_name="bucket",
    name="secret-key",
    size_bytes=1,
    content_type=None,
    updated=datetime(2026, 1, 2, tzinfo=UTC),
    etag="e",
    version_id="v1",
    is_latest=True,
    url="s3://bucket/secret-key",
)


def written(errors, looks):
    """Write if absent: each attempt ends in an error, each look at the object tells whose it is."""
    marks = []

    def put(write, data, go_on):
        marks.append(write.mark)
        raise errors[len(marks) - 1]

    def stored(bucket, key, version_id):
        look = looks.pop(0)
        if isinstance(look, Exception):
            raise look
        return Stored(INFO, marks[0] if look == "ours" else None)

    backend = SimpleNamespace(provider="aws", put=put, stored=stored)
    write = Write(bucket="bucket", key="secret-key", content_type="a/b", absent=True)
    return Writes(backend, None)._put(call(), write, b"x")


def taken():
    return PreconditionFailedError("the object is not the one")


def test_a_conditional_write_knows_its_own():
    assert written([lost(), taken()], ["ours"]) == INFO
    assert written([lost(), taken(), taken()], [busy(), "ours"]) == INFO
    # A server in between has told that it is busy, after it had handed the request on.
    assert written([busy(), taken()], ["ours"]) == INFO


@pytest.mark.parametrize(
    ("errors", "looks"),
    [
        ([lost(), taken()], ["another's"]),
        ([lost(), taken()], [ObjectNotFoundError("gone")]),
        ([lost(), taken()], [AccessDeniedError("may write alone")]),
        ([lost(), taken(), taken()], [busy(), busy()]),
        ([lost(), AccessDeniedError("expired")], []),
        ([lost(), busy(), AccessDeniedError("expired")], []),
    ],
)
def test_a_conditional_write_that_may_be_done_is_not_said_to_be_refused(errors, looks):
    with pytest.raises(OutcomeUnknownError) as caught:
        written(errors, looks)
    assert caught.value.uncertain
    assert caught.value.__cause__ is errors[-1]
    assert looks == []


@pytest.mark.parametrize(
    ("errors", "looks"),
    [
        ([taken()], []),
        ([busy(), taken()], ["another's"]),
        ([busy(), taken()], [AccessDeniedError("may write alone")]),
        ([AccessDeniedError("expired")], []),
    ],
)
def test_a_conditional_write_that_is_refused_is_not_uncertain(errors, looks):
    with pytest.raises(type(errors[-1])) as caught:
        written(errors, looks)
    assert caught.value is errors[-1]
    assert not caught.value.uncertain
    assert looks == []


def test_a_caller_that_has_gone_starts_nothing():
    stopped = call()
    stopped.stopped.set()
    with pytest.raises(StoppedError):
        stopped.tried(failing())


def test_logs_say_what_and_never_which_key(caplog):
    with caplog.at_level(logging.DEBUG, "cmbcluster_storage.calls"):
        call().tried(failing(UnavailableError("busy")))
    assert [(record.attempt, record.outcome) for record in caplog.records] == [
        (1, "UnavailableError"),
        (2, "done"),
    ]
    record = caplog.records[0]
    assert (record.operation, record.bucket, record.provider) == ("upload_object", "bucket", "aws")
    assert "secret-key" not in caplog.text


async def test_the_first_failure_ends_the_others():
    ended = []

    async def slow():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    async def fails():
        await asyncio.sleep(0)
        raise ConflictError("no")

    with pytest.raises(ConflictError):
        await together([slow(), fails()])
    assert ended == [True]


def test_the_stack_s_policy_is_the_runtime_s():
    arn = "arn:aws:s3:::bucket"
    assert document(tls_only(arn)) == policies.tls_only(arn)


def test_a_statement_is_put_beside_the_others():
    arn = "arn:aws:s3:::bucket"
    ann = access_statement(arn, "arn:aws:iam::123456789012:role/ann", "write")
    once = with_statement(document(tls_only(arn)), ann)

    assert once["Statement"] == [tls_only(arn), ann]
    assert with_statement(once, ann) is once
    less = access_statement(arn, "arn:aws:iam::123456789012:role/ann", "read")
    assert with_statement(once, less) is once
    assert with_statement(document(less), ann)["Statement"] == [ann]
    assert with_statement({"Statement": tls_only(arn)}, ann)["Statement"] == [tls_only(arn), ann]
