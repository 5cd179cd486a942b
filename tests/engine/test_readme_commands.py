"""The README's commands do what it says: each block runs as a person would run it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.workspace import CHECKOUT

README = (CHECKOUT / "README.md").read_text("utf-8")
# `make demo` has its own test; `make test` is what runs this.
BLOCKS = [
    block
    for block in re.findall(r"^```bash\n(.*?)^```$", README, re.M | re.S)
    if not block.startswith("make ")
]


@pytest.mark.parametrize("block", BLOCKS)
def test_every_command_of_the_readme_works(block: str):
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=CHECKOUT,
        env=os.environ | {"PATH": paths, "SHELL": "/bin/sh"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
