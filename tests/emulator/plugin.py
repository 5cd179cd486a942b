"""The engine's side of a provider plugin, over the wire and in this process."""

from concurrent import futures
from contextlib import contextmanager
from functools import cache

import grpc
from google.rpc import status_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox import schema, sdk_schema
from sandbox.properties import from_struct, to_struct
from sandbox.provider import Provider


class Plugin:
    """The engine's side of one provider plugin."""

    def __init__(self, channel):
        self._stub = provider_pb2_grpc.ResourceProviderStub(channel)

    def configure(self, **config):
        return self._stub.Configure(provider_pb2.ConfigureRequest(args=to_struct(config)))

    def replaces(self, old, new):
        """Return the config keys whose change replaces every resource."""
        request = provider_pb2.DiffRequest(old_inputs=to_struct(old), news=to_struct(new))
        return list(self._stub.DiffConfig(request).replaces)

    def check(self, token, inputs):
        """Return path to reason of all failures."""
        request = provider_pb2.CheckRequest(urn=_urn(token), news=to_struct(inputs))
        response = self._stub.Check(request)
        assert from_struct(response.inputs) == inputs
        return {failure.property: failure.reason for failure in response.failures}

    def diff(self, token, old, new, ignored=()):
        """Return path to kind of change, like "update" or "add_replace"."""
        response = self.full_diff(token, old, new, ignored)
        kind = provider_pb2.PropertyDiff.Kind.Name
        return {path: kind(change.kind).lower() for path, change in response.detailedDiff.items()}

    def full_diff(self, token, old, new, ignored=()):
        return self._stub.Diff(
            provider_pb2.DiffRequest(
                urn=_urn(token),
                old_inputs=to_struct(old),
                news=to_struct(new),
                ignoreChanges=ignored,
            )
        )

    def create(self, token, inputs, preview=False):
        """Return the id and the state."""
        response = self._stub.Create(
            provider_pb2.CreateRequest(
                urn=_urn(token), properties=to_struct(inputs), preview=preview
            )
        )
        return response.id, from_struct(response.properties)

    def read(self, token, resource_id, inputs):
        """Return the id, the inputs and the state."""
        response = self._stub.Read(
            provider_pb2.ReadRequest(urn=_urn(token), id=resource_id, inputs=to_struct(inputs))
        )
        return response.id, from_struct(response.inputs), from_struct(response.properties)

    def update(self, token, resource_id, old, new, preview=False):
        """Return the state."""
        response = self._stub.Update(
            provider_pb2.UpdateRequest(
                urn=_urn(token),
                id=resource_id,
                olds=to_struct(old),
                old_inputs=to_struct(old),
                news=to_struct(new),
                preview=preview,
            )
        )
        return from_struct(response.properties)

    def delete(self, token, resource_id, inputs):
        self._stub.Delete(
            provider_pb2.DeleteRequest(
                urn=_urn(token), id=resource_id, old_inputs=to_struct(inputs)
            )
        )

    def invoke(self, token, arguments):
        """Return the result, and path to reason of all failures."""
        request = provider_pb2.InvokeRequest(tok=token, args=to_struct(arguments))
        response = self._stub.Invoke(request)
        failures = {failure.property: failure.reason for failure in response.failures}
        return from_struct(getattr(response, "return")), failures


@contextmanager
def plugin_of(sdk, tokens, configure, replaced_by=frozenset()):
    """Serve a provider as the real plugin does, but in this process."""
    provider = Provider("1.2.3", _schema(sdk, tuple(tokens.items())), configure, replaced_by)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Plugin(channel)
    server.stop(grace=None).wait()


@cache
def _schema(sdk, tokens):
    return schema.Schema(sdk_schema.derived(sdk, dict(tokens)))


def _urn(token):
    parent = "cmbcluster-storage:index:UserStorage"
    return f"urn:pulumi:any::cmbcluster-storage::{parent}${token}::ann-storage"


def entries(value, path=""):
    """Yield (path, value) of every leaf."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from entries(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from entries(item, f"{path}[{index}]")
    else:
        yield path, value


def failed_init(error):
    """Return the detail that makes the engine keep what was made, None without one."""
    trailer = dict(error.trailing_metadata()).get("grpc-status-details-bin")
    if trailer is None:
        return None
    status = status_pb2.Status.FromString(trailer)
    assert (status.code, status.message) == (grpc.StatusCode.UNKNOWN.value[0], error.details())
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    return detail
