"""CRC32C: what every content is compared by, on both clouds.

`google_crc32c` computes it in C; that of a whole from those of its pieces it cannot.
"""

import base64
from functools import cache
from typing import cast

import google_crc32c

_POLYNOMIAL = 0x82F63B78


def extended(crc: int, data: bytes) -> int:
    """Return the checksum of what `crc` is of, followed by `data`; 0 is that of nothing."""
    return cast("int", google_crc32c.extend(crc, data))  # pyright: ignore[reportUnknownMemberType] - it has no types


def combined(first: int, second: int, second_bytes: int) -> int:
    """Return the checksum of two pieces, one after the other, from theirs."""
    for power in range(second_bytes.bit_length()):
        if second_bytes >> power & 1:
            first = _times(_shift(power), first)
    return first ^ second


def encoded(crc: int) -> str:
    """Return a checksum as both clouds write it: big-endian, in base64."""
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


def decoded(text: str) -> int:
    """Return the checksum that `encoded` wrote."""
    return int.from_bytes(base64.b64decode(text), "big")


@cache
def _shift(power: int) -> tuple[int, ...]:
    """Return the matrix over bits that appends 2**power zero bytes."""
    if power == 0:
        matrix = (_POLYNOMIAL, *(1 << bit for bit in range(31)))  # one zero bit
        for _ in range(3):
            matrix = tuple(_times(matrix, column) for column in matrix)
        return matrix
    half = _shift(power - 1)
    return tuple(_times(half, column) for column in half)


def _times(matrix: tuple[int, ...], vector: int) -> int:
    product = 0
    for column in matrix:
        if not vector:
            break
        if vector & 1:
            product ^= column
        vector >>= 1
    return product
