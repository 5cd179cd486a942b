"""Writing: stack files as they are to be, checked together before the first is written."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from infra.shards.check import problems
from infra.shards.errors import RequestError
from infra.shards.fleet import fleet, of_scope


def write(project: Path, texts: Mapping[str, str], scope: str) -> None:
    """Write stack files, one after the other in this order, each whole or not at all.

    Args:
        project: the folder that has Pulumi.yaml.
        texts: file name to text.
        scope: whose files must be right together.

    Raises:
        RequestError: they would not be; nothing was written.
    """
    with tempfile.TemporaryDirectory(prefix="cmbcluster-storage-") as folder:
        for path in project.glob("Pulumi.*.yaml"):
            shutil.copy(path, folder)
        for name, text in texts.items():
            Path(folder, name).write_text(text, "utf-8", newline="")
        try:
            wrong = problems(of_scope(fleet(Path(folder)), scope))
        except RequestError as error:
            wrong = [str(error)]
    if wrong:
        raise RequestError("\n".join(["nothing was written, because then:", *wrong]))
    for name, text in texts.items():
        unfinished = project / f".{name}.unfinished"
        unfinished.write_text(text, "utf-8", newline="")
        unfinished.replace(project / name)


def text_of(project: Path, name: str) -> str:
    """Return a file's text with its own line ends."""
    return (project / name).read_bytes().decode()
