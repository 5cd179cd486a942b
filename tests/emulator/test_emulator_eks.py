import json
import re
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from aws_program import ACCOUNT, POD_TRUST, client_of
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def eks(aws_endpoint):
    with closing(client_of("eks", aws_endpoint)) as client:
        yield client


@pytest.fixture(scope="module")
def iam(aws_endpoint):
    with closing(client_of("iam", aws_endpoint)) as client:
        yield client


@pytest.fixture
def name():
    return f"nebula-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def role(iam, name):
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=POD_TRUST, Path="/hub/")
    return made["Role"]["Arn"]


@pytest.fixture
def asked(name, role):
    """What an association is made of; each test has a cluster of its own."""
    return {
        "clusterName": name,
        "namespace": "cmbcluster",
        "serviceAccount": "ann",
        "roleArn": role,
        "tags": {"user": "ann"},
    }


@pytest.fixture
def made(eks, asked):
    return eks.create_pod_identity_association(**asked)["association"]


def refused(call, **arguments):
    """Return status, code and message of what EKS does not do."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    response = error.value.response
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    return status, response["Error"]["Code"], response["Error"]["Message"]


def where(association):
    return {key: association[key] for key in ("clusterName", "associationId")}


def test_an_association_is_made_and_described(eks, asked, made):
    arn = f"arn:aws:eks:us-east-1:{ACCOUNT}:podidentityassociation/{asked['clusterName']}/"

    assert re.fullmatch("a-[a-z0-9]{17}", made["associationId"])
    assert datetime.now(UTC) - made["createdAt"] < timedelta(minutes=1)
    assert made == asked | {
        "associationId": made["associationId"],
        "associationArn": arn + made["associationId"],
        "createdAt": made["createdAt"],
        "modifiedAt": made["modifiedAt"],
        "disableSessionTags": False,
    }
    assert eks.describe_pod_identity_association(**where(made))["association"] == made


def test_a_service_account_has_one_association(eks, asked, made):
    assert refused(eks.create_pod_identity_association, **asked) == (
        409,
        "ResourceInUseException",
        f"Association already exists: {made['associationId']}",
    )
    for other in ({"namespace": "other"}, {"serviceAccount": "bob"}):
        eks.create_pod_identity_association(**asked | other)
    listed = eks.list_pod_identity_associations(clusterName=asked["clusterName"])["associations"]
    assert len(listed) == 3


NO_TAGGING = POD_TRUST.replace(', "sts:TagSession"', "")
OF_ANOTHER_SERVICE = POD_TRUST.replace("pods.eks", "ec2")
DENIED = POD_TRUST.replace("Allow", "Deny")
IN_TWO_STATEMENTS = json.dumps(
    {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["ec2.amazonaws.com", "pods.eks.amazonaws.com"]},
                "Action": action,
            }
            for action in ("sts:AssumeRole", "sts:TagSession")
        ]
    }
)


@pytest.mark.parametrize("trust", ['{"Statement": []}', NO_TAGGING, OF_ANOTHER_SERVICE, DENIED])
def test_the_role_must_trust_the_service_for_both_actions(eks, iam, name, asked, trust):
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)

    assert refused(eks.create_pod_identity_association, **asked) == (
        400,
        "InvalidParameterException",
        "Trust policy of the role provided is invalid.",
    )


def test_a_trust_policy_may_say_it_in_several_statements(eks, iam, name, asked):
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=IN_TWO_STATEMENTS)

    eks.create_pod_identity_association(**asked)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/nebula-", "/other-"),
        ("/hub/", "/"),
        (ACCOUNT, "999999999999"),
        ("arn:aws:", "arn:aws-us-gov:"),
    ],
)
def test_the_role_must_exist_by_its_whole_arn(eks, asked, role, old, new):
    assert old in role
    asked["roleArn"] = role.replace(old, new)

    assert refused(eks.create_pod_identity_association, **asked) == (
        400,
        "InvalidParameterException",
        "Role provided in the request does not exist.",
    )


def test_an_update_changes_the_role_and_when_it_was_modified(eks, iam, name, made):
    other = iam.create_role(RoleName=f"{name}-b", AssumeRolePolicyDocument=POD_TRUST)["Role"]
    updated = eks.update_pod_identity_association(**where(made), roleArn=other["Arn"])

    assert updated["association"]["modifiedAt"] > made["modifiedAt"]
    assert updated["association"] == made | {
        "roleArn": other["Arn"],
        "modifiedAt": updated["association"]["modifiedAt"],
    }
    nobody = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    refusal = refused(eks.update_pod_identity_association, **where(made), roleArn=nobody)
    assert refusal[1:] == (
        "InvalidParameterException",
        "Role provided in the request does not exist.",
    )
    assert (
        eks.describe_pod_identity_association(**where(made))["association"]["roleArn"]
        == (other["Arn"])
    )


def test_what_was_deleted_is_gone_and_its_place_free(eks, asked, made):
    assert eks.delete_pod_identity_association(**where(made))["association"] == made

    for call in (eks.describe_pod_identity_association, eks.delete_pod_identity_association):
        status, code, message = refused(call, **where(made))
        assert (status, code) == (404, "ResourceNotFoundException")
        assert made["associationId"] in message
    again = eks.create_pod_identity_association(**asked)["association"]
    assert again["associationId"] != made["associationId"]


def test_an_association_is_in_one_cluster_account_and_region(eks, aws_endpoint, made):
    cluster = {"clusterName": made["clusterName"]}
    with (
        closing(client_of("eks", aws_endpoint, account="999999999999")) as other_account,
        closing(client_of("eks", aws_endpoint, region="eu-west-1")) as other_region,
    ):
        for client in (other_account, other_region):
            assert client.list_pod_identity_associations(**cluster)["associations"] == []
            assert refused(client.describe_pod_identity_association, **where(made))[0] == 404
    elsewhere = where(made) | {"clusterName": "elsewhere"}
    assert refused(eks.describe_pod_identity_association, **elsewhere)[0] == 404


def test_an_id_of_another_length_is_none(eks, name):
    asked = {"clusterName": name, "associationId": "a-1"}

    assert refused(eks.describe_pod_identity_association, **asked) == (
        400,
        "InvalidParameterException",
        "The parameter associationId should be 19 characters long.",
    )


def test_associations_are_listed_by_what_they_are_known_by(eks, asked, made):
    eks.create_pod_identity_association(**asked | {"serviceAccount": "bob"})
    summary = {
        key: made[key]
        for key in (
            *("clusterName", "namespace", "serviceAccount"),
            *("associationArn", "associationId"),
        )
    }

    def listed(**filters):
        return eks.list_pod_identity_associations(clusterName=asked["clusterName"], **filters)[
            "associations"
        ]

    assert listed(serviceAccount="ann") == [summary]
    assert [each["serviceAccount"] for each in listed(namespace="cmbcluster")] == ["ann", "bob"]
    assert listed(namespace="other") == []


def test_tags_are_added_and_removed_by_the_arn(eks, made):
    arn = {"resourceArn": made["associationArn"]}
    eks.tag_resource(**arn, tags={"platform": "cmbcluster", "user": "bob"})
    assert eks.list_tags_for_resource(**arn)["tags"] == {"platform": "cmbcluster", "user": "bob"}

    eks.untag_resource(**arn, tagKeys=["user", "never-there"])
    assert eks.list_tags_for_resource(**arn)["tags"] == {"platform": "cmbcluster"}
    described = eks.describe_pod_identity_association(**where(made))["association"]
    assert described["tags"] == {"platform": "cmbcluster"}

    eks.delete_pod_identity_association(**where(made))
    assert refused(eks.list_tags_for_resource, **arn)[:2] == (404, "NotFoundException")


@pytest.mark.parametrize(
    "more", [{"targetRoleArn": "arn:aws:iam::1:role/a"}, {"disableSessionTags": True}]
)
def test_what_is_not_emulated_is_refused_by_name(eks, asked, more):
    message = f"{next(iter(more))!r} is not emulated by the sandbox"

    assert refused(eks.create_pod_identity_association, **asked, **more) == (
        400,
        "InvalidRequestException",
        message,
    )


def test_so_is_the_rest_of_the_api(eks, name):
    message = "'GET /clusters' is not emulated by the sandbox"
    assert refused(eks.list_clusters) == (400, "InvalidRequestException", message)

    status, code, message = refused(
        eks.list_pod_identity_associations, clusterName=name, maxResults=1
    )
    assert (status, code) == (400, "InvalidRequestException")
    assert message == "'maxResults' is not emulated by the sandbox"
