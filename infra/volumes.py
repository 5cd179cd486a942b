"""Kubernetes: one user's service account, volume and claim.

The same for both clouds: what differs comes in as annotations and a `CsiVolume`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
from cmbcluster_storage import names
from cmbcluster_storage.volumes import CsiVolume, manifests
from pulumi import ResourceOptions
from pulumi_kubernetes.core import v1
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.settings import Kubernetes


def provider(target: Kubernetes) -> kubernetes.Provider:
    """Return the provider of this cluster, or of a folder of manifests."""
    return kubernetes.Provider(
        "kubernetes", context=target.context, render_yaml_to_directory=target.render_to
    )


@dataclass(frozen=True)
class UserVolumeArgs:
    """What one user's volume is made from.

    Attributes:
        name: the user's name: of the service account, and of the volume in its namespace.
        claim_name: what the user's server mounts.
        namespace: of the user's server.
        service_account_annotations: tie the service account to an identity.
        volume: the bucket as its CSI driver mounts it.
        labels: of all three objects.
    """

    name: str
    claim_name: str
    namespace: str
    service_account_annotations: Mapping[str, pulumi.Input[str]]
    volume: CsiVolume
    labels: Mapping[str, str]


class UserVolume(pulumi.ComponentResource):
    """A service account, and a volume and claim that are reserved for each other."""

    def __init__(
        self, name: str, args: UserVolumeArgs, opts: ResourceOptions | None = None
    ) -> None:
        """Register everything below the component `name`, the user's slug."""
        super().__init__("cmbcluster-storage:index:UserVolume", name, {}, opts)
        child = ResourceOptions(parent=self)
        volume_manifest, claim_manifest = manifests(
            args.volume,
            name=names.volume_name(args.namespace, args.name),
            claim_name=args.claim_name,
            namespace=args.namespace,
            labels=args.labels,
        )

        v1.ServiceAccount(
            f"{name}-service-account",
            metadata=ObjectMetaArgs(
                name=args.name,
                namespace=args.namespace,
                labels=args.labels,
                annotations=args.service_account_annotations,
            ),
            opts=child,
        )
        volume = v1.PersistentVolume(
            f"{name}-volume",
            metadata=volume_manifest["metadata"],
            spec=volume_manifest["spec"],
            opts=child,
        )
        v1.PersistentVolumeClaim(
            f"{name}-claim",
            metadata=claim_manifest["metadata"],
            spec=claim_manifest["spec"],
            opts=ResourceOptions.merge(child, ResourceOptions(depends_on=[volume])),
        )
        self.register_outputs({})
