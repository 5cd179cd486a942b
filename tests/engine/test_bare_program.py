"""The benchmark's bare program is a fair one, and nothing of the benchmark stays behind."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from harness import Stack
from test_processes import processes_of, running, started, wait_for

from benchmarks import bare


def test_the_bare_program_declares_what_ours_does(stack: Stack):
    state = json.loads(stack.pulumi("stack", "export"))

    bare.install(bare.constants(state), stack.workspace)
    stack.pulumi("up", "--skip-preview", "--expect-no-changes")

    assert bare.declared(json.loads(stack.pulumi("stack", "export"))) == bare.declared(state)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_benchmark_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = started([sys.executable, "-m", "benchmarks.engine", "--users", "1"])
    assert wait_for(lambda: running(process.pid, "sandbox.program"), 30)

    os.kill(process.pid, number)
    told, _ = process.communicate(timeout=60)

    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert wait_for(lambda: not processes_of(process.pid), 10), processes_of(process.pid)
    assert list(tmp_path.glob("cmbcluster-storage-*")) == []
