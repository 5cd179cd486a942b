import pytest
from cmbcluster_storage import ConfigurationError, Settings
from pydantic import ValidationError


@pytest.fixture(autouse=True)
def empty_surroundings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)


DEFAULTS = {name: None for name in Settings.model_fields} | {"CLOUD_PROVIDER": "gcp"}


def test_defaults():
    assert Settings().model_dump() == DEFAULTS


def test_environment_before_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text(
        "CLOUD_PROVIDER=aws\nAWS_REGION=eu-west-1\nPROJECT_ID=science\nFOREIGN=1\n"
    )
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    assert Settings().model_dump(exclude_none=True) == {
        "CLOUD_PROVIDER": "aws",
        "AWS_REGION": "us-east-1",
        "PROJECT_ID": "science",
    }


def test_empty_variable_counts_as_absent(monkeypatch):
    for name in DEFAULTS:
        monkeypatch.setenv(name, "")

    assert Settings().model_dump() == DEFAULTS


def test_unknown_provider_names_the_field_and_the_choices():
    with pytest.raises(ValidationError, match=r"CLOUD_PROVIDER\n.*'gcp' or 'aws'.*'azure'"):
        Settings(CLOUD_PROVIDER="azure")


def test_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().AWS_REGION = "us-east-1"


@pytest.mark.parametrize(("name", "many"), [(".env", False), ("hub.env", False), ("hub.env", True)])
def test_a_file_that_is_no_utf_8(tmp_path, name, many):
    (tmp_path / name).write_text("CLOUD_PROVIDER=aws\n", "utf-16")
    given = {} if name == ".env" else {"_env_file": (name,) if many else name}
    with pytest.raises(ConfigurationError) as caught:
        Settings(**given)

    assert str(caught.value) == f"{tmp_path / name} is not UTF-8; save it as UTF-8"
    assert isinstance(caught.value.__cause__, UnicodeDecodeError)
