"""What the emulators share: a process of their own on loopback, kept on disk between runs.

`ServerProcess` starts one and hands it the listener; `arguments`, `SavedSoon` and
`terminated` are for the process itself.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox.processes import exit_with_parent

# Changes are on disk this long after the first of them, or at the end at the latest. A
# benchmark has them saved at the end only: to save takes as long as there is much.
SAVE_AFTER = "SANDBOX_SAVE_AFTER_SECONDS"
_SAVE_AFTER_SECONDS = 0.3


class ServerProcess:
    """A running server, in a process of its own that ends with this one."""

    def __init__(self, module: str, state: Path, env: Mapping[str, str]) -> None:
        """Start it with what `state` holds, which may not exist yet.

        Args:
            module: whose main program it is.
            state: the file of its contents.
            env: is added to the environment.
        """
        with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            # Requests wait in the listener's queue until the process is ready.
            self._module, self._log = module, state.with_suffix(".log")
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [
                        *(sys.executable, "-m", module),
                        *(str(listener.fileno()), str(state), str(os.getpid())),
                    ],
                    pass_fds=[listener.fileno()],
                    env=os.environ | env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    def close(self) -> None:
        """End it, its contents saved; say so if it was gone already, which is an error."""
        if (code := self._process.poll()) is not None:
            print(
                f"error: {self._module} ended by itself ({code}); see {self._log}", file=sys.stderr
            )
        self._process.terminate()
        self._process.wait()


def arguments() -> tuple[int, Path, int]:
    """Return what the process was started with: the listener, the state file, the parent.

    Ctrl-C is ignored from here on: it is for the engine, which needs the server.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listener, state, parent = sys.argv[1:]
    return int(listener), Path(state), int(parent)


class SavedSoon:
    """Has changes saved soon after they are made, many at a time."""

    def __init__(self, save: Callable[[], None]) -> None:
        """Keep what saves them."""
        self._save = save
        self._after_seconds = float(os.environ.get(SAVE_AFTER, _SAVE_AFTER_SECONDS))
        self._timer: asyncio.TimerHandle | None = None

    def note_change(self) -> None:
        """Save within the next moments."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._after_seconds, self._run)

    def _run(self) -> None:
        self._timer = None
        self._save()


async def terminated(parent: int) -> None:
    """Return when the process is told to end, or the one that started it is gone.

    Args:
        parent: the id of that one.
    """
    done = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
    exit_with_parent(parent, leave=lambda: os.kill(os.getpid(), signal.SIGTERM))
    await done.wait()
