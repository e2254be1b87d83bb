"""Both readers of PDF, side by side, over every PDF below a folder: seconds, pages, characters, and what could not be read.

python benchmarks/pdf_readers.py FOLDER [--slowest N]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from ragcli.errors import LoadError
from ragcli.loaders.pdf import read_pypdf
from ragcli.loaders.pdfium import read_pdfium
from ragcli.loaders.pdftext import Content

READERS: dict[str, Callable[[bytes], Content]] = {"pypdf": read_pypdf, "pdfium": read_pdfium}


def timed(read: Callable[[bytes], Content], data: bytes) -> tuple[float, int, int, str]:
    """Seconds, pages with text, characters, and the reason of a failure."""
    started = time.perf_counter()
    try:
        content = read(data)
    except LoadError as error:
        return time.perf_counter() - started, 0, 0, error.reason
    seconds = time.perf_counter() - started
    characters = sum(len(line.text) for page in content.pages for line in page.lines)
    return seconds, sum(bool(page.lines) for page in content.pages), characters, ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--slowest", type=int, default=5)
    arguments = parser.parse_args()
    files = sorted(arguments.folder.rglob("*.pdf"))
    results = {name: [timed(read, file.read_bytes()) for file in files] for name, read in READERS.items()}
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    print(f"{len(files)} files, {megabytes:.1f} MB")
    for name, found in results.items():
        seconds = [entry[0] for entry in found]
        print(
            f"{name:<7} {sum(seconds):7.1f} s  median {sorted(seconds)[len(seconds) // 2] * 1000:6.1f} ms  "
            f"over 5 s {sum(s > 5 for s in seconds)}  failed {sum(bool(e[3]) for e in found)}  "
            f"without text {sum(not e[3] and not e[2] for e in found)}  "
            f"pages {sum(e[1] for e in found):,}  characters {sum(e[2] for e in found):,}"
        )
    slowest = sorted(range(len(files)), key=lambda i: -results["pypdf"][i][0])[: arguments.slowest]
    for i in slowest:
        print(f"  {files[i].name}: " + ", ".join(f"{name} {found[i][0]:.2f} s" for name, found in results.items()))


if __name__ == "__main__":
    main()
