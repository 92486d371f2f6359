"""What an OpenAI-compatible server tells without running a model."""

from __future__ import annotations

import contextlib
import ssl
import urllib.parse
from typing import TYPE_CHECKING, Any

import httpx

from pipeline.errors import InputError, ModelUnavailable
from pipeline.models.openai.errors import KEY_REFUSED, key_refused, translated_http
from pipeline.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_SECONDS = 5.0
_COUNT_SECONDS = 60.0  # a busy server may take long to tokenize a book
_IDLE_SECONDS = 4.0  # llama.cpp closes a connection that is idle for 5


class Server:
    """What a server tells without running a model."""

    def __init__(self, base_url: str, api_key: str | None) -> None:
        self.url = whole_address(base_url)
        self._root = self.url.removesuffix("/v1")
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(_COUNT_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(keepalive_expiry=_IDLE_SECONDS),
            verify=certificates(self.url),
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def models(self) -> list[dict[str, Any]]:
        """Return the models that it lists; none if it cannot list them."""
        answer = self._request("GET", f"{self.url}/models")
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise ModelUnavailable(f"{self.url} is not ready yet: {one_line(answer.text)}")
        listed = _said(answer).get("data")
        return listed if isinstance(listed, list) else []

    def get(self, path: str) -> dict[str, Any]:
        """Return what is at a path beside "/v1"; nothing if nothing is."""
        return _said(self._request("GET", self._root + path))

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Return what a path beside "/v1" answers; nothing if it takes no such request."""
        return _said(self._request("POST", self._root + path, body))

    def _request(
        self, method: str, url: str, body: Mapping[str, object] | None = None
    ) -> httpx.Response:
        with translated_http(self.url):
            try:
                answer = self._client.request(method, url, json=body)
            except (httpx.RemoteProtocolError, httpx.ReadError):  # it closed an idle connection
                answer = self._client.request(method, url, json=body)
        if answer.status_code in KEY_REFUSED:
            raise key_refused(self.url, answer.text)
        return answer


def meta_of(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return what llama.cpp lists of a model's weights."""
    return model.get("meta") or {}


def context_of(model: Mapping[str, Any]) -> int | None:
    """Return the context that a server lists for a model: vLLM's, then llama.cpp's key."""
    length = model.get("max_model_len") or meta_of(model).get("n_ctx_train")
    return length if isinstance(length, int) else None


def _said(answer: httpx.Response) -> dict[str, Any]:
    """Return the JSON object that a server answered; an empty one if it did not."""
    with contextlib.suppress(ValueError):
        said = answer.json()
        if answer.is_success and isinstance(said, dict):
            return said
    return {}


def certificates(url: str) -> ssl.SSLContext:
    """Return what a server is verified with. Without TLS that is nothing, and saves 30 ms."""
    if url.startswith("https:"):
        return httpx.create_ssl_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def whole_address(text: str) -> str:
    """Return an address as it is used, up to and with its path.

    Raises:
        InputError: it is none.
    """
    address = urllib.parse.urlsplit(text.strip())
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise InputError(f"{text!r} is no address of a server; write http://HOST:PORT/v1")
    path = address.path.rstrip("/") or "/v1"
    return urllib.parse.urlunsplit((address.scheme, address.netloc, path, "", ""))
