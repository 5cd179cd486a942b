"""Markdown in which data stays data. Pure.

Whatever a pull request can write (ids, labels, names, the program's errors) goes through
`code` or `block`. In code nothing is Markdown, HTML, a link or a mention, on GitHub as in
the specification; so all that has to be kept from it is the end of the code.

Source: https://github.github.com/gfm/#code-spans
Source: https://github.github.com/gfm/#fenced-code-blocks
"""

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate

_LONGEST = 300  # characters between words
_LINE = 1_000  # bytes of a line of a block

# GitHub's parser takes no more than 79 backticks for the beginning of code, and counts them up
# to 255 at the beginning of a block: more than a text may have, it could end its code by.
# Source: https://github.com/github/cmark-gfm/blob/master/src/inlines.c (MAXBACKTICKS)
_RUN = re.compile("`{40,}")

# What Python counts as printable and nobody sees, so that two ids would look like one.
# Source: https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
# (Default_Ignorable_Code_Point, and the empty Braille pattern)
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def code(text: str) -> str:
    """Return a text of one line as code between words."""
    text = _printable(text)
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    fence = "`" * (_longest_run(text) + 1)
    # Next to a backtick, and where a space stands at both ends, one space is taken away.
    pad = " " if not text or text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def codes(texts: Sequence[str], room: int = 600) -> str:
    """Return several texts as code, and how many of them find no room.

    Args:
        texts: of one line each.
        room: in bytes; the first is there in any case.
    """
    return listed([code(text) for text in texts], room)


def listed(shown: Sequence[str], room: int) -> str:
    """Return Markdown one after the other, and how many of it find no room.

    Args:
        shown: of one line each.
        room: in bytes; the first is there in any case.
    """
    sizes = accumulate(len(one.encode()) + len(", ") for one in shown)
    fitting = max(1, sum(size <= room for size in sizes))
    more = len(shown) - fitting
    return f"{', '.join(shown[:fitting])}{f' and {more} more' if more > 0 else ''}"


def block(lines: Iterable[str], language: str, room: int | None = None) -> str:
    """Return lines as a block of code, and how many of them find no room.

    Args:
        lines: of any length; what is too long of one is cut.
        language: by which it is coloured.
        room: in bytes; None for all lines.
    """
    written = [_cut(_printable(line)) for line in lines]
    sizes = accumulate(len(line.encode()) + 1 for line in written)
    fitting = len(written) if room is None else sum(size <= room for size in sizes)
    more = len(written) - fitting
    kept = [*written[:fitting], *([f"({more} more)"] if more else [])]
    fence = "`" * max(3, max(map(_longest_run, kept), default=0) + 1)
    return "\n".join([f"{fence}{language}", *kept, fence])


def folded(summary: str, text: str) -> str:
    """Return text that is shown on a click.

    Args:
        summary: what is clicked: words of ours, no data, since it is HTML.
        text: Markdown.
    """
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


def _printable(text: str) -> str:
    """Return text with what nobody sees, or ends a line or code, written as an escape."""
    text = _RUN.sub(lambda run: f"{'`' * 40}…({len(run[0])})", text)
    if text.isprintable() and not _UNSEEN.search(text):
        return text
    return "".join(
        char.encode("unicode_escape").decode()
        if _UNSEEN.match(char) or not char.isprintable()
        else char
        for char in text
    )


def _cut(line: str) -> str:
    encoded = line.encode()
    return line if len(encoded) <= _LINE else f"{encoded[:_LINE].decode(errors='ignore')}…"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
