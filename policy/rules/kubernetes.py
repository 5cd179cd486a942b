"""Kubernetes: a volume of one bucket, the claim that it is reserved for, the service account."""

from collections.abc import Iterator

from .model import Resource, Rule, Unknown
from .values import at, fields, shown, unless

VOLUME = frozenset({"kubernetes:core/v1:PersistentVolume"})
CLAIM = frozenset({"kubernetes:core/v1:PersistentVolumeClaim"})
SERVICE_ACCOUNT = frozenset({"kubernetes:core/v1:ServiceAccount"})
_PARTIAL = frozenset(
    token + form for token in VOLUME | CLAIM | SERVICE_ACCOUNT for form in ("List", "Patch")
)

_S3 = "s3.csi.aws.com"
_DRIVERS = (_S3, "gcsfuse.csi.storage.gke.io")
_IDENTITIES = ("eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account")


def identities_of(account: Resource) -> Iterator[str]:
    """Yield whom a service account acts as: a role's ARN, a Google account's e-mail address."""
    annotations = fields(at(account.props, "metadata.annotations"))
    for key in _IDENTITIES:
        if isinstance(identity := annotations.get(key), str):
            yield identity


def _is_a_bucket(volume: Resource) -> Iterator[str]:
    driver = at(volume.props, "spec.csi.driver")
    if not isinstance(driver, Unknown) and driver not in _DRIVERS:
        yield f"spec.csi.driver is {shown(driver)}: write {' or '.join(_DRIVERS)}"


def _is_retained(volume: Resource) -> Iterator[str]:
    yield from unless(volume.props, "spec.persistentVolumeReclaimPolicy", "Retain")


def _is_reserved(volume: Resource) -> Iterator[str]:
    for key in ("namespace", "name"):
        if at(volume.props, f"spec.claimRef.{key}") in (None, ""):
            yield f"spec.claimRef.{key} is missing: write the claim's, or any claim may take it"


def _names_no_class(resource: Resource) -> Iterator[str]:
    yield from unless(resource.props, "spec.storageClassName", "")


def _has_no_class(volume: Resource) -> Iterator[str]:
    # Of a volume, "" and nothing are the same, and the official provider leaves "" out. A claim
    # that says nothing is of the cluster's default class.
    if at(volume.props, "spec.storageClassName") is not None:
        yield from _names_no_class(volume)


def _is_mounted_as_pod(volume: Resource) -> Iterator[str]:
    if at(volume.props, "spec.csi.driver") == _S3:
        yield from unless(volume.props, "spec.csi.volumeAttributes.authenticationSource", "pod")
    for key in ("nodePublishSecretRef", "nodeStageSecretRef"):
        if at(volume.props, f"spec.csi.{key}"):
            yield f"spec.csi.{key} is a credential for whoever mounts it: drop it"


def _names_volume(claim: Resource) -> Iterator[str]:
    if at(claim.props, "spec.volumeName") in (None, ""):
        yield "spec.volumeName is missing: write the volume's, or another one may be bound"


def _is_one_servers(account: Resource) -> Iterator[str]:
    annotations = fields(at(account.props, "metadata.annotations"))
    has_identity = any(map(annotations.get, _IDENTITIES))
    if has_identity and at(account.props, "metadata.name") == "default":
        yield "every pod of the namespace that names none runs as it: write another metadata.name"


def _is_whole(_: Resource) -> Iterator[str]:
    yield "these rules judge it whole and by itself: write the resource"


RULES = (
    Rule(
        "kubernetes-whole",
        "A volume, a claim or a service account is one resource",
        _PARTIAL,
        _is_whole,
    ),
    Rule("volume-driver", "A volume is a bucket", VOLUME, _is_a_bucket),
    Rule("volume-retained", "A volume stays when its claim goes", VOLUME, _is_retained),
    Rule("volume-reserved", "A volume is reserved for one claim", VOLUME, _is_reserved),
    Rule("volume-no-class", "No provisioner makes or takes a volume", VOLUME, _has_no_class),
    Rule(
        "volume-pod-identity",
        "A volume is mounted with the pod's own identity",
        VOLUME,
        _is_mounted_as_pod,
    ),
    Rule("claim-no-class", "No provisioner makes a disk for a claim", CLAIM, _names_no_class),
    Rule("claim-volume", "A claim names its volume", CLAIM, _names_volume),
    Rule(
        "service-account-own",
        "An identity is not that of every pod",
        SERVICE_ACCOUNT,
        _is_one_servers,
    ),
)
