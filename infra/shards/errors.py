"""What the command raises; the text is the operator's and holds the cure.

ShardsError
├── RequestError(ValueError)    arguments, files or commits do not allow it; nothing was changed
└── FoundError(ValueError)      files are wrong together, or a change between two commits
"""


class ShardsError(Exception):
    """The command cannot do what it was asked for."""


class RequestError(ShardsError, ValueError):
    """Arguments, stack files or commits do not allow it; nothing was changed."""


class FoundError(ShardsError, ValueError):
    """The stack files are wrong together, or a diff loses somebody; the text lists all."""
