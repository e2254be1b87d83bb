"""Who makes a request, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast, get_args

from ragcli.errors import UsageError

Scope = Literal["read", "ask", "ingest", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who makes requests: `name` is that of their key, `rate` how many requests a key may make, such as 10/second; ""
    stands for any number."""

    name: str
    scopes: frozenset[Scope]
    rate: str = ""

    def may(self, scope: Scope) -> bool:
        """Whether `scope` is theirs; who administers may do everything."""
        return scope in self.scopes or "admin" in self.scopes


LOCAL = Principal("local", frozenset(SCOPES))
"""The user of this machine, to whom a server without keys belongs."""


def scopes_of(names: Iterable[str]) -> frozenset[Scope]:
    """The scopes with these names. Raises UsageError for one that there is not, and for none."""
    given = [name.strip() for name in names if name.strip()]
    unknown = [name for name in given if name not in SCOPES]
    if unknown or not given:
        said = f"unknown scope {unknown[0]!r}" if unknown else "a key needs a scope"
        raise UsageError(said, hint=f"scopes are {', '.join(SCOPES)}, such as --scopes read,ask")
    return frozenset(cast("list[Scope]", given))
