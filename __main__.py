"""The stack: one storage per user of its config. Nothing else belongs here."""

import gc
import sys
from pathlib import Path

gc.disable()  # a run of seconds keeps what it makes; looking for garbage was a third of it
sys.path.insert(0, str(Path(__file__).parent / "runtime"))

import pulumi

from infra.config import load
from infra.stack import deploy

for output, value in deploy(load()).items():
    pulumi.export(output, value)
