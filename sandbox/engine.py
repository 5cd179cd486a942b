"""The Pulumi engine: found on PATH or in this user's cache, else built once with Go.

Standard library only: it runs before anything is installed. The version is that of the
Go module in sandbox/pulumi/, the same as the SDK's in pyproject.toml.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent
_MODULE = _FOLDER / "pulumi"
_CHOSEN = _FOLDER.parent / ".sandbox" / "engine"
_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_PROGRESS_SECONDS = 15


class SetupError(Exception):
    """The machine lacks something; the text says what, and every cure."""


def version() -> str:
    """Return the engine's version, like "3.259.0"."""
    match = re.search(
        r"\bgithub\.com/pulumi/pulumi/sdk/v3 v(\S+)", (_MODULE / "go.mod").read_text()
    )
    if match is None:
        raise SetupError(f"{_MODULE / 'go.mod'} names no version of the engine; restore the file")
    return match[1]


def path() -> Path:
    """Return the engine's program, as `ensure` has chosen it.

    Raises:
        SetupError: nothing was set up, or it is no longer there.
    """
    if not is_chosen():
        raise SetupError("the engine is not set up; run `make setup`")
    return Path(_CHOSEN.read_text())


def is_chosen() -> bool:
    """Tell whether `ensure` was here, and what it chose still is."""
    return _CHOSEN.exists() and Path(_CHOSEN.read_text()).exists()


def ensure() -> None:
    """Choose the engine, and build it if there is none.

    Raises:
        SetupError: there is neither a new enough `pulumi` nor Go, or the build failed.
    """
    on_path = shutil.which("pulumi")
    cached = cache_folder() / "pulumi"
    if on_path and _is_new_enough(on_path):
        chosen = Path(on_path)
    elif cached.exists():
        chosen = cached
    else:
        _build(cached)
        chosen = cached
    _CHOSEN.parent.mkdir(exist_ok=True)
    _CHOSEN.write_text(str(chosen.absolute()))


def cache_folder() -> Path:
    """Return this user's folder for the built engine, shared by all checkouts."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return base / "cmbcluster-storage" / f"pulumi-{version()}"


def _is_new_enough(program: str) -> bool:
    told = subprocess.run(
        [program, "version"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"},
    ).stdout
    return _numbers(told) >= _numbers(version())


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)[:3]]


def _build(target: Path) -> None:
    if (go := shutil.which("go")) is None:
        raise SetupError(
            f"there is no `pulumi` {version()} or newer on PATH, and no Go to build one; install "
            "either: https://www.pulumi.com/docs/install/ or https://go.dev/doc/install"
        )
    print(
        f"Building the Pulumi engine {version()} with Go: about 4 minutes on 2 cores, "
        f"once for this user.",
        file=sys.stderr,
        flush=True,
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    built = target.with_suffix(f".{os.getpid()}")
    flags = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{version()}"
    command = [go, "build", "-trimpath", "-ldflags", flags, "-o", str(built), _PACKAGE]
    started = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=_MODULE,
        env=os.environ | {"CGO_ENABLED": "0"},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while True:
            try:
                _, errors = process.communicate(timeout=_PROGRESS_SECONDS)
                break
            except subprocess.TimeoutExpired:
                minutes, seconds = divmod(round(time.monotonic() - started), 60)
                print(f"  … {minutes}:{seconds:02}", file=sys.stderr, flush=True)
    if process.returncode:
        raise SetupError(f"`{' '.join(command[:2])}` of the engine failed:\n{errors.strip()}")
    built.replace(target)
