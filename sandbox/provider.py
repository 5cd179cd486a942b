"""A Pulumi provider plugin: what the plugins `aws` and `kubernetes` have in common.

`Provider` speaks the engine's protocol and knows no cloud: it checks inputs against the
SDK's schema, compares, and asks a `ResourceType`, one per type, for the rest.

Source: https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
"""

import difflib
import json
import re
from collections.abc import Callable, Mapping
from concurrent import futures
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2
from google.protobuf.empty_pb2 import Empty
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox import workspace
from sandbox.processes import exit_on_signals, exit_with_parent
from sandbox.properties import UNKNOWN, Properties, differences, from_struct, like, to_struct
from sandbox.resource import PartialError, ProviderError, ResourceType
from sandbox.schema import Schema, load

# As many calls as the engine has under way at once by default, with room.
THREADS = 64


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine for all types of one provider."""

    def __init__(
        self,
        version: str,
        schema: Schema,
        configure: Callable[[Properties], Mapping[str, ResourceType]],
        replaced_by: frozenset[str] = frozenset(),
    ) -> None:
        """Serve the types that `configure` makes of the provider's own config.

        Args:
            version: of the plugin that this stands for.
            schema: of all its types.
            configure: config to token to type; raises ProviderError.
            replaced_by: config keys whose change replaces every resource.
        """
        self._version = version
        self._schema = schema
        self._configure = configure
        self._replaced_by = replaced_by
        self._types: Mapping[str, ResourceType] = {}

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
        return _diff_response([(key, "update") for key in changed], self._replaced_by, False)

    def Configure(self, request, context):  # noqa: N802
        """Take the provider's config; structured values come as JSON text."""
        config = {key: _parsed(value) for key, value in from_struct(request.args).items()}
        with _told_to(context):
            self._types = self._configure(config)
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
        old, new = from_struct(request.old_inputs), from_struct(request.news)
        kind = self._type(_token(request.urn), context)
        ignored = tuple(request.ignoreChanges)
        changed = [
            (path, change)
            for path, change in differences(old, new, exact=kind.exact)
            if not path.startswith("__") and not any(_within(path, other) for other in ignored)
        ]
        return _diff_response(changed, kind.replaced_by, kind.replaced_first)

    def Create(self, request, context):  # noqa: N802
        """Make a resource; in a preview tell what is known of it."""
        token = _token(request.urn)
        inputs = from_struct(request.properties)
        kind = self._type(token, context)
        if request.preview:
            unknown = dict.fromkeys(self._schema.outputs[token], UNKNOWN)
            return provider_pb2.CreateResponse(properties=to_struct(unknown | inputs))
        with _told_to(context, inputs):
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
        with _told_to(context):
            found = kind.read(request.id, wanted)
            if found is None:
                return provider_pb2.ReadResponse()
            inputs = like(found, wanted, exact=kind.exact)
            state = inputs | kind.outputs(request.id, inputs)
        return provider_pb2.ReadResponse(
            id=request.id, inputs=to_struct(inputs), properties=to_struct(state)
        )

    def Update(self, request, context):  # noqa: N802
        """Change a resource in place."""
        old, new = from_struct(request.old_inputs), from_struct(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(
                properties=to_struct(from_struct(request.olds) | new)
            )
        kind = self._type(_token(request.urn), context)
        with _told_to(context, new):
            kind.update(request.id, old, new)
            state = new | kind.outputs(request.id, new)
        return provider_pb2.UpdateResponse(properties=to_struct(state))

    def Delete(self, request, context):  # noqa: N802
        """Delete a resource."""
        kind = self._type(_token(request.urn), context)
        with _told_to(context):
            kind.delete(request.id, from_struct(request.old_inputs))
        return Empty()

    def Invoke(self, request, context):  # noqa: N802
        """Refuse: the program looks nothing up."""
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the sandbox knows no {request.tok}")

    def _type(self, token: str, context: grpc.ServicerContext) -> ResourceType:
        if token in self._types:
            return self._types[token]
        close = difflib.get_close_matches(token, self._types, n=1)
        cure = f"; did you mean {close[0]}?" if close else f"; it knows {', '.join(self._types)}"
        return context.abort(
            grpc.StatusCode.UNIMPLEMENTED, f"the sandbox knows no type {token}{cure}"
        )


class _told_to:  # noqa: N801 - reads as a phrase: with _told_to(context)
    """Turns our errors into the engine's: the message, and what was made all the same."""

    def __init__(self, context: grpc.ServicerContext, inputs: Properties | None = None) -> None:
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


def serve(
    sdk: str,
    tokens: Mapping[str, str],
    configure: Callable[[Properties], Mapping[str, ResourceType]],
    replaced_by: frozenset[str] = frozenset(),
) -> None:
    """Serve the engine on a free port of loopback, told on stdout, until it is done.

    Args:
        sdk: the package that programs use the provider through, like "pulumi_aws".
        tokens: type token to "module.Class" inside the SDK.
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


def _diff_response(
    changed: list[tuple[str, str]], replaced_by: frozenset[str], replaced_first: bool
) -> provider_pb2.DiffResponse:
    response = provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME
        if changed
        else provider_pb2.DiffResponse.DIFF_NONE,
        hasDetailedDiff=True,
    )
    for path, change in changed:
        top = re.split(r"[.\[]", path)[0]
        replaces = any(_within(path, other) or _within(other, path) for other in replaced_by)
        kind = f"{change}_replace" if replaces else change
        response.detailedDiff[path].kind = provider_pb2.PropertyDiff.Kind.Value(kind.upper())
        if top not in response.diffs:
            response.diffs.append(top)
        if replaces and top not in response.replaces:
            response.replaces.append(top)
    response.deleteBeforeReplace = replaced_first and bool(response.replaces)
    return response


def _within(path: str, other: str) -> bool:
    return path == other or path.startswith((f"{other}.", f"{other}["))


def _token(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
    except ValueError:
        return value
