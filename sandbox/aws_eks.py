"""EKS' types: pod identity associations.

Source: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service/eks
"""

from typing import Any

from sandbox.aws_sdk import failing, unless_gone
from sandbox.properties import Properties
from sandbox.resource import ProviderError, ResourceType

_INPUTS = ("clusterName", "namespace", "serviceAccount", "roleArn", "tags")


class PodIdentityAssociation(ResourceType):
    """Ties of one service account of a cluster to a role; the id is EKS' own."""

    replaced_by = frozenset({"clusterName", "namespace", "serviceAccount", "region"})
    replaced_first = False
    supported = frozenset(_INPUTS)

    def __init__(self, eks: Any, region: str) -> None:
        """Work in one region."""
        self._eks = eks
        self._region = region

    def create(self, inputs: Properties) -> str:
        """Tie a service account that has no role."""
        with failing("creating EKS Pod Identity Association"):
            made = self._eks.create_pod_identity_association(
                clusterName=inputs["clusterName"],
                namespace=inputs["namespace"],
                serviceAccount=inputs["serviceAccount"],
                roleArn=inputs["roleArn"],
                tags=inputs.get("tags", {}),
            )
        return str(made["association"]["associationId"])

    def imported_id(self, import_id: str) -> str:
        """Return the association's id, which is not enough to find one by."""
        cluster, _, association_id = import_id.partition(",")
        if not (cluster and association_id):
            raise ProviderError(
                f"wrong format of import ID ({import_id}), use: 'cluster-name,association-id'"
            )
        return association_id

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the association; of an import the id names the cluster, too."""
        cluster, _, association_id = resource_id.rpartition(",")
        found = self._association(cluster or inputs["clusterName"], association_id)
        return {key: found[key] for key in _INPUTS} if found else None

    def update(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Change the role and the tags."""
        with failing(f"updating EKS Pod Identity Association ({resource_id})"):
            changed = self._eks.update_pod_identity_association(
                clusterName=new["clusterName"], associationId=resource_id, roleArn=new["roleArn"]
            )
            arn = changed["association"]["associationArn"]
            if gone := list(old.get("tags", {}).keys() - new.get("tags", {}).keys()):
                self._eks.untag_resource(resourceArn=arn, tagKeys=gone)
            if tags := new.get("tags"):
                self._eks.tag_resource(resourceArn=arn, tags=tags)

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Take the role from the service account; running pods keep their sessions."""
        with failing(f"deleting EKS Pod Identity Association ({resource_id})"):
            unless_gone(
                lambda: self._eks.delete_pod_identity_association(
                    clusterName=inputs["clusterName"], associationId=resource_id
                )
            )

    def outputs(self, resource_id: str, inputs: Properties) -> Properties:
        """Return what EKS adds."""
        found = self._association(inputs["clusterName"], resource_id) or {}
        return {
            "associationArn": found.get("associationArn"),
            "associationId": resource_id,
            "disableSessionTags": False,
            "region": self._region,
            "tagsAll": inputs.get("tags", {}),
        }

    def _association(self, cluster: str, association_id: str) -> Any:
        with failing(f"reading EKS Pod Identity Association ({association_id})"):
            found = unless_gone(
                lambda: self._eks.describe_pod_identity_association(
                    clusterName=cluster, associationId=association_id
                )
            )
        return found["association"] if found else None
