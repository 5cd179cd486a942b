"""EKS on the AWS emulator: pod identity associations, which ministack does not have.

`emulator` hands everything here that was signed for EKS. Any cluster exists. What the API
could do besides, like policies of an association, is refused by name.

Sources:
    https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html
    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
"""

import json
import re
import secrets
import string
import time
from collections.abc import Mapping
from typing import Any

from sandbox.aws_requests import Caller

Document = dict[str, Any]
Query = Mapping[str, list[str]]

_PATH = re.compile(r"/clusters/([^/]+)/pod-identity-associations(?:/([^/]+))?")
_TAGS_PATH = re.compile(r"/tags/(.+)")


class EksError(Exception):
    """What EKS does not do."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Take what the answer says."""
        super().__init__(message)
        self.status = status
        self.code = code


class PodIdentityAssociations:
    """The associations of all accounts and regions, and the API to them.

    Attributes:
        by_arn: they themselves, tags included.
    """

    def __init__(self, roles: Mapping[tuple[str, str], Document]) -> None:
        """Start without any.

        Args:
            roles: account and name to the role, as ministack keeps them.
        """
        self.by_arn: dict[str, Document] = {}
        self._roles = roles

    def answer(
        self, caller: Caller, method: str, path: str, query: Query, values: Document
    ) -> Document:
        """Return what EKS answers.

        Args:
            caller: whose associations, and in which region.
            method: of HTTP.
            path: decoded.
            query: decoded, too.
            values: the body.

        Raises:
            EksError: EKS would refuse, or the sandbox does not emulate it.
        """
        if found := _TAGS_PATH.fullmatch(path):
            return self._tags(method, found[1], query, values)
        found = _PATH.fullmatch(path)
        match (method, *(found.groups() if found else ())):
            case "POST", cluster, None:
                return {"association": self._created(caller, cluster, values)}
            case "GET", cluster, None:
                return {"associations": self._listed(caller, cluster, query)}
            case "GET", cluster, str(identifier):
                return {"association": self._one(caller, cluster, identifier)}
            case "POST", cluster, str(identifier):
                return {"association": self._updated(caller, cluster, identifier, values)}
            case "DELETE", cluster, str(identifier):
                association = self._one(caller, cluster, identifier)
                return {"association": self.by_arn.pop(association["associationArn"])}
        raise _not_emulated(f"{method} {path}")

    def _created(self, caller: Caller, cluster: str, values: Document) -> Document:
        _refuse_others(values, "namespace", "serviceAccount", "roleArn", "tags")
        self._check_role(caller, values["roleArn"])
        place = {key: [values[key]] for key in ("namespace", "serviceAccount")}
        for other in self._listed(caller, cluster, place):
            taken = f"Association already exists: {other['associationId']}"
            raise EksError(409, "ResourceInUseException", taken)
        letters = string.ascii_lowercase + string.digits
        identifier = "a-" + "".join(secrets.choice(letters) for _ in range(17))
        arn = f"{_arns(caller, cluster)}{identifier}"
        self.by_arn[arn] = {
            "clusterName": cluster,
            "namespace": values["namespace"],
            "serviceAccount": values["serviceAccount"],
            "roleArn": values["roleArn"],
            "associationArn": arn,
            "associationId": identifier,
            "tags": values.get("tags", {}),
            "createdAt": time.time(),
            "modifiedAt": time.time(),
            "disableSessionTags": False,
        }
        return self.by_arn[arn]

    def _listed(self, caller: Caller, cluster: str, query: Query) -> list[Document]:
        _refuse_others(query, "namespace", "serviceAccount")
        wanted = {key: value for key, [value] in query.items()}
        summary = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId")
        return [
            {key: association[key] for key in summary}
            for arn, association in self.by_arn.items()
            if arn.startswith(_arns(caller, cluster)) and wanted.items() <= association.items()
        ]

    def _one(self, caller: Caller, cluster: str, identifier: str) -> Document:
        if len(identifier) != 19:
            message = "The parameter associationId should be 19 characters long."
            raise EksError(400, "InvalidParameterException", message)
        try:
            return self.by_arn[f"{_arns(caller, cluster)}{identifier}"]
        except KeyError:
            message = f"The cluster {cluster} has no association {identifier}."
            raise EksError(404, "ResourceNotFoundException", message) from None

    def _updated(self, caller: Caller, cluster: str, identifier: str, values: Document) -> Document:
        _refuse_others(values, "roleArn")
        association = self._one(caller, cluster, identifier)
        role = values.get("roleArn", association["roleArn"])
        self._check_role(caller, role)
        association |= {"roleArn": role, "modifiedAt": time.time()}
        return association

    def _tags(self, method: str, arn: str, query: Query, values: Document) -> Document:
        if arn not in self.by_arn:
            raise EksError(404, "NotFoundException", f"There is no {arn}.")
        tags = self.by_arn[arn]["tags"]
        if method == "GET":
            return {"tags": tags}
        tags |= values.get("tags", {})
        for key in query.get("tagKeys", []):
            tags.pop(key, None)
        return {}

    def _check_role(self, caller: Caller, arn: str) -> None:
        role = self._roles.get((caller.account_id, arn.rpartition("/")[2]))
        # ministack writes all of its ARNs in the partition `aws`.
        if role is None or role["Arn"].replace("aws", caller.partition, 1) != arn:
            message = "Role provided in the request does not exist."
        elif not _trusts_pods(json.loads(role["AssumeRolePolicyDocument"])):
            message = "Trust policy of the role provided is invalid."
        else:
            return
        raise EksError(400, "InvalidParameterException", message)


def _arns(caller: Caller, cluster: str) -> str:
    """Return what the ARNs of a cluster's associations begin with."""
    owner = f"arn:{caller.partition}:eks:{caller.region}:{caller.account_id}"
    return f"{owner}:podidentityassociation/{cluster}/"


def _trusts_pods(policy: Document) -> bool:
    allowed: set[str] = set()
    for statement in _listing(policy["Statement"]):
        principal = statement.get("Principal")
        services = principal.get("Service") if isinstance(principal, dict) else None
        if statement["Effect"] == "Allow" and "pods.eks.amazonaws.com" in _listing(services):
            allowed.update(_listing(statement.get("Action")))
    return allowed >= {"sts:AssumeRole", "sts:TagSession"}


def _listing(value: Any) -> list[Any]:
    """Return what a policy may write as one value or as a list of them."""
    return value if isinstance(value, list) else [value]


def _refuse_others(values: Mapping[str, Any], *known: str) -> None:
    for key in values.keys() - {*known, "clientRequestToken"}:
        if values[key]:
            raise _not_emulated(key)


def _not_emulated(what: str) -> EksError:
    message = f"{what!r} is not emulated by the sandbox"
    return EksError(400, "InvalidRequestException", message)
