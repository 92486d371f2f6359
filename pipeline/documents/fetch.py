"""Getting a document from an address of the web.

People may fetch what they like from their own machine. A service fetches for strangers, and then
from public addresses only: every name is looked up once, all that it stands for must be public, and
the connection goes to the very address that was checked, so that a name cannot stand for another
one a moment later. Redirects are checked in the same way.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx

from pipeline.errors import TooLarge, Unreachable

REDIRECTS = 5
HEADERS = {"User-Agent": "py-llama", "Accept": "text/html, application/pdf, */*;q=0.8"}
NOT_PUBLIC = "is not a public address of the web, and no other is fetched"
NO_ADDRESS = "is no address of the web; one begins with http:// or https://"

LookUp: TypeAlias = Callable[[str, int], Awaitable[list[str]]]


async def look_up(host: str, port: int) -> list[str]:
    """Return the IP addresses that a name stands for.

    Raises:
        OSError: it stands for none.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True)
class Fetcher:
    """How addresses are fetched. `most` is in bytes, `seconds` are for all of it.

    `public` refuses whatever is not a public address of the web.
    """

    public: bool = False
    most: int = 100 * 2**20
    seconds: float = 60.0
    look_up: LookUp = look_up
    transport: httpx.AsyncBaseTransport | None = None

    async def fetch(self, address: str) -> bytes:
        """Return what is at an address, after redirects.

        Raises:
            Unreachable: nothing answers, it answers with an error, or it may not be asked.
            TooLarge: it gives more than may be taken.
        """
        try:
            async with asyncio.timeout(self.seconds), self._client() as client:
                return await self._follow(client, address)
        except TimeoutError:
            raise Unreachable(address, f"gives no whole answer in {self.seconds:g} s") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError, ValueError):
            raise Unreachable(address, NO_ADDRESS) from None
        except (httpx.HTTPError, OSError):
            raise Unreachable(address, "does not answer; check its spelling") from None

    def _client(self) -> httpx.AsyncClient:
        # A proxy would look names up by itself, so where they are checked there is none.
        return httpx.AsyncClient(
            headers=HEADERS, transport=self.transport, trust_env=not self.public, timeout=20
        )

    async def _follow(self, client: httpx.AsyncClient, address: str) -> bytes:
        url = httpx.URL(address)
        for _ in range(REDIRECTS + 1):
            async with client.stream("GET", **await self._request(url, address)) as response:
                if not response.has_redirect_location:
                    return await self._body(response, address)
                url = url.join(response.headers["location"])
        raise Unreachable(address, f"redirects more than {REDIRECTS} times")

    async def _request(self, url: httpx.URL, address: str) -> dict[str, Any]:
        """Return what is asked: of public addresses, the one that was checked."""
        if url.scheme not in {"http", "https"} or not url.host:
            raise Unreachable(address, NO_ADDRESS)
        if not self.public:
            return {"url": url}
        port = url.port or {"http": 80, "https": 443}[url.scheme]
        found = await self.look_up(url.host, port)
        if url.userinfo or not found or not all(is_public(ip) for ip in found):
            raise Unreachable(address, NOT_PUBLIC)
        return {
            "url": url.copy_with(host=found[0]),
            "headers": {"Host": url.netloc.decode("ascii")},
            "extensions": {"sni_hostname": url.host},  # whose certificate is asked for and checked
        }

    async def _body(self, response: httpx.Response, address: str) -> bytes:
        if response.is_error:
            raise Unreachable(address, f"answers with the error {response.status_code}")
        data = bytearray()
        async for piece in response.aiter_bytes():
            data += piece
            if len(data) > self.most:
                raise TooLarge(address, f"gives more than {self.most // 2**20} MB")
        return bytes(data)


def is_public(address: str) -> bool:
    """Say whether an IP address is anyone's to ask.

    Private, loopback, link-local, multicast and reserved ones are not, nor are those of IPv6 that
    stand for one of IPv4.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    return ip.is_global and not (
        ip.is_multicast or ip.is_reserved or getattr(ip, "sixtofour", None) is not None
    )
