import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3
import pytest
from aws_program import POD_TRUST
from botocore.exceptions import ClientError

from sandbox.emulator import Emulator

ACCOUNT = "123456789012"
SECRET = "not-for-any-log"  # noqa: S105 - the test looks for it
PROC = Path("/proc")

# A run in miniature: it starts the emulator, tells where it is, and waits to be killed.
_RUN = """
import os, signal, sys
from pathlib import Path
from sandbox.emulator import Emulator

emulator = Emulator(Path(sys.argv[1]))
print(emulator.pid, emulator.url, flush=True)
if sys.argv[2] == "killed at once":
    os.kill(os.getpid(), signal.SIGKILL)
sys.stdin.read()
"""


@contextlib.contextmanager
def client_of(url, service="s3"):
    client = boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key=SECRET,
    )
    yield client
    client.close()


@contextlib.contextmanager
def running(state):
    emulator = Emulator(state)
    try:
        yield emulator
    finally:
        emulator.close()


@contextlib.contextmanager
def run_of(state, then="waits"):
    """Start a process that starts an emulator; yield it, the emulator's pid and url."""
    with subprocess.Popen(
        [sys.executable, "-c", _RUN, str(state), then],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        pid, url = process.stdout.readline().split()
        try:
            yield process, int(pid), url
        finally:
            process.kill()
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def is_running(pid):
    try:
        # The third field is the state; Z has ended, and only waits for its parent to ask.
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def seconds_until_gone(pid, at_most):
    started = time.monotonic()
    while is_running(pid):
        if time.monotonic() - started > at_most:
            raise AssertionError(f"still running after {at_most} s")
        time.sleep(0.02)
    return time.monotonic() - started


def listeners(pid):
    """Return (table, address) of every socket that a process listens on."""
    links = []
    for link in (PROC / str(pid) / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(str(link.readlink()))
    found = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in (PROC / "net" / table).read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            # 0A is LISTEN; a UDP socket that waits for anyone is 07.
            if f"socket:[{inode}]" in links and state in ("0A", "07"):
                found.append((table, local))
    return found


def fill(url):
    """Make one of everything that must survive; return the ids of the versions."""
    with client_of(url) as s3, client_of(url, "iam") as iam, client_of(url, "eks") as eks:
        s3.create_bucket(Bucket="andromeda")
        s3.put_bucket_versioning(Bucket="andromeda", VersioningConfiguration={"Status": "Enabled"})
        s3.put_bucket_tagging(
            Bucket="andromeda", Tagging={"TagSet": [{"Key": "user", "Value": "ann"}]}
        )
        s3.put_bucket_lifecycle_configuration(
            Bucket="andromeda",
            LifecycleConfiguration={
                "Rules": [
                    {
                        "ID": "expire",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "NoncurrentVersionExpiration": {
                            "NoncurrentDays": 30,
                            "NewerNoncurrentVersions": 30,
                        },
                    }
                ]
            },
        )
        versions = [
            s3.put_object(Bucket="andromeda", Key="maps/cmb.fits", Body=body, Metadata={"l": "2"})[
                "VersionId"
            ]
            for body in (b"first", b"second")
        ]
        s3.put_object(Bucket="andromeda", Key="gone", Body=b"gone")
        s3.delete_object(Bucket="andromeda", Key="gone")
        role = iam.create_role(RoleName="andromeda", AssumeRolePolicyDocument=POD_TRUST)["Role"]
        iam.put_role_policy(
            RoleName="andromeda", PolicyName="storage", PolicyDocument='{"Statement": []}'
        )
        eks.create_pod_identity_association(
            clusterName="cosmos",
            namespace="cmbcluster",
            serviceAccount="andromeda",
            roleArn=role["Arn"],
            tags={"user": "ann"},
        )
    return versions


def assert_filled(url, versions):
    with client_of(url) as s3, client_of(url, "iam") as iam, client_of(url, "eks") as eks:
        for version, body in zip(versions, (b"first", b"second"), strict=True):
            got = s3.get_object(Bucket="andromeda", Key="maps/cmb.fits", VersionId=version)
            with got["Body"] as stream:
                assert stream.read() == body
            assert got["Metadata"] == {"l": "2"}
        listed = s3.list_object_versions(Bucket="andromeda")
        assert [(entry["Key"], entry["IsLatest"]) for entry in listed["Versions"]] == [
            ("gone", False),
            ("maps/cmb.fits", True),
            ("maps/cmb.fits", False),
        ]
        assert [entry["Key"] for entry in listed["DeleteMarkers"]] == ["gone"]
        assert s3.get_bucket_versioning(Bucket="andromeda")["Status"] == "Enabled"
        assert s3.get_bucket_tagging(Bucket="andromeda")["TagSet"] == [
            {"Key": "user", "Value": "ann"}
        ]
        [rule] = s3.get_bucket_lifecycle_configuration(Bucket="andromeda")["Rules"]
        assert rule["NoncurrentVersionExpiration"] == {
            "NoncurrentDays": 30,
            "NewerNoncurrentVersions": 30,
        }
        assert iam.get_role(RoleName="andromeda")["Role"]["RoleName"] == "andromeda"
        assert iam.list_role_policies(RoleName="andromeda")["PolicyNames"] == ["storage"]
        [found] = eks.list_pod_identity_associations(clusterName="cosmos")["associations"]
        association = eks.describe_pod_identity_association(
            clusterName="cosmos", associationId=found["associationId"]
        )["association"]
        assert association["roleArn"] == iam.get_role(RoleName="andromeda")["Role"]["Arn"]
        assert association["tags"] == {"user": "ann"}


def test_contents_survive_a_restart_old_versions_too(tmp_path):
    with running(tmp_path / "aws") as emulator:
        versions = fill(emulator.url)
    with running(tmp_path / "aws") as emulator:
        assert_filled(emulator.url, versions)
        with client_of(emulator.url) as s3:
            s3.put_object(Bucket="andromeda", Key="later", Body=b"later")
    with running(tmp_path / "aws") as emulator, client_of(emulator.url) as s3:
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="andromeda")["Contents"]]
        assert keys == ["later", "maps/cmb.fits"]


