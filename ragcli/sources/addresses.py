"""Which addresses a page may be fetched from. A name, a redirect or a robots.txt can lead to a machine of the local network,
whose pages nobody meant to publish, let alone to index."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

import httpx

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address

Resolve = Callable[[str, int], Sequence[str]]


def is_public(address: str) -> bool:
    """Whether an IP address is public. An IPv6 address that stands for an IPv4 address (mapped, 6to4, NAT64)
    is as public as that one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast and not found.is_reserved


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order in which the system would try them, each once. Raises OSError."""
    return list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


class GuardedTransport(httpx.BaseTransport):
    """Sends each request, redirects among them, to an address that was looked at: the name of the host is resolved once, all of
    its addresses must be allowed, and the connection goes to one of them, whatever the name means a moment later.

    Certificates are checked for the name. Proxies are not used: they would resolve the name themselves. Raises
    httpx.ConnectError when a name has no address, or one that is not allowed.
    """

    def __init__(self, resolve: Resolve = resolved, allows: Callable[[str], bool] = is_public) -> None:
        self._resolve = resolve
        self._allows = allows
        # Connections are not kept: one to an address is for the name that its certificate was checked for.
        self._inner = httpx.HTTPTransport(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.raw_host.decode("ascii")
        problem: httpx.HTTPError = httpx.ConnectError(f"{host} has no address", request=request)
        for address in self._checked(request, host):
            try:
                return self._inner.handle_request(
                    httpx.Request(
                        request.method,
                        request.url.copy_with(host=address),
                        headers=request.headers,
                        stream=request.stream,
                        extensions={**request.extensions, "sni_hostname": host},
                    )
                )
            except httpx.ConnectError as error:
                problem = error
        raise problem

    def close(self) -> None:
        self._inner.close()

    def _checked(self, request: httpx.Request, host: str) -> Sequence[str]:
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"{host} has no address: {error}", request=request) from error
        for address in addresses:
            if not self._allows(address):
                told = host if host == address else f"{host} is at {address}, which"
                raise httpx.ConnectError(
                    f"{told} is no address of the public Internet (--allow-private fetches it)", request=request
                )
        return addresses
