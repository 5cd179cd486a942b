"""How a benchmark ends: with an exit code, and with nothing left of what it has started."""

import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from sandbox.processes import exit_with_parent


def run(main: Callable[[], int], *failures: type[Exception]) -> NoReturn:
    """Run a benchmark and leave.

    Args:
        main: returns the exit code; ends what it has started when it is interrupted.
        failures: whose text is all that whoever runs it must read.
    """
    # However it is ended, it ends what it has started and removes its folder.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    exit_with_parent(leave=lambda: os.kill(os.getpid(), signal.SIGTERM))
    try:
        sys.exit(main())
    except failures as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)  # what a shell says of Ctrl-C
