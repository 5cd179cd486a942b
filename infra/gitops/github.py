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
        there = self._own(f"issues/{pull_request}/comments", MARK)
        if there:
            self._send("PATCH", f"issues/comments/{there[0]['id']}", {"body": text})
        elif text != NOTHING:
            self._send("POST", f"issues/{pull_request}/comments", {"body": text})

    def write_issues(self, stacks: Sequence[str], folder: Path) -> None:
        """Open, update or close the issue of each stack.

        Args:
            stacks: their names.
            folder: of the reports; one that is missing is of a job that did not come so far.

        Raises:
            GitopsError: a report is missing, or GitHub does not take one.
        """
        reports = {stack: (folder / f"{stack}.md") for stack in stacks}
        if missing := [stack for stack, file in reports.items() if not file.exists()]:
            raise GitopsError(f"nobody has looked for drift in {', '.join(missing)}")
        for stack, file in reports.items():
            self._write_issue(stack, file.read_text("utf-8"))

    def _write_issue(self, stack: str, text: str) -> None:
        query = "issues?state=open&creator=github-actions%5Bbot%5D"
        there = self._own(query, drift.mark(stack))
        if there and text:
            content = {"title": drift.title(text), "body": text}
            self._send("PATCH", f"issues/{there[0]['number']}", content)
        elif there:
            self._send("PATCH", f"issues/{there[0]['number']}", {"state": "closed"})
        elif text:
            self._send("POST", "issues", {"title": drift.title(text), "body": text})

    def _own(self, path: str, mark: str) -> list[dict[str, Any]]:
        pages = json.loads(self._gh("--paginate", "--slurp", f"repos/{self.name}/{path}"))
        return [
            one
            for page in pages
            for one in page
            if (one["user"] or {}).get("login") == BOT and (one["body"] or "").startswith(mark)
        ]

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
