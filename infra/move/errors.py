"""What a move raises; the text is the operator's and holds the cure.

MoveError
├── RequestError(ValueError)    what was asked cannot be done; nothing was changed
└── EngineError(RuntimeError)   `pulumi` could not do it, or its previews show changes
"""


class MoveError(Exception):
    """A user could not be moved."""


class RequestError(MoveError, ValueError):
    """Arguments, stack files and states do not allow the move; nothing was changed."""


class EngineError(MoveError, RuntimeError):
    """A lock, a failure of `pulumi`, or a preview with changes."""
