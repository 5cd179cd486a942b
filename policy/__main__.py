"""The policy pack: serves the rules to the engine, which runs this folder and reads the port."""

from concurrent import futures
from contextlib import suppress
from operator import methodcaller

import grpc
from analyzer import Analyzer
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from pulumi.runtime.proto import analyzer_pb2 as proto
from rules import RULES, STACK_RULES

# What the engine asks, and what with. It also asks every resource for a remediation, and passes
# over that we have none; gRPC says so in half the time that an empty answer takes.
_REQUESTS: dict[str, type[Message]] = {
    "GetAnalyzerInfo": Empty,
    "GetPluginInfo": Empty,
    "Configure": proto.ConfigureAnalyzerRequest,
    "Analyze": proto.AnalyzeRequest,
    "AnalyzeStack": proto.AnalyzeStackRequest,
}


def main() -> None:
    """Serve on a free port of loopback until the engine is done."""
    analyzer = Analyzer(RULES, STACK_RULES)
    methods = {
        name: grpc.unary_unary_rpc_method_handler(
            getattr(analyzer, name), request.FromString, methodcaller("SerializeToString")
        )
        for name, request in _REQUESTS.items()
    }
    # Rules are arithmetic, for which a second thread would only wait. A stack comes as one message,
    # of any length.
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=1),
        [grpc.method_handlers_generic_handler("pulumirpc.Analyzer", methods)],
        options=[("grpc.max_receive_message_length", -1)],
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    with suppress(KeyboardInterrupt):  # with which the engine takes its leave
        server.wait_for_termination()


main()
