"""By which names the server is reached, and which web pages may talk to it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from ragcli.errors import UsageError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_EXAMPLE = "127.0.0.1:8321"


def address(text: str) -> tuple[str, int]:
    """Host and port out of HOST:PORT, :PORT or PORT. Raises UsageError for what is none."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise UsageError(f"cannot listen on {text!r}: {port!r} is no port", hint=f"rag serve --listen {_EXAMPLE}")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on `host`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_every_address(host: str) -> bool:
    """Whether `host` stands for all addresses of the machine."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def host_of(authority: str) -> str:
    """The name in `NAME:PORT`, in lower case and without the brackets of an IPv6 address."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    return authority.partition(":")[0].rstrip(".").lower()


@dataclass(frozen=True, slots=True)
class Hosts:
    """`names` may stand in the header Host; web pages of `origins` may read replies, besides the server's own."""

    names: frozenset[str]
    origins: frozenset[str]

    @classmethod
    def of(cls, listens: str, allowed: Iterable[str], origins: Iterable[str]) -> Hosts:
        """Those of a server that listens on the host `listens`. Raises UsageError for origins that are none, and where nobody
        could reach it by a name that it knows."""
        names = {*LOOPBACK, *(host_of(name) for name in allowed)}
        if not is_every_address(listens):
            names.add(listens.lower())
        elif names == set(LOOPBACK):
            raise UsageError(
                f"{listens} is every address of this machine, and by which name others reach it is not known",
                hint="rag serve --allow-host NAME (repeatable), or --listen ADDRESS:PORT",
            )
        wanted = [origin.rstrip("/") for origin in origins]
        for origin in wanted:
            scheme, _, authority = origin.partition("://")
            if scheme not in ("http", "https") or not authority or set(authority) & set("/*? "):
                raise UsageError(f"{origin!r} is no origin", hint="--cors https://intranet.example.com")
        return cls(frozenset(names), frozenset(wanted))

    def knows(self, authority: str) -> bool:
        """Whether a request with this header Host is meant for the server."""
        return host_of(authority) in self.names

    def admits(self, origin: str, authority: str) -> bool:
        """Whether a web page of `origin` may talk to the server, which it reached as `authority`."""
        return origin in self.origins or origin.partition("://")[2].lower() == authority.lower()
