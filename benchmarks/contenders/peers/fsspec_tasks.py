"""What s3fs and gcsfs do alike: both are fsspec's, with the same methods."""

import shutil
from collections.abc import Callable
from typing import Any

import gcsfs
import s3fs

from benchmarks.work import AT_ONCE, Task, Work


def s3() -> Any:
    """Return S3 as a file system; it takes credentials and endpoint as boto3 does."""
    return s3fs.S3FileSystem(config_kwargs={"max_pool_connections": AT_ONCE})


def cloud_storage(**options: Any) -> Any:
    """Return Cloud Storage as a file system; it takes the endpoint as Google's library does."""
    return gcsfs.GCSFileSystem(project="bench", token="anon", **options)  # noqa: S106 - none


def task(work_on: Callable[[Any, Work], Any], opened: Callable[[], Any]) -> Task:
    """Return a task on an opened file system."""

    def prepared(work: Work) -> Callable[[], object]:
        files = opened()
        files.exists(f"{work.bucket}/none")
        return lambda: work_on(files, work)

    return prepared


def up(files: Any, work: Work) -> None:
    """Write the small objects."""
    contents = {f"{work.bucket}/{key}": data for key, data in work.small}
    files.pipe(contents, batch_size=AT_ONCE)


def down(files: Any, work: Work) -> None:
    """Read them."""
    files.cat([f"{work.bucket}/{key}" for key in work.names], batch_size=AT_ONCE)


def large_up(files: Any, work: Work) -> None:
    """Write a file."""
    files.put_file(str(work.large), f"{work.bucket}/large")


def large_down(files: Any, work: Work) -> None:
    """Read into a file."""
    files.get_file(f"{work.bucket}/large", str(work.path))


def listed(files: Any, work: Work) -> None:
    """List all."""
    work.checked(len(files.find(work.bucket, detail=True)))


def copied(to: Callable[[], Any]) -> Callable[[Any, Work], None]:
    """Return what copies to another file system, by their open files."""

    def copy(files: Any, work: Work) -> None:
        source = files.open(f"{work.bucket}/large", "rb", cache_type="readahead")
        with source, to().open(f"{work.target}/large", "wb") as target:
            shutil.copyfileobj(source, target, source.blocksize)

    return copy
