"""A real server of `rag serve` on the loopback interface, in a thread of the test."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from ragcli import Rag
from ragcli.places import served_state
from ragcli.serving.http.server import Site
from ragcli.serving.keys import KeyFile
from ragcli.settings import from_arguments
from tests.helpers.programs import PATIENCE

LEAVE = "# Leave\n\nEvery employee has 28 days of annual leave.\n\n# Notice\n\nThe notice period is three months.\n"
PAY = "# Pay\n\nSalaries are paid on the 25th of each month.\n"
LONG = "# Travel\n\n" + "".join(f"Rule {i} of travel says that trains are booked early.\n" for i in range(900))
TEXTS = {"leave.md": LEAVE, "pay.md": PAY, "travel/rules.txt": LONG}
QUESTION = "How many days of annual leave does every employee have?"


def index_of(folder: Path, texts: dict[str, str] | None = None) -> Path:
    """The index of files with these texts in `folder`/docs, made without a model."""
    for name, text in (texts or TEXTS).items():
        path = folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with Rag.create(folder / ".rag", embedding_model="hashing", ingest_chroma=False) as rag:
        rag.ingest(folder / "docs")
    return folder / ".rag"


@contextmanager
def served(index: Path, **settings: Any) -> Iterator[Site]:
    """A server over the index that takes requests; `settings` as of `rag serve`."""
    resolved = from_arguments({"serve_listen": "127.0.0.1:0", "answer_cache": False, **settings})
    chosen = {name: getattr(resolved.settings, name) for name in resolved.sources if resolved.explicit(name)}
    keys = KeyFile(Path(resolved.settings.serve_keys or index.parent / "keys.json"))
    with (
        pytest.MonkeyPatch.context() as patching
    ):  # a server that many tests share begins outside of their environments
        patching.setenv("XDG_STATE_HOME", str(index.parent / "state"))
        site, began = Site(resolved.settings, index, chosen, keys), threading.Event()
    thread = threading.Thread(target=site.serve, args=(began.set,))
    thread.start()
    try:
        assert began.wait(PATIENCE)
        yield site
    finally:
        site.end()
        thread.join(PATIENCE)


def state_of(index: Path) -> Path:
    """Where a server of `served` keeps what it keeps beside the index."""
    return served_state(index, index.parent / "state" / "ragcli")


@contextmanager
def client_of(site: Site, **options: Any) -> Iterator[httpx.Client]:
    """A client of the server."""
    with httpx.Client(base_url=site.address, timeout=PATIENCE, trust_env=False, **options) as client:
        yield client


class Event(NamedTuple):
    """An event of a stream."""

    number: int
    name: str
    document: dict[str, Any]


def events_of(text: str) -> list[Event]:
    """The events of a whole stream; comments are left out."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append(Event(int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found
