"""Notes, warnings and the like, as reStructuredText and the dialects of Markdown set them apart from the text around them."""

from __future__ import annotations

import re

_NOTES = "attention|caution|danger|error|hint|important|info|note|seealso|tip|warning"
_VERSIONS = {
    "versionadded": "New in version",
    "versionchanged": "Changed in version",
    "versionremoved": "Removed in version",
    "deprecated": "Deprecated since version",
}
_ANY = f"{_NOTES}|admonition|{'|'.join(_VERSIONS)}"
_RST = re.compile(
    rf"^[ \t]*\.\.[ \t]+(?P<name>{_ANY})::[ \t]*(?P<rest>[^\n]*)(?:\n[ \t]+:[\w-]+:[^\n]*)*", re.MULTILINE
)
_MKDOCS = re.compile(  # !!! note "Title", also one that is folded (???) or stands beside the text (inline)
    r"^[ \t]*(?:!!!|\?\?\?\+?)[ \t]+(?P<name>[\w-]+)(?:[ \t]+(?:inline|end))*(?:[ \t]+\"(?P<title>[^\"\n]*)\")?[ \t]*$",
    re.MULTILINE,
)
_COLONS = re.compile(  # :::note[Title] of Docusaurus, :::{note} of MyST, and what closes them
    rf"^[ \t]*:{{3,}}(?:[ \t]*\{{?(?P<name>{_ANY}|details|success)\b\}}?[ \t]*(?P<rest>[^\n]*))?$", re.MULTILINE
)
TAB = re.compile(r"^[ \t]*===[!+]?[ \t]+\"([^\"\n]+)\"[ \t]*$", re.MULTILINE)  # the line that opens a tab of MkDocs
_FENCE = re.compile(rf"(?:`{{3,}}|~{{3,}})[ \t]*\{{(?:{_ANY})\}}[^\n]*\n(?:[ \t]*:[\w-]+:[^\n]*\n)*")


def labelled(text: str, type_: str) -> str:
    """`text` with the line that opens an admonition as words: "Note: ", "New in version 2.1: ", or the title that it has."""
    if type_ == "rst":
        return _RST.sub(lambda match: _label(match, match["rest"].strip()), text) if "::" in text else text
    if type_ == "markdown" and any(mark in text for mark in ("!!!", "???", ":::", "===")):
        text = _COLONS.sub(_of_colons, _MKDOCS.sub(_of_mkdocs, text))
        return TAB.sub(r"\1: ", text)
    return text


def opens_indented(block: str) -> bool:
    """Whether a block of Markdown begins a note or a tab whose text is indented below it, as MkDocs writes them."""
    return _MKDOCS.match(block) is not None or TAB.match(block) is not None


def is_directive(block: str) -> bool:
    """Whether a block of reStructuredText begins with an admonition."""
    return _RST.match(block) is not None


def is_opening(block: str) -> bool:
    """Whether a block of reStructuredText is the opening line of an admonition and says nothing by itself."""
    return (match := _RST.match(block)) is not None and match.end() == len(block.rstrip()) and not match["rest"].strip()


def inside_fence(block: str) -> tuple[int, int] | None:
    """Where the text of a fenced admonition of MyST lies in its block; None for other blocks."""
    opening = _FENCE.match(block)
    if not opening:
        return None
    closing = block.rstrip().rfind("\n")
    return opening.end(), max(opening.end(), closing)


def _of_mkdocs(match: re.Match[str]) -> str:
    title = _name(match["name"]) if match["title"] is None else match["title"]
    return f"{title}: " if title else ""


def _of_colons(match: re.Match[str]) -> str:
    if not match["name"]:
        return ""
    rest = match["rest"].strip()
    if match["name"] in _VERSIONS:
        return _label(match, rest)
    title = rest.strip('[]"') or _name(match["name"])
    return f"{title}: "


def _label(match: re.Match[str], rest: str) -> str:
    name = match["name"]
    if name in _VERSIONS:
        version, _, said = rest.partition(" ")
        alone = not match.string[match.end() :].strip() and not said
        return f"{_VERSIONS[name]} {version}{'' if alone else ':'} {said}" if version else ""
    if name == "admonition":
        return f"{rest}: " if rest else ""
    return f"{_name(name)}: {rest}"


def _name(kind: str) -> str:
    return "See also" if kind == "seealso" else kind.capitalize()
