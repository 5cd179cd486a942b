import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sandbox import engine, setup
from sandbox.workspace import CHECKOUT


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with nothing on PATH, no cache and no choice made yet."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(engine, "_CHOSEN", tmp_path / "private" / "engine")
    return tmp_path


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)
    return path


def test_without_pulumi_and_go_one_error_names_both_cures(machine: Path):
    with pytest.raises(engine.SetupError) as caught:
        engine.ensure()

    assert str(caught.value) == (
        f"there is no `pulumi` {engine.version()} or newer on PATH, and no Go to build one; "
        "install either: https://www.pulumi.com/docs/install/ or https://go.dev/doc/install"
    )


@pytest.mark.parametrize("told", ["v3.259.0", "v3.260.1", "v4.0.0", "v3.259.1-alpha.1"])
def test_a_new_enough_pulumi_on_path_is_taken(machine: Path, told: str):
    pulumi = program(machine / "bin" / "pulumi", f"echo {told}")

    engine.ensure()

    assert engine.path() == pulumi


@pytest.mark.parametrize("told", ["v3.258.9", "v2.400.0", ""])
def test_an_older_one_is_passed_over_for_the_cached(machine: Path, told: str):
    program(machine / "bin" / "pulumi", f"echo {told}")
    cached = program(engine.cache_folder() / "pulumi", "")

    engine.ensure()

    assert engine.path() == cached


def test_it_is_built_once_with_progress_and_then_cached(
    machine: Path, capsys: pytest.CaptureFixture[str]
):
    program(machine / "bin" / "go", 'while [ "$1" != -o ]; do shift; done; echo built > "$2"')

    engine.ensure()
    engine.ensure()

    assert engine.path() == engine.cache_folder() / "pulumi"
    assert [path.name for path in engine.cache_folder().iterdir()] == ["pulumi"]
    assert capsys.readouterr().err == (
        f"Building the Pulumi engine {engine.version()} with Go: about 4 minutes on 2 cores, "
        "once for this user.\n"
    )


def test_a_failed_build_leaves_nothing_and_says_what_go_said(machine: Path):
    program(machine / "bin" / "go", "echo no such module >&2; exit 1")

    with pytest.raises(engine.SetupError, match="no such module"):
        engine.ensure()

    assert list(engine.cache_folder().iterdir()) == []
    assert not engine.is_chosen()


def test_an_engine_that_vanished_is_not_chosen_any_more(machine: Path):
    pulumi = program(machine / "bin" / "pulumi", "echo v3.259.0")
    engine.ensure()
    pulumi.unlink()

    assert not engine.is_chosen()
    with pytest.raises(engine.SetupError, match="run `make setup`"):
        engine.path()


def test_the_engine_is_as_new_as_the_sdk():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))

    assert f"pulumi=={engine.version()}" in project["project"]["optional-dependencies"]["infra"]


def test_a_python_without_venv_is_told_with_the_cure(
    machine: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "executable", str(program(machine / "python", "exit 1")))
    lock = machine / "lock.txt"
    lock.write_text("", "utf-8")

    with pytest.raises(engine.SetupError, match=r"apt install python3-venv.*make PYTHON="):
        setup.lock_environment(machine / "venv", lock)


def test_an_environment_is_made_again_when_the_lock_changes_or_a_set_up_was_interrupted(
    machine: Path, monkeypatch: pytest.MonkeyPatch
):
    venv, lock, calls = machine / "venv", machine / "lock.txt", machine / "calls"
    pip = f'#!/bin/sh\\necho pip >> {calls}; test -z \\"$FAIL\\"'
    python = program(
        machine / "python",
        f'echo venv >> {calls}; mkdir -p {venv}/bin; printf "{pip}\\n" > {venv}/bin/python; '
        f"chmod +x {venv}/bin/python",
    )
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("PATH", f"{machine / 'bin'}:/bin:/usr/bin")
    lock.write_text("one", "utf-8")

    def made() -> list[str]:
        calls.write_text("", "utf-8")
        setup.lock_environment(venv, lock)
        return calls.read_text("utf-8").split()

    assert made() == ["venv", "pip"]
    assert made() == []
    lock.write_text("two", "utf-8")
    monkeypatch.setenv("FAIL", "1")
    with pytest.raises(engine.SetupError, match="could not be installed"):
        made()
    monkeypatch.delenv("FAIL")
    assert made() == ["venv", "pip"]
    assert made() == []

    # Another checkout's: nothing is cleared through the link.
    link = machine / "linked"
    link.symlink_to(venv)
    setup.lock_environment(link, lock)
    assert calls.read_text("utf-8") == ""


def test_an_old_python_is_told_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 0))

    with pytest.raises(SystemExit, match=r"run it with Python 3\.11 or newer"):
        setup.ensure()


def test_no_file_names_a_machine_s_path_or_a_registry():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    # A letter in brackets means itself, and keeps this file from being found.
    forbidden = re.compile(
        r"/[r]oot/|/[t]mp/(?!\w*$)\w+/|/[h]ome/(?!jovyan)\w+|"
        r"[p]ypi\.org|[f]iles\.pythonhosted|[p]roxy\.golang|[i]ndex-url|[r]egistry\.npmjs"
    )
    paths = [Path(name) for name in listed.stdout.split("\0") if name]
    assert len(paths) > 50
    found = {
        str(path): match[0]
        for path in paths
        if (match := forbidden.search((CHECKOUT / path).read_text("utf-8")))
    }

    assert found == {}
