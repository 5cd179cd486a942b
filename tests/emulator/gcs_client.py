"""Cloud Storage of the sandbox, as Google's client and as plain HTTP."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

PROJECT = "cosmology"


@contextlib.contextmanager
def client_of(url: str, project: str = PROJECT) -> Iterator[storage.Client]:
    client = storage.Client(
        project=project,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": url},
    )
    client._http.trust_env = False
    yield client
    client.close()


class Api:
    """The server as plain HTTP, for what the client does not say or hides."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        return self.session.request(method, self.url + path, json=body, **options)

    def batch(self, requests: Iterable[tuple[str, str]]) -> list[str]:
        """Send requests as one and return the text of every answer."""
        parts = "".join(
            f"--mark\r\nContent-Type: application/http\r\nContent-ID: <{index}>\r\n\r\n"
            f"{method} {path} HTTP/1.1\r\n\r\n\r\n"
            for index, (method, path) in enumerate(requests)
        )
        response = self(
            "POST",
            "/batch/storage/v1",
            data=f"{parts}--mark--\r\n",
            headers={"Content-Type": "multipart/mixed; boundary=mark"},
        )
        assert response.status_code == 200, response.text
        mark = "--" + response.headers["content-type"].partition("boundary=")[2]
        return response.text.split(mark)[1:-1]

    def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str]:
        """Return status and message of an error, which must look like Google's."""
        response = self(method, path, body, **options)
        error = response.json()["error"]
        assert error["code"] == response.status_code
        if "errors" in error:
            assert error["errors"][0]["message"] == error["message"]
            assert error["errors"][0]["domain"] == "global"
            assert error["errors"][0]["reason"]
        else:
            assert error["status"]
        return response.status_code, error["message"]
