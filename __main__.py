"""The stack: one storage per user of its config. Nothing else belongs here."""

import gc
import os
import sys
from pathlib import Path

gc.disable()  # a run of seconds keeps what it makes; looking for garbage was a third of it
sys.path.insert(0, str(Path(__file__).parent / "runtime"))
# The SDK would write this machine's path into the state, and every other machine see a change of
# the cluster. The provider is a process of its own and finds it still.
os.environ.pop("KUBECONFIG", None)

import pulumi

from infra.config import load
from infra.stack import deploy

for output, value in deploy(load()).items():
    pulumi.export(output, value)
