"""The program: which of the project's files decide what previews show. Pure.

Whatever is not known to stand beside it is part of it, a new module above all.
`tests/unit/test_shards_program.py` runs the program and proves that it loads nothing of that.
"""

from collections.abc import Iterable

from infra.stack_files import stack_of

# Folders that no stack runs. From any other, one that is new above all, Python may import.
_BESIDE = (".ci/", ".github/", "benchmarks/", "docs/", "examples/", "sandbox/", "tests/")

# Of the project's own files and of those folders': what decides, and what Python may import.
_PROGRAM = ("Pulumi.yaml", "Pulumi.json", "requirements.txt", ".github/kubeconfig.yaml")
_MODULES = (".py", ".pyc", ".so")

# Commands beside it, and what they share.
_COMMANDS = (
    *("infra/adopt/", "infra/gitops/", "infra/move/", "infra/review/", "infra/shards/"),
    *("infra/commits.py", "infra/exit_codes.py"),
)

# What the runtime does with objects and buckets; the clouds' modules begin with their name.
_RUNTIME = "runtime/cmbcluster_storage/"
_CLOUDS = (f"{_RUNTIME}gcs", f"{_RUNTIME}s3")
_OF_HUBS = {
    "backend", "batches", "bodies", "bucket_models", "buckets", "calls", "checksums",
    "contract", "copies", "creation", "deletions", "directories", "downloads", "emptying", "errors",
    "factory", "large_uploads", "links", "listings", "manager", "messages", "models", "objects",
    "outputs", "platforms", "provider", "reads", "runner", "settings", "sinks", "sources",
    "uploads", "usage", "watches", "writes",
}  # fmt: skip


def changes_program(paths: Iterable[str]) -> bool:
    """Tell whether a change of these files is one of what every stack's preview shows.

    Args:
        paths: from the project's folder on, as `Commits.changed` tells them.
    """
    return any(_is_of_program(path) for path in paths)


def _is_of_program(path: str) -> bool:
    if path in _PROGRAM:
        return True
    if stack_of(path.removesuffix("/")) is not None:  # a link is refused, or taken away
        return False
    if "/" not in path:
        return path.endswith(_MODULES)
    if path.startswith((*_BESIDE, *_COMMANDS, *_CLOUDS)):
        return False
    module = path.removeprefix(_RUNTIME).partition(".")[0]
    return not (path.startswith(_RUNTIME) and module in _OF_HUBS)
