"""`python -m infra.gitops`: see command."""

import sys
from pathlib import Path

# As in the program: requirements.txt alone is enough.
sys.path.insert(0, str(Path(__file__).parents[2] / "runtime"))

from infra.gitops.command import main

sys.exit(main())
