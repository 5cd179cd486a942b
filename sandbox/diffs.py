"""Differences as the engine wants them: which properties, and whether they replace.

Pure functions; `properties.differences` finds them.
"""

import re

from sandbox.protocol import provider_pb2


def diff_response(
    changed: list[tuple[str, str]], replaced_by: frozenset[str], replaced_first: bool
) -> provider_pb2.DiffResponse:
    """Return what the engine is told of a change.

    Args:
        changed: (property path, "add" | "delete" | "update") of every difference.
        replaced_by: property paths whose change needs a new resource.
        replaced_first: the old one goes before the new one comes.
    """
    response = provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME
        if changed
        else provider_pb2.DiffResponse.DIFF_NONE,
        hasDetailedDiff=True,
    )
    for path, change in changed:
        top = re.split(r"[.\[]", path)[0]
        replaces = any(is_within(path, other) or is_within(other, path) for other in replaced_by)
        kind = f"{change}_replace" if replaces else change
        response.detailedDiff[path].kind = provider_pb2.PropertyDiff.Kind.Value(kind.upper())
        if top not in response.diffs:
            response.diffs.append(top)
        if replaces and top not in response.replaces:
            response.replaces.append(top)
    response.deleteBeforeReplace = replaced_first and bool(response.replaces)
    return response


def is_within(path: str, other: str) -> bool:
    """Tell whether a property path is another one, or leads further into it."""
    return path == other or path.startswith((f"{other}.", f"{other}["))
