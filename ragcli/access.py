"""Access rights: which tags documents get, and what somebody may see by the tags that were granted to them.

A document has the tags of all rules whose pattern its path matches, and those of `--access`. Somebody sees the documents that
have one of the tags granted to them, directly or through a group; whether they see documents without tags, the setting
`access.untagged` says. A file of grants:

    [groups.staff]
    tags = ["public"]

    [principals.anna]
    tags = ["hr"]
    groups = ["staff"]
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragcli.datatypes import Access
from ragcli.errors import SettingsError, UsageError
from ragcli.files import read_text
from ragcli.text.globs import path_matches

_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LARGEST = 1_000_000  # bytes of a file of grants
_KINDS = ("groups", "principals")


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody, and what they may see. `name` is how the audit file calls them."""

    name: str
    access: Access


def checked_tags(tags: Iterable[str], where: str) -> frozenset[str]:
    """The tags. Raises UsageError, which names `where` they stand, for what is none."""
    found = frozenset(tag.strip() for tag in tags)
    for tag in sorted(found):
        if not _TAG.fullmatch(tag):
            raise UsageError(
                f"{where}: {tag!r} is no access tag", hint="letters, digits, '.', '_' and '-', such as hr or site-2"
            )
    return found


def tags_given(text: str) -> frozenset[str]:
    """What --access says: tags separated by commas, or nothing, which takes tags away. Raises UsageError."""
    return checked_tags(text.split(","), "--access") if text.strip() else frozenset()


class Rules:
    """Which tags the documents below a path have; each rule is `PATTERN=TAG+TAG`, the pattern as of `--filter path=`."""

    def __init__(self, rules: Sequence[str]) -> None:
        """Raises SettingsError for a rule that is none."""
        self._rules = [_rule(text) for text in rules]

    def __call__(self, path: str, root: str) -> frozenset[str]:
        """The tags of the document at `path`, as the index has it, that was ingested from the folder `root`."""
        return frozenset(tag for pattern, tags in self._rules if path_matches(pattern, path, root) for tag in tags)


def _rule(text: str) -> tuple[str, frozenset[str]]:
    pattern, separator, tags = text.rpartition("=")
    try:
        if separator and pattern.strip():
            return pattern.strip(), checked_tags(tags.split("+"), f"access.rules {text!r}")
    except UsageError as problem:
        raise SettingsError(problem.message, hint=problem.hint) from None
    raise SettingsError(f"access.rules {text!r}: expected PATTERN=TAG+TAG", hint="such as 'hr/**=hr'")


def section_of_settings(section: object, path: Path) -> object:
    """`[[access]]`, or `[[access.rules]]` beside other settings, as the setting has it; the file of grants from its folder."""
    values: dict[str, Any] = dict(section) if isinstance(section, dict) else {"rules": section}
    if isinstance(values.get("grants"), str) and values["grants"]:
        values["grants"] = str(path.parent / Path(values["grants"]).expanduser())
    if isinstance(values.get("rules"), list):
        values["rules"] = [_rule_text(rule, path) for rule in values["rules"]]
    return values


def _rule_text(rule: object, path: Path) -> object:
    """`{path = "hr/**", tags = ["hr"]}` as `hr/**=hr`; anything else as it is."""
    if not isinstance(rule, dict):
        return rule
    tags = rule.get("tags")
    if set(rule) != {"path", "tags"} or not isinstance(rule["path"], str) or not isinstance(tags, list) or not tags:
        raise SettingsError(
            f"a rule of access in {path} needs path and tags", hint='[[access]] path = "hr/**" tags = ["hr"]'
        )
    return f"{rule['path']}={'+'.join(map(str, tags))}"


def principal_named(name: str, grants: Path | None, *, untagged: bool, fix: str) -> Principal:
    """Who is called `name` in the file `grants`; `untagged` says whether they see documents without tags. Raises UsageError
    when no file is set (None; `fix` says how it is) or the name is not in it, and SettingsError for what is no file of
    grants."""
    if grants is None:
        raise UsageError(f"nobody is called {name!r}: no file says who may see what", hint=fix)
    groups, principals = _granted(grants)
    found = principals.get(name)
    if found is None:
        near = difflib.get_close_matches(name, list(principals), n=1)
        meant = f"did you mean {near[0]}? Otherwise " if near else ""
        raise UsageError(
            f"nobody is called {name!r} in {grants}",
            hint=f'{meant}add [principals.{_key(name)}] with tags = ["…"] to it',
        )
    tags, members = found
    for group in members:
        if group not in groups:
            raise SettingsError(
                f"{grants}: principals.{name} is in the group {group!r}, which is not there",
                hint=f'add [groups.{_key(group)}] with tags = ["…"] to {grants}',
            )
        tags |= groups[group][0]
    return Principal(name, Access(tags, untagged))


def principal_of(tags: Collection[str], *, untagged: bool) -> Principal:
    """Somebody who has these tags; the audit file calls them by these. Raises UsageError for what is no tag."""
    found = checked_tags(tags, "as_principal")
    return Principal(f"tags {','.join(sorted(found)) or '-'}", Access(found, untagged))


_Granted = Mapping[str, tuple[frozenset[str], tuple[str, ...]]]


def _granted(file: Path) -> tuple[_Granted, _Granted]:
    """Name → tags and groups: of the groups, and of the principals."""
    try:
        content = tomllib.loads(read_text(file, largest=_LARGEST))
    except OSError as error:
        raise SettingsError(
            f"cannot read {file}: {error.strerror or error}", hint="access.grants names the file of grants"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}", hint=f"edit {file}") from error
    strange = sorted(set(content) - set(_KINDS))
    if strange:
        raise SettingsError(
            f"{file}: {strange[0]!r} is neither groups nor principals", hint='[principals.anna] with tags = ["hr"]'
        )
    groups, principals = (_entries(file, kind, content.get(kind, {})) for kind in _KINDS)
    return groups, principals


def _entries(file: Path, kind: str, content: object) -> _Granted:
    if not isinstance(content, dict):
        raise SettingsError(f"{file}: {kind} is no table", hint=f'[{kind}.NAME] with tags = ["hr"]')
    return {str(name): _entry(file, f"{kind}.{name}", kind, entry) for name, entry in content.items()}


def _entry(file: Path, where: str, kind: str, entry: Any) -> tuple[frozenset[str], tuple[str, ...]]:
    known = {"tags"} if kind == "groups" else {"tags", "groups"}
    if not isinstance(entry, dict) or not entry or set(entry) - known:
        raise SettingsError(f"{file}: {where} may say {' and '.join(sorted(known))} alone", hint='tags = ["hr"]')
    for key, value in entry.items():
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise SettingsError(f"{file}: {where}.{key} is no list of texts", hint=f'{key} = ["hr"]')
    try:
        return checked_tags(entry.get("tags", ()), f"{file}: {where}.tags"), tuple(entry.get("groups", ()))
    except UsageError as problem:
        raise SettingsError(problem.message, hint=problem.hint) from None


def _key(name: str) -> str:
    """A name as a key of TOML."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'
