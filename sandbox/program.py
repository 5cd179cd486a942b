"""The Pulumi program's process: what the language host starts for every run.

Does what Pulumi's own `pulumi-language-python-exec` does, which no package carries:
sets the SDK up, runs the program, and turns what it raises into an exit code.

Source: https://github.com/pulumi/pulumi/tree/master/sdk/python/cmd
"""

import argparse
import asyncio
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pulumi
import pulumi.runtime

from sandbox.processes import TOLD_EXIT_CODE, exit_with_parent


def main() -> int:
    """Run the program and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host-pid", type=int)
    for option in ("monitor", "engine", "project", "stack", "organization", "root-directory"):
        parser.add_argument(f"--{option}")
    parser.add_argument("--parallel", type=int)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("program", type=Path)
    args = parser.parse_args()
    exit_with_parent(args.host_pid)

    pulumi.runtime.set_all_config(
        pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env()
    )
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=args.monitor,
            engine=args.engine,
            project=args.project,
            stack=args.stack,
            parallel=args.parallel,
            dry_run=args.dry_run,
            organization=args.organization,
            root_directory=args.root_directory,
        )
    )
    # A failed run leaves futures unobserved on purpose; asyncio would complain of each.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    return asyncio.run(_run(args.program, args.parallel))


async def _run(program: Path, parallel: int) -> int:
    # The SDK waits for each registration in a thread of the default executor.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max(parallel, 1) * 4))
    # What this module needed of the checkout, the program must find by itself.
    del os.environ["PYTHONPATH"]
    checkout = str(Path(__file__).resolve().parent.parent)
    sys.path[:] = [entry for entry in sys.path if entry not in ("", checkout)]

    def run_program() -> None:
        runpy.run_path(str(program), run_name="__main__")

    try:
        await pulumi.runtime.run_in_stack(run_program)
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
    except Exception:  # noqa: BLE001 - the process' outermost edge
        pulumi.log.error(f"Program failed with an unhandled exception:\n{traceback.format_exc()}")
        return TOLD_EXIT_CODE
    else:
        return 0
    return 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
