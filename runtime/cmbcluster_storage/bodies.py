"""Bodies of requests that end when their caller has gone."""

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
