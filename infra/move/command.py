"""The command: the steps of a move in their order, each told as it is done.

Whatever ends it, and wherever, the same command goes on: it decides by the two states as
they are now. `pulumi state move` saves the target before the source, so whoever moves is
in one of them at least, at every moment.
"""

import argparse
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from infra.config import ConfigError, read
from infra.move.engine import Engine
from infra.move.errors import EngineError, MoveError, RequestError
from infra.move.exports import Exports
from infra.move.plan import StackFile, plan, slugs
from infra.move.states import is_moved
from infra.stack_files import StackFileError, path_of, project_folder, stacks

_DESCRIPTION = """\
Move users from one shard to another; their buckets stay as they are.

First move their entries, as they are, from the file of one stack to that of the other
(the stacks must agree in everything else that buckets are made from), and do not run
`pulumi up` yet. Then this command moves what the states hold of them.
"""

_EPILOG = """\
It looks at both locks, exports both states to .pulumi-move/, moves, and previews both
stacks. If a preview has changes, both states are restored, unless somebody else has
written one of them meanwhile. Killed at any moment, it goes on when it is run again.

exit code: 0 moved, or there already; 1 pulumi failed, a stack is locked or a preview has
changes; 2 the arguments, files or states do not allow it, and nothing was changed

  python -m infra.move ann@example.org --from aws --to aws-002
  python -m sandbox shell --stack aws -c 'python -m infra.move bob --from aws --to aws-002'
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.move",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("users", nargs="+", metavar="USER", help="an id, as in the stack file")
    parser.add_argument("--from", dest="source", required=True, metavar="STACK")
    parser.add_argument("--to", dest="target", required=True, metavar="STACK")
    args = parser.parse_args(arguments)
    try:
        move(project_folder(Path.cwd()), args.users, args.source, args.target)
    except (MoveError, StackFileError) as error:
        print(error, file=sys.stderr)
        return 1 if isinstance(error, EngineError) else 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it was", file=sys.stderr)
        return 130  # what a shell says of Ctrl-C
    return 0


def move(project: Path, users: Sequence[str], source: str, target: str) -> None:
    """Move users whose entries are in the target's file already; tell each step.

    Raises:
        MoveError: it could not be done.
    """
    if source == target:
        raise RequestError(f"--from and --to are both {source}; name two stacks")
    files = _stack_file(project, source), _stack_file(project, target)
    theirs = slugs(users, *files)
    _tell(f"Stack files: {', '.join(theirs)} moved to {files[1].name}; nothing else differs.")

    engine = Engine(project)
    for stack in (source, target):
        engine.look_at_lock(stack)
    _tell(f"Locks: nobody is changing {source} or {target}.")

    before = engine.state(source), engine.state(target)
    todo = plan(theirs, *before)
    exports = Exports(project, theirs.values(), source, target)
    if (todo.move or todo.forget) and not (todo.begun and exports.exist()):
        exports.write(*before)
        _tell(f"Exported both states to {exports.folder}.")

    if todo.forget:
        engine.forget(source, todo.forget)
        _tell(f"Took {len(todo.forget)} resources out of {source}: {target} had them already.")
    if todo.move:
        engine.move(source, target, todo.move)
        _tell(f"Moved {len(todo.move)} resources from {source} to {target}.")
    if not (todo.move or todo.forget):
        _tell(f"Nothing to move: {target} has them, {source} has not.")

    _preview(engine, (source, target), exports, theirs.values())
    if exports.exist():
        exports.remove()
        _tell("Removed the exported states.")
    _tell(
        f"Done. `pulumi up --stack {target}`, then `pulumi up --stack {source}` bring their "
        f"outputs up to date, which the hub reads; nothing else will change."
    )


def _preview(
    engine: Engine, stacks: tuple[str, str], exports: Exports, slugs: Collection[str]
) -> None:
    """Make sure that both previews are without changes, or undo what can be undone."""
    told: list[str] = []
    for stack in stacks:
        if changes := engine.changes(stack):
            told.append(f"The preview of {stack} is not without changes:\n{changes}\n")
        else:
            _tell(f"Preview of {stack}: no changes.")
    if told:
        told.append(_undo(engine, stacks, exports, slugs))
        told.append(
            "Put the entries back where they were, make the other changes with `pulumi up`, "
            "and move the entries again."
        )
        raise EngineError("\n".join(told))


def _undo(engine: Engine, stacks: tuple[str, str], exports: Exports, slugs: Collection[str]) -> str:
    """Restore both states if nobody else has written them; return what was done."""
    source, target = stacks
    if not exports.exist():
        return f"Nothing was undone: this command has moved nothing from {source} to {target}."
    now = engine.state(source), engine.state(target)
    if not is_moved(exports.read(), now, slugs):
        return (
            f"Nothing was undone: the states differ by more than this move from those before it, "
            f"which are in {exports.folder}."
        )
    # The source first: killed in between, both have the users, and the next run goes on.
    engine.restore(source, exports.source)
    engine.restore(target, exports.target)
    return f"Both states are as they were before the move; copies are in {exports.folder}."


def _stack_file(project: Path, stack: str) -> StackFile:
    name = path_of(project, stack).name
    known = stacks(project)
    if stack not in known:
        raise RequestError(f"{stack}: there is no {name}; stacks here are {', '.join(known)}")
    try:
        return StackFile(stack, read(project, stack))
    except ConfigError as error:
        raise RequestError(f"{name}: {error}") from error


def _tell(text: str) -> None:
    print(text, flush=True)
