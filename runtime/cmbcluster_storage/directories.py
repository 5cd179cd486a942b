"""Directories: every file below a folder up, every object below a prefix down.

A key is a prefix and a file's path with slashes. What is a legal key but no safe path
(`..`, an empty part, a leading slash) is an error of that object, never a file elsewhere.
"""

import os
from os import PathLike
from pathlib import Path, PurePosixPath

from cmbcluster_storage.batches import Batches
from cmbcluster_storage.errors import InvalidRequestError, StorageError
from cmbcluster_storage.listings import Listings
from cmbcluster_storage.models import ObjectInfo
from cmbcluster_storage.runner import THREADS, together
from cmbcluster_storage.uploads import Progress


class Directories(Batches, Listings):
    """Moves folders."""

    async def upload_directory(
        self,
        bucket_name: str,
        folder: str | PathLike[str],
        prefix: str = "",
        *,
        progress: Progress | None = None,
    ) -> dict[str, ObjectInfo | StorageError | OSError]:
        """Write every file below a folder.

        Links to files are followed, links to folders are not. Nothing is deleted.

        Args:
            bucket_name: an existing bucket.
            folder: the folder; empty folders leave nothing.
            prefix: start of the keys, with its slash.
            progress: told how many files are done, of how many.

        Returns:
            By key, in its order: what was written, or why it was not.

        Raises:
            NotADirectoryError: there is no such folder.
            OSError: a folder cannot be read; nothing is written then.
        """
        call = self._call("upload_directory", bucket_name)
        files = await self._in_thread(call, lambda: _files(Path(folder), prefix))
        outcomes = await self.upload_many(bucket_name, files, progress=progress)
        return await self._in_thread(
            call, lambda: {key: one for (key, _), one in zip(files, outcomes, strict=True)}
        )

    async def download_directory(
        self,
        bucket_name: str,
        prefix: str,
        folder: str | PathLike[str],
        *,
        progress: Progress | None = None,
    ) -> dict[str, ObjectInfo | StorageError | OSError]:
        """Write every object below a prefix to a file; each is wholly old or wholly new.

        Args:
            bucket_name: an existing bucket.
            prefix: start of the keys, with its slash; the rest of a key is the path.
            folder: is made if it is not there. Files that are in the way are replaced,
                others stay.
            progress: told how many objects are done, of how many.

        Returns:
            By key, in its order: what was read, or why it was not. Keys that end in a
            slash stand for folders: these are made.

        Raises:
            OSError: the folder cannot be made.
        """
        call = self._call("download_directory", bucket_name)
        objects = await self.list_objects(bucket_name, prefix)
        outcomes: dict[str, ObjectInfo | StorageError | OSError] = {}
        waiting = iter(objects)
        root = Path(folder)
        await self._in_thread(call, lambda: root.mkdir(parents=True, exist_ok=True))

        async def lane() -> None:
            for info in waiting:
                try:
                    path = _path(root, info, prefix)
                    outcomes[info.name] = await self._file(call.bucket or "", info, path)
                except (StorageError, OSError) as error:
                    outcomes[info.name] = error
                if progress:
                    progress(len(outcomes), len(objects))

        await together(lane() for _ in range(min(THREADS, len(objects))))
        return await self._in_thread(
            call, lambda: {info.name: outcomes[info.name] for info in objects}
        )

    async def _file(self, bucket_name: str, info: ObjectInfo, path: Path) -> ObjectInfo:
        call = self._call("download_directory", bucket_name, info.name)
        target = path if info.name.endswith("/") else path.parent
        await self._in_thread(call, lambda: target.mkdir(parents=True, exist_ok=True))
        if info.name.endswith("/"):
            return info
        return await self.download_file(bucket_name, info.name, path)


def _files(folder: Path, prefix: str) -> list[tuple[str, Path]]:
    """Return every file below a folder, with the key that it becomes, in the keys' order."""
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is no folder")
    places = os.walk(folder, onerror=_raised)
    found = [Path(place, name) for place, _, names in places for name in names]
    files = [path for path in found if path.is_file()]
    keyed = [(f"{prefix}{path.relative_to(folder).as_posix()}", path) for path in files]
    return sorted(keyed, key=_order)


def _order(file: tuple[str, Path]) -> bytes:
    return file[1].as_posix().encode("utf-8", "surrogateescape")


def _raised(error: OSError) -> None:
    raise error


def _path(root: Path, info: ObjectInfo, prefix: str) -> Path:
    """Return where an object goes, which is below the folder."""
    rest = info.name.removeprefix(prefix)
    if not rest and prefix.endswith("/"):
        return root
    parts = rest.removesuffix("/").split("/")
    unsafe = not rest or any(part in ("", ".", "..") or "\0" in part for part in parts)
    if unsafe or os.sep != "/" or PurePosixPath(rest).is_absolute():
        raise InvalidRequestError(
            f"{rest!r} is no path below a folder; download it by itself", bucket=info.bucket_name
        )
    return root.joinpath(*parts)
