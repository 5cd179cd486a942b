"""The wheel, as somebody gets it who has nothing else."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("asyncio", "boto3", "botocore", "google.cloud", "pydantic", "requests")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def environment(folder, requirement):
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", requirement]
    subprocess.run(install, check=True, capture_output=True)
    return python


def said(python, program):
    answer = subprocess.run(
        [python, "-I", "-c", program], check=True, capture_output=True, text=True
    )
    return json.loads(answer.stdout)


def test_without_extras(wheel, tmp_path):
    python = environment(tmp_path / "bare", wheel)
    for module in ("cmbcluster_storage", "cmbcluster_storage.names"):
        program = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
        loaded = said(python, program)
        assert module in loaded
        assert [name for name in loaded if name.startswith(HEAVY)] == []
    program = (
        "import json; from cmbcluster_storage import *\\n"
        "try: StorageProviderFactory.create('aws', region='us-east-1')\\n"
        "except MissingExtraError as error: print(json.dumps(str(error)))"
    ).replace("\\n", "\n")
    assert "'cmbcluster-storage[aws]'" in said(python, program)


@pytest.mark.parametrize("kind", ["aws", "gcp"])
def test_with_an_extra(wheel, tmp_path, kind):
    python = environment(tmp_path / kind, f"{wheel}[{kind}]")
    program = (
        "import asyncio, json; from cmbcluster_storage import *; "
        f"provider = StorageProviderFactory.create({kind!r}, region='us-east-1'); "
        "asyncio.run(provider.aclose()); print(json.dumps(type(provider).__name__))"
    )
    assert said(python, program) == "StorageProvider"
