"""The server's process: `python -m sandbox.gcs LISTENER_FD STATE_FILE PARENT_PID`."""

import asyncio
import json
import os
from socket import socket

from sandbox.gcs.emulator import NUMBERS
from sandbox.gcs.server import serve
from sandbox.servers import arguments

if __name__ == "__main__":
    listener, state, parent = arguments()
    numbers = json.loads(os.environ.get(NUMBERS, "{}"))
    asyncio.run(serve(socket(fileno=listener), state, parent, numbers))
