"""What of an HTML page nobody reads as its text: hidden elements, and what leads elsewhere, such as tables of contents."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bs4 import Tag

LISTS = ("ul", "ol", "dl")
_ROLES = frozenset(
    {"navigation", "search", "banner", "menu", "menubar", "toolbar", "dialog", "alertdialog", "doc-toc", "doc-index"}
)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_NAMED = re.compile(r"toc\d*|toctree|tableofcontents|(?:table_of_)?contents|shortcontents|menu")
_ALWAYS = re.compile(r"nav(?:bar|header|footer)|breadcrumbs?")  # left out though they hold the title of the page
_GROUPS = frozenset({"div", "p", "aside", "section", "details", "table", *LISTS})
_SIGNS = frozenset({"¶", "#", "§", "🔗", "\uf0c1"})
_FEWEST = 3  # links of a list that is taken for a table of contents by its links alone
_LINKED = 0.8  # share of the characters of such an element that its links hold


def is_hidden(tag: Tag) -> bool:
    """Whether a reader of the page does not see `tag`, or the page declares it as navigation."""
    style = tag.get("style")
    return (
        tag.has_attr("hidden")
        or tag.get("aria-hidden") == "true"
        or str(tag.get("role", "")).lower() in _ROLES
        or bool(_HIDDEN_STYLE.search(str(style or "")))
    )


def is_contents(tag: Tag) -> bool:
    """Whether `tag` is a table of contents or the like: an element named so, or a list of links to places of its own page,
    that says little but its links. Its words stand as titles where they lead to."""
    if tag.name not in _GROUPS:
        return False
    names = _names(tag)
    if any(_ALWAYS.fullmatch(name) for name in names):
        return True
    if not any(_NAMED.fullmatch(name) for name in names) and not (tag.name in LISTS and _leads_within_page(tag)):
        return False
    links = tag.find_all("a", href=True)
    words = _size(tag) - sum(
        _size(title) for title in tag.find_all(("h1", "h2", "h3", "h4", "h5", "h6", "strong", "b"))
    )
    return len(links) > 1 and sum(_size(link) for link in links) >= _LINKED * words


def said_by(heading: Tag) -> Iterator[str]:
    """The strings of a heading, without the sign that links to it ("¶")."""
    for text in heading.strings:
        parent = text.parent
        if text.strip() not in _SIGNS or parent is None or not str(parent.get("href") or "").startswith("#"):
            yield text


def _names(tag: Tag) -> list[str]:
    """The words of its classes and of its id."""
    classes: str | list[str] = tag.get("class") or []
    given = [*([classes] if isinstance(classes, str) else classes), str(tag.get("id") or "")]
    return [part for name in given for part in re.split(r"[-\s]", name.lower()) if part]


def _leads_within_page(tag: Tag) -> bool:
    """Whether the outermost list `tag` has several links, and nearly all of them lead to its own page."""
    if tag.find_parent(LISTS) is not None:
        return False
    targets = [str(link["href"]) for link in tag.find_all("a", href=True)]
    within = sum(target.startswith("#") and len(target) > 1 for target in targets)
    return within >= _FEWEST and within >= _LINKED * len(targets)


def _size(tag: Tag) -> int:
    return sum(len(text.strip()) for text in tag.strings)
