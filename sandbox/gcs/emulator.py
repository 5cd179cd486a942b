"""A running server of Cloud Storage, as its users hold it."""

import json
from collections.abc import Mapping
from pathlib import Path

from sandbox.servers import ServerProcess

NUMBERS = "SANDBOX_PROJECT_NUMBERS"


class GcsEmulator(ServerProcess):
    """A running server, in a process of its own that ends with this one."""

    def __init__(self, state: Path, project_numbers: Mapping[str, str] | None = None) -> None:
        """Start it with what `state` holds, which may not exist yet.

        Args:
            state: the file of its contents; large ones are in a folder beside it.
            project_numbers: of the projects whose number the caller states, by id; the
                others have one that is made from their id.
        """
        super().__init__("sandbox.gcs", state, {NUMBERS: json.dumps(dict(project_numbers or {}))})
