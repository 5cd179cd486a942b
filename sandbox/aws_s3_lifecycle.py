"""S3's lifecycle of a bucket: which objects expire when.

Sources:
    https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service/s3
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleExpiration.html
"""

from collections.abc import Callable
from typing import Any, ClassVar

from sandbox.aws_s3_setting import BucketSetting, known_rules, to_sdk, to_wire
from sandbox.properties import Properties, leaves
from sandbox.resource import Failures


class Lifecycle(BucketSetting):
    """What expires when."""

    what = "S3 Bucket Lifecycle Configuration"
    supported = frozenset({"bucket", "rules"})
    _counts = ("Days", ".daysAfterInitiation", ".newerNoncurrentVersions", ".expiration.days")
    choices: ClassVar = {r"rules\[\d+\]\.status": ("Enabled", "Disabled")}

    def put(self, bucket: str, inputs: Properties) -> None:
        """Write all rules; one without a filter holds for the whole bucket."""
        rules = to_sdk([_with_tags(rule, _tag_list) for rule in inputs["rules"]])
        self._s3.put_bucket_lifecycle_configuration(
            Bucket=bucket,
            LifecycleConfiguration={"Rules": [{"Filter": {}} | rule for rule in rules]},
        )

    def get(self, bucket: str) -> Properties:
        """Return all rules."""
        found = self._s3.get_bucket_lifecycle_configuration(Bucket=bucket)
        return {"rules": [_with_tags(rule, _tag_map) for rule in to_wire(found["Rules"])]}

    def remove(self, bucket: str, inputs: Properties) -> None:
        """Take all rules away."""
        self._s3.delete_bucket_lifecycle(Bucket=bucket)

    def failures(self, inputs: Properties) -> Failures:
        """Yield rules that S3 calls malformed, and counts that it does not take."""
        yield from super().failures(inputs)
        if not inputs.get("rules"):
            yield "rules", "S3 takes no lifecycle without a rule"
        for index, rule in known_rules(inputs):
            path = f"rules[{index}]"
            match rule.get("expiration"):
                case {"expiredObjectDeleteMarker": True, **others} if others:
                    reason = "expiredObjectDeleteMarker cannot stand beside days or date"
                    yield f"{path}.expiration", reason
            if "prefix" in rule:
                reason = "property 'prefix' is not emulated by the sandbox; use filter.prefix"
                yield f"{path}.prefix", reason
        for path, value in leaves(inputs):
            if path.endswith(self._counts) and isinstance(value, int) and value < 1:
                yield path, f"expected at least 1, got {value}"


def _with_tags(rule: Properties, convert: Callable[[Any], Any]) -> Properties:
    """Return a rule whose filter by several things has its tags converted, empty ones left out."""
    several = (rule.get("filter") or {}).get("and")
    if not several:
        return rule
    several = several | {"tags": convert(several.get("tags"))}
    return rule | {"filter": {"and": {key: value for key, value in several.items() if value}}}


def _tag_list(tags: dict[str, str] | None) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in sorted((tags or {}).items())]


def _tag_map(tags: list[dict[str, str]] | None) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in tags or []}
