"""The command line: `python -m infra.adopt --stack STACK USER BUCKET`. It only reads.

On stdout is the entry alone, so that it can be appended to the stack file; the words for
people are on stderr. A refusal is one problem with key, value and cure, and exit code 2.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from cmbcluster_storage.errors import (
    SDKS,
    BucketNotFoundError,
    MissingExtraError,
    StorageError,
    missing_extra,
)

from infra.adopt import words
from infra.config import ConfigError, parse, read
from infra.settings import StackConfig
from infra.stack_files import PROJECT, StackFileError, project_folder


class AdoptionError(Exception):
    """The bucket cannot be adopted; the text is key, value and cure."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.adopt",
        description="Write a stack file's entry for a bucket that exists; change nothing.",
    )
    parser.add_argument("--stack", required=True, help="the stack: aws is Pulumi.aws.yaml")
    parser.add_argument("user", help="the user's id as the hub knows it")
    parser.add_argument("bucket", help="the name of the bucket")
    args = parser.parse_args(arguments)
    try:
        entry, report = adoption(
            read(project_folder(Path.cwd()), args.stack), args.user, args.bucket
        )
    except (AdoptionError, ConfigError, StackFileError) as error:
        print(error, file=sys.stderr)
        return 2
    print(entry)
    print(report, file=sys.stderr)
    return 0


def adoption(config: StackConfig, user: str, bucket: str) -> tuple[str, str]:
    """Return the entry for the stack file, and what is to be said of it.

    Raises:
        AdoptionError: the stack has the user or the bucket already, or cannot take it.
    """
    cloud = config.cloud
    try:
        # The twin of the config's cloud; the other one's SDK need not be there.
        with missing_extra(cloud.provider):
            twin = import_module(f"infra.adopt.{cloud.provider}")
        _check_entry(config, user, bucket)
        parts = twin.found(cloud, bucket)
    except MissingExtraError as error:
        raise AdoptionError(
            f"provider: {_shown(cloud.provider)} needs {SDKS[cloud.provider][0]}, which is not "
            f"installed; `pip install -e '.[{cloud.provider}]'` in the checkout"
        ) from error
    except BucketNotFoundError as error:
        raise AdoptionError(
            f"bucket: {_shown(bucket)} does not exist; check the name, or list the user without a "
            f"bucket, and the stack makes one"
        ) from error
    except StorageError as error:
        raise AdoptionError(f"bucket: {_shown(bucket)} cannot be read: {error.message}") from error
    if obstacles := ", and ".join(twin.obstacles(cloud, parts)):
        raise AdoptionError(
            f"bucket: {_shown(bucket)} cannot be adopted: {obstacles}; list the user without a "
            f"bucket and copy the objects into the one that the stack makes"
        )
    return (
        words.entry(user, bucket, twin.adopted(config, parts)),
        words.report(
            f"{bucket}, in {parts.location}",
            twin.changes(config, cloud, user, parts),
            twin.notes(config, parts),
        ),
    )


def _check_entry(config: StackConfig, user: str, bucket: str) -> None:
    """Refuse an entry that the stack file could not have beside the ones that it has."""
    ids = [listed.id for listed in config.users]
    if user in ids:
        raise AdoptionError(
            f"users[{ids.index(user)}]: {_shown(user)} is in the stack file and has a bucket; copy "
            f"the objects into that, or, if it was never made, drop the line and run this again"
        )
    tree = json.loads(config.model_dump_json(by_alias=True, exclude_unset=True))
    entry = {"id": user, "bucket": bucket, "adopt": ["bucket"]}
    tree["users"] = [*tree.get("users", []), entry]
    try:
        parse(
            {
                f"{PROJECT}:{key}": value if isinstance(value, str) else json.dumps(value)
                for key, value in tree.items()
            }
        )
    except ConfigError as error:
        raise AdoptionError(f"with this entry, {error}") from error


def _shown(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
