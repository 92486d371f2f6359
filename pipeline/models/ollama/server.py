"""What an Ollama server tells without running a model: its version, its models, their vocabularies.

Light on purpose: listing models must not cost the second that importing langchain takes.
"""

from __future__ import annotations

import contextlib
import ipaddress
import ssl
import urllib.parse
from typing import TYPE_CHECKING, Any

import httpx

from pipeline.errors import InputError
from pipeline.models.ollama.errors import model_missing, no_ollama, server_down

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PORT = 11434
_PORTS = {"http": 80, "https": 443}
CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 30.0


def parse_host(value: str | None) -> str:
    """Return the base URL that a value of OLLAMA_HOST means, as Ollama's own clients read it.

    Credentials are kept. An address that means "every interface" becomes the loopback address,
    which is where such a server can be reached from.

    Raises:
        InputError: the value is no address.
    """
    text = (value or "").strip(" \t\r\n\"'")
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    try:
        port = DEFAULT_PORT if not separator else _PORTS[scheme.lower()]
        split = urllib.parse.urlsplit(f"{scheme.lower()}://{_bracketed(rest)}")
        userinfo, at, _ = split.netloc.rpartition("@")
        host = _reachable(split.hostname or "127.0.0.1")
        path = f"/{split.path.strip('/')}".rstrip("/")
        url = f"{split.scheme}://{userinfo}{at}{host}:{split.port or port}{path}"
        httpx.URL(url)
    except (KeyError, ValueError, httpx.InvalidURL) as error:
        raise InputError(
            f"{value!r} is no address of an Ollama server; write HOST, HOST:PORT or a URL"
        ) from error
    return url


def _bracketed(address: str) -> str:
    """Put an IPv6 address that stands alone into brackets."""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(address).version == 6:
            return f"[{address}]"
    return address


def _reachable(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return _bracketed(host)


class OllamaServer:
    """What an Ollama server tells without running a model. Errors name its address.

    `client_settings` are for every httpx client that talks to it.
    """

    def __init__(self, host: str | None) -> None:
        self.url = parse_host(host)
        split = urllib.parse.urlsplit(self.url)
        self.address = split._replace(netloc=split.netloc.rpartition("@")[2]).geturl()
        self.client_settings: dict[str, Any] = {
            # Like Ollama's own client, never through a proxy to the machine itself.
            "trust_env": not _is_loopback(split.hostname or ""),
            # Reading the certificates of all authorities takes 80 ms and is in vain without TLS.
            "verify": split.scheme == "https" or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        }
        self._client = httpx.Client(
            base_url=self.url,
            timeout=httpx.Timeout(_ANSWER_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=True,
            **self.client_settings,
        )

    def __enter__(self) -> OllamaServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def version(self) -> str:
        """Return the server's version.

        Raises:
            ServerDown: no Ollama server answers; so do the other methods.
        """
        return str(self._json(self._send("GET", "/api/version")).get("version", ""))

    def models(self) -> list[dict[str, Any]]:
        """Return what the server holds: name, size in bytes and digest of each model."""
        return list(self._json(self._send("GET", "/api/tags")).get("models") or ())

    def show(self, name: str, *, verbose: bool = False) -> dict[str, Any]:
        """Return what the server knows of a model; `verbose` adds its vocabulary.

        Raises:
            ModelMissing: the server does not have it.
        """
        response = self._send("POST", "/api/show", {"model": name, "verbose": verbose})
        if response.status_code in {400, 404}:
            raise model_missing(self.address, name)
        return self._json(response)

    def _send(self, method: str, path: str, body: object = None) -> httpx.Response:
        try:
            return self._client.request(method, path, json=body)
        except httpx.TransportError as error:
            raise server_down(self.address) from error
        except httpx.HTTPError as error:
            raise no_ollama(self.address, str(error)) from error

    def _json(self, response: httpx.Response) -> dict[str, Any]:
        try:
            answer = response.raise_for_status().json()
        except httpx.HTTPStatusError as error:
            raise no_ollama(self.address, f"HTTP {response.status_code}") from error
        except ValueError as error:
            raise no_ollama(self.address, "its answer is no JSON") from error
        if not isinstance(answer, dict):
            raise no_ollama(self.address, "its answer is no JSON object")
        return answer


def can_write(show: Mapping[str, Any]) -> bool:
    """Whether a model writes text; servers before 0.6.4 do not say, and are believed to."""
    return "completion" in (show.get("capabilities") or ["completion"])


def gguf_facts(show: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the server shows of the model's GGUF."""
    return show.get("model_info") or {}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
