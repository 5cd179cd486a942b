"""Review: what a pull request does to whose data, as one comment: `python -m infra.review --help`.

    plans      reads what `pulumi preview --json` printed for each stack
      v Plan
    events     adds what a policy pack says of it
      v Plan
    effects    says what happens to each user
      v Effect
    gone       says whom a stack without a file still has
    cautions, expiry, exposure   say what of it a reviewer must not miss
    guard      compares it with the limits of the base branch, which `base` reads
      v Report
    comment    Markdown within GitHub's limit, made of `changes`, `words` and `markdown`

A plan is data of a pull request: nothing in it may become Markdown (`markdown`), and what
the engine holds secret is never asked for. All but `base` and `command` is pure.
"""
