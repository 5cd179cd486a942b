from pathlib import Path

from cmbcluster_storage.sinks import Memory

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