def test_a_new_emulator_is_empty(tmp_path):
    with running(tmp_path / "aws") as emulator:
        fill(emulator.url)
    with running(tmp_path / "other") as emulator, client_of(emulator.url) as s3:
        assert s3.list_buckets()["Buckets"] == []


def test_when_its_parent_is_killed_it_saves_and_leaves_within_seconds(tmp_path):
    with run_of(tmp_path / "aws") as (parent, pid, url):
        versions = fill(url)
        parent.kill()
        parent.wait()
        assert seconds_until_gone(pid, at_most=5) < 5
    with running(tmp_path / "aws") as emulator:
        assert_filled(emulator.url, versions)


def test_it_leaves_too_when_its_parent_dies_before_it_is_up(tmp_path):
    with run_of(tmp_path / "aws", then="killed at once") as (_, pid, _url):
        seconds_until_gone(pid, at_most=8)


def test_it_stays_while_its_parent_lives(tmp_path):
    with run_of(tmp_path / "aws") as (_, pid, url):
        with client_of(url) as s3:
            s3.list_buckets()
        with pytest.raises(AssertionError, match="still running"):
            seconds_until_gone(pid, at_most=1)


def test_what_was_made_half_a_second_ago_survives_even_its_own_sigkill(tmp_path):
    state = tmp_path / "aws"
    with run_of(state) as (_, pid, url):
        versions = fill(url)
        changed, deadline = time.time(), time.monotonic() + 5
        while not state.exists() or state.stat().st_mtime < changed:
            assert time.monotonic() < deadline, "nothing was saved"
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
        seconds_until_gone(pid, at_most=5)
    with running(state) as emulator:
        assert_filled(emulator.url, versions)


def test_ctrl_c_is_for_the_engine(tmp_path):
    with running(tmp_path / "aws") as emulator, client_of(emulator.url) as s3:
        s3.create_bucket(Bucket="andromeda")
        os.kill(emulator.pid, signal.SIGINT)
        with pytest.raises(AssertionError, match="still running"):
            seconds_until_gone(emulator.pid, at_most=0.3)
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["andromeda"]


def test_the_first_request_may_come_before_it_is_up(tmp_path):
    with running(tmp_path / "aws") as emulator, client_of(emulator.url) as s3:
        assert s3.list_buckets()["Buckets"] == []


def test_it_listens_on_one_port_of_loopback_and_nowhere_else(tmp_path):
    with running(tmp_path / "aws") as emulator:
        fill(emulator.url)
        port = int(emulator.url.rpartition(":")[2])

        assert emulator.url == f"http://127.0.0.1:{port}"
        assert listeners(emulator.pid) == [("tcp", f"0100007F:{port:04X}")]


def test_two_run_side_by_side(tmp_path):
    with running(tmp_path / "one") as one, running(tmp_path / "two") as two:
        assert one.url != two.url
        with client_of(one.url) as s3:
            s3.create_bucket(Bucket="andromeda")
        with client_of(two.url) as s3:
            assert s3.list_buckets()["Buckets"] == []


def test_the_log_has_no_secret_and_no_contents(tmp_path):
    with (
        running(tmp_path / "aws") as emulator,
        client_of(emulator.url) as s3,
        client_of(emulator.url, "sts") as sts,
    ):
        s3.create_bucket(Bucket="andromeda")
        s3.put_object(Bucket="andromeda", Key="maps/private.csv", Body=b"private contents")
        for wrong in ("not-there", "andromeda"):
            with pytest.raises(ClientError):
                s3.get_object(Bucket=wrong, Key="not-there")
        session = sts.assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/any", RoleSessionName="test"
        )["Credentials"]
        url = s3.generate_presigned_url(
            "get_object", Params={"Bucket": "andromeda", "Key": "maps/private.csv"}
        )
        with urllib.request.urlopen(url) as response:  # noqa: S310 - our own emulator
            assert response.read() == b"private contents"
    log = (tmp_path / "aws.log").read_text("utf-8")
    signature = url.rpartition("Signature=")[2]

    for secret in (
        SECRET,
        session["SecretAccessKey"],
        session["SessionToken"],
        signature,
        "private",
    ):
        assert secret not in log


def test_it_leaves_its_contents_and_a_log_behind_and_nothing_else(tmp_path):
    state = tmp_path / "aws"
    with running(state) as emulator:
        fill(emulator.url)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["aws", "aws.log"]
