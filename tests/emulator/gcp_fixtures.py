"""The plugin `gcp` and what it makes, for all modules of tests that name this one."""

import pytest
from gcp_hand import ACCOUNT, ACCOUNT_POLICY, BUCKET, BUCKET_POLICY, PROJECT, Hand, program_inputs
from plugin import plugin_of

from sandbox import gcp


@pytest.fixture(scope="session")
def hand(gcs_endpoint):
    hand = Hand(gcs_endpoint)
    yield hand
    hand.close()


@pytest.fixture(scope="session")
def types(gcs_endpoint):
    """The provider's types themselves, to make their calls fail."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", gcs_endpoint)
        types = gcp.configure({"project": PROJECT})
    yield types
    types[BUCKET]._api._session.close()


@pytest.fixture(scope="session")
def plugin(types):
    with plugin_of("pulumi_gcp", gcp.TYPES | gcp.FUNCTIONS, lambda config: types) as plugin:
        plugin.configure(project=PROJECT)
        yield plugin


@pytest.fixture
def program(name):
    return program_inputs(name)


@pytest.fixture
def made(plugin, name):
    """Make a type's resource, and what it needs, as the stack would."""

    def make(token, identity="serviceAccount", **more):
        program = program_inputs(name, identity)
        needs = {ACCOUNT_POLICY: [ACCOUNT], BUCKET_POLICY: [BUCKET, ACCOUNT]}.get(token, [])
        for needed in needs:
            if needed in program:
                plugin.create(needed, program[needed])
        return plugin.create(token, program[token] | more)[0]

    return make
