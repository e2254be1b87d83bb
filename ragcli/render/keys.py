"""Keys of a server → lines and JSON documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ragcli.schemas import program


class Kept(Protocol):
    """What is kept of a key."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def scopes(self) -> Sequence[str]: ...
    @property
    def rate(self) -> str: ...
    @property
    def created(self) -> str: ...
    @property
    def expires(self) -> str: ...


def lines(keys: Sequence[Kept]) -> list[str]:
    """A line for each key."""
    width = max((len(key.name) for key in keys), default=0)
    return [
        f"{key.name:{width}}  rk_{key.id}…  {','.join(key.scopes)}"
        + (f"  {key.rate}" if key.rate else "")
        + f"  since {key.created}"
        + (f"  until {key.expires}" if key.expires else "")
        for key in keys
    ]


def known(key: Kept) -> program.KnownKey:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "rate": key.rate,
        "created": key.created,
        "expires": key.expires,
    }


def listed(keys: Sequence[Kept]) -> program.KeysDocument:
    return {"schema": "rag.keys/1", "keys": [known(key) for key in keys]}


def made(key: Kept, secret: str) -> program.KeysAddDocument:
    return {"schema": "rag.keys.add/1", "known": known(key), "key": secret}
