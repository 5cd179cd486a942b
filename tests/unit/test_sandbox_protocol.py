"""The engine's protocol comes without Pulumi's SDK, and does not get in its way."""

import subprocess
import sys

import pytest


def printed(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("process", ["language_host", "aws", "gcp", "kubernetes"])
def test_what_the_engine_starts_does_not_import_the_sdk(process: str):
    told = f"import sys, sandbox.{process}; print(sorted(n for n in sys.modules if 'pulumi' in n))"

    assert printed(told) == "[]"


@pytest.mark.parametrize(
    "imports",
    [
        ["sandbox.protocol", "pulumi, pulumi.runtime.proto.provider_pb2"],
        ["pulumi, pulumi.runtime.proto.provider_pb2", "sandbox.protocol"],
    ],
    ids=["before", "after"],
)
def test_with_the_sdk_beside_it_the_messages_are_the_same(imports: list[str]):
    code = f"""
import {imports[0]}
import {imports[1]}
assert pulumi.Output.from_input(1)
print(sandbox.protocol.provider_pb2.CheckRequest is pulumi.runtime.proto.CheckRequest)
"""

    assert printed(code) == "True"
