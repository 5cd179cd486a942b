import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from gcs_client import Api, client_of

from sandbox.gcs import GcsEmulator

BIG = os.urandom(300_000)

_RUN = """
import os, signal, sys
from pathlib import Path
from sandbox.gcs import GcsEmulator

emulator = GcsEmulator(Path(sys.argv[1]))
print(emulator.pid, emulator.url, flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def running(state):
    emulator = GcsEmulator(state)
    try:
        yield emulator
    finally:
        emulator.close()


def fill(url):
    """Make one of everything that is kept."""
    with client_of(url) as client:
        bucket = client.bucket("nebula")
        bucket.versioning_enabled = True
        bucket.create()
        for data in ("one", "two", BIG):
            bucket.blob("maps/a").upload_from_string(data)
        bucket.copy_blob(bucket.blob("maps/a"), bucket, "copy")
        bucket.blob("gone").upload_from_string("gone")
        gone = bucket.get_blob("gone")
        bucket.blob("gone", generation=gone.generation).delete()
        bucket.blob("both").compose([bucket.blob("copy"), bucket.blob("copy")])
        policy = bucket.get_iam_policy()
        policy["roles/storage.objectViewer"] = {"user:ann@example.org"}
        bucket.set_iam_policy(policy)
        dropped = client.create_bucket("dropped")
        dropped.delete()
        client.create_hmac_key("ann@example.org")
    post(url, "/v1/projects/cosmology/serviceAccounts", {"accountId": "andromeda"})


def post(url, path, body):
    api = Api(url)
    assert api("POST", path, body).status_code == 200
    api.session.close()


def seen(url):
    """Return all that a client can see of it."""
    with client_of(url) as client:
        bucket = client.get_bucket("nebula")
        blobs = [*bucket.list_blobs(versions=True), *bucket.list_blobs(soft_deleted=True)]
        api = Api(url)
        paths = ("b?project=cosmology", "b?project=cosmology&softDeleted=true", "b/nebula/iam",
                 "projects/cosmology/hmacKeys")  # fmt: skip
        answers = [api("GET", f"/storage/v1/{path}").json() for path in paths]
        answers.append(api("GET", "/v1/projects/cosmology/serviceAccounts").json())
        api.session.close()
        for blob in blobs:
            del blob._properties["mediaLink"]  # it names the port
        contents = [
            bucket.blob(blob.name, generation=blob.generation).download_as_bytes()
            for blob in bucket.list_blobs(versions=True)
        ]
        return [blob._properties for blob in blobs], contents, answers


def test_contents_survive_the_process(tmp_path):
    state = tmp_path / "gcs"
    with running(state) as emulator:
        fill(emulator.url)
        before = seen(emulator.url)
    for _ in range(2):
        with running(state) as emulator:
            after = seen(emulator.url)
            assert after == before
            with client_of(emulator.url) as client:
                newest = max(int(each["generation"]) for each in after[0])
                blob = client.bucket("nebula").blob("later")
                blob.upload_from_string("x")
                assert blob.generation > newest
                blob.delete()
            before = seen(emulator.url)
    assert BIG * 2 in before[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gcs", "gcs.contents", "gcs.log"]
    assert len(list((tmp_path / "gcs.contents").iterdir())) == 1  # the copy shares it


def test_what_was_made_half_a_second_ago_survives_its_sigkill(tmp_path):
    state = tmp_path / "gcs"
    emulator = GcsEmulator(state)
    fill(emulator.url)
    before = seen(emulator.url)
    time.sleep(0.5)
    os.kill(emulator.pid, signal.SIGKILL)
    emulator.close()
    (tmp_path / "gcs.contents" / "unfinished").write_bytes(b"of an upload that broke off")
    with running(state) as emulator:
        assert seen(emulator.url) == before
    assert not (tmp_path / "gcs.contents" / "unfinished").exists()


def test_files_go_with_the_last_object_that_has_them(tmp_path):
    with running(tmp_path / "gcs") as emulator, client_of(emulator.url) as client:
        bucket = client.bucket("nebula")
        bucket.soft_delete_policy.retention_duration_seconds = 0
        bucket.create()
        blob = bucket.blob("a")
        blob.upload_from_string(BIG)
        bucket.copy_blob(blob, bucket, "b")
        blob.delete()
        assert len(list((tmp_path / "gcs.contents").iterdir())) == 1
        bucket.blob("b").delete()
        assert list((tmp_path / "gcs.contents").iterdir()) == []


def test_thirty_two_clients_at_once_lose_nothing(tmp_path):
    with running(tmp_path / "gcs") as emulator, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(client_of(emulator.url)) for _ in range(32)]
        made = clients[0].bucket("nebula")
        made.versioning_enabled = True
        made.create()

        def work(number):
            bucket = clients[number].bucket("nebula")
            for index in range(20):
                bucket.blob(f"{number}/{index}").upload_from_string(f"{number} {index}")
                bucket.blob("shared").upload_from_string(f"{number} {index}")

        with ThreadPoolExecutor(32) as threads:
            list(threads.map(work, range(32)))
        blobs = list(clients[0].list_blobs("nebula", versions=True))
        shared = [blob for blob in blobs if blob.name == "shared"]
        own = {blob.name for blob in blobs} - {"shared"}

        assert own == {f"{number}/{index}" for number in range(32) for index in range(20)}
        assert len({blob.generation for blob in shared}) == 32 * 20
        assert sum(blob.time_deleted is None for blob in shared) == 1
        assert made.blob("7/7").download_as_bytes() == b"7 7"


def test_only_one_of_thirty_two_makes_an_object_that_must_be_new(tmp_path):
    with running(tmp_path / "gcs") as emulator:
        post(emulator.url, "/storage/v1/b?project=cosmology", {"name": "nebula"})
        path = "/upload/storage/v1/b/nebula/o?uploadType=media&name=a&ifGenerationMatch=0"

        def put(_):
            api = Api(emulator.url)
            status = api("POST", path, data=BIG).status_code
            api.session.close()
            return status

        with ThreadPoolExecutor(32) as threads:
            assert sorted(threads.map(put, range(32))) == [200] + [412] * 31


def test_small_requests_go_on_while_a_big_object_moves(tmp_path):
    with running(tmp_path / "gcs") as emulator, ThreadPoolExecutor(1) as thread:
        post(emulator.url, "/storage/v1/b?project=cosmology", {"name": "nebula"})

        def move():
            # By processes of their own, whose work does not slow this one's clock.
            upload = f"{emulator.url}/upload/storage/v1/b/nebula/o?uploadType=media&name=a"
            code = "import requests, sys; requests.post(sys.argv[1], data=bytes(256 << 20))"
            subprocess.run([sys.executable, "-c", code, upload], check=True)

        moving, waits, api = thread.submit(move), [], Api(emulator.url)
        while not moving.done():
            start = time.perf_counter()
            api("GET", "/storage/v1/b/nebula")
            waits.append(time.perf_counter() - start)
        stored = api("GET", "/storage/v1/b/nebula/o/a").json()
        api.session.close()
        resident = int(_status(emulator.pid, "VmHWM").split()[0]) // 1024
    assert stored["size"] == str(256 << 20)
    assert max(waits) < 0.5 * sum(waits)  # none waited for most of the upload
    assert resident < 200


def _status(pid, field):
    with open(f"/proc/{pid}/status") as status:  # noqa: PTH123 - a file of the kernel
        return status.read().partition(f"{field}:")[2].partition("\n")[0].strip()


def test_it_leaves_with_the_process_that_started_it(tmp_path):
    command = [sys.executable, "-c", _RUN, str(tmp_path / "gcs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        pid, url = run.stdout.readline().split()
        post(url, "/storage/v1/b?project=cosmology", {"name": "nebula"})
        run.kill()
    deadline = time.monotonic() + 15  # it takes 1.3; other work may hold it up
    while os.path.exists(f"/proc/{pid}"):  # noqa: PTH110 - a file of the kernel
        assert time.monotonic() < deadline, "still running"
        time.sleep(0.05)
    with running(tmp_path / "gcs") as emulator, client_of(emulator.url) as client:
        assert [bucket.name for bucket in client.list_buckets()] == ["nebula"]


def test_the_log_stays_empty(tmp_path):
    with running(tmp_path / "gcs") as emulator:
        fill(emulator.url)
        api = Api(emulator.url)
        for path in ("/storage/v1/b/none", "/none/none", "/v1/projects/x/y"):
            assert api("GET", path, headers={"Authorization": "Bearer secret"}).status_code >= 400
        api.session.close()
    assert (tmp_path / "gcs.log").read_text() == ""


def test_a_project_s_number_is_its_own_or_stated(tmp_path):
    emulator = GcsEmulator(tmp_path / "gcs", project_numbers={"cosmology": "123456789012"})
    try:
        with client_of(emulator.url) as client, client_of(emulator.url, "geology") as other:
            assert client.create_bucket("nebula").project_number == 123456789012
            number = other.create_bucket("basalt").project_number
            assert len(str(number)) == 12
            assert number != 123456789012
    finally:
        emulator.close()


def test_it_listens_on_loopback_only(tmp_path):
    with running(tmp_path / "gcs") as emulator:
        port = int(emulator.url.rpartition(":")[2])
        with open("/proc/net/tcp") as table:  # noqa: PTH123 - a file of the kernel
            listening = [
                line.split()[1] for line in table if f":{port:04X} 00000000:0000 0A" in line
            ]
        assert listening == [f"0100007F:{port:04X}"]


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path):
    contents = tmp_path / "gcs.contents"
    with running(tmp_path / "gcs") as emulator:
        post(emulator.url, "/storage/v1/b?project=cosmology", {"name": "nebula"})
        address = ("127.0.0.1", int(emulator.url.rpartition(":")[2]))
        path = "/upload/storage/v1/b/nebula/o?uploadType=media&name=a"
        with socket.create_connection(address) as broken:
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n"
            broken.sendall(head.encode() + BIG)
            wait_until(lambda: any(contents.iterdir()))
        wait_until(lambda: not any(contents.iterdir()))
        with client_of(emulator.url) as client:
            assert client.bucket("nebula").get_blob("a") is None


def wait_until(holds):
    deadline = time.monotonic() + 15  # it takes 1.3; other work may hold it up
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
