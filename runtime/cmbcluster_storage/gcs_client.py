"""The client of Cloud Storage, and one request over its session.

The SDK gives credentials, their renewal, endpoint and signatures; requests are written
by hand over its session, because a blob of the SDK costs as much as the request itself.
Credentials, endpoint and proxies come from the SDK's own chain (application default
credentials, `STORAGE_EMULATOR_HOST`, which is asked without credentials, ...).
"""

import re
from collections.abc import Mapping
from functools import partial
from os import environ
from threading import Lock
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import getproxies

from google.auth.credentials import AnonymousCredentials
from google.cloud.exceptions import from_http_response  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType] - there are none
from google.cloud.storage import Client  # pyright: ignore[reportMissingTypeStubs] - there are none
from requests import PreparedRequest, Request, Response, Session
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from cmbcluster_storage.backend import Backend
from cmbcluster_storage.calls import Patience
from cmbcluster_storage.gcs_errors import sdk_errors
from cmbcluster_storage.runner import THREADS
from cmbcluster_storage.watches import here

# A bucket's name is put into the address as it is: a slash would lead elsewhere.
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_PLAIN = re.compile(r"[A-Za-z0-9_.~/-]+")
# The SDK asks for Cloud Storage's own alone, by which nothing is signed and no metric read.
# https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def bucket_path(bucket: str) -> str:
    """Return the path of a bucket below the API's."""
    if not _BUCKET_NAME.fullmatch(bucket):
        raise ValueError(f"no bucket is called {bucket!r}")
    return f"/b/{bucket}"


def object_path(bucket: str, key: str) -> str:
    """Return the path of an object below the API's."""
    return f"{bucket_path(bucket)}/o/{object_name(key)}"


def object_name(key: str) -> str:
    """Return a key as a path's last part; raises ValueError for what no object is called.

    On the way a path is shortened by its dots: an object ".." would be the bucket.

    Source: https://cloud.google.com/storage/docs/objects#naming
    """
    if key in ("", ".", ".."):
        raise ValueError(f"no object is called {key!r}")
    # Most are plain, and `quote` takes ten times as long where it finds anything to do.
    return key.replace("/", "%2F") if _PLAIN.fullmatch(key) else quote(key, safe="")


class GcsClient(Backend):
    """Sends requests over the SDK's session, which the first of them opens."""

    def __init__(self, *, project: str | None, patience: Patience) -> None:
        """Keep the project; the first request makes the client, in its thread.

        Args:
            project: id of the buckets' project; None if only objects are worked with.
            patience: gives the time-outs of a request.
        """
        self._project = project
        self._timeout = (patience.connect_seconds, patience.read_seconds)
        self._opening = Lock()
        self._opened: Any = None

    @property
    def _client(self) -> Any:  # the SDK has no types
        with self._opening:
            if self._opened is None:
                self._opened = client(self._project)
            return self._opened

    def _send(
        self,
        method: str,
        path: str,
        key: str | None,
        query: Mapping[str, object] | None = None,
        *,
        api: str = "/storage/v1",
        accepts: tuple[int, ...] = (200, 204),
        **options: Any,
    ) -> Any:
        """Return the answer to one request.

        Args:
            method: of HTTP.
            path: below the API's, or a whole address.
            key: the object that it is about; None: the bucket.
            query: parameters; those that are None are left out.
            api: where the path begins.
            accepts: which answers are no errors.
            **options: headers, data, json or stream, as the session takes them.
        """
        client = self._client
        address = path if "://" in path else f"{client._connection.API_BASE_URL}{api}{path}"
        given = {name: value for name, value in (query or {}).items() if value is not None}
        here.go_on()
        with sdk_errors(key):
            if given:
                address += "?" + urlencode(given)  # raises for what is no text
            answer = client._http.request(
                method, address, timeout=self._timeout, allow_redirects=False, **options
            )
            if answer.status_code not in accepts:
                with answer:
                    raise from_http_response(answer)
            return answer

    def _json(
        self,
        method: str,
        path: str,
        key: str | None,
        query: Mapping[str, object] | None = None,
        **options: Any,
    ) -> Any:
        """Return what the answer to one request says."""
        answer = self._send(method, path, key, query, **options)
        with sdk_errors(key):
            return answer.json()

    def close(self) -> None:
        """Free connections."""
        if self._opened is not None:
            self._opened.close()


def client(project: str | None) -> Any:
    """Find credentials, which may ask a server, and return the SDK's client."""
    with sdk_errors(None):
        made: Any = Client(project=project, client_options={"scopes": [_SCOPE]})
    # It would ask for every bucket's metadata in a thread of its own, traced or not, which a
    # user's identity may not read.
    made._bucket_metadata_cache = None
    session = made._http
    if isinstance(made._credentials, AnonymousCredentials):
        session._max_refresh_attempts = 0  # there is nothing to renew
    # A session with a client certificate has an adapter of its own.
    for scheme in ("http://",) if session.is_mtls else ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=THREADS))
    # Trusting the environment, it would read proxies, certificates and .netrc for each request.
    session.verify = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or True
    session.trust_env = bool(getproxies().keys() - {"no"})
    session.prepare_request, session.send = partial(_prepared, session), partial(_sent, session)
    return made


def _prepared(session: Session, request: Request) -> PreparedRequest:
    """Return a request as it is sent.

    The session spends a quarter of a request's time on this: it looks for cookies, .netrc,
    parameters and signs to quote, of which there are none.
    """
    prepared = PreparedRequest()
    prepared.method, prepared.url, prepared.hooks = request.method, str(request.url), request.hooks
    prepared.headers = CaseInsensitiveDict({**session.headers, **request.headers})
    prepared.prepare_body(request.data, request.files, request.json)
    return prepared


def _sent(
    session: Session, request: PreparedRequest, *, allow_redirects: bool = True, **options: Any
) -> Response:
    """Return the answer to a request; of ours, without a look for cookies and redirects."""
    if allow_redirects:  # the SDK's own
        return Session.send(session, request, **options)
    answer = session.get_adapter(str(request.url)).send(request, **options)
    if not options["stream"]:
        _ = answer.content  # frees the connection
    return answer
