"""The platform: where users' buckets are, what they are called, what they are like.

Read from the stack's outputs (`pulumi stack output --json`) in the file that
`CMBCLUSTER_STORAGE_PLATFORM` names, so that a bucket which a hub makes is the one that the
stack would have made; without a file from the settings and the default rules.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from cmbcluster_storage import names, volumes
from cmbcluster_storage.errors import ConfigurationError
from cmbcluster_storage.outputs import AwsPlatformOutputs, StackOutputs
from cmbcluster_storage.rules import BucketRules, bucket_labels


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One hub on one cloud.

    Attributes:
        provider: the cloud.
        name: the hub's; part of every user's name.
        account: AWS account, or Google Cloud project.
        region: AWS region, or Google Cloud location.
        regional: on AWS, bucket names are in the account-regional namespace.
        rules: what every bucket is like.
        labels: of every bucket, besides our own.
        buckets: adopted and older buckets too: bucket by user, as the stack says.
    """

    provider: Literal["aws", "gcp"]
    name: str = "cmbcluster"
    account: str | None = None
    region: str | None = None
    regional: bool = True
    rules: BucketRules = field(default_factory=BucketRules)
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    buckets: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def required_account(self) -> str:
        """The account; raises ConfigurationError with the variable's name if it is not known."""
        return self.account or self._missing({"aws": "AWS_ACCOUNT_ID", "gcp": "PROJECT_ID"})

    @property
    def required_region(self) -> str:
        """The region; raises ConfigurationError with the variable's name if it is not known."""
        return self.region or self._missing({"aws": "AWS_REGION", "gcp": "REGION"})

    @property
    def _scope(self) -> str:
        if self.provider == "aws":
            return names.aws_scope(self.name, self.required_account, self.required_region)
        return names.gcp_scope(self.name, self.required_account)

    def bucket_name(self, user: str) -> str:
        """Return the name of a user's bucket, whether it is there or not."""
        if user in self.buckets:
            return self.buckets[user]
        name = names.user_name(self._scope, user)
        if self.provider == "gcp" or not self.regional:
            return name
        return names.aws_bucket_name(name, self.required_account, self.required_region)

    def bucket_labels(self, user: str) -> dict[str, str]:
        """Return the labels of a user's bucket."""
        return bucket_labels(self.name, names.user_slug(self._scope, user), self.labels)

    def volume_manifests(
        self, bucket_name: str, namespace: str
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a bucket's PersistentVolume and claim, as the stack has them."""
        claim_name = names.name_of_bucket(bucket_name)
        user = next((user for user, bucket in self.buckets.items() if bucket == bucket_name), None)
        # An adopted bucket's volume is called after its user, as everything else of theirs.
        name = claim_name if user is None else names.user_name(self._scope, user)
        volume_name = names.volume_name(namespace, name)
        return volumes.manifests(
            self._volume(bucket_name, volume_name),
            name=volume_name,
            claim_name=claim_name,
            namespace=namespace,
            labels=volumes.object_labels(self.name, name),
        )

    def _volume(self, bucket_name: str, volume_handle: str) -> volumes.CsiVolume:
        if self.provider == "gcp":
            return volumes.gcs_volume(bucket_name, volume_handle)
        return volumes.s3_volume(
            bucket_name, volume_handle, self.required_account, self.required_region, self.rules
        )

    def _missing(self, variables: Mapping[str, str]) -> str:
        raise ConfigurationError(
            f"users' buckets need it; set {variables[self.provider]}", provider=self.provider
        )


def platform(
    provider: Literal["aws", "gcp"],
    path: Path | None = None,
    *,
    account: str | None = None,
    region: str | None = None,
) -> Platform:
    """Return the platform of a file, or of the settings alone.

    Args:
        provider: the cloud.
        path: the stack's outputs as JSON; None: there is no stack.
        account: as the settings have it; must be the file's.
        region: likewise.

    Raises:
        ConfigurationError: the file is not what a stack puts out, or of another cloud,
            account or region.
    """
    if path is None:
        return Platform(provider=provider, account=account, region=region)
    try:
        found = _of(StackOutputs.read(json.loads(path.read_text("utf-8"))))
    except (OSError, ValueError, ConfigurationError) as error:
        raise ConfigurationError(
            f"{path} does not hold a stack's outputs ({error}); write it anew with "
            "`pulumi stack output --json` and check CMBCLUSTER_STORAGE_PLATFORM",
            provider=provider,
        ) from error
    stated = {"cloud": provider, "account": account, "region": region}
    read = {"cloud": found.provider, "account": found.account, "region": found.region}
    for what, value in stated.items():
        if value is not None and value.lower() != str(read[what]).lower():
            raise ConfigurationError(
                f"{path} is of the {what} {read[what]}, the settings of {value}; "
                "correct CMBCLUSTER_STORAGE_PLATFORM or the settings",
                provider=provider,
            )
    return found


def _of(outputs: StackOutputs) -> Platform:
    told, regional = outputs.platform, True
    if isinstance(told, AwsPlatformOutputs):
        account, region = told.account_id, told.region
        regional = told.bucket_namespace == "accountRegional"
    else:
        account, region = told.project, told.location
    said = {one.name: getattr(told.buckets, one.name) for one in fields(BucketRules)}
    if said["soft_delete_days"] is None:  # AWS has none
        del said["soft_delete_days"]
    return Platform(
        provider=told.provider,
        name=told.name,
        account=account,
        region=region,
        regional=regional,
        rules=BucketRules(**said),
        labels=told.buckets.labels,
        buckets={user: one.bucket_name for user, one in outputs.users.items()},
    )
