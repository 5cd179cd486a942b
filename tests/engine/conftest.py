"""The engine ring: a provisioned workspace, copied for every test that wants one."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hands import HANDS
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


@pytest.fixture(scope="session", params=HANDS)
def provisioned(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """Return a stack's name and a folder in which `up` has been run once."""
    folder = tmp_path_factory.mktemp(f"provisioned-{request.param}")
    stack = Stack(folder, request.param)
    with stack.run:
        stack.pulumi("up", "--skip-preview")
    return request.param, folder


@pytest.fixture
def stack(provisioned: tuple[str, Path], tmp_path: Path) -> Iterator[Stack]:
    """A workspace of its own in which `up` has been run once; on each cloud."""
    name, folder = provisioned
    shutil.copytree(folder, tmp_path / "stack", symlinks=True)
    stack = Stack(tmp_path / "stack", name)
    with stack.run:
        yield stack


@pytest.fixture(params=HANDS)
def empty_stack(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stack]:
    """A workspace of its own with nothing in it yet; on each cloud."""
    stack = Stack(tmp_path / "empty", request.param)
    with stack.run:
        yield stack
