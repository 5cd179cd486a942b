"""What survives a restart: every record as a row of one SQLite file, large contents beside it.

Only what has changed is written, so that saving costs the same however much there is.
"""

import base64
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.gcs.buckets import Bucket
from sandbox.gcs.contents import Content, Folder, Segment
from sandbox.gcs.shelf import StoredObject
from sandbox.gcs.store import Store

_TABLE = """
CREATE TABLE IF NOT EXISTS records
(kind TEXT, key TEXT, record TEXT, data BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID
"""
_PUT = "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)"
_DROP = "DELETE FROM records WHERE kind = ? AND key = ?"


class State:
    """The state file of a store."""

    def __init__(self, path: Path, store: Store) -> None:
        """Open or make the file and fill the store with what it holds.

        Args:
            path: of the file.
            store: an empty one.
        """
        self._store = store
        self._database = sqlite3.connect(path)
        # A killed process loses nothing that was written; a killed machine may.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(_TABLE)
        self._load()

    def save(self) -> None:
        """Write what has changed."""
        changes, self._store.changes = self._store.changes, {}
        put, drop = [], []
        for (kind, key), record in changes.items():
            row = (kind, json.dumps(key))
            if record is None:
                drop.append(row)
            else:
                put.append((*row, *_written(record)))
        with self._database:
            self._database.executemany(_DROP, drop)
            self._database.executemany(_PUT, put)

    def close(self) -> None:
        """Write what has changed and close the file."""
        self.save()
        self._store.folder.close()
        self._database.close()

    def _load(self) -> None:
        store = self._store
        for kind, into in (("account", store.accounts), ("hmac", store.hmac_keys)):
            for key, record, _ in self._rows(kind):
                into[key[0]] = record
        buckets = self._load_buckets()
        files: dict[str, Segment] = {}
        for key, record, data in self._rows("object"):
            content = None
            if (key[0], key[1]) in buckets and not _is_over(record):
                content = _content(record, data, store.folder, files)
            if not content:  # also if the file went just before the process was killed
                store.changes["object", tuple(key)] = None
                continue
            stored = StoredObject(record["resource"], content)
            store.advance(stored.generation)
            _shelve(buckets[key[0], key[1]], stored)
        for path in store.folder.path.iterdir():
            if path.name not in files:
                path.unlink()  # written by a process that was killed before it said for what

    def _load_buckets(self) -> dict[tuple[str, int], Bucket]:
        store = self._store
        buckets: dict[tuple[str, int], Bucket] = {}
        for (name, generation), record, _ in self._rows("bucket"):
            if _is_over(record):
                store.changes["bucket", (name, generation)] = None
                continue
            bucket = Bucket(record["resource"], record["policy"], record["project"])
            bucket.managed_folders = record["managedFolders"]
            store.advance(generation)
            buckets[name, generation] = bucket
            if "softDeleteTime" in bucket.resource:
                store.deleted_buckets[name, generation] = bucket
            else:
                store.buckets[name] = bucket
        return buckets

    def _rows(self, kind: str) -> Iterator[tuple[list[Any], dict[str, Any], bytes]]:
        query = "SELECT key, record, data FROM records WHERE kind = ?"
        for key, record, data in self._database.execute(query, (kind,)):
            yield json.loads(key), json.loads(record), data


def _is_over(record: dict[str, Any]) -> bool:
    """Return whether something soft-deleted cannot be restored any more."""
    until = record["resource"].get("hardDeleteTime")
    return until is not None and datetime.fromisoformat(until) < datetime.now(UTC)


def _shelve(bucket: Bucket, stored: StoredObject) -> None:
    if "softDeleteTime" in stored.resource:
        bucket.soft_deleted.put(stored)
    elif "timeDeleted" in stored.resource:
        bucket.noncurrent.put(stored)
    else:
        bucket.live.put(stored)


def _written(record: Any) -> tuple[str, bytes]:
    """Return a record as the columns that hold it."""
    if isinstance(record, Bucket):
        fields = {
            "resource": record.resource,
            "policy": record.policy,
            "project": record.project,
            "managedFolders": record.managed_folders,
        }
        return json.dumps(fields), b""
    if not isinstance(record, StoredObject):
        return json.dumps(record), b""
    content = record.content
    fields = {
        "resource": record.resource,
        "segments": [[each.size, each.path and each.path.name] for each in content.segments],
        "crc32c": content.crc32c,
        "md5": None if content.md5 is None else base64.b64encode(content.md5).decode(),
    }
    return json.dumps(fields), b"".join(each.data for each in content.segments)


def _content(
    record: dict[str, Any], data: bytes, folder: Folder, files: dict[str, Segment]
) -> Content | None:
    """Return the content that a record tells of, None if a file of it is gone.

    Args:
        record: of an object.
        data: its bytes that are in no file.
        folder: of the files.
        files: those that objects before it have: a copy shares them.
    """
    segments: list[Segment] = []
    start = 0
    for size, file in record["segments"]:
        if not file:
            segments.append(Segment(size, data[start : start + size]))
            start += size
            continue
        if file not in files:
            path = folder.path / file
            if not path.exists():
                return None
            files[file] = Segment(size, b"", path, folder)
        segments.append(files[file])
    md5 = None if record["md5"] is None else base64.b64decode(record["md5"])
    return Content(tuple(segments), record["crc32c"], md5)
