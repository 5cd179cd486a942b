"""The client of S3, tuned: what boto3 does by default costs round trips and time.

Credentials, endpoint and proxies come from boto3's own chain (`AWS_ENDPOINT_URL`,
`AWS_ROLE_ARN` with `AWS_WEB_IDENTITY_TOKEN_FILE`, profiles, pod identity ...); nothing
here adds to it.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.handlers import add_expect_header
from botocore.session import get_session

from cmbcluster_storage.calls import Patience
from cmbcluster_storage.errors import ConfigurationError
from cmbcluster_storage.runner import THREADS
from cmbcluster_storage.s3_pages import read_quickly, timestamp
from cmbcluster_storage.watches import here

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Servers other than Amazon's refuse checksums that they do not know; ours are sent anyhow.
# Few of them have a name for each bucket.
_OTHERS = Config(
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    s3={"addressing_style": "auto"},
)


def s3_client(session: Any, patience: Patience) -> "S3Client":
    """Return a client that tries each request once.

    Args:
        session: what `s3_session` returns.
        patience: gives its time-outs.

    Raises:
        ConfigurationError: the region or the endpoint is not valid.
    """
    config = once(patience).merge(
        Config(
            signature_version="s3v4",
            max_pool_connections=THREADS,
            # Else links name the world-wide host, which sends those of other regions away.
            s3={"addressing_style": "virtual"},
        )
    )
    try:
        client: S3Client = session.client("s3", config=config)
        if not is_amazons(client):
            client = session.client("s3", config=config.merge(_OTHERS))
    except ValueError as error:  # botocore's answer to an endpoint that is not a URL
        raise ConfigurationError(
            "region or endpoint is not valid; check AWS_REGION and AWS_ENDPOINT_URL",
            provider="aws",
        ) from error
    # "Expect: 100-continue" costs one more round trip for each upload.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    client.meta.events.register("before-send.s3", _go_on)
    read_quickly(client)
    # The same for every request, and a tenth of the time of a small one to put together.
    untyped: Any = client  # it has no public name
    agent: str = untyped._user_agent_creator.to_string()
    untyped._user_agent_creator.to_string = lambda: agent
    return client


def once(patience: Patience) -> Config:
    """Return the configuration of a client that tries each request once."""
    return Config(
        connect_timeout=patience.connect_seconds,
        read_timeout=patience.read_seconds,
        retries={"mode": "standard", "total_max_attempts": 1},
    )


def _go_on(**_: Any) -> None:
    here.go_on()


def s3_session(region: str) -> Any:
    """Return a session whose clients read times with the standard library.

    Any, because the stubs name every service that there is, most of them not installed.
    """
    core = get_session()
    # dateutil takes three quarters of a listing's time.
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=timestamp)
    return boto3.Session(botocore_session=core, region_name=region)


def is_amazons(client: "S3Client") -> bool:
    """Return whether the server is Amazon's own."""
    return ".amazonaws." in (urlsplit(client.meta.endpoint_url).hostname or "")
