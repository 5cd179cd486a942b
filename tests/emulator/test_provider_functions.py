import grpc
import pytest
from plugin import plugin_of

from sandbox.resource import ProviderError

GET_BUCKETS = "aws:s3/getBuckets:getBuckets"


def get_buckets(arguments):
    if arguments.get("prefix") == "refused":
        raise ProviderError("reading S3 Buckets: AccessDenied")
    return arguments | {"buckets": [{"name": "andromeda"}]}


@pytest.fixture(scope="module")
def plugin():
    tokens, offer = {GET_BUCKETS: "s3.get_buckets"}, {GET_BUCKETS: get_buckets}
    with plugin_of("pulumi_aws", tokens, lambda config: offer) as plugin:
        plugin.configure()
        yield plugin


def test_a_function_is_given_its_arguments_and_answers(plugin):
    arguments = {"prefix": "andromeda", "maxBuckets": 3}

    assert plugin.invoke(GET_BUCKETS, arguments) == (get_buckets(arguments), {})


@pytest.mark.parametrize(
    ("arguments", "failures"),
    [
        ({"prefx": "a"}, {"prefx": "unknown property 'prefx'; did you mean 'prefix'?"}),
        ({"maxBuckets": "many"}, {"maxBuckets": 'expected integer, got "many"'}),
        ({"opts": {}}, {"opts": "unknown property 'opts'"}),
    ],
)
def test_arguments_that_the_sdk_does_not_have_are_refused(plugin, arguments, failures):
    assert plugin.invoke(GET_BUCKETS, arguments) == ({}, failures)


def test_what_a_function_cannot_do_is_an_error(plugin):
    with pytest.raises(grpc.RpcError) as refused:
        plugin.invoke(GET_BUCKETS, {"prefix": "refused"})

    assert refused.value.details() == "reading S3 Buckets: AccessDenied"


@pytest.mark.parametrize(
    ("token", "cure"),
    [
        ("aws:s3/getBucket:getBucket", f"did you mean {GET_BUCKETS}?"),
        ("azure:x", f"it knows {GET_BUCKETS}"),
    ],
)
def test_an_unknown_function_is_refused_by_name(plugin, token, cure):
    with pytest.raises(grpc.RpcError) as refused:
        plugin.invoke(token, {})

    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert refused.value.details() == f"the sandbox knows no function {token}; {cure}"


def test_a_function_is_no_type(plugin):
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(GET_BUCKETS, {})

    assert refused.value.details() == f"the sandbox knows no type {GET_BUCKETS}; it knows none"
