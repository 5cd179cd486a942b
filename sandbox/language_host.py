"""The Python language host: starts the Pulumi program, and policy packs, for the engine.

A person's Pulumi brings one along, but no package does, so the sandbox has its own: an
executable `pulumi-language-python` on PATH that runs this module (see `workspace`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty

from sandbox.processes import TOLD_EXIT_CODE, exit_on_signals, exit_with_parent
from sandbox.protocol import language_pb2, language_pb2_grpc, plugin_pb2

_CHECKOUT = Path(__file__).resolve().parent.parent


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs each program in a process of its own, with this Python."""

    def __init__(self, engine: str) -> None:
        """Serve the engine at this address, host:port."""
        self._engine = engine

    def Handshake(self, request, context):  # noqa: N802
        """Keep where the engine listens."""
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request, context):  # noqa: N802
        """Return nothing: the engine asks no version of a language host."""
        return plugin_pb2.PluginInfo()

    def GetRequiredPackages(self, request, context):  # noqa: N802
        """Return none: the plugins are in place before the engine starts."""
        return language_pb2.GetRequiredPackagesResponse()

    def Run(self, request, context):  # noqa: N802
        """Run the program to its end."""
        info = request.info
        command = [_python(info), "-u", "-m", "sandbox.program", f"--host-pid={os.getpid()}"]
        command += [f"--monitor={request.monitor_address}", f"--engine={self._engine}"]
        command += [f"--project={request.project}", f"--stack={request.stack}"]
        command += [f"--organization={request.organization}"]
        command += [f"--root-directory={info.root_directory}", f"--parallel={request.parallel}"]
        command += ["--dry-run"] if request.dryRun else []
        command += [str(Path(info.program_directory) / info.entry_point)]
        env = os.environ | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
            "PYTHONPATH": str(_CHECKOUT),  # for sandbox.program alone, which forgets it
        }
        code = subprocess.run(command, cwd=request.pwd or None, env=env, check=False).returncode
        if code == TOLD_EXIT_CODE:
            return language_pb2.RunResponse(bail=True)
        error = f"the program exited with code {code}" if code else ""
        return language_pb2.RunResponse(error=error)

    def RunPlugin(self, request, context) -> Iterator[language_pb2.RunPluginResponse]:  # noqa: N802
        """Run a policy pack and pass on what it prints, its port first."""
        python = _python(request.info)
        if not python.exists():
            pack = request.info.program_directory
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{pack} has no .venv: `make setup`")
        command = [python, "-u", "-m", "sandbox.policy_pack", str(os.getpid()), *request.args]
        command += [request.info.program_directory]
        env = os.environ | dict(pair.split("=", 1) for pair in request.env)
        env["PYTHONPATH"] = str(_CHECKOUT)  # for sandbox.policy_pack alone, which forgets it
        with subprocess.Popen(
            command, cwd=request.pwd or None, env=env, stdout=subprocess.PIPE
        ) as process:
            for line in process.stdout or ():
                yield language_pb2.RunPluginResponse(stdout=line)
        yield language_pb2.RunPluginResponse(exitcode=process.returncode)

    def Cancel(self, request, context):  # noqa: N802
        """Answer; the engine's SIGINT follows and ends this process."""
        return Empty()


def _python(info: language_pb2.ProgramInfo) -> Path:
    """Return the Python of the virtual environment that the project or pack names."""
    options = json_format.MessageToDict(info.options)
    return Path(info.root_directory) / options["virtualenv"] / "bin" / "python"


def main() -> None:
    """Serve on a free port of loopback until the engine is done."""
    exit_with_parent()
    exit_on_signals()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    engine = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
