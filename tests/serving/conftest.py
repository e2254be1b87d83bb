"""A server over a small index, for each module of these tests that makes none of its own."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from ragcli.serving.http.server import Site
from tests.helpers.serving import client_of, index_of, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(index_of(tmp_path_factory.mktemp("served"))) as site:
        yield site


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    with client_of(site) as client:
        yield client
