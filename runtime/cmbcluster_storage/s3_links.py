"""Signed addresses of objects on S3."""

from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import NoCredentialsError

from cmbcluster_storage.errors import InvalidRequestError
from cmbcluster_storage.messages import LinkRequest, Signed
from cmbcluster_storage.s3_errors import sdk_errors
from cmbcluster_storage.s3_objects import S3Objects

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
_MOST_SECONDS = 7 * 24 * 60 * 60
_CALLS = {"GET": "get_object", "PUT": "put_object"}
# What of a request's headers is an argument of the SDK's.
_ARGUMENTS = {
    "cache-control": "CacheControl",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage",
    "content-type": "ContentType",
    "x-amz-storage-class": "StorageClass",
}
_METADATA = "x-amz-meta-"


class S3Links(S3Objects):
    """Signs addresses, which sends no request."""

    _session: Any

    def sign(self, request: LinkRequest) -> Signed:
        """Return a signed address, or a signed form, whose size can be limited."""
        if request.expires_in_seconds > _MOST_SECONDS:
            raise InvalidRequestError("a link to S3 lives at most 7 days")
        with sdk_errors(request.key):
            credentials = self._session.get_credentials()
            if credentials is None:
                raise NoCredentialsError
            expires = datetime.now(UTC) + timedelta(seconds=request.expires_in_seconds)
            url, fields = self._form(request) if request.method == "POST" else self._link(request)
            # Credentials that are renewed end, and the link with them.
            ends = getattr(credentials, "_expiry_time", None)
        return Signed(url=url, fields=fields, expires=min(expires, ends) if ends else expires)

    def _link(self, request: LinkRequest) -> tuple[str, dict[str, str]]:
        named: dict[str, Any] = {"Bucket": request.bucket, "Key": request.key}
        if request.version_id:
            named["VersionId"] = request.version_id
        for name, value in request.headers.items():
            known = name.lower()
            if request.method == "GET" or not (known in _ARGUMENTS or known.startswith(_METADATA)):
                raise InvalidRequestError(f"the header {name} cannot be part of a link")
            if known.startswith(_METADATA):
                named.setdefault("Metadata", {})[known.removeprefix(_METADATA)] = value
            else:
                named[_ARGUMENTS[known]] = value
        return self._client.generate_presigned_url(
            _CALLS[request.method], Params=named, ExpiresIn=request.expires_in_seconds
        ), {}

    def _form(self, request: LinkRequest) -> tuple[str, dict[str, str]]:
        fields: dict[str, str] = {}
        conditions: list[Any] = []
        for name, value in request.headers.items():
            fields[name] = value
            conditions.append({name: value})
        if request.max_size_bytes is not None:
            conditions.append(["content-length-range", 0, request.max_size_bytes])
        form = self._client.generate_presigned_post(
            request.bucket,
            request.key,
            Fields=fields,
            Conditions=conditions,
            ExpiresIn=request.expires_in_seconds,
        )
        return form["url"], form["fields"]
