import asyncio
import logging
import time

import pytest
from cmbcluster_storage.calls import Call, Patience, StoppedError
from cmbcluster_storage.errors import (
    AccessDeniedError,
    ConflictError,
    StorageTimeoutError,
    UnavailableError,
)
from cmbcluster_storage.rules import tls_only
from cmbcluster_storage.runner import together
from cmbcluster_storage.s3_policies import access_statement, document, with_statement

from infra import policies

QUICK = Patience(deadline_seconds=5, attempts=3, first_wait_seconds=0.001)


def call(patience=QUICK):
    return Call("aws", "upload_object", "bucket", "secret-key", patience)


def failing(*errors):
    left = list(errors)

    def request(_):
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
