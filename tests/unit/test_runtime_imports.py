import subprocess
import sys

import cmbcluster_storage
import pytest

HEAVY = {
    *("asyncio", "boto3", "botocore", "google.cloud.storage", "pulumi", "pydantic", "requests"),
}


def loaded_by(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    return HEAVY & set(answer.stdout.split())


@pytest.mark.parametrize(
    ("statement", "loaded"),
    [
        ("import cmbcluster_storage", set()),
        ("from cmbcluster_storage import names, rules, volumes", set()),
        ("from cmbcluster_storage import StorageError", set()),
        ("from cmbcluster_storage import BucketInfo, ObjectInfo, Patience", set()),
        ("from cmbcluster_storage import StackOutputs", set()),
        ("from cmbcluster_storage import Settings", {"asyncio", "pydantic"}),
        ("from cmbcluster_storage import StorageManager", {"asyncio", "pydantic"}),
        ("import cmbcluster_storage.s3", {"asyncio", "boto3", "botocore"}),
        ("import cmbcluster_storage.gcs", {"asyncio", "google.cloud.storage", "requests"}),
    ],
)
def test_an_import_loads_what_it_needs(statement, loaded):
    assert loaded_by(statement) <= loaded


def test_every_public_name_is_there():
    assert set(cmbcluster_storage.__all__) <= set(dir(cmbcluster_storage))
    for name in cmbcluster_storage.__all__:
        assert getattr(cmbcluster_storage, name).__name__ == name


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="'cmbcluster_storage' has no attribute 'absent'"):
        cmbcluster_storage.absent  # noqa: B018 - the access is the test
