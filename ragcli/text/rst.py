"""reStructuredText as it is read: without roles, targets of links, directives and the other marks of its syntax."""

from __future__ import annotations

import re

from ragcli.text.admonitions import is_directive, is_opening

_INLINE = re.compile(
    r"``(?P<literal>(?:[^`]|`(?!`))+?)``"
    r"|:[a-z][\w:+.-]*:`(?P<role>[^`]+)`"
    r"|`(?P<link>[^`<]+?)\s*(?:<[^`>]*>)?`__?(?!\w)"
    r"|(?<![\w*])\*\*(?P<strong>(?=\S)[^*`]+?)(?<=\S)\*\*(?![\w*])"
    r"|(?<![\w*/\\])\*(?P<emphasis>(?=[\w\"'“(])[^*`\n]+?)(?<=[\w.,!?)\"'”])\*(?![\w*/]|\.\w)"
    r"|(?<![\w`/.~-])(?P<name>[A-Za-z](?:[\w.-]*[A-Za-z0-9])?)__?(?=[\s.,;:)!?]|$)"
)
_TARGETED = re.compile(r"\s*<[^<>]*>\s*$")
_COLONS = re.compile(r"(?<=\S)::\s*$|\s+::\s*$")
_FIELD = re.compile(
    r"^([ \t]*):(?:(?P<given>param(?:eter)?|arg(?:ument)?|key(?:word)?|[ic]?var)[ \t]+(?:[^:\n]*[ \t])?(?P<of>[*\w.]+)|"
    r"(?P<kind>type|vartype)[ \t]+[*\w.]+|(?P<raises>raises?|exception)[ \t]+(?P<error>[\w.]+)|(?P<back>returns?|rtype)):",
    re.MULTILINE,
)
_OPTIONS = re.compile(r"(?:\n[ \t]+:[\w-]+:[^\n]*)*\s*")
_DIRECTIVE = re.compile(r"[ \t]*\.\.[ \t]+(?P<name>[\w:+.-]+)::(?P<argument>[^\n]*)")
_DESCRIBES = re.compile(  # a directive that names what the text below it describes
    r"^[ \t]*\.\.[ \t]+(?:[a-z]+:)?(?:method|function|class|attribute|property|data|exception|option|envvar|confval|"
    r"describe|object|topic|sidebar|rubric|glossary|macro|type|setting|signal|command)::"
    r"[ \t]*(?P<what>[^\n]*)(?:\n[ \t]+:[\w-]+:[^\n]*)*",
    re.MULTILINE,
)
_CODE = frozenset("code code-block sourcecode parsed-literal literalinclude prompt doctest testcode math".split())
# With what they hold.
_SILENT = frozenset("raw only toctree index image include contents highlight comment todo".split())
_TARGETS = re.compile(r"(?:[ \t]*(?:\.\.[ \t]+(?:_[^\n]*|\|[^\n]*)|__[ \t][^\n]*)(?:\n|$))+")
_LONE_FIELD = re.compile(r"[ \t]*:[a-z-]+:[^\n]*")
_COMMENT = re.compile(r"[ \t]*\.\.(?:[ \t]+(?![\w:+.-]+::|_|\[|\|)|[ \t]*$)", re.MULTILINE)
_HTML = re.compile(r"\s*<(?:script|style|div|table|iframe|span|p|a|img|br|h\d)\b", re.IGNORECASE)


def plain(text: str) -> str:
    """A block or a sentence without the marks of roles, links, emphasis and fields; literals in single backquotes."""
    if ":" in text:
        text = _DESCRIBES.sub(lambda match: f"{match['what']}: " if match["what"] else "", text)
        text = _COLONS.sub(lambda match: ":" if match[0].startswith("::") else "", _FIELD.sub(_field, text))
    text = _INLINE.sub(_inline, text) if any(mark in text for mark in "`*_") else text
    return text.replace("\\ ", "")  # joins what a mark stands against


def is_prose(block: str) -> bool:
    """Whether a block begins with a directive that holds text to read: a note, or the description of a method."""
    return is_directive(block) or _DESCRIBES.match(block) is not None


def announces_code(block: str) -> bool:
    """Whether indented text below a block is code: two colons end it, and not the opening line of a note or a description, or
    it is a directive for code with its options alone."""
    if (directive := _DIRECTIVE.match(block)) and _OPTIONS.fullmatch(block, directive.end()):
        return directive["name"] in _CODE or directive["argument"].rstrip().endswith("::")
    return block.endswith("::")


def is_markup(block: str) -> bool:
    """Whether a block says nothing to a reader: a comment, targets of links, HTML, a field alone, or a directive with its
    options alone or that only steers how the document is built."""
    if is_directive(block):
        return is_opening(block)
    if (
        any(pattern.fullmatch(block) for pattern in (_TARGETS, _LONE_FIELD))
        or _COMMENT.match(block)
        or _HTML.match(block)
    ):
        return True
    if not (directive := _DIRECTIVE.match(block)):
        return False
    return directive["name"] in _SILENT or _OPTIONS.fullmatch(block, directive.end()) is not None


def _inline(match: re.Match[str]) -> str:
    if literal := match["literal"]:
        return f"`{literal}`"
    if role := match["role"]:
        words = _TARGETED.sub("", role) or role
        return words.rpartition(".")[2] if words.startswith("~") else words.lstrip("!")
    return match["link"] or match["strong"] or match["emphasis"] or match["name"]


def _field(match: re.Match[str]) -> str:
    if match["given"]:
        words = match["of"]
    elif match["raises"]:
        words = f"raises {match['error']}"
    else:
        words = {"type": "type", "vartype": "type", "rtype": "type returned"}.get(
            match["kind"] or match["back"], "returns"
        )
    return f"{match[1]}{words}:"
