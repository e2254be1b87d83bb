"""Tokens (JWT) of an issuer that the user named: who somebody is and what they may do, signed by keys that it publishes."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt

from ragcli.errors import RagError, UsageError
from ragcli.serving.principals import SCOPES, Principal, Scope

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Those by which a token can be signed: with a key of which this server has the public half alone."""
_LEEWAY = 30.0  # seconds that two clocks may differ
_LARGEST = 1_000_000  # bytes of a set of keys
_FETCH_SECONDS = 5.0
_AGAIN_SECONDS = 30.0  # between two times that unknown keys make it fetch the set
_LONGEST_NAME = 128
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Trusted:
    """Which tokens count: of this `issuer` for this `audience`, signed by a key of the set at `keys` (a file, or an https
    address) with one of `algorithms`. The claims `principal` and `scopes` say who it is and what they may do."""

    issuer: str
    audience: str
    keys: str
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    principal: str = "sub"
    scopes: str = "scope"

    def check(self) -> None:
        """Raises UsageError for what cannot be meant."""
        for name, value in (("jwt_audience", self.audience), ("jwt_keys", self.keys)):
            if not value:
                raise UsageError(f"serve.jwt_issuer is set and serve.{name} is not", hint=f"set serve.{name}")
        unknown = [name for name in self.algorithms if name not in ALGORITHMS]
        if unknown or not self.algorithms:
            raise UsageError(
                f"serve.jwt_algorithms: {', '.join(unknown) or 'none'} cannot be allowed",
                hint=f"some of {', '.join(ALGORITHMS)}",
            )
        address = urlsplit(self.keys)
        if address.scheme == "http" and address.hostname not in _LOOPBACK:
            raise UsageError("serve.jwt_keys: keys that come without TLS can be anybody's", hint="an https address")


class Refusal(RagError):
    """The token does not count; the message says why."""


class Tokens:
    """Checks tokens; any number of threads may use it. Raises UsageError for settings that make no sense, and RagError when the
    set of keys cannot be had."""

    def __init__(self, trusted: Trusted) -> None:
        trusted.check()
        self._trusted = trusted
        self._lock = threading.Lock()
        self._state: tuple[int, ...] = ()
        self._fetched = float("-inf")
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._refresh()

    def principal(self, token: str) -> Principal:
        """Whose token it is. Raises Refusal for one that does not count, and RagError when the keys cannot be read."""
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in self._trusted.algorithms:
                raise Refusal(f"the token is signed by {str(header.get('alg'))[:20]!r}, which does not count")
            claims = jwt.decode(
                token,
                self._key(header),
                algorithms=list(self._trusted.algorithms),
                audience=self._trusted.audience,
                issuer=self._trusted.issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError:
            raise Refusal("the token has expired") from None
        except jwt.InvalidAudienceError:
            raise Refusal("the token is for somebody else") from None
        except jwt.PyJWTError as error:
            raise Refusal(f"the token does not count: {type(error).__name__}") from error
        return self._named(claims)

    def _named(self, claims: Mapping[str, Any]) -> Principal:
        name, given = claims.get(self._trusted.principal), claims.get(self._trusted.scopes, "")
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise Refusal(f"the token does not say in {self._trusted.principal} whose it is")
        words = given.split() if isinstance(given, str) else given if isinstance(given, list) else []
        scopes: frozenset[Scope] = frozenset(scope for scope in SCOPES if scope in words)
        return Principal(name, scopes)

    def _key(self, header: Mapping[str, Any]) -> jwt.PyJWK:
        named = header.get("kid")
        with self._lock:
            self._refresh(unknown=named not in self._keys)
            if named is None and len(self._keys) == 1:
                return next(iter(self._keys.values()))
            if not isinstance(named, str) or named not in self._keys:
                raise Refusal("the token is signed by a key that the issuer does not publish")
            return self._keys[named]

    def _refresh(self, *, unknown: bool = True) -> None:
        """Read the set of keys: a file when it changed, an address when a key is unknown."""
        place = self._trusted.keys
        if urlsplit(place).scheme in ("http", "https"):
            if unknown and time.monotonic() - self._fetched > _AGAIN_SECONDS:
                self._fetched = time.monotonic()
                self._keys = _set(_fetched(place), place)
            return
        path = Path(place).expanduser()
        try:
            there = os.stat(path)
            state = (there.st_ino, there.st_size, there.st_mtime_ns)
            if state != self._state:
                self._keys, self._state = _set(path.read_bytes(), place), state
        except OSError as error:
            raise RagError(f"cannot read {path}: {error.strerror}", hint="serve.jwt_keys names the file") from error


def _fetched(address: str) -> bytes:
    try:
        with httpx.stream("GET", address, timeout=_FETCH_SECONDS, follow_redirects=False) as reply:
            reply.raise_for_status()
            content = b""
            for part in reply.iter_bytes():
                content += part
                if len(content) > _LARGEST:
                    raise RagError(f"the set of keys at {address} is too large", hint="serve.jwt_keys")
            return content
    except httpx.HTTPError as error:
        raise RagError(f"cannot get the keys at {address}: {error}", hint="serve.jwt_keys names the address") from error


def _set(content: bytes, place: str) -> dict[str, jwt.PyJWK]:
    """The public keys for signatures in a set (JWKS), by their `kid`."""
    try:
        listed = json.loads(content[:_LARGEST])["keys"]
        found = {}
        for entry in listed:
            if entry.get("kty") in ("RSA", "EC", "OKP") and entry.get("use", "sig") == "sig":
                found[str(entry.get("kid", ""))] = jwt.PyJWK(entry)
    except (ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError) as error:
        raise RagError(f"{place} is no set of keys (JWKS): {error}", hint="serve.jwt_keys names it") from error
    if not found:
        raise RagError(f"{place} holds no public key for signatures", hint="serve.jwt_keys names a JWKS")
    return found
