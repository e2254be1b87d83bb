"""Web pages as sources, only when asked for: robots.txt is obeyed, size and time are limited, addresses are public unless
others are asked for (`addresses.py`), and nothing else is fetched."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urlsplit
from urllib.robotparser import RobotFileParser

from ragcli.datatypes import SourceFile, source_id
from ragcli.errors import LoadError, RagError
from ragcli.sources.scanning import Skipped, open_source

if TYPE_CHECKING:
    import httpx

AGENT = "ragcli"
MAX_PAGES = 1_000
_MAX_SITEMAPS = 50
_SECONDS = 30.0

Opened = tuple[SourceFile, Callable[[], int]]


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """Pages to fetch: single addresses, and sitemaps, whose pages of the same host are taken. With `private`, also from this
    machine and the local network, and through a proxy that the environment names."""

    urls: Sequence[str] = ()
    sitemaps: Sequence[str] = ()
    private: bool = False


def given_bytes(name: str, data: bytes, root: str, scratch: Path) -> Opened:
    """Bytes as a source called `name`; they wait in a file below `scratch`."""
    stamp = int.from_bytes(hashlib.sha256(data).digest()[:7], "big")
    file = scratch / source_id(name)
    file.write_bytes(data)
    return SourceFile(source_id(name), name, root, len(data), stamp, 0, ""), lambda: open_source(file)


def fetch(request: FetchRequest, max_bytes: int, scratch: Path) -> Iterator[Opened | Skipped]:
    """Every page that is wished for, kept below `scratch`, or why it was not fetched, in order. Raises RagError for what is no
    http address and for a sitemap that cannot be read."""
    with _Fetcher(max_bytes, private=request.private) as fetcher:
        pages = dict.fromkeys(urldefrag(_checked(url)).url for url in request.urls)
        for sitemap in request.sitemaps:
            pages.update(dict.fromkeys(fetcher.listed(_checked(sitemap))))
        for url in list(pages)[:MAX_PAGES]:
            try:
                yield given_bytes(url, fetcher.get(url), _origin(url), scratch)
            except LoadError as error:
                yield Skipped(url, f"cannot fetch: {error.reason}")
        if len(pages) > MAX_PAGES:
            yield Skipped(request.sitemaps[0], f"cannot go on: limit of {MAX_PAGES:,} pages")


def _checked(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise RagError(f"{url!r} is not an http or https address", hint="rag ingest --url https://example.com/page")
    return url


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class _Fetcher:
    """One HTTP client; what robots.txt of a host says is asked once."""

    def __init__(self, max_bytes: int, *, private: bool) -> None:
        import httpx

        from ragcli.sources.addresses import GuardedTransport

        self._max_bytes = max_bytes
        self._client = httpx.Client(
            transport=None if private else GuardedTransport(),
            trust_env=private,
            follow_redirects=True,
            timeout=_SECONDS,
            headers={"User-Agent": AGENT},
            max_redirects=5,
        )
        self._robots: dict[str, RobotFileParser] = {}

    def __enter__(self) -> _Fetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, url: str) -> bytes:
        """The content of a page. Raises LoadError with the reason why there is none."""
        if not self._allowed(url):
            raise LoadError("forbidden by robots.txt")
        return self._download(url)

    def _download(self, url: str) -> bytes:
        import httpx

        deadline, data = time.monotonic() + _SECONDS, bytearray()
        try:
            with self._client.stream("GET", url) as response:
                self._check(url, response)
                for piece in response.iter_bytes():
                    data += piece
                    if len(data) > self._max_bytes:
                        raise LoadError(f"limit: larger than {self._max_bytes / 1_000_000:g} MB")
                    if time.monotonic() > deadline:
                        raise LoadError(f"limit: more than {_SECONDS:g} s")
        except httpx.TimeoutException as error:
            raise LoadError(f"limit: no answer within {_SECONDS:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise LoadError(str(error) or type(error).__name__) from error
        return bytes(data)

    def _check(self, url: str, response: httpx.Response) -> None:
        if response.status_code != 200:
            raise LoadError(f"status {response.status_code}")
        if _origin(str(response.url)) != _origin(url) and not self._allowed(str(response.url)):
            raise LoadError("forbidden by robots.txt of where it leads")

    def _allowed(self, url: str) -> bool:
        origin = _origin(url)
        if origin not in self._robots:
            parser = RobotFileParser()
            try:
                parser.parse(self._download(f"{origin}/robots.txt").decode("utf-8", errors="replace").splitlines())
            except LoadError as error:
                # RFC 9309: a missing file allows everything, a server in trouble nothing.
                parser.parse(["User-agent: *", "Disallow: /"] if error.reason.startswith("status 5") else [])
            self._robots[origin] = parser
        return self._robots[origin].can_fetch(AGENT, url)

    def listed(self, sitemap: str) -> list[str]:
        """The pages that a sitemap, and those it names, list for its own host."""
        from lxml import etree

        pages, pending, seen = dict[str, None](), [sitemap], set[str]()
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        while pending and len(seen) < _MAX_SITEMAPS:
            current = pending.pop(0)
            seen.add(current)
            try:
                root = etree.fromstring(self.get(current), parser)
            except (LoadError, etree.XMLSyntaxError) as error:
                raise RagError(f"cannot read the sitemap {current}: {error}", hint="check its address") from error
            places = [str(loc.text).strip() for loc in root.iter("{*}loc") if loc.text]
            places = [urldefrag(place).url for place in places if _origin(place) == _origin(sitemap)]
            if root.tag.rpartition("}")[2] == "sitemapindex":
                pending += [place for place in places if place not in seen]
            else:
                pages.update(dict.fromkeys(places))
        return list(pages)
