"""Writes of whole objects, proven to be ours if their answer was lost."""

import secrets
from collections.abc import Callable
from dataclasses import replace

from cmbcluster_storage import checksums
from cmbcluster_storage.calls import Attempt, Call
from cmbcluster_storage.errors import ConflictError, OutcomeUnknownError, StorageError
from cmbcluster_storage.messages import Write
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.runner import Runner


class Writes(Runner):
    """Writes objects in one request, and knows its own again."""

    def _put(self, call: Call, write: Write, data: bytes) -> ObjectInfo:
        """Write a small object; in a thread."""
        if not write.absent and not write.replaces:
            # Again is harmless: one identical version more.
            return call.tried(lambda attempt: self._backend.put(write, data, attempt.go_on))
        marked = replace(write, mark=secrets.token_hex(16))
        crc = checksums.extended(0, data)
        return call.tried(
            lambda attempt: self._proven(
                attempt, marked, crc, lambda: self._backend.put(marked, data, attempt.go_on)
            )
        )

    def _proven(
        self, attempt: Attempt, write: Write, crc: int | None, request: Callable[[], ObjectInfo]
    ) -> ObjectInfo:
        """Return what a write made, which an attempt with a lost answer may have been."""
        try:
            return request()
        except StorageError as error:
            if error.retryable or attempt.number == 1:
                raise
            # Also after no more than a refusal, which may be of a server in between.
            if isinstance(error, ConflictError) and (ours := self._ours(attempt, write, crc)):
                return ours
            if not attempt.uncertain:
                raise
            raise OutcomeUnknownError(
                "the answer was lost and the object is not provably ours; look at it before "
                "writing again"
            ) from error

    def _ours(self, attempt: Attempt, write: Write, crc: int | None) -> ObjectInfo | None:
        """Return what is there if this very write made it, and whoever asks may see that."""
        try:
            there = self._backend.stored(write.bucket, write.key, None)
        except StorageError as error:
            if error.retryable and attempt.may_wait(0):
                raise
            return None
        same = crc is None or there.info.crc32c in (None, checksums.encoded(crc))
        return there.info if same and there.mark == write.mark else None
