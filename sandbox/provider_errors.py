"""How errors of a resource type reach the engine.

`told_to` is the one place where they become gRPC's; `provider` wraps its calls in it.

Source: https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
"""

from typing import NoReturn

import grpc
from google.protobuf import any_pb2
from google.rpc import status_pb2

from sandbox.properties import Properties, to_struct
from sandbox.protocol import provider_pb2
from sandbox.resource import PartialError, ProviderError


class told_to:  # noqa: N801 - reads as a phrase: with told_to(context)
    """Turns our errors into the engine's: the message, and what was made all the same."""

    def __init__(self, context: grpc.ServicerContext, inputs: Properties | None = None) -> None:
        """Take the call to abort, and the inputs of what it may have made in part."""
        self._context = context
        self._inputs = inputs or {}

    def __enter__(self) -> None:
        """Do nothing: only errors matter."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Abort the call with one of our errors; others pass and are bugs of ours."""
        if isinstance(error, ProviderError):
            self._context.abort(grpc.StatusCode.UNKNOWN, str(error))
        if isinstance(error, PartialError):
            detail = provider_pb2.ErrorResourceInitFailed(
                id=error.resource_id,
                properties=to_struct(self._inputs),
                inputs=to_struct(self._inputs),
                reasons=[error.reason],
            )
            self._abort_with(detail, error.reason)

    def _abort_with(self, detail: provider_pb2.ErrorResourceInitFailed, reason: str) -> NoReturn:
        packed = any_pb2.Any()
        packed.Pack(detail)
        code = grpc.StatusCode.UNKNOWN
        status = status_pb2.Status(code=code.value[0], message=reason, details=[packed])
        trailer = ("grpc-status-details-bin", status.SerializeToString())
        self._context.set_trailing_metadata((trailer,))
        self._context.abort(code, reason)
