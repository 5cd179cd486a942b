"""Links: requests that are signed here and sent by somebody else."""

from collections.abc import Mapping
from typing import Literal

from cmbcluster_storage.errors import InvalidRequestError
from cmbcluster_storage.messages import LinkRequest
from cmbcluster_storage.models import PresignedRequest
from cmbcluster_storage.runner import Runner

# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
_FILENAME = "${filename}"


class Links(Runner):
    """Signs links."""

    async def presigned_url(
        self,
        bucket_name: str,
        object_name: str,
        *,
        method: Literal["GET", "PUT", "POST"] = "GET",
        expires_in_seconds: int = 3600,
        headers: Mapping[str, str] | None = None,
        version_id: str | None = None,
        max_size_bytes: int | None = None,
    ) -> PresignedRequest:
        """Return a request that anybody may send who holds it, until it expires.

        Nothing is asked whether the object is there.

        Args:
            bucket_name: an existing bucket.
            object_name: the object's key.
            method: GET reads, PUT writes, POST writes by a form as browsers send it.
            expires_in_seconds: 1 to 604,800 (7 days); where the cloud signs for an
                account without a key (Google Cloud) at most 12 hours come of it.
            headers: must be sent as they are here: of PUT what describes the content, on S3
                Content-Type, -Disposition, -Encoding and -Language, Cache-Control and
                x-amz-meta-*; of POST further fields of the form. The platform's storage class
                joins them on S3.
            version_id: of GET; None takes the latest version.
            max_size_bytes: of POST; nothing larger is taken.

        Returns:
            The request; its `expires` is when it really ends, as far as that is known.

        Raises:
            UnsupportedError: the identity cannot sign.
            InvalidRequestError: it would live too long, or cannot have such a header; or
                `${filename}`, which the cloud replaces, is in the key of a POST.
            ValueError: the arguments do not go together.
        """
        if method not in ("GET", "PUT", "POST"):
            raise ValueError(f"a link is for GET, PUT or POST, not {method}")
        if expires_in_seconds < 1:
            raise ValueError(f"a link lives at least a second, not {expires_in_seconds}")
        if max_size_bytes is not None and method != "POST":
            raise ValueError(f"{method} cannot limit the size; method='POST' can")
        if version_id is not None and method != "GET":
            raise ValueError(f"{method} writes a version; only GET can name one")
        call = self._call("presigned_url", bucket_name, object_name, version_id)
        if method == "POST" and _FILENAME in object_name:
            raise call.located(
                InvalidRequestError(f"who sends a form fills {_FILENAME} in; choose another key")
            )
        request = LinkRequest(
            bucket=bucket_name,
            key=object_name,
            method=method,
            expires_in_seconds=expires_in_seconds,
            headers={**({} if method == "GET" else self._backend.write_headers), **(headers or {})},
            version_id=version_id,
            max_size_bytes=max_size_bytes,
        )
        signed = await self._tried(call, lambda _: self._backend.sign(request))
        return PresignedRequest(
            url=signed.url,
            method=method,
            headers={} if method == "POST" else dict(request.headers),
            fields=signed.fields,
            expires=signed.expires,
        )
