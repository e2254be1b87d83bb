"""Web pages: which a sitemap stands for, and what a site's robots.txt allows when it cannot be read."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Rag
from tests.helpers.web import web_site

SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def page(text: str) -> str:
    return f"<html><title>{text}</title><body><p>{text} is described here.</p></body></html>"


def sitemap(*places: str) -> str:
    return f"<urlset {SPACE}>" + "".join(f"<url><loc>{place}</loc></url>" for place in places) + "</urlset>"


def sitemap_index(*places: str) -> str:
    entries = "".join(f"<sitemap><loc>{place}</loc></sitemap>" for place in places)
    return f"<sitemapindex {SPACE}>{entries}</sitemapindex>"


def paths(rag: Rag) -> set[str]:
    return {entry["path"] for entry in json.loads(rag("ls", "--json").stdout)["documents"]}


def test_an_index_of_sitemaps_stands_for_the_pages_of_all_of_them(rag: Rag) -> None:
    pages = {
        "/index.xml": sitemap_index("{origin}/one.xml", "{origin}/more.xml", "http://elsewhere.example/map.xml"),
        "/more.xml": sitemap_index("{origin}/two.xml", "{origin}/index.xml"),  # which leads back to the first
        "/one.xml": sitemap("{origin}/a.html", "{origin}/b.html"),
        "/two.xml": sitemap("{origin}/b.html#part", "{origin}/c.html"),
        **{f"/{name}.html": page(f"Pump {name}") for name in "abcd"},
    }
    with web_site(pages) as origin:
        rag("ingest", "--allow-private", "--sitemap", f"{origin}/index.xml")
        assert paths(rag) == {f"{origin}/{name}.html" for name in "abc"}


def test_a_sitemap_of_an_index_that_is_missing_is_named(rag: Rag) -> None:
    with web_site({"/index.xml": sitemap_index("{origin}/gone.xml")}) as origin:
        shown = rag("ingest", "--allow-private", "--sitemap", f"{origin}/index.xml", code=None)
        assert shown.exit_code != 0
        assert f"cannot read the sitemap {origin}/gone.xml: status 404" in shown.stderr


@pytest.mark.parametrize("status", [500, 503])
def test_a_site_that_cannot_say_what_it_allows_is_not_fetched_from(rag: Rag, status: int) -> None:
    with web_site({"/robots.txt": status, "/a.html": page("Pump")}) as origin:
        shown = rag("ingest", "--allow-private", "--url", f"{origin}/a.html", code=2)
        assert f"{origin}/a.html: cannot fetch: forbidden by robots.txt" in shown.stderr


@pytest.mark.parametrize("status", [404, 410])
def test_a_site_without_rules_allows_every_page(rag: Rag, status: int) -> None:
    with web_site({"/robots.txt": status, "/a.html": page("Pump")}) as origin:
        rag("ingest", "--allow-private", "--url", f"{origin}/a.html")
        assert paths(rag) == {f"{origin}/a.html"}
