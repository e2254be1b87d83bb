"""Text as it is read: unwrapped, without the marks of quotations and markup."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from ragcli.text import rst
from ragcli.text.admonitions import labelled

_TAGS = (
    "a|abbr|b|big|br|caption|center|code|dd|details|div|dl|dt|em|figcaption|figure|font|h[1-6]|hr|i|img|ins|kbd|label|li|ol|p|pre|s|small|span|strong|"
    "sub|"
)
_TAG = re.compile(
    rf"</?(?:{_TAGS}summary|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul)(?=[\s/>])[^<>]*>|<!--.*?-->", re.I | re.DOTALL
)
_QUOTED = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
_IMAGE = re.compile(r"!\[([^\[\]\n]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_LINK = re.compile(r"\[([^\[\]]+)\]\(([^()\s]+)(?:\s+\"[^\"]*\")?\)")
_STRONG = re.compile(r"(?<![\w*])(\*{2,3})(?=[^\s*])((?:[^*`]|`[^`\n]*`)+?)(?<=\S)\1(?![\w*])")
_ATTRIBUTES = re.compile(r"(?<=[)\]])\{[^{}\n]*\}|^[ \t]*\{:?[ \t]*[.#][^{}\n]*\}[ \t]*$", re.MULTILINE)
_PAGES = ("", ".md", ".mdx", ".markdown", ".rst", ".html", ".htm")  # what the path of a page ends with
_EMPHASIS = re.compile(  # code and names such as __init__ stay as they are
    r"`[^`\n]*`|(?<![\w*/\\])\*(?=[\w\"'“(])([^*`\n]+?)(?<=[\w.,!?)\"'”])\*(?![\w*/]|\.\w)"
    r"|(?<![\w_/\\])(?:_(?=[^\W_]|[\"'“(])([^_`\n]+?)|__(?=[^\W_])([^_`\n]+ [^_`\n]+?)_)(?<=[\w.,!?)\"'”_])_(?![\w/]|\.\w)"
)
_CALLOUT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*")


def readable(text: str, type_: str = "") -> str:
    """`text` on one line as it is read: no line breaks, no marks of quotations, no HTML tags, no marks of roles and emphasis
    of reStructuredText and Markdown, links as "words (target)", those to a place of a page or to a page of another folder as
    their words, and admonitions as "Note: words"."""
    text = labelled(_QUOTED.sub("", text), type_)
    if type_ == "markdown":
        text = _ATTRIBUTES.sub("", text) if "{" in text else text
        text = _LINK.sub(_read_link, _IMAGE.sub(r"\1", _STRONG.sub(r"\2", text)))
        if "_" in text or "*" in text:
            text = _EMPHASIS.sub(_plain, text)
        text = _CALLOUT.sub(lambda match: f"{match[1].capitalize()}: ", text)
    if type_ == "rst":
        text = rst.plain(text)
    return " ".join(_TAG.sub(" " if "<td" in text or "<br" in text else "", text).split())


def _read_link(match: re.Match[str]) -> str:
    words, target = match.groups()
    path, anchor, _ = target.partition("#")
    within = (anchor or path.startswith(".")) and ":" not in path and PurePosixPath(path).suffix.lower() in _PAGES
    return words if within or target in words else f"{words} ({target})"


def _plain(match: re.Match[str]) -> str:
    return match[1] or match[2] or match[3] or match[0]
