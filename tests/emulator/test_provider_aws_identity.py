import uuid

import grpc
import pytest
from aws_program import (
    ACCOUNT,
    ASSOCIATION,
    CLUSTER,
    POD_TRUST,
    ROLE,
    configured,
    plugin_with,
    program_inputs,
)
from plugin import failed_init


@pytest.fixture(scope="module")
def plugin(aws_endpoint):
    with plugin_with(configured(aws_endpoint)) as plugin:
        yield plugin


@pytest.fixture
def program():
    return program_inputs(f"orion-quasar-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def role(plugin, program):
    inputs = program[ROLE] | {"assumeRolePolicy": POD_TRUST}
    return plugin.create(ROLE, inputs)[0]


def test_create_returns_what_eks_adds_to_an_association(plugin, program, role):
    resource_id, state = plugin.create(ASSOCIATION, program[ASSOCIATION])

    assert state == program[ASSOCIATION] | {
        "associationArn": (
            f"arn:aws:eks:us-east-1:{ACCOUNT}:podidentityassociation/{CLUSTER}/{resource_id}"
        ),
        "associationId": resource_id,
        "disableSessionTags": False,
        "region": "us-east-1",
        "tagsAll": program[ASSOCIATION]["tags"],
    }


def test_a_service_account_that_is_tied_already_is_refused(plugin, program, role):
    resource_id, _ = plugin.create(ASSOCIATION, program[ASSOCIATION])
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(ASSOCIATION, program[ASSOCIATION])

    assert failed_init(refused.value) is None
    assert refused.value.details() == (
        "creating EKS Pod Identity Association: An error occurred (ResourceInUseException) when "
        "calling the CreatePodIdentityAssociation operation: Association already exists: "
        f"{resource_id}"
    )


def test_a_role_that_does_not_trust_the_service_is_refused(plugin, program):
    plugin.create(ROLE, program[ROLE])
    with pytest.raises(grpc.RpcError, match=r"InvalidParameterException.*Trust policy of the role"):
        plugin.create(ASSOCIATION, program[ASSOCIATION])


def test_a_role_that_there_is_not_is_refused(plugin, program):
    with pytest.raises(grpc.RpcError, match=r"InvalidParameterException.*does not exist"):
        plugin.create(ASSOCIATION, program[ASSOCIATION])


def test_another_role_comes_in_place(plugin, program, role):
    resource_id, _ = plugin.create(ASSOCIATION, program[ASSOCIATION])
    plugin.create(ROLE, program[ROLE] | {"name": f"{role}-b", "assumeRolePolicy": POD_TRUST})
    new = program[ASSOCIATION] | {"roleArn": f"{program[ASSOCIATION]['roleArn']}-b"}
    plugin.update(ASSOCIATION, resource_id, program[ASSOCIATION], new)

    assert plugin.read(ASSOCIATION, resource_id, new)[:2] == (resource_id, new)


@pytest.mark.parametrize("cluster", [CLUSTER, "elsewhere"])
def test_an_import_is_by_cluster_and_id_and_kept_by_the_id(plugin, program, role, cluster):
    resource_id, state = plugin.create(ASSOCIATION, program[ASSOCIATION])
    found = plugin.read(ASSOCIATION, f"{cluster},{resource_id}", {})

    expected = (resource_id, program[ASSOCIATION], state)
    assert found == (expected if cluster == CLUSTER else ("", {}, {}))


@pytest.mark.parametrize("import_id", ["a-00000000000000000", f"{CLUSTER},", ",a-0"])
def test_an_import_by_anything_else_says_how(plugin, import_id):
    with pytest.raises(grpc.RpcError) as refused:
        plugin.read(ASSOCIATION, import_id, {})

    assert refused.value.details() == (
        f"wrong format of import ID ({import_id}), use: 'cluster-name,association-id'"
    )


def test_what_has_no_associations_id_is_an_error_and_no_disappearance(plugin):
    with pytest.raises(grpc.RpcError) as refused:
        plugin.read(ASSOCIATION, f"{CLUSTER},nobody", {})

    assert refused.value.details().startswith("reading EKS Pod Identity Association (nobody): ")
    assert "should be 19 characters long" in refused.value.details()


@pytest.mark.parametrize(
    ("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")]
)
def test_identities_are_of_their_regions_partition(aws_endpoint, program, region, partition):
    name = program[ROLE]["name"]
    with plugin_with(configured(aws_endpoint, region=region), region) as plugin:
        _, role = plugin.create(ROLE, program[ROLE] | {"assumeRolePolicy": POD_TRUST})
        asked = program[ASSOCIATION] | {"roleArn": role["arn"]}
        resource_id, association = plugin.create(ASSOCIATION, asked)
        _, found, state = plugin.read(ROLE, name, {})

    assert role["arn"] == state["arn"] == f"arn:{partition}:iam::{ACCOUNT}:role/{name}"
    assert found["assumeRolePolicy"] == POD_TRUST
    assert association["roleArn"] == role["arn"]
    assert association["associationArn"] == (
        f"arn:{partition}:eks:{region}:{ACCOUNT}:podidentityassociation/{CLUSTER}/{resource_id}"
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, {}),
        ({"path": "/", "maxSessionDuration": 3600}, {}),
        ({"path": "/hub/"}, {"path": "/hub/"}),
        ({"maxSessionDuration": 7200}, {"maxSessionDuration": 7200}),
    ],
)
def test_an_imported_role_says_what_is_not_the_default(plugin, program, more, said):
    role, _ = plugin.create(ROLE, program[ROLE] | more)
    _, found, _ = plugin.read(ROLE, role, {})

    assert found == program[ROLE] | said
    assert plugin.diff(ROLE, found, program[ROLE] | more) == {}
    assert plugin.diff(ROLE, program[ROLE] | more, found) == {}
