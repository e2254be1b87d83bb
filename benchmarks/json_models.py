"""What it costs a command to have models of its JSON as classes: CPU of importing eight models of nine fields, made by each
library, in a process that has just run the command, and its share of the CPU of the command. (Typed dictionaries that are
imported for type checking alone cost nothing.)

    python benchmarks/json_models.py [--runs 20]

It needs pydantic, which chromadb brings along. The order is shuffled in every round.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

DOCUMENTS = Path(__file__).resolve().parents[1] / "examples" / "documents"
MODELS, FIELDS = 8, 9
LIBRARIES = {
    "msgspec.Struct": (
        "import msgspec\nfrom msgspec import Meta as says",
        "class Model{number}(msgspec.Struct, frozen=True, kw_only=True):",
    ),
    "dataclass": (
        "from dataclasses import dataclass\nsays = str",
        "@dataclass(frozen=True, slots=True, kw_only=True)\nclass Model{number}:",
    ),
    "pydantic.BaseModel": (
        "from pydantic import BaseModel, Field\ndef says(description): return Field(description=description)",
        "class Model{number}(BaseModel, frozen=True):",
    ),
}
RUN = """
import sys, time
sys.path.insert(0, sys.argv.pop(1))
from ragcli.cli.main import main
try:
    main()
except SystemExit:
    before = time.process_time()
    import models
    print(before * 1000, (time.process_time() - before) * 1000, file=sys.stderr)
"""


def source(opening: str, head: str) -> str:
    """A module with the models of one library."""
    lines = ["from __future__ import annotations", "from typing import Annotated", opening]
    for number in range(MODELS):
        lines.append(head.format(number=number))
        lines += [f"    f{i}: Annotated[str | None, says(description='field {i}')]" for i in range(FIELDS)]
    return "\n".join(lines) + "\n"


def cpu_ms(folder: Path, arguments: list[str]) -> tuple[float, float]:
    """User and system time of the command, and then of the import, in milliseconds."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(folder), *arguments], check=True, capture_output=True, text=True
    )
    command, models = done.stderr.splitlines()[-1].split()
    return float(command), float(models)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    os.environ["HF_HUB_OFFLINE"] = "1"
    with tempfile.TemporaryDirectory() as scratch:
        index = str(Path(scratch) / ".rag")
        rag = [sys.executable, "-m", "ragcli"]
        subprocess.run([*rag, "ingest", str(DOCUMENTS), "--index", index], check=True, stdout=subprocess.DEVNULL)
        for library, (opening, head) in LIBRARIES.items():
            folder = Path(scratch) / library
            folder.mkdir()
            (folder / "models.py").write_text(source(opening, head))
        commands = {
            "rag stats --json": ["stats", "--json", "--index", index],
            "rag query --mode lexical --json": ["query", "leave", "--mode", "lexical", "--json", "--index", index],
        }
        pairs = [(command, library) for command in commands for library in LIBRARIES]
        times: dict[tuple[str, str], list[tuple[float, float]]] = {pair: [] for pair in pairs}
        for round_ in range(runs + 1):
            for command, library in random.sample(pairs, len(pairs)):
                spent = cpu_ms(Path(scratch) / library, commands[command])
                if round_:  # the first round compiles
                    times[command, library].append(spent)
    for command, library in pairs:
        whole, models = (statistics.median(column) for column in zip(*times[command, library], strict=True))
        print(f"{command:<32} {library:<19} {models:>5.1f} ms of CPU, {100 * models / whole:>4.1f} % of {whole:.0f}")


if __name__ == "__main__":
    main()
