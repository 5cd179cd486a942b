"""Whatever ends a run, and however: nothing of it lives on, and it can be run again."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Stack

from sandbox.workspace import CHECKOUT

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

UP = """
import sys
from pathlib import Path
from sandbox.run import Run
from sandbox.workspace import Workspace
with Run(Workspace(Path(sys.argv[1])), "aws") as run:
    sys.exit(run.pulumi("up", "--skip-preview").returncode)
"""

PREVIEW = UP.replace('"up", "--skip-preview"', '"preview", "--policy-pack", "policy"')


def processes_of(session: int) -> dict[int, str]:
    """Return the living processes of a session, id to command line."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            found[int(path.name)] = command
    return found


def wait_for(condition: Callable[[], object], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def started(command: list[str]) -> subprocess.Popen[str]:
    """Start a command in a session of its own, so that all that it starts can be found."""
    return subprocess.Popen(
        command,
        cwd=CHECKOUT,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def running(session: int, what: str) -> list[int]:
    return [pid for pid, command in processes_of(session).items() if what in command]


# Where in a run it is hit: the engine has started, the program runs, resources are made.
MOMENTS = ("pulumi up", "sandbox.program", "sandbox.kubernetes")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("victim", ["run", "engine"])
def test_after_a_kill_nothing_lives_and_the_next_up_works(tmp_path: Path, moment: str, victim: str):
    process = started([sys.executable, "-c", UP, str(tmp_path)])
    assert wait_for(lambda: running(process.pid, moment), 30)

    pid = process.pid if victim == "run" else running(process.pid, "pulumi up")[0]
    os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=30)

    assert wait_for(lambda: not processes_of(process.pid), 10), processes_of(process.pid)
    again = started([sys.executable, "-c", UP, str(tmp_path / "again")])
    told, _ = again.communicate(timeout=120)
    assert again.returncode == 0, told


def test_a_policy_pack_ends_with_its_engine(tmp_path: Path):
    process = started([sys.executable, "-c", PREVIEW, str(tmp_path)])
    assert wait_for(lambda: running(process.pid, "sandbox.policy_pack"), 30)

    os.kill(running(process.pid, "pulumi preview")[0], signal.SIGKILL)
    process.communicate(timeout=30)

    assert wait_for(lambda: not processes_of(process.pid), 10), processes_of(process.pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_engine_in_order_and_the_same_workspace_goes_on(
    tmp_path: Path, number: signal.Signals
):
    process = started([sys.executable, "-c", UP, str(tmp_path)])
    assert wait_for(lambda: running(process.pid, "sandbox.program"), 30)

    os.kill(process.pid, number)
    told, _ = process.communicate(timeout=60)

    assert process.returncode != 0
    assert wait_for(lambda: not processes_of(process.pid), 10), processes_of(process.pid)
    again = started([sys.executable, "-c", UP, str(tmp_path)])
    told, _ = again.communicate(timeout=120)
    assert again.returncode == 0, told


def test_a_killed_demo_leaves_nothing_and_the_next_one_works():
    demo = [sys.executable, "-m", "sandbox", "demo"]
    process = started(demo)
    assert wait_for(lambda: running(process.pid, "sandbox.program"), 30)

    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)

    assert wait_for(lambda: not processes_of(process.pid), 10), processes_of(process.pid)
    again = started(demo)
    told, _ = again.communicate(timeout=120)
    assert again.returncode == 0, told
    assert not processes_of(again.pid)


def test_a_demo_ends_with_the_make_that_started_it():
    process = started(["sh", "-c", f"{sys.executable} -m sandbox demo; true"])
    assert wait_for(lambda: running(process.pid, "sandbox.program"), 30)

    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)

    assert wait_for(lambda: not processes_of(process.pid), 10), processes_of(process.pid)


def test_servers_listen_on_loopback_only(stack: Stack):
    stack.hand.buckets()  # it is up once it has answered
    listening = {
        line.split()[1].partition(":")[0]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{stack.run.emulator.pid}/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[9] in sockets_of(stack.run.emulator.pid)
    }
    assert listening == {"0100007F"}


def sockets_of(pid: int) -> set[str]:
    links = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it has been closed meanwhile
            links.add(str(path.readlink()))
    return {link[len("socket:[") : -1] for link in links if link.startswith("socket:")}
