"""Signed addresses of objects on Cloud Storage."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from google.auth.credentials import Signing
from google.auth.exceptions import TransportError
from google.auth.impersonated_credentials import Credentials as Impersonating
from google.auth.transport.requests import Request

from cmbcluster_storage.errors import InvalidRequestError, UnsupportedError
from cmbcluster_storage.gcs_client import object_path
from cmbcluster_storage.gcs_errors import sdk_errors
from cmbcluster_storage.gcs_objects import GcsObjects, generation
from cmbcluster_storage.messages import LinkRequest, Signed

# https://cloud.google.com/storage/docs/access-control/signed-urls
_MOST_SECONDS = 7 * 24 * 60 * 60
# Of what the cloud signs for an account without a key.
_MOST_SECONDS_SIGNED = 12 * 60 * 60


class GcsLinks(GcsObjects):
    """Signs addresses, which asks the cloud unless the credentials hold a key."""

    def sign(self, request: LinkRequest) -> Signed:
        """Return a signed address, or a signed form, whose size can be limited."""
        if request.expires_in_seconds > _MOST_SECONDS:
            raise InvalidRequestError("a link to Cloud Storage lives at most 7 days")
        with sdk_errors(request.key):
            object_path(request.bucket, request.key)  # raises for what is no name
            signer, most = self._signer()
            life = timedelta(seconds=min(request.expires_in_seconds, most))
            now = datetime.now(UTC)
            with _refusal():
                url, fields = (
                    self._form(request, life, signer)
                    if request.method == "POST"
                    else self._link(request, life, signer)
                )
        return Signed(url=url, fields=fields, expires=now + life)

    def _signer(self) -> tuple[dict[str, Any], int]:
        """Return whom the SDK lets sign, and how many seconds that may last."""
        credentials = self._client._credentials
        if isinstance(credentials, Signing):
            by_cloud = isinstance(credentials, Impersonating)
            return {}, _MOST_SECONDS_SIGNED if by_cloud else _MOST_SECONDS
        email = getattr(credentials, "service_account_email", None)
        if email == "default":  # known once the metadata server was asked
            credentials.refresh(Request())
            email = credentials.service_account_email
        if not email or "@" not in email:
            raise UnsupportedError(
                "this identity cannot sign; set identity: serviceAccount in the stack file, "
                "or send the content through the hub",
                provider="gcp",
            )
        if not credentials.valid:
            credentials.refresh(Request())
        return {
            "service_account_email": email,
            "access_token": credentials.token,
        }, _MOST_SECONDS_SIGNED

    def _link(
        self, request: LinkRequest, life: timedelta, signer: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        blob = self._client.bucket(request.bucket).blob(request.key)
        return blob.generate_signed_url(
            version="v4",
            expiration=life,
            method=request.method,
            headers=dict(request.headers),
            generation=generation(request.version_id),
            **signer,
        ), {}

    def _form(
        self, request: LinkRequest, life: timedelta, signer: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        conditions: list[Any] = []
        if request.max_size_bytes is not None:
            conditions.append(["content-length-range", 0, request.max_size_bytes])
        form = self._client.generate_signed_post_policy_v4(
            request.bucket,
            request.key,
            life,
            conditions=conditions,
            fields=dict(request.headers),
            **signer,
        )
        return form["url"], form["fields"]


@contextmanager
def _refusal() -> Generator[None, None, None]:
    """Tell a refusal to sign from a failure that may pass, which is the same class of the SDK's."""
    try:
        yield
    except TransportError as error:
        if "PERMISSION_DENIED" not in str(error):
            raise
        raise UnsupportedError(
            "this identity may not sign; grant it roles/iam.serviceAccountTokenCreator on itself "
            "and enable iamcredentials.googleapis.com, or send the content through the hub",
            provider="gcp",
        ) from error
