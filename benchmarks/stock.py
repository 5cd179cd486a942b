"""Fills the servers that the benchmark of the runtime measures against.

Where they are says the environment, as for every contender.
"""

import asyncio
import os
from pathlib import Path

import boto3
from google.cloud.storage import Client

from benchmarks.contenders.ours import provider
from benchmarks.figures import MIB


def write_file(path: Path, size_bytes: int) -> None:
    """Write what no one can compress."""
    with path.open("wb") as file:
        for _ in range(size_bytes // MIB):
            file.write(os.urandom(MIB))


def make_bucket(cloud: str, bucket: str, *, versioned: bool = True) -> None:
    """Make an empty bucket."""
    if cloud == "gcp":
        made = Client(project="bench").bucket(bucket)
        made.versioning_enabled = versioned
        made.create()
        return
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket)
    if versioned:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def add_objects(cloud: str, bucket: str, contents: list[tuple[str, bytes]]) -> None:
    """Write small objects, or one version more of each: keys and contents."""

    async def add() -> None:
        storage = provider(cloud)
        for outcome in await storage.upload_many(bucket, contents):
            if isinstance(outcome, Exception):
                raise outcome
        await storage.aclose()

    asyncio.run(add())


def tiny_objects(count: int) -> list[tuple[str, bytes]]:
    """Return that many, of which only the keys matter."""
    return [(f"many/{number:05}", b"x") for number in range(count)]


def add_versions(cloud: str, bucket: str, count: int) -> None:
    """Write half as many objects, and two versions of each."""
    for _ in range(2):
        add_objects(cloud, bucket, tiny_objects(count // 2))


def add_file(cloud: str, bucket: str, path: Path) -> None:
    """Write a file as the object of its name."""

    async def add() -> None:
        storage = provider(cloud)
        await storage.upload_object(bucket, path.name, path)
        await storage.aclose()

    asyncio.run(add())
