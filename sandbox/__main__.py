"""`python -m sandbox`: sets up what is missing, then does what it is told (see cli)."""

import os
import sys
from pathlib import Path

from sandbox import setup

if Path(sys.prefix).resolve() != setup.VENV:
    setup.ensure()
    os.execv(setup.PYTHON, [str(setup.PYTHON), "-m", "sandbox", *sys.argv[1:]])  # noqa: S606 - no shell wanted

from sandbox.cli import main

sys.exit(main())
