from io import FileIO
from pathlib import Path

from cmbcluster_storage.sinks import File, Memory

MIB = 1024 * 1024


def resident_bytes():
    """Return how much of this process' memory is there."""
    status = Path("/proc/self/status").read_text()
    (kib,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(kib) * 1024


def test_room_in_memory_is_made_without_writing_it():
    sink = Memory()
    before = resident_bytes()
    sink.allocate(256 * MIB)
    assert resident_bytes() - before < 64 * MIB

    sink.write(MIB, b"second")
    sink.write(0, b"first")
    assert resident_bytes() - before < 64 * MIB
    content = sink.content()
    assert len(content) == 256 * MIB
    assert (content[:5], content[MIB : MIB + 6]) == (b"first", b"second")
    assert resident_bytes() - before < 64 * MIB


def test_room_in_memory_may_be_none_and_is_made_again():
    sink = Memory()
    sink.allocate(3)
    sink.write(0, b"old")
    sink.allocate(0)
    sink.write(0, b"")
    assert sink.content() == b""
    sink.allocate(1)
    assert sink.content() == b"\0"


def test_a_file_that_is_discarded_meanwhile_is_closed_by_its_last_writer(tmp_path):
    sink = File(tmp_path / "a")

    class Slow(FileIO):
        def truncate(self, size=None):
            sink.discard()
            return super().truncate(size)

    sink._file = Slow(sink._part, "xb")
    sink.allocate(3)

    assert sink._file.closed
    sink.allocate(3)
    sink.write(0, b"abc")
    assert list(tmp_path.iterdir()) == []
