"""What S3's settings of a bucket have in common.

They themselves are in `aws_s3_access`, `aws_s3_contents` and `aws_s3_lifecycle`.

Source: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service/s3
"""

import json
import re
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.aws_sdk import failing, unless_gone, utc_text
from sandbox.properties import UNKNOWN, Properties, leaves
from sandbox.resource import Failures, ResourceType

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Where an SDK name is not the property's name with a capital.
_SDK_NAMES = {
    "id": "ID",
    "sseAlgorithm": "SSEAlgorithm",
    "kmsMasterKeyId": "KMSMasterKeyID",
}
_WIRE_NAMES = {sdk: wire for wire, sdk in _SDK_NAMES.items()}


class BucketSetting(ResourceType):
    """One setting of a bucket: a document that is put, got and deleted as a whole.

    Like the official provider's, its create overwrites what is there.

    Attributes:
        what: as the official provider's errors call it.
        choices: pattern of property paths to the values that may stand there.
    """

    what: str
    choices: ClassVar[Mapping[str, Collection[str]]] = {}
    replaced_by = frozenset({"bucket", "expectedBucketOwner", "region"})

    def __init__(self, s3: "S3Client") -> None:
        """Work through one client."""
        self._s3 = s3

    @abstractmethod
    def put(self, bucket: str, inputs: Properties) -> None:
        """Write the setting."""

    @abstractmethod
    def get(self, bucket: str) -> Properties | None:
        """Return the setting's properties; None or a ClientError where there is none."""

    @abstractmethod
    def remove(self, bucket: str, inputs: Properties) -> None:
        """Take the setting away."""

    def failures(self, inputs: Properties) -> Failures:
        """Yield values outside of the choices."""
        for path, value in leaves(inputs):
            for pattern, choices in self.choices.items():
                if re.fullmatch(pattern, path) and value not in (*choices, UNKNOWN):
                    yield path, f"expected one of {', '.join(choices)}, got {json.dumps(value)}"

    def create(self, inputs: Properties) -> str:
        """Put the setting."""
        with failing(f"creating {self.what} ({inputs['bucket']})"):
            self.put(inputs["bucket"], inputs)
        return str(inputs["bucket"])

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the setting, None without it or its bucket."""
        with failing(f"reading {self.what} ({resource_id})"):
            found = unless_gone(lambda: self.get(resource_id))
        return {"bucket": resource_id} | found if found is not None else None

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Put the new setting."""
        with failing(f"updating {self.what} ({resource_id})"):
            self.put(resource_id, new)

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Take the setting away."""
        with failing(f"deleting {self.what} ({resource_id})"):
            unless_gone(lambda: self.remove(resource_id, inputs))


def known_rules(inputs: Properties) -> Iterator[tuple[int, Properties]]:
    """Yield index and rule of a setting's rules, but for those that only the run will know."""
    rules = inputs.get("rules")
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        if isinstance(rule, dict):
            yield index, rule


def sdk_name(name: str) -> str:
    """Return the SDK's name of a property."""
    return _SDK_NAMES.get(name, name[:1].upper() + name[1:])


def to_sdk(value: Any) -> Any:
    """Return a document in the SDK's names."""
    if isinstance(value, dict):
        return {sdk_name(key): to_sdk(item) for key, item in value.items()}
    return [to_sdk(item) for item in value] if isinstance(value, list) else value


def to_wire(value: Any) -> Any:
    """Return a document of the SDK in the wire's names; dates as text."""
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, dict):
        return {
            _WIRE_NAMES.get(key, key[:1].lower() + key[1:]): to_wire(item)
            for key, item in value.items()
        }
    return [to_wire(item) for item in value] if isinstance(value, list) else value
