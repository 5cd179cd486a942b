"""Google's JSON APIs as the types need them: one call, one error, gone means None."""

import requests
from requests.adapters import HTTPAdapter

from sandbox.properties import Properties
from sandbox.provider import THREADS
from sandbox.resource import ProviderError


class NotFoundError(ProviderError):
    """What was asked for does not exist."""


class Api:
    """The APIs behind one address."""

    def __init__(self, url: str) -> None:
        """Call `url`, without proxies."""
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("http://", HTTPAdapter(pool_maxsize=THREADS, pool_block=True))

    def call(
        self, method: str, path: str, body: Properties | None = None, **parameters: str
    ) -> Properties:
        """Return the answer's JSON.

        Raises:
            NotFoundError: what it is about does not exist.
            ProviderError: any other refusal, in the words of the official provider.
        """
        answer = self._session.request(
            method, f"{self._url}{path}", json=body, params=parameters, timeout=60
        )
        if not answer.ok:
            error = answer.json()["error"]
            gone = answer.status_code == requests.codes.not_found
            kind = NotFoundError if gone else ProviderError
            reasons = "".join(f", {each['reason']}" for each in error.get("errors", []))
            raise kind(f"googleapi: Error {error['code']}: {error['message']}{reasons}")
        return answer.json() if answer.content else {}

    def find(
        self, method: str, path: str, body: Properties | None = None, **parameters: str
    ) -> Properties | None:
        """Return the answer's JSON, None if what it is about does not exist."""
        try:
            return self.call(method, path, body, **parameters)
        except NotFoundError:
            return None
