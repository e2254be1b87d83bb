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
_RST = re.compile(rf"^[ \t]*\.\.[ \t]+(?P<name>{_ANY})::[ \t]*(?P<rest>[^\n]*)", re.MULTILINE)
_MARKDOWN = (
    re.compile(  # !!! note "Title" of MkDocs, :::note[Title] of Docusaurus, :::{note} of MyST; what closes the latter
        rf"^[ \t]*(?:(?:!!!|\?\?\?)\+?|:{{3,}})[ \t]*\{{?(?P<name>{_ANY})\b\}}?[ \t]*(?P<rest>[^\n]*)|^:{{3,}}[ \t]*$",
        re.MULTILINE,
    )
)
_INDENTED = re.compile(r"[ \t]*(?:!!!|\?\?\?|===)[!+]?[ \t]+\S")
TAB = re.compile(r"^[ \t]*===[!+]?[ \t]+\"([^\"\n]+)\"[ \t]*$", re.MULTILINE)  # the line that opens a tab of MkDocs
_FENCE = re.compile(rf"(?:`{{3,}}|~{{3,}})[ \t]*\{{(?:{_ANY})\}}[^\n]*\n(?:[ \t]*:[\w-]+:[^\n]*\n)*")


def labelled(text: str, type_: str) -> str:
    """`text` with the line that opens an admonition as words: "Note: ", "New in version 2.1: ", or the title that it has."""
    if type_ == "rst" and "::" in text:
        return _RST.sub(_label, text)
    if type_ == "markdown" and any(mark in text for mark in ("!!!", "???", ":::")):
        return _MARKDOWN.sub(_label, text)
    if type_ == "markdown" and "===" in text:
        return TAB.sub(r"\1: ", text)
    return text


def opens_indented(block: str) -> bool:
    """Whether a block of Markdown begins a note or a tab whose text is indented below it, as MkDocs writes them."""
    return _INDENTED.match(block) is not None


def opens(block: str, type_: str) -> bool:
    """Whether a block of reStructuredText begins with an admonition."""
    return type_ == "rst" and _RST.match(block) is not None


def says_nothing(block: str) -> bool:
    """Whether a block of reStructuredText that begins with an admonition is its opening line alone, without text."""
    return (match := _RST.match(block)) is not None and match.end() == len(block.rstrip()) and not match["rest"].strip()


def inside_fence(block: str) -> tuple[int, int] | None:
    """Where the text of a fenced admonition of MyST lies in its block; None for other blocks."""
    opening = _FENCE.match(block)
    if not opening:
        return None
    closing = block.rstrip().rfind("\n")
    return opening.end(), max(opening.end(), closing)


def _label(match: re.Match[str]) -> str:
    name, rest = match["name"], (match["rest"] or "").strip()
    if name in _VERSIONS:
        version, _, said = rest.partition(" ")
        alone = not match.string[match.end() :].strip() and not said
        return f"{_VERSIONS[name]} {version}{'' if alone else ':'} {said}" if version else ""
    if name == "admonition":
        return f"{rest}: " if rest else ""
    if not name:
        return ""
    label = "See also" if name == "seealso" else name.capitalize()
    if match.re is _MARKDOWN:
        title = rest.strip('[]"') or label
        return f"{title}: "
    return f"{label}: {rest}"
