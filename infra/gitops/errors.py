"""Errors of the pipeline's commands."""


class GitopsError(RuntimeError):
    """A step cannot be done; the text says why, and the cure."""
