"""Parsers are processes with limits: a file that hangs, grows or kills its parser fails alone, with the reason."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ragcli.datatypes import Reading, SourceFile
from ragcli.loaders.frames import as_json, from_json
from ragcli.loaders.limits import Limits
from ragcli.loaders.pool import ParserPool, Wanted
from ragcli.loaders.reading import Options, load_bytes
from tests.documents import FORMATS, make_pdf, pdf_of


def wanted(path: Path, known: str = "") -> Wanted:
    source = SourceFile(path.name, path.name, ".", path.stat().st_size, 0, 0, "")
    return Wanted(source, lambda: os.open(path, os.O_RDONLY | os.O_NONBLOCK), known)


@pytest.fixture
def read(request: pytest.FixtureRequest) -> Callable[..., list[Reading]]:
    """read(paths, limits) through parsers that are gone afterwards."""

    def run(paths: list[Path], limits: Limits = Limits(), options: Options = Options()) -> list[Reading]:  # noqa: B008
        pool = ParserPool(limits, options)
        try:
            return list(pool.read(wanted(path) for path in paths))
        finally:
            pool.close()

    return run


def slow_pdf(write: Callable[[str, bytes], Path], name: str = "slow.pdf") -> Path:
    """A small file whose page takes pypdf a minute: a million operators."""
    content = zlib.compress(b"BT " + b"() Tj " * 3_000_000 + b"ET")
    data = pdf_of([[("x", 11)]])
    start, end = (
        data.index(b"stream\r\n") if b"stream\r\n" in data else data.index(b"stream\n"),
        data.index(b"endstream"),
    )
    head = data[:start].rsplit(b"<<", 1)[0]
    stream = b"<</Length %d/Filter/FlateDecode>>stream\n%s\n" % (len(content), content)
    return write(name, head + stream + data[end:])


def test_documents_come_back_as_they_were_read_and_in_order(
    read: Callable[..., list[Reading]], write: Callable[[str, bytes], Path]
) -> None:
    paths = [write(f"{i:02}-{name}", make()) for i in range(4) for name, make, _ in FORMATS]
    readings = read(paths)
    for path, reading in zip(paths, readings, strict=True):
        assert reading.document is not None
        expected = load_bytes(path.read_bytes(), Path(path.name))
        assert from_json(as_json(expected), reading.document.document_id, path.name) == reading.document


def test_a_known_content_is_not_parsed(write: Callable[[str, bytes], Path]) -> None:
    path = write("a.txt", b"Some text.")
    pool = ParserPool(Limits(), Options())
    try:
        first = next(pool.read([wanted(path)]))
        again = next(pool.read([wanted(path, first.content_hash)]))
    finally:
        pool.close()
    assert again == Reading(first.content_hash)


def test_a_file_without_progress_is_given_up_and_its_neighbours_are_read(
    read: Callable[..., list[Reading]], write: Callable[[str, bytes], Path]
) -> None:
    nested = write("slow.html", b"<html><body>" + b"<div><span>words of a page</span>" * 400_000)
    paths = [write("a.txt", b"Before."), nested, write("z.txt", b"After.")]
    before, slow, after = read(paths, Limits(idle_seconds=2.0))
    assert slow.reason == "limit: more than 2 s without progress"
    assert before.document is not None
    assert after.document is not None


def test_the_limit_of_cpu_time_has_a_name_of_its_own(
    read: Callable[..., list[Reading]], write: Callable[[str, bytes], Path]
) -> None:
    assert (
        read([slow_pdf(write)], Limits(cpu_seconds=1.0, idle_seconds=240.0))[0].reason
        == "limit: more than 1 s of CPU time"
    )


def test_memory_is_limited_and_the_next_file_is_read(
    read: Callable[..., list[Reading]], write: Callable[[str, bytes], Path]
) -> None:
    large = write("large.html", b"<p>x</p>" * 1_000_000)  # whose tree takes a gigabyte
    patient = Limits(memory_bytes=160 << 20, idle_seconds=240.0, cpu_seconds=240.0)  # for a machine that is busy
    first, second = read([large, write("small.txt", b"Small.")], patient)
    assert first.reason == "limit: more than 160 MiB of memory"
    assert second.document is not None


def test_a_parser_that_is_killed_costs_one_file(write: Callable[[str, bytes], Path]) -> None:
    pool = ParserPool(Limits(), Options(), size=1)
    readings: list[Reading] = []
    try:
        files = [wanted(path) for path in (slow_pdf(write), write("z.txt", b"After."))]
        thread = threading.Thread(target=lambda: readings.extend(pool.read(files)))
        thread.start()
        for _ in range(100):
            time.sleep(0.05)
            if pool.processes():
                break
        time.sleep(0.5)
        os.kill(pool.processes()[0], signal.SIGSEGV)
        thread.join(timeout=120)
    finally:
        pool.close()
    assert [reading.reason for reading in readings] == ["the parser crashed (SIGSEGV)", ""]


def test_a_parser_is_told_nothing_of_the_environment_but_what_it_needs(
    write: Callable[[str, bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@127.0.0.1:9")
    pool = ParserPool(Limits(), Options(), size=1)
    try:
        next(pool.read([wanted(write("a.txt", b"Some text."))]))
        environment = Path(f"/proc/{pool.processes()[0]}/environ")
        if not environment.exists():
            pytest.skip("needs /proc")
        names = {entry.partition("=")[0] for entry in environment.read_text().split("\0") if entry}
    finally:
        pool.close()
    own = "ORT_DISABLE_TELEMETRY"  # what every process that this one starts is told
    assert names <= {"PATH", "PYTHONPATH", "PYTHONSAFEPATH", "LANG", "LC_ALL", "HOME", own}


def test_a_parser_is_replaced_before_it_has_read_a_hundred_files(write: Callable[[str, bytes], Path]) -> None:
    path = write("a.txt", b"Some text.")
    pool = ParserPool(Limits(), Options(), size=1)
    seen: set[int] = set()
    try:
        for _ in range(100):
            assert next(pool.read([wanted(path)])).document is not None
            seen.update(pool.processes())
    finally:
        pool.close()
    assert len(seen) == 2


def test_closing_leaves_no_process_behind(write: Callable[[str, bytes], Path]) -> None:
    pool = ParserPool(Limits(), Options(), size=2)
    next(pool.read([wanted(write("a.pdf", make_pdf()))]))
    processes = pool.processes()
    pool.close()
    assert processes
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_a_pipe_is_no_document_and_is_not_waited_for(read: Callable[..., list[Reading]], work: Path) -> None:
    os.mkfifo(work / "pipe")
    assert read([work / "pipe"])[0] == Reading(reason="not a regular file", skipped=True)


def test_a_file_beyond_the_size_limit_is_not_read(
    read: Callable[..., list[Reading]], write: Callable[[str, bytes], Path]
) -> None:
    limits = Limits(file_bytes=1_000_000)
    assert read([write("a.txt", b"x" * 1_000_001)], limits)[0].reason == "limit: larger than 1 MB"
    assert read([write("b.txt", b"x y " * 250_000)], limits)[0].document is not None


def test_a_parser_cannot_write_files_and_imports_no_numpy(write: Callable[[str, bytes], Path]) -> None:
    pool = ParserPool(Limits(), Options(), size=1)
    try:
        list(pool.read(wanted(write(f"{i}-{name}", make())) for i, (name, make, _) in enumerate(FORMATS)))
        maps = Path(f"/proc/{pool.processes()[0]}/maps")
        limits = Path(f"/proc/{pool.processes()[0]}/limits")
        if not maps.exists():
            pytest.skip("needs /proc")
        assert "numpy" not in maps.read_text()
        assert "Max file size             0" in limits.read_text()
    finally:
        pool.close()


def test_the_pool_reads_ahead_within_bounds(write: Callable[[str, bytes], Path]) -> None:
    asked = 0

    def endless() -> Iterator[Wanted]:
        nonlocal asked
        while True:
            asked += 1
            yield wanted(path)

    path = write("a.txt", b"Some text.")
    pool = ParserPool(Limits(), Options(), size=1)
    try:
        next(pool.read(endless()))
    finally:
        pool.close()
    assert 1 < asked < 100


def test_a_parser_does_not_outlive_a_parent_that_is_killed(write: Callable[[str, bytes], Path], work: Path) -> None:
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("needs /proc")
    slow_pdf(write, "docs/slow.pdf")
    environment = {**os.environ, "RAGCLI_EMBEDDING_MODEL": "hashing"}
    parent = subprocess.Popen([sys.executable, "-m", "ragcli", "ingest", "docs", "-q"], env=environment, cwd=work)
    children: list[int] = []
    for _ in range(1200):  # a minute, for a machine that is busy
        time.sleep(0.05)
        children = [
            pid for pid in _processes() if "ragcli.loaders.worker" in _command(pid) and str(parent.pid) in _command(pid)
        ]
        if children:
            break
    parent.kill()
    parent.wait()
    assert children
    deadline = time.monotonic() + 5  # the file alone would keep it busy for longer
    while time.monotonic() < deadline and any("ragcli" in _command(pid) for pid in children):
        time.sleep(0.05)
    assert [pid for pid in children if "ragcli" in _command(pid)] == []


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
