"""Set-up without hands: `.venv` with the locked dependencies, and the engine.

Standard library only, and nothing at import: any Python runs it. A second run takes
less than a second.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parent.parent
_OLDEST_PYTHON = (3, 11)

VENV = (_CHECKOUT / ".venv").resolve()  # a link is another checkout's
_POLICY = _CHECKOUT / "policy"
PYTHON = VENV / "bin" / "python"

_PIP_CURE = "the dependencies could not be installed; look at pip's words above and run it again"


def ensure() -> None:
    """Set up what is missing; exit with one error that names the cures."""
    if sys.version_info < _OLDEST_PYTHON:
        sys.exit(
            f"error: this is Python {sys.version.split()[0]}; run it with Python 3.11 or newer, "
            "like `make PYTHON=python3.12 demo`"
        )
    from sandbox import engine

    try:
        engine.ensure()
        _ensure_environment()
    except engine.SetupError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("error: set-up was interrupted; run it again")


def _ensure_environment() -> None:
    lock_environment(VENV, _CHECKOUT / "requirements-dev.txt")
    project = (_CHECKOUT / "pyproject.toml").read_bytes()
    if not _is_done(VENV, "editable", project):
        _run([*_pip(VENV), "--no-build-isolation", "--no-deps", "-e", str(_CHECKOUT)], _PIP_CURE)
        _done(VENV, "editable", project)
    lock_environment(_POLICY / ".venv", _POLICY / "requirements.txt")


def lock_environment(venv: Path, lock: Path) -> None:
    """Make a virtual environment of exactly what a lock file says, unless it is there.

    Raises:
        SetupError: it could not be made.
    """
    venv = venv.resolve()  # a link is another checkout's
    locked = lock.read_bytes()
    if _is_done(venv, "locked", locked) and (venv / "bin" / "python").exists():
        return
    print(f"Installing {lock} into {venv.name}: about a minute.", file=sys.stderr)
    _run(
        [sys.executable, "-m", "venv", "--clear", str(venv)],
        "this Python cannot make virtual environments; install its venv module (Debian: "
        "`apt install python3-venv`) or use another one: `make PYTHON=python3.12 demo`",
    )
    # The lock is complete and hashed: nothing to resolve. Bytecode comes with the first use.
    _run([*_pip(venv), "--no-compile", "--no-deps", "--require-hashes", "-r", str(lock)], _PIP_CURE)
    _done(venv, "locked", locked)


def _pip(venv: Path) -> "list[str]":
    python = str(venv / "bin" / "python")
    return [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def _is_done(venv: Path, step: str, content: bytes) -> bool:
    """Tell whether a step was finished, not only begun, with this content and in this place."""
    stamp = venv / f"{step}.done"
    return stamp.exists() and stamp.read_text() == _digest(venv, content)


def _done(venv: Path, step: str, content: bytes) -> None:
    (venv / f"{step}.done").write_text(_digest(venv, content))


def _digest(venv: Path, content: bytes) -> str:
    return hashlib.sha256(content + str(venv).encode()).hexdigest()


def _run(command: "list[str]", cure: str) -> None:
    from sandbox.engine import SetupError

    if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
        raise SetupError(cure)


if __name__ == "__main__":
    sys.path.insert(0, os.fspath(_CHECKOUT))
    ensure()
