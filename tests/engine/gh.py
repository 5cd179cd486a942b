"""Stands in for `gh api`: one repository's comments and issues, in the file GH_STORE."""

import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOT = {"login": "github-actions[bot]"}


def main(arguments: list[str]) -> None:
    """Answer one request as GitHub does, of what the pipeline uses."""
    store = Path(os.environ["GH_STORE"])
    held: dict[str, list[dict[str, Any]]] = json.loads(store.read_text("utf-8"))
    match arguments:
        case ["api", "--paginate", "--slurp", path]:
            url = urlsplit(path)
            query = parse_qs(url.query)
            of_path = held.get(url.path, [])
            found = [one for one in of_path if query.get("state") in (None, [one["state"]])]
            size = int(query.get("per_page", ["30"])[0])
            pages = [found[first : first + size] for first in range(0, len(found), size)]
            print(json.dumps(pages or [[]]))
        case ["api", "--method", "POST", path, "--input", "-"]:
            of_path = held.setdefault(path, [])
            number = sum(map(len, held.values())) + 1
            new = {"id": number, "number": number, "state": "open", "user": BOT}
            of_path.append(new | json.load(sys.stdin))
        case ["api", "--method", "PATCH", path, "--input", "-"]:
            number = int(path.rpartition("/")[2])
            (one,) = (one for of_path in held.values() for one in of_path if one["id"] == number)
            one |= json.load(sys.stdin)
        case _:
            sys.exit(f"this is not answered here: {arguments}")
    store.write_text(json.dumps(held), "utf-8")


if __name__ == "__main__":
    if "GH_TOKEN" not in os.environ:
        sys.exit("gh: To use GitHub CLI in a GitHub Actions workflow, set GH_TOKEN.")
    main(sys.argv[1:])
