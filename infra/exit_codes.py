"""How the commands of CI end: one convention, which the `--help` of each shows."""

import sys
from collections.abc import Callable

DONE, FAILED, WRONG, REFUSED = range(4)

HELP = """\
exit codes:
  0  done
  1  failed: not all of it is done, or what was checked is not right
  2  an argument, a file or a commit is not as it must be; nothing was changed
  3  the guard refuses (review)
"""

_INTERRUPTED = 130  # what a shell says of Ctrl-C

Errors = tuple[type[Exception], ...]


def exit_code(work: Callable[[], int], failed: Errors, wrong: Errors) -> int:
    """Do a command's work and return its exit code; the text of an error goes to stderr.

    Args:
        work: returns what the command itself says.
        failed: the errors that say that it could not be done, or found something.
        wrong: those that say what must be another; where one is both, it has failed.
    """
    try:
        return work()
    except failed as error:
        print(error, file=sys.stderr)
        return FAILED
    except wrong as error:
        print(error, file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it was", file=sys.stderr)
        return _INTERRUPTED
