"""Reads the entries of S3's listings, which botocore's walk over its model makes slow.

They are taken out of an answer before botocore reads what is left of it, errors included.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
"""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from botocore.utils import parse_timestamp

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# By their elements, what botocore calls the lists of them.
_LISTS = {"Contents": "Contents", "Version": "Versions", "DeleteMarker": "DeleteMarkers"}


def read_quickly(client: "S3Client") -> None:
    """Have a client read its listings in a third of the time."""
    for operation in ("ListObjectsV2", "ListObjectVersions"):
        # First, because botocore's own handler looks for errors in all of the body.
        client.meta.events.register_first(f"before-parse.s3.{operation}", _take_entries)


def timestamp(value: Any) -> datetime:
    """Return a time as S3 writes it: in a body by ISO 8601, in a header as HTTP does."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return read(value)
        except (AttributeError, TypeError, ValueError):
            continue
    return parse_timestamp(value)


def _take_entries(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Move the entries from an answer's body to what botocore has read of it."""
    try:
        page = ElementTree.XML(response_dict["body"])
    except ElementTree.ParseError:
        return  # botocore says so
    space = len(page.tag) - len(page.tag.rpartition("}")[2])
    rest = ElementTree.Element(page.tag)
    for element in page:
        if name := _LISTS.get(element.tag[space:]):
            entries = customized_response_dict.setdefault(name, [])
            entries.append(_entry(element, space))
        else:
            rest.append(element)
    if customized_response_dict:
        response_dict["body"] = ElementTree.tostring(rest)


def _entry(element: ElementTree.Element, space: int) -> dict[str, Any]:
    """Return an entry as botocore does; what nobody asks for stays text."""
    entry: dict[str, Any] = {child.tag[space:]: child.text or "" for child in element}
    entry["LastModified"] = timestamp(entry["LastModified"])
    if "Size" in entry:
        entry["Size"] = int(entry["Size"])
    if "IsLatest" in entry:
        entry["IsLatest"] = entry["IsLatest"] == "true"
    return entry
