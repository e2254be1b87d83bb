"""Folders that people really have, and ones made to hurt: nothing crashes, hangs or is lost, and every reason is named."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from ragcli.datatypes import Reading, SourceFile
from ragcli.loaders.limits import Limits
from ragcli.loaders.pool import ParserPool, Wanted
from ragcli.loaders.reading import Options
from tests.conftest import shared_data
from tests.documents import FORMATS

MUTANTS = int(os.environ.get("MUTANTS", "2000"))


def read_all(paths: Iterable[Path], limits: Limits = Limits()) -> list[Reading]:  # noqa: B008
    pool = ParserPool(limits, Options())
    try:
        return list(
            pool.read(
                Wanted(
                    SourceFile(path.name, path.name, ".", path.stat().st_size, 0, 0, ""),
                    lambda path=path: os.open(path, os.O_RDONLY | os.O_NONBLOCK),  # type: ignore[misc]
                )
                for path in paths
            )
        )
    finally:
        pool.close()


def mutated(data: bytes, chance: random.Random) -> bytes:
    """`data` with some bytes flipped, a piece cut out or doubled, or its end missing."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 20, 200))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    start = chance.randrange(len(changed))
    piece = changed[start : start + chance.randrange(1, 200)]
    match chance.randrange(4):
        case 0:
            del changed[start : start + len(piece)]
        case 1:
            changed[start:start] = piece * chance.randrange(1, 50)
        case 2:
            del changed[start:]
    return bytes(changed) or b"x"


@pytest.mark.slow
def test_mutated_files_of_every_format_fail_alone(tmp_path: Path) -> None:
    chance = random.Random(20261121)
    paths = []
    for i in range(MUTANTS):
        name, make, _ = FORMATS[i % len(FORMATS)]
        path = tmp_path / f"{i:05}-{name}"
        path.write_bytes(mutated(make(), chance))
        paths.append(path)
    readings = read_all(paths, Limits(idle_seconds=20.0))
    assert len(readings) == MUTANTS
    for path, reading in zip(paths, readings, strict=True):
        assert (reading.document is None) == bool(reading.reason), path.name
        assert "crashed" not in reading.reason, f"{path.name}: {reading.reason}"
        if reading.document is not None:
            assert reading.document.text.strip()
    assert sum(reading.document is not None for reading in readings) > MUTANTS / 4


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 102 kinds of hostile input."""
    script = shared_data("robustness", "make_nasty.py")
    folder = tmp_path_factory.mktemp("nasty")
    subprocess.run([sys.executable, str(script), str(folder)], check=True, capture_output=True)
    return folder


WITH_PEAK = """
import re, sys
from ragcli.__main__ import main
try:
    main()
finally:
    print(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read()).group(1), file=sys.stderr)
