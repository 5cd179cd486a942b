"""A policy pack's process: what the language host starts in the pack's own environment.

Runs the SDK's own module, and ends with the host: the engine may be killed, and the module
waits for ever. Standard library only, since nothing of ours is in that environment.
"""

import os
import runpy
import sys
from pathlib import Path

from sandbox.processes import exit_with_parent


def main() -> None:
    """Take the host's id off the arguments, and leave the rest to the SDK."""
    exit_with_parent(int(sys.argv.pop(1)))
    # What this module needed of the checkout, the pack must not find.
    del os.environ["PYTHONPATH"]
    checkout = str(Path(__file__).resolve().parent.parent)
    sys.path[:] = [entry for entry in sys.path if entry not in ("", checkout)]
    runpy.run_module("pulumi.policy", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
