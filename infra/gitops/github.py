"""GitHub: the one comment of a pull request and the one issue of a stack, by `gh`.

They are found again by a mark that they begin with, and by who wrote them: anybody can write
the mark.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.gitops import drift
from infra.gitops.errors import GitopsError
from infra.review.comment import MARK, NOTHING

# Who writes with the token of a workflow.
BOT = "github-actions[bot]"
_OPEN = "issues?state=open&creator=github-actions%5Bbot%5D&per_page=100"


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub.

    Attributes:
        name: owner/name.
    """

    name: str

    def write_comment(self, pull_request: int, text: str) -> None:
        """Write the comment of a pull request, over the one that is there.

        What concerns nobody is told only where the comment said something else.

        Raises:
            GitopsError: the text is no review, or GitHub does not take it.
        """
        if not text.startswith(MARK):
            raise GitopsError("this is no review; the step that writes it says why")
        there = _marked(self._own(f"issues/{pull_request}/comments"), MARK)
        if there:
            self._send("PATCH", f"issues/comments/{there['id']}", {"body": text})
        elif text != NOTHING:
            self._send("POST", f"issues/{pull_request}/comments", {"body": text})

    def write_issues(self, stacks: Sequence[str], folder: Path) -> None:
        """Open, update or close the issue of each stack; one that fails does not stop the next.

        GitHub limits requests: what is open is asked once, and what says the same is left.

        Args:
            stacks: their names.
            folder: of the reports; one that is missing is of a job that did not come so far.

        Raises:
            GitopsError: reports are missing, or GitHub does not take some; all are named.
        """
        reports = {stack: folder / f"{stack}.md" for stack in stacks}
        there = {stack: file for stack, file in reports.items() if file.exists()}
        issues = self._own(_OPEN) if there else []
        problems: list[str] = []
        for stack, file in there.items():
            try:
                self._write_issue(_marked(issues, drift.mark(stack)), file.read_text("utf-8"))
            except GitopsError as error:
                problems.append(f"{stack}: {error}")
        if missing := [stack for stack in reports if stack not in there]:
            problems.append(f"nobody has looked for drift in {', '.join(missing)}")
        if problems:
            raise GitopsError("\n".join(problems))

    def _write_issue(self, there: dict[str, Any] | None, text: str) -> None:
        if there is None and text:
            self._send("POST", "issues", {"title": drift.title(text), "body": text})
        elif there and not text:
            self._send("PATCH", f"issues/{there['number']}", {"state": "closed"})
        elif there and there["body"].splitlines() != text.splitlines():
            content = {"title": drift.title(text), "body": text}
            self._send("PATCH", f"issues/{there['number']}", content)

    def _own(self, path: str) -> list[dict[str, Any]]:
        pages = json.loads(self._gh("--paginate", "--slurp", f"repos/{self.name}/{path}"))
        return [one for page in pages for one in page if (one["user"] or {}).get("login") == BOT]

    def _send(self, method: str, path: str, document: Mapping[str, str]) -> None:
        arguments = ("--method", method, f"repos/{self.name}/{path}", "--input", "-")
        self._gh(*arguments, given=json.dumps(document))

    def _gh(self, *arguments: str, given: str = "") -> str:
        done = subprocess.run(
            ["gh", "api", *arguments],  # noqa: S607
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise GitopsError(f"`gh api {' '.join(arguments)}` failed: {done.stderr.strip()}")
        return done.stdout


def _marked(own: Sequence[dict[str, Any]], mark: str) -> dict[str, Any] | None:
    """Return the first entry that begins with a mark."""
    return next((one for one in own if (one["body"] or "").startswith(mark)), None)