"""


@pytest.mark.chroma
@pytest.mark.slow
def test_the_hostile_folder_is_ingested_as_expected(rag, nasty: Path, tmp_path: Path) -> None:
    started = time.monotonic()
    command = [sys.executable, "-c", WITH_PEAK, "ingest", str(nasty), "--hidden", "--json", "-q"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert time.monotonic() - started < 300
    if Path("/proc/self/status").exists():
        (tmp_path / "plain.txt").write_text(
            "An ordinary file, in plain English, with nothing in it that would surprise a reader."
        )
        plain = [sys.executable, "-c", WITH_PEAK, "ingest", "plain.txt", "--index", "plain", "--json", "-q"]
        ordinary = subprocess.run(plain, capture_output=True, text=True, check=True, cwd=tmp_path)
        growth = (int(done.stderr) - int(ordinary.stderr)) // 1024
        assert 10 < growth < 200, f"the ingest took {growth} MB more than that of an ordinary file"
    documents = json.loads(rag("ls", "--json").stdout)["documents"]
    listed = {Path(os.path.abspath(entry["path"])).relative_to(nasty).as_posix(): entry for entry in documents}
    state = {path: entry["state"] for path, entry in listed.items()}
    reason = {path: entry["reason"] for path, entry in listed.items()}

    # every line of EXPECT.tsv is looked at below or in the checks of a whole group
    expected = [line.split("\t")[0] for line in (nasty / "EXPECT.tsv").read_text(errors="replace").splitlines()]
    kinds = {name.split("/")[0] for name in expected}
    assert kinds == {"bombs", "lines", "deep", "enc", "wrong", "inject", "names", "fs"}

    refused = {
        "bombs/deflate_400MB.docx": "limit: 'word/document.xml' expands to",
        "bombs/many_paragraphs_2M.docx": "limit: 'word/document.xml' expands to",
        "bombs/billion_laughs.docx": "refused: a document type definition",
        "bombs/xxe.docx": "refused: a document type definition",
        "bombs/nested.zip": "unsupported: zip archive",
        "bombs/60000_members.epub": "limit: more than 2,000 entries",
        "bombs/page_loop.pdf": "no text",
        "lines/one_line_20MB.json": "limit: json larger than 20 MB",
        "enc/nul_bytes.txt": "binary",
        "wrong/empty.pdf": "empty file",
        "wrong/empty.docx": "empty file",
        "wrong/empty.md": "empty",
        "wrong/whitespace.txt": "empty",
        "wrong/text_named.pdf": "not a readable PDF",
        "wrong/png_named.txt": "unsupported: image (png)",
        "wrong/zip_named.md": "cut off: the end of the file is missing",
        "wrong/pdf_header_only.pdf": "not a readable PDF",
        "wrong/random.pdf": "not a readable PDF",
        "wrong/ole_named.docx": "unsupported: an OLE compound file of another program",
        "wrong/truncated.pdf": "not a readable PDF",
        "wrong/truncated.docx": "cut off: the end of the file is missing",
        "wrong/bitflip_truncated.docx": "damaged: a part of the file cannot be unpacked",
        "wrong/truncated.epub": "cut off: the end of the file is missing",
        "wrong/bitflip_truncated.epub": "cut off",
        "wrong/bad.ipynb": "not a readable notebook",
    }
    for path, why in refused.items():
        assert state[path] in ("failed", "skipped"), path
        assert reason[path].startswith(why), f"{path}: {reason[path]}"
    plain = [line for line in expected if not line.startswith(("fs/", "names/")) and line not in refused]
    assert {path: state.get(path) for path in plain if state.get(path) not in ("ok", "partial", "copy")} == {}
    names = [path for path, entry in listed.items() if path.startswith("names/") and entry["state"] in ("ok", "copy")]
    assert len(names) == sum(line.startswith("names/") for line in expected)
    assert sum(path.startswith("fs/many/") for path in listed) == 3000
    assert any(path.count("level") >= 59 for path in listed)
    assert report["skipped"]["symbolic link"] >= 3
    assert report["skipped"]["not a regular file"] == 1
    assert not (nasty.parent / "owned").exists()

    def text_of(path: str) -> str:
        shown = json.loads(rag("chunks", str(nasty / path), "--chunker", "document", "--json").stdout)
        return " ".join(chunk["text"] for chunk in shown["chunks"])

    holds = {
        "bombs/billion_laughs.html": "visible text",
        "enc/invalid_utf8.md": "zebra",
        "enc/html_meta_latin1.html": "déjà vu",
        "wrong/nulls.ipynb": "heron",
        "wrong/bad.jsonl": "ibis",
        "lines/base64_in_md.md": "forty-two",
        "deep/frontmatter.md": "body text here",
        "enc/rtl_zero_width.txt": "é",
        **{f"enc/{name}.txt": "日本語のテキスト" for name in ("utf8_bom", "utf16le_bom", "utf16be_bom", "utf16le_nobom", "utf32le_bom")},
        "enc/latin1.txt": "naïve", "enc/cp1252.txt": "€100", "enc/shift_jis.txt": "日本語", "enc/gb18030.txt": "中文",
        "enc/koi8r.txt": "русский", "enc/euckr.txt": "한국어", "enc/big5.txt": "繁體中文",
    }  # fmt: skip
    for path, words in holds.items():
        assert words in text_of(path), path
    for path in ("bombs/xxe.xml", "bombs/billion_laughs.xml"):
        assert "root:x:0" not in text_of(path)
    assert "script" not in text_of("inject/hidden.html")
    for command in (["ls"], ["ingest", str(nasty)], ["query", "file"]):
        shown = rag(*command).stdout
        assert not {c for c in shown if ord(c) < 32 and c not in "\n\t"} | {c for c in shown if c in "\u202d\u202e"}


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["unstructured_mixed", "robustness"])
def test_what_readers_agree_is_text_is_read_and_what_is_not_has_a_reason(folder: str) -> None:
    root = shared_data("robustness").parent
    rows = [line.split("\t") for line in (root / "robustness/EXPECT_files.tsv").read_text().splitlines()[1:]]
    rows = [row for row in rows if folder in row[0] and (root / row[0]).is_file()]
    readings = read_all([root / row[0] for row in rows])
    wrong = []
    for (path, category, *_), reading in zip(rows, readings, strict=True):
        kind = category.split("+")[0]
        if kind == "text" and reading.document is None:
            wrong.append((path, reading.reason))
        elif (kind == "no_text" and reading.document is not None) or (
            kind == "unreadable" and reading.document is not None and path not in BETTER
        ):
            wrong.append((path, reading.document.text[:50]))
    assert wrong == []
    assert len(rows) > 50


# Unreadable for the readers that were asked, but there is text in them, and it is right.
BETTER = {
    "folders/unstructured_mixed/grid_offset_error.docx",
    "robustness/pypdf_resources/encryption/r5-user-password.pdf",
    "robustness/pypdf_resources/encryption/r6-user-password.pdf",
}
