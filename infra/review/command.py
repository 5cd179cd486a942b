"""The command line: one comment on all that a pull request does, and the check's exit code."""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from infra import exit_codes
from infra.commits import CommitError, Commits
from infra.config import ConfigError, read
from infra.review import base, events, plans
from infra.review.comment import comment
from infra.review.report import Subject, report
from infra.settings import StackConfig
from infra.stack_files import StackFileError, project_folder

_EPILOG = f"""
{exit_codes.HELP}
The guard refuses where a limit is passed without consent, a preview failed, or a stack file
goes whose users were not moved; with 2 there is no comment.

A plan does not say what a policy pack forbids. STACK.events beside it does, if it is there:
  PULUMI_DEBUG_COMMANDS=true pulumi preview --event-log STACK.events ...
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.review",
        description="Write what a pull request does to whose data as Markdown, on stdout.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--base",
        required=True,
        metavar="COMMIT",
        help="the base branch, whose limits hold: origin/main",
    )
    parser.add_argument(
        "plans",
        nargs="*",
        type=Path,
        metavar="STACK.json",
        help="what `pulumi preview --stack STACK --json --ignore-protect --show-sames` printed",
    )
    args = parser.parse_args(arguments)
    return exit_codes.exit_code(
        lambda: _review(args.base, args.plans),
        failed=(),
        wrong=(CommitError, plans.PlanError, StackFileError, OSError),
    )


def _review(commit: str, files: Sequence[Path]) -> int:
    project = project_folder(Path.cwd())
    stacks = {_stack(file) for file in files}
    with tempfile.TemporaryDirectory(prefix="cmbcluster-storage-") as name:
        before = Path(name)
        commits = Commits(project)
        commits.write_stack_files(commits.commit(commit), before)
        found = report(
            [_subject(project, before, file) for file in sorted(set(files))],
            base.gone(before, project),
            [
                (stack, base.limits(before, project, stack), config.review)
                for stack in base.writers(project)
                if stack not in stacks and (config := _config(project, stack))
            ],
        )
    print(comment(found), end="")
    return exit_codes.DONE if found.passes else exit_codes.REFUSED


def _subject(project: Path, before: Path, file: Path) -> Subject:
    stack = _stack(file)
    log = file.with_name(f"{stack}.events")
    return Subject(
        plan=events.with_policies(
            plans.read(stack, _text(file)), _text(log) if log.exists() else ""
        ),
        config=_config(project, stack),
        limits=base.limits(before, project, stack),
    )


def _stack(file: Path) -> str:
    return file.name.removesuffix(".json")


def _text(file: Path) -> str:
    return file.read_text("utf-8", errors="replace")


def _config(project: Path, stack: str) -> StackConfig | None:
    try:
        return read(project, stack)
    except ConfigError:
        return None  # the preview fails for the same reason, and says it
