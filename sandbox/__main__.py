"""`python -m sandbox`: sets up what is missing, then does what it is told (see cli)."""

import os
import sys
from pathlib import Path

from sandbox import engine, setup

in_environment = Path(sys.prefix).resolve() == setup.VENV
if not (in_environment and engine.is_chosen()):
    setup.ensure()
if not in_environment:
    os.execv(setup.PYTHON, [str(setup.PYTHON), "-m", "sandbox", *sys.argv[1:]])  # noqa: S606 - no shell wanted

from sandbox.cli import main

try:
    code = main()
except KeyboardInterrupt:
    code = 130  # what a shell says of Ctrl-C
sys.exit(code)
