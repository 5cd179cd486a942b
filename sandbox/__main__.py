"""`python -m sandbox`: sets up what is missing, then does what it is told (see cli)."""

import os
import sys

from sandbox import setup

if os.path.abspath(sys.prefix) != os.path.abspath(setup.PYTHON.parent.parent):
    setup.ensure()
    os.execv(setup.PYTHON, [str(setup.PYTHON), "-m", "sandbox", *sys.argv[1:]])

from sandbox.cli import main

sys.exit(main())
