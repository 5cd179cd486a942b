"""GitOps: what the workflows in `.github/workflows/` do, as commands that run on any machine.

The workflows only say when, with which identity and how many at once. `python -m
infra.gitops` is in `command`; the engine, or the sandbox in its place, is in `engine`;
what is written to GitHub is in `github`.
"""
