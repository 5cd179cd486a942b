"""Nothing that a pull request writes becomes Markdown, by GitHub's own parser."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra.review import markdown
from infra.review.comment import LIMIT, comment
from infra.review.plans import Plan, Resource, Step
from infra.review.report import Subject, report
from infra.settings import Review

# Of which everything consists that GitHub and Markdown give a meaning to.
_SPECIAL = "`<>@[](){}|*_~#!\\&;:/.-+= '\"\n\r\t0w\u2028\u202e\ud800é"
_KEYS = ("versioning", "lifecycleRules", "rules", "softDeletePolicy", "bucket")
nasty = st.sampled_from(_KEYS) | st.text(
    st.sampled_from(_SPECIAL) | st.characters(), min_size=1, max_size=40
)

ATTACKS = [
    "```\n# gone",
    "~~~\n@everybody",
    "`a` @somebody #1 `",
    "``",
    "`" * 40,
    "`" * 80 + " @octocat ![x](http://example.org/p.png)",
    "`" * 256,
    " ` ",
    "\\`",
    "<img src=x onerror=alert(1)>",
    "</code></details><script>",
    "<!-- ",
    "[click](https://example.org)",
    "https://example.org www.example.org ann@example.org",
    "| a | b |\n|---|---|",
    "a\n\nb\n\n# c",
    "- x\n+ y\n> z",
    "&lt;b&gt; &#64;somebody",
    "GH-1 owner/repo#1 0123456789abcdef0123456789abcdef01234567",
    ":tada: $x$ ${{ secrets.TOKEN }}",
    "versioning",
    "[secret]",
    "4dabf18193072939515e22adb298388d",
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
]


class Rendered(HTMLParser):
    """What GitHub's parser makes of a text: its code, what stands outside, and its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.code: list[str] = []
        self.outside = ""
        self.tags: set[str] = set()
        self._within = 0
        extensions = ["table", "strikethrough", "autolink", "tagfilter", "tasklist"]
        self.feed(
            cmarkgfm.markdown_to_html_with_extensions(
                text, options=Options.CMARK_OPT_UNSAFE, extensions=extensions
            )
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "code":
            self._within += 1
            self.code.append("")
        assert not attrs or (tag == "code" and attrs in CLASSES)

    def handle_endtag(self, tag: str) -> None:
        self._within -= tag == "code"

    def handle_data(self, data: str) -> None:
        if self._within:
            self.code[-1] += data
        else:
            self.outside += data

    def handle_comment(self, data: str) -> None:
        self.outside += f"<!--{data}-->"


CLASSES = [[("class", f"language-{language}")] for language in ("text", "diff")]
TAGS = {
    "h2",
    "h3",
    "h4",
    "p",
    "ul",
    "li",
    "blockquote",
    "strong",
    "code",
    "pre",
    "details",
    "summary",
}


# Printable to Python, and seen by nobody: joiners, fillers, variation selectors.
UNSEEN = {chr(0x034F), *"\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"} | {
    chr(number)
    for first, last in ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
    for number in range(first, last + 1)
}


def printed(text: str) -> str:
    text = re.sub("`{40,}", lambda run: f"{'`' * 40}…({len(run[0])})", text)
    return "".join(
        char
        if char.isprintable() and char not in UNSEEN
        else char.encode("unicode_escape").decode()
        for char in text
    )


@pytest.mark.parametrize("text", [*ATTACKS, "", " ", "  ", "a ", " a", " a ", "`", "a`", "``a`"])
def test_code_shows_a_text_as_it_is(text: str):
    found = Rendered(f"x {markdown.code(text)} y")
    assert (found.outside, found.tags) == ("x  y\n", {"p", "code"})
    # Spaces alone are shown as they are; beside them a text has one more at each end.
    assert found.code[0].strip() == printed(text).strip()


@given(nasty, nasty)
def test_two_texts_in_one_line_do_not_meet(first: str, second: str):
    found = Rendered(f"{markdown.codes([first, second])}.")
    assert found.outside == ", .\n"
    assert [one.strip() for one in found.code] == [printed(first).strip(), printed(second).strip()]


@given(st.lists(nasty))
def test_a_block_shows_its_lines(lines: list[str]):
    found = Rendered(f"{markdown.block(lines, 'text')}\n\nend")
    assert (found.outside.strip(), found.tags) == ("end", {"pre", "code", "p"})
    assert found.code == ["".join(f"{printed(line)}\n" for line in lines)]


def test_what_does_not_print_is_written_out_and_what_is_long_is_cut():
    assert markdown.code("a\nb\u202ec\ud800") == "`a\\nb\\u202ec\\ud800`"
    assert markdown.code("x" * 301) == f"`{'x' * 300}…`"


def test_two_ids_that_look_alike_are_told_apart():
    for char in UNSEEN:
        assert markdown.code(f"bob{char}") == f"`bob{char.encode('unicode_escape').decode()}`"
        assert markdown.block([f"bob{char}"], "text").isascii()


def test_a_block_has_as_many_lines_as_there_is_room_for():
    assert markdown.block(["abc", "de", "f"], "text", 7) == "```text\nabc\nde\n(1 more)\n```"
    assert markdown.block(["abc", "de", "f"], "text", 9) == "```text\nabc\nde\nf\n```"
    assert markdown.block(["é" * 501], "text") == f"```text\n{'é' * 500}…\n```"


def test_several_texts_are_cut_to_their_room_and_the_others_counted():
    assert markdown.codes(["ann", "bob", "eve"], 14) == "`ann`, `bob` and 1 more"
    assert markdown.codes(["ann", "bob"], 1) == "`ann` and 1 more"
    assert markdown.codes(["ann"], 1) == "`ann`"


def plan(text: str) -> Plan:
    """Return a plan in which every word is `text`, which is also the user's id."""
    before = Resource(True, True, {text: text, "bucket": text, "tags": {text: [text]}})
    after = Resource(False, False, {"bucket": text, "tags": {text: text}, "forceDestroy": True})
    kinds = ("aws:s3/bucket:Bucket", "aws:iam/role:Role", "cmbcluster-storage:index:UserVolume")
    ops = ("update", "replace", "delete")
    steps = [
        Step(op, kind, f"{text}-{text}", text, before, after, (text,))
        for op, kind in zip(ops, kinds, strict=True)
    ]
    return Plan(
        stack=text,
        steps=(*steps, Step("delete", f"x:{text}", text, "", before, None)),
        errors=(text,),
        warnings=(text,),
    )


def reviewed(text: str) -> Rendered:
    subject = Subject(plan(text), None, Review.model_validate({"maxUsers": 0}))
    return Rendered(comment(report([subject])))


CALM = reviewed("calm")


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_of_a_plan_gets_out_of_its_code(text: str):
    shown = reviewed(text)
    assert shown.tags <= TAGS
    assert shown.outside.split() == CALM.outside.split()
    assert max(map(len, shown.code)) > len(text)


@settings(deadline=None)
@given(nasty.filter(lambda text: not text.isidentifier()))  # as a key, a property's name is read
def test_nothing_at_all_gets_out_of_its_code(text: str):
    shown = reviewed(text)
    assert shown.tags <= TAGS
    assert shown.outside.split() == CALM.outside.split()


@example(users=400, length=254)
@example(users=0, length=1)
@settings(deadline=None, max_examples=10)
@given(users=st.integers(0, 400), length=st.integers(1, 254))
def test_a_comment_is_never_too_long_and_counts_whom_it_leaves_out(users: int, length: int):
    ids = [f"{number:05}{'`é'[number % 2] * length}"[:254] for number in range(users)]
    bucket = "aws:s3/bucket:Bucket"
    steps = tuple(
        Step("delete", bucket, f"{one}-bucket", one, Resource(inputs={"bucket": one}), None)
        for one in ids
    )
    errors = tuple(f"error: {one}" for one in ids)
    plans = [Plan("aws", steps), Plan("gcp", errors=errors), *[Plan("x", errors=errors[:9])] * 20]

    text = comment(report([Subject(one, None, Review.model_validate({})) for one in plans]))

    assert len(text.encode()) <= LIMIT
    shown = Rendered(text)
    assert f"{users} user{'' if users == 1 else 's'} removed" in shown.outside or not users
    assert ("The bucket is deleted with all that is in it" in shown.outside) is bool(users)
    left_out = [line for line in text.splitlines() if "would not fit here" in line]
    told = re.findall("^#### (?:([0-9]+) users|.*): removed$", text, re.MULTILINE)
    counted = sum(int(number or 1) for number in told)
    assert counted + (int(left_out[0].split()[0]) if left_out else 0) == users


def test_a_comment_names_every_bucket_that_is_lost_of_500_users():
    """Ten stacks, 4,000 steps: more than would fit one by one."""
    gone = Resource()
    kinds = ("aws:s3/bucket:Bucket", *(f"aws:x/x:X{number}" for number in range(7)))
    plans = [
        Plan(
            f"aws-{stack:03}",
            tuple(
                Step(
                    "delete", kind, f"{user}-{kind[-2:]}", user, replace(gone, inputs=inputs), None
                )
                for number in range(50)
                for user in [f"u{stack}-{number}@example.org"]
                for inputs in [
                    {"bucket": f"perseus-radiant-{stack}-{number}-123456789012-us-east-1-an"}
                ]
                for kind in kinds
            ),
        )
        for stack in range(10)
    ]
    text = comment(report([Subject(one, None, Review.model_validate({})) for one in plans]))
    assert len(text.encode()) <= LIMIT
    users, warnings = text.partition("### Users")[2], text.partition("### Users")[0]
    for plan in plans:
        for step in plan.steps[:: len(kinds)]:
            assert f"`{step.slug}`" in warnings
            assert f"`{step.slug}` (`{step.before.inputs['bucket']}`)" in users


def test_what_belongs_to_nobody_is_cut_and_not_left_out():
    before, after = ({f"key{number}": value for number in range(2_000)} for value in "ab")
    changed = Step("update", "x:y:Z", "policy", "", Resource(inputs=before), Resource(inputs=after))
    text = comment(report([Subject(Plan("aws", (changed,)), None, Review.model_validate({}))]))
    assert '```diff\n  policy\n-   key0: "a"\n' in text
    assert len(text) < 5_000


def test_the_worst_comment_still_has_its_headline_verdict_and_warnings():
    """16 stacks of 50 users with the longest ids, each with a warning, and 2 previews failed."""
    limits = Review.model_validate({})
    long = [f"{number:05}{'`é🔭'[number % 3] * 249}" for number in range(800)]
    kinds = ("aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy", "aws:iam/role:Role")
    held = Resource(protect=True)
    subjects = []
    for stack in range(16):
        steps = tuple(
            Step(
                "replace", kinds[number % 3], f"{user}-x", user, held, Resource(inputs={"a": user})
            )
            for number, user in enumerate(long[stack * 50 :][:50])
        )
        errors = (("\u202e" * 700 + "\n") * 90,) if stack % 10 == 0 else ()
        plan = Plan(f"aws-{stack:03}", steps, {}, errors, ("warning: \n" * 9,))
        subjects.append(Subject(plan, None, limits))
    whole = report(subjects)

    text = comment(replace(whole, consented=long, unneeded=long))

    assert len(text.encode()) <= LIMIT
    shown = Rendered(text).outside
    for told in (
        "2 previews failed; beside that, 800 users changed, 272 buckets lost",
        "The guard refuses this.",
        "The bucket is replaced by an empty one",
        "The bucket loses what guards it",
        "Replaced: ",
        "users more would not fit here",
    ):
        assert told in shown
