"""A Pulumi provider plugin: what the plugins `aws` and `kubernetes` have in common.

`Provider` speaks the engine's protocol and knows no cloud: it checks inputs against the
SDK's schema, compares, and asks a `ResourceType`, one per type, for the rest. What a
program looks up is answered by a `Function`.

Source: https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
"""

import difflib
import json
from collections.abc import Callable, Mapping
from concurrent import futures
from typing import Any, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty

from sandbox import workspace
from sandbox.diffs import diff_response, is_within
from sandbox.processes import exit_on_signals, exit_with_parent
from sandbox.properties import (
    UNKNOWN,
    Properties,
    differences,
    from_struct,
    like,
    to_struct,
)
from sandbox.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc
from sandbox.provider_errors import told_to
from sandbox.resource import Function, PartialError, ProviderError, ResourceType
from sandbox.schema import Schema, load

_Kind = TypeVar("_Kind")

# What a plugin offers: token to a type of resource, or to a function.
Offer = Mapping[str, ResourceType | Function]

# As many calls as the engine has under way at once by default, with room.
THREADS = 64


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine for all types of one provider."""

    def __init__(
        self,
        version: str,
        schema: Schema,
        configure: Callable[[Properties], Offer],
        replaced_by: frozenset[str] = frozenset(),
    ) -> None:
        """Serve what `configure` makes of the provider's own config.

        Args:
            version: of the plugin that this stands for.
            schema: of all its types and functions.
            configure: config to all types and functions; raises ProviderError.
            replaced_by: config keys whose change replaces every resource.
        """
        self._version = version
        self._schema = schema
        self._configure = configure
        self._replaced_by = replaced_by
        self._types: Mapping[str, ResourceType] = {}
        self._functions: Mapping[str, Function] = {}

    def Handshake(self, request, context):  # noqa: N802
        """Answer the engine's greeting."""
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request, context):  # noqa: N802
        """Accept an engine that found us by PULUMI_DEBUG_PROVIDERS."""
        return Empty()

    def Cancel(self, request, context):  # noqa: N802
        """Answer; what is under way is short, and the engine waits for it."""
        return Empty()

    def GetPluginInfo(self, request, context):  # noqa: N802
        """Return the version that the SDK expects."""
        return plugin_pb2.PluginInfo(version=self._version)

    def CheckConfig(self, request, context):  # noqa: N802
        """Accept the config; `Configure` refuses what it cannot use."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):  # noqa: N802
        """Tell whether the same resources can be reached with the new config."""
        old, new = from_struct(request.old_inputs), from_struct(request.news)
        changed = {path.partition(".")[0] for path, _ in differences(old, new)} - {"version"}
        return diff_response([(key, "update") for key in changed], self._replaced_by, False)

    def Configure(self, request, context):  # noqa: N802
        """Take the provider's config; structured values come as JSON text."""
        config = {key: _parsed(value) for key, value in from_struct(request.args).items()}
        with told_to(context):
            offer = self._configure(config).items()
            self._types = {token: kind for token, kind in offer if isinstance(kind, ResourceType)}
            self._functions = {
                token: call for token, call in offer if not isinstance(call, ResourceType)
            }
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request, context):  # noqa: N802
        """Refuse what the real provider would refuse before anything is made."""
        token = _token(request.urn)
        inputs = from_struct(request.news)
        response = provider_pb2.CheckResponse(inputs=request.news)
        kind = self._type(token, context)
        failures = list(self._schema.failures(token, inputs)) or list(kind.failures(inputs))
        if kind.supported is not None:
            failures += [
                (key, f"property {key!r} of {token} is not emulated by the sandbox")
                for key in inputs
                if key not in kind.supported and not any(key == path for path, _ in failures)
            ]
        for path, reason in failures:
            response.failures.add(property=path, reason=reason)
        return response

    def Diff(self, request, context):  # noqa: N802
        """Tell what changes, property by property, and whether in place."""
        kind = self._type(_token(request.urn), context)
        old, new = kind.compared(from_struct(request.old_inputs), from_struct(request.news))
        ignored = tuple(request.ignoreChanges)
        changed = [
            (path, change)
            for path, change in differences(old, new, exact=kind.exact)
            if not path.startswith("__") and not any(is_within(path, other) for other in ignored)
        ]
        return diff_response(changed, kind.replaced_by, kind.replaced_first)

    def Create(self, request, context):  # noqa: N802
        """Make a resource; in a preview tell what is known of it."""
        token = _token(request.urn)
        inputs = from_struct(request.properties)
        kind = self._type(token, context)
        if request.preview:
            unknown = dict.fromkeys(self._schema.outputs[token], UNKNOWN)
            return provider_pb2.CreateResponse(properties=to_struct(unknown | inputs))
        with told_to(context, inputs):
            resource_id = kind.create(inputs)
            try:
                state = inputs | kind.outputs(resource_id, inputs)
            except ProviderError as error:
                raise PartialError(resource_id, str(error)) from error
        return provider_pb2.CreateResponse(id=resource_id, properties=to_struct(state))

    def Read(self, request, context):  # noqa: N802
        """Tell what is in the world; an empty id says that it is gone."""
        wanted = from_struct(request.inputs)
        kind = self._type(_token(request.urn), context)
        with told_to(context):
            resource_id = request.id if wanted else kind.imported_id(request.id)
            found = kind.read(request.id, wanted)
            if found is None:
                return provider_pb2.ReadResponse()
            inputs = like(found, wanted, exact=kind.exact)
            state = inputs | kind.outputs(resource_id, inputs)
        return provider_pb2.ReadResponse(
            id=resource_id, inputs=to_struct(inputs), properties=to_struct(state)
        )

    def Update(self, request, context):  # noqa: N802
        """Change a resource in place."""
        old, new = from_struct(request.old_inputs), from_struct(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(
                properties=to_struct(from_struct(request.olds) | new)
            )
        kind = self._type(_token(request.urn), context)
        with told_to(context, new):
            kind.update(request.id, old, new)
            state = new | kind.outputs(request.id, new)
        return provider_pb2.UpdateResponse(properties=to_struct(state))

    def Delete(self, request, context):  # noqa: N802
        """Delete a resource."""
        kind = self._type(_token(request.urn), context)
        with told_to(context):
            kind.delete(request.id, from_struct(request.old_inputs))
        return Empty()

    def Invoke(self, request, context):  # noqa: N802
        """Look something up for the program, with arguments that the SDK has, too."""
        arguments = from_struct(request.args)
        function = _known("function", self._functions, request.tok, context)
        response = provider_pb2.InvokeResponse()
        for path, reason in self._schema.failures(request.tok, arguments):
            response.failures.add(property=path, reason=reason)
        if not response.failures:
            with told_to(context):
                getattr(response, "return").update(function(arguments))
        return response

    def _type(self, token: str, context: grpc.ServicerContext) -> ResourceType:
        return _known("type", self._types, token, context)


def _known(
    what: str, offered: Mapping[str, _Kind], token: str, context: grpc.ServicerContext
) -> _Kind:
    if token in offered:
        return offered[token]
    close = difflib.get_close_matches(token, offered, n=1)
    cure = f"; did you mean {close[0]}?" if close else f"; it knows {', '.join(offered) or 'none'}"
    return context.abort(
        grpc.StatusCode.UNIMPLEMENTED, f"the sandbox knows no {what} {token}{cure}"
    )


def serve(
    sdk: str,
    tokens: Mapping[str, str],
    configure: Callable[[Properties], Offer],
    replaced_by: frozenset[str] = frozenset(),
) -> None:
    """Serve the engine on a free port of loopback, told on stdout, until it is done.

    Args:
        sdk: the package that programs use the provider through, like "pulumi_aws".
        tokens: token to "module.Class" or "module.function" inside the SDK.
        configure: as `Provider` takes it.
        replaced_by: as `Provider` takes it.
    """
    exit_with_parent()
    exit_on_signals()
    schema = load(sdk, tokens, workspace.SCHEMAS)
    provider = Provider(workspace.plugin_version(sdk), schema, configure, replaced_by)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=THREADS))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


def _token(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
    except ValueError:
        return value
