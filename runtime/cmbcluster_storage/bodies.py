"""Bodies of requests that end when their caller has gone."""

from collections.abc import Iterator
from io import BytesIO

from cmbcluster_storage.messages import Checkpoint

# A smaller body is sent in one go: there is nothing to stop.
_SMALL_BYTES = 256 * 1024
_PIECE_BYTES = 128 * 1024


class Body(BytesIO):
    """Bytes that ask before each piece whether they are still wanted."""

    def __init__(self, data: bytes, go_on: Checkpoint) -> None:
        """Share the bytes, which costs no copy."""
        super().__init__(data)
        self._go_on = go_on

    @classmethod
    def of(cls, data: bytes, go_on: Checkpoint) -> "bytes | Body":
        """Return what the SDK is to send."""
        return data if len(data) <= _SMALL_BYTES else cls(data, go_on)

    def read(self, size: int | None = -1, /) -> bytes:
        """Return a piece, larger than asked for: the senders' own are tiny."""
        self._go_on()
        if size is None or size < 0:
            return super().read()
        return super().read(max(size, _PIECE_BYTES))


class Pieces:
    """The same for a sender that begins again by itself, which no file has a place for.

    Google's session does, with a renewed token.
    """

    def __init__(self, data: bytes, go_on: Checkpoint) -> None:
        """Share the bytes."""
        self._data = memoryview(data)
        self._go_on = go_on

    @classmethod
    def of(cls, data: bytes, go_on: Checkpoint) -> "bytes | Pieces":
        """Return what the SDK is to send."""
        return data if len(data) <= _SMALL_BYTES else cls(data, go_on)

    def __len__(self) -> int:
        """Return how many bytes it sends."""
        return len(self._data)

    def __iter__(self) -> Iterator[memoryview]:
        """Yield the pieces, from the first."""
        for start in range(0, len(self._data), _PIECE_BYTES):
            self._go_on()
            yield self._data[start : start + _PIECE_BYTES]
