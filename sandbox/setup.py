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
_LOCK = _CHECKOUT / "requirements-dev.txt"
_OLDEST_PYTHON = (3, 11)

VENV = _CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"


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
    wanted = hashlib.sha256(
        _LOCK.read_bytes() + (_CHECKOUT / "pyproject.toml").read_bytes() + str(VENV).encode()
    ).hexdigest()
    installed = VENV / "installed"  # written last: an interrupted set-up starts again
    if PYTHON.exists() and installed.exists() and installed.read_text() == wanted:
        return
    print("Installing the locked dependencies into .venv: about a minute.", file=sys.stderr)
    _run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)],
        "this Python cannot make virtual environments; install its venv module (Debian: "
        "`apt install python3-venv`) or use another one: `make PYTHON=python3.12 demo`",
    )
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    cure = "the dependencies could not be installed; look at pip's words above and run it again"
    # The lock is complete and hashed, so pip need not resolve; bytecode comes when it is used.
    _run([*pip, "--no-compile", "--no-deps", "--require-hashes", "-r", str(_LOCK)], cure)
    _run([*pip, "--no-build-isolation", "--no-deps", "-e", str(_CHECKOUT)], cure)
    installed.write_text(wanted)


def _run(command: "list[str]", cure: str) -> None:
    from sandbox.engine import SetupError

    if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
        raise SetupError(cure)


if __name__ == "__main__":
    sys.path.insert(0, os.fspath(_CHECKOUT))
    ensure()
