"""The engine ring: a provisioned workspace, copied for every test that wants one."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Stack

from sandbox import engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    try:
        engine.path()
    except engine.SetupError as error:
        if os.environ.get("CI"):
            raise
        for item in items:
            if item.path.is_relative_to(Path(__file__).parent):
                item.add_marker(pytest.mark.skip(reason=str(error)))


@pytest.fixture(autouse=True)
def _folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep `python -m sandbox` out of the folder that a person uses."""
    monkeypatch.setenv("SANDBOX_FOLDER", str(tmp_path / "sandbox"))


@pytest.fixture(scope="session")
def _provisioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("provisioned")
    stack = Stack(folder)
    with stack.run:
        stack.pulumi("up", "--skip-preview")
    return folder


@pytest.fixture
def stack(_provisioned: Path, tmp_path: Path) -> Iterator[Stack]:
    """A workspace of its own in which `up` has been run once."""
    folder = tmp_path / "stack"
    shutil.copytree(_provisioned, folder)
    stack = Stack(folder)
    with stack.run:
        yield stack


@pytest.fixture
def empty_stack(tmp_path: Path) -> Iterator[Stack]:
    """A workspace of its own with nothing in it yet."""
    stack = Stack(tmp_path / "empty")
    with stack.run:
        yield stack
