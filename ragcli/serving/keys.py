"""Keys of a server: who may use it and how much. The file holds hashes alone, so it gives no key away.

A key is `rk_`, eight digits that name it, `_`, and 256 random bits: too many to guess, so a fast hash is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ragcli.errors import RagError, UsageError
from ragcli.places import state_directory
from ragcli.private import save_private
from ragcli.serving.principals import Principal, Scope, scopes_of

_FORM = re.compile(r"rk_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_NAME = re.compile(r"[\w.@ -]{1,64}")
_RATE = re.compile(r"[1-9]\d{0,8}/(?:second|minute|hour|day)")
_NOBODY = hashlib.sha256(b"nobody").hexdigest()


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret, of which `sha256` is the hash. `created` and `expires` are days (ISO 8601); `expires` is "" for
    one that does not expire."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    rate: str
    created: str
    expires: str
    sha256: str

    @property
    def principal(self) -> Principal:
        return Principal(self.name, frozenset(self.scopes), self.rate)

    def holds(self, day: date) -> bool:
        """Whether it can be used on this day."""
        return not self.expires or day.isoformat() <= self.expires


def key_file(setting: str) -> Path:
    """The file that `serve.keys` names: by default one in the user's state folder."""
    return Path(setting).expanduser() if setting else state_directory() / "keys.json"


class KeyFile:
    """The keys in the file `path`, read again when it changes; any number of threads may use it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reading = threading.Lock()
        self._state: tuple[int, ...] | None = None
        self._keys: tuple[Key, ...] = ()

    def keys(self) -> Sequence[Key]:
        """All keys by name. Raises RagError when the file cannot be read or is not one of keys: nobody is let in by mistake."""
        with self._reading:
            try:
                there = os.stat(self.path)
            except FileNotFoundError:
                self._state, self._keys = None, ()
                return ()
            state = (there.st_ino, there.st_size, there.st_mtime_ns)
            if state != self._state:
                self._keys, self._state = self._read(), state
            return self._keys

    def _read(self) -> tuple[Key, ...]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))["keys"]
            return tuple(Key(**{**entry, "scopes": tuple(sorted(scopes_of(entry["scopes"])))}) for entry in found)
        except (OSError, ValueError, KeyError, TypeError, UsageError) as error:
            raise RagError(
                f"{self.path} is no file of keys: {error}",
                hint=f"put it away and make keys again: mv {self.path} {self.path}.old",
            ) from error

    def find(self, secret: str) -> Key | None:
        """The key that `secret` is; None for what is none, or has expired. Takes as long for every secret."""
        matched = _FORM.fullmatch(secret)
        named = matched[1] if matched else ""
        known = next((key for key in self.keys() if key.id == named), None)
        same = hmac.compare_digest(_hash(secret), known.sha256 if known else _NOBODY)
        return known if known and same and known.holds(datetime.now(UTC).date()) else None

    def add(self, name: str, scopes: Iterable[str], *, rate: str = "", days: int | None = None) -> tuple[Key, str]:
        """A new key and its secret, which is not kept. Raises UsageError for a name that is taken, and for what is no name, no
        scope or no rate; RagError when it cannot be written."""
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name for a key", hint="at most 64 letters, digits, spaces and ._@-")
        if rate and not _RATE.fullmatch(rate):
            raise UsageError(f"{rate!r} is no rate", hint="--rate 10/second (or minute, hour, day)")
        if any(key.name == name for key in self.keys()):
            raise UsageError(f"there is a key {name} already", hint=f"rag keys rm {name!r} takes it back")
        today = datetime.now(UTC).date()
        identity = secrets.token_hex(4)
        secret = f"rk_{identity}_{secrets.token_urlsafe(32)}"
        expires = "" if days is None else (today + timedelta(days=days)).isoformat()
        key = Key(identity, name, tuple(sorted(scopes_of(scopes))), rate, today.isoformat(), expires, _hash(secret))
        self._write([*self.keys(), key])
        return key, secret

    def remove(self, name: str) -> bool:
        """Take a key back; returns whether there was one. Raises RagError."""
        kept = [key for key in self.keys() if key.name != name]
        known = len(kept) != len(self.keys())
        if known:
            self._write(kept)
        return known

    def _write(self, keys: Sequence[Key]) -> None:
        content = {"keys": [asdict(key) for key in sorted(keys, key=lambda key: key.name)]}
        save_private(self.path, content)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", errors="surrogatepass")).hexdigest()
