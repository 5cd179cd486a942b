"""`python -m infra.adopt`: writes the stack file's entry for a bucket that exists (see command)."""

import sys
from pathlib import Path

# An environment of requirements.txt alone has the runtime's source only.
sys.path.insert(0, str(Path(__file__).parents[2] / "runtime"))

from infra.adopt.command import main

sys.exit(main())
